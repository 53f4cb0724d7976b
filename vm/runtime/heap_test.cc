// Tests of the heap. The property test at the end runs random programs on the heap and on a shadow model made of
// standard containers, and compares everything reachable; the judge walk() is itself tested with planted damage.
#include "vm/runtime/heap.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <vector>

#include "base/rng.h"

#if defined(__SANITIZE_ADDRESS__)
#define ORUS_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ORUS_TEST_ASAN 1
#endif
#endif

namespace orus {
namespace {

/// struct Node { value: i64, left: Node, name: string, items: [Node], right: Node, numbers: [i64], error: error }
/// struct Plain { a: i64, b: f64 }
struct Types {
  Module module;
  uint32_t numbers, node, plain, items;
  Types() {
    numbers = module.array_of(kTypeI64).index;
    node = static_cast<uint32_t>(module.types.size());
    module.types.push_back(Type{TypeKind::kStruct, {}, "Node", {}});
    items = module.array_of(TypeId{node}).index;
    module.types[node].fields = {{"value", kTypeI64},      {"left", TypeId{node}},        {"name", kTypeString},
                                 {"items", TypeId{items}}, {"right", TypeId{node}},       {"numbers", TypeId{numbers}},
                                 {"error", kTypeError}};
    plain = static_cast<uint32_t>(module.types.size());
    module.types.push_back(Type{TypeKind::kStruct, {}, "Plain", {{"a", kTypeI64}, {"b", kTypeF64}}});
  }
};
enum NodeField { kValue, kLeft, kName, kItems, kRight, kNumbers, kErrorField, kNodeFields };

struct Roots : RootSource {
  std::vector<Object*> slots;
  explicit Roots(size_t count) : slots(count) {}
  void visit_roots(RootSink& sink) override {
    for (Object*& slot : slots) sink.visit(&slot);
  }
};

HeapConfig small_config() {
  HeapConfig config;
  config.nursery_bytes = 64 * 1024;
  return config;
}
HeapConfig stress_config() {
  HeapConfig config = small_config();
  config.stress = true;
  return config;
}

/// A heap with the types above and `root(i)`, as a program would use it.
struct World {
  Types types;
  Roots roots;
  AllocationWindow window;
  Heap heap;
  explicit World(const HeapConfig& config = small_config(), size_t root_count = 16)
      : roots(root_count), heap(config, types.module, roots, &window) {}

  Object*& root(size_t i) { return roots.slots[i]; }
  template <class T>
  T* as(size_t i) { return static_cast<T*>(roots.slots[i]); }

  Struct* new_node(int64_t value) {
    Object* object = heap.allocate(ObjectKind::kStruct, types.node, 8 + 8 * kNodeFields);
    if (object != nullptr) static_cast<Struct*>(object)->fields()[kValue] = static_cast<uint64_t>(value);
    return static_cast<Struct*>(object);
  }
  Buffer* new_buffer(ObjectKind kind, size_t bytes) {
    Buffer* buffer = static_cast<Buffer*>(heap.allocate(kind, 0, sizeof(Buffer) + bytes));
    if (buffer != nullptr) buffer->size = bytes;
    return buffer;
  }
  /// Into root(i): an array with room for `capacity` elements of 8 bytes.
  bool new_array(size_t i, uint32_t type, int32_t capacity) {
    root(i) = heap.allocate(ObjectKind::kArray, type, sizeof(Array));
    if (root(i) == nullptr) return false;
    return capacity == 0 || grow(i, capacity);
  }
  bool grow(size_t i, int32_t capacity) {
    ObjectKind kind = as<Array>(i)->type == types.items ? ObjectKind::kRefBuffer : ObjectKind::kScalarBuffer;
    Buffer* buffer = new_buffer(kind, static_cast<size_t>(capacity) * 8);
    if (buffer == nullptr) return false;
    Array* array = as<Array>(i);  // re-read: the allocation may have moved it
    if (array->buffer != nullptr) {
      std::memcpy(buffer->data(), array->buffer->data(), static_cast<size_t>(array->length) * 8);
      heap.barrier(buffer);
    }
    array->buffer = buffer;
    array->capacity = capacity;
    heap.barrier(array);
    return true;
  }
  /// Into root(i): a string, `spare` bytes longer storage than text.
  bool new_string(size_t i, std::string_view text, uint32_t spare = 0) {
    root(i) = heap.allocate(ObjectKind::kString, 0, sizeof(String));
    if (root(i) == nullptr) return false;
    uint32_t capacity = static_cast<uint32_t>(text.size()) + spare;
    Bytes* bytes = static_cast<Bytes*>(heap.allocate(ObjectKind::kBytes, 0, sizeof(Bytes) + capacity));
    if (bytes == nullptr) return false;
    bytes->capacity = capacity;
    bytes->used = static_cast<uint32_t>(text.size());
    if (!text.empty()) std::memcpy(bytes->data(), text.data(), text.size());
    as<String>(i)->bytes = bytes;
    as<String>(i)->length = bytes->used;
    heap.barrier(root(i));
    return true;
  }
  void store(Object* node, int field, Object* target) {
    store_quietly(node, field, target);
    heap.barrier(node);
  }
  static void store_quietly(Object* node, int field, Object* target) {
    static_cast<Struct*>(node)->fields()[field] = reinterpret_cast<uintptr_t>(target);
  }
  static Object* load(Object* node, int field) {
    return reinterpret_cast<Object*>(static_cast<Struct*>(node)->fields()[field]);
  }
  static int64_t value(Object* node) { return static_cast<int64_t>(static_cast<Struct*>(node)->fields()[kValue]); }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Heap, AllocatesZeroedObjectsAlsoInReusedMemory) {
  World world;
  for (int i = 0; i < 20000; ++i) {
    Struct* node = world.new_node(i);
    ASSERT_EQ(node->flags, 0);
    for (int field = kLeft; field < kNodeFields; ++field) ASSERT_EQ(node->fields()[field], 0u);
    std::memset(node->fields(), 0xFF, 8 * kNodeFields);  // garbage, never reachable
  }
  EXPECT_GT(world.heap.stats().minor_collections, 5u);
  EXPECT_EQ(world.heap.walk(), "");
}

TEST(Heap, ObjectsMadeByNativeCodeAreOrdinary) {
  World world;
  int fast = 0;
  for (int i = 0; i < 10000; ++i) {
    AllocationWindow& window = world.window;
    Object* object;
    if (window.top + 64 <= window.limit) {  // what native code does
      object = reinterpret_cast<Object*>(window.top);
      window.top += 64;
      uint64_t header = uint64_t{world.types.node} << 32 | uint64_t{static_cast<uint8_t>(ObjectKind::kStruct)} << 8;
      std::memcpy(static_cast<void*>(object), &header, 8);
      ++fast;
    } else {
      object = world.new_node(0);
    }
    World::store_quietly(object, kRight, i % 100 == 0 ? nullptr : world.root(0));
    static_cast<Struct*>(object)->fields()[kValue] = static_cast<uint64_t>(i);
    world.root(0) = object;
  }
  EXPECT_GT(fast, 9000);
  EXPECT_EQ(world.heap.walk(), "");
  int64_t expected = 9999;
  for (Object* node = world.root(0); node != nullptr; node = World::load(node, kRight)) {
    ASSERT_EQ(World::value(node), expected--);
  }
  EXPECT_EQ(expected, 9899);
}

TEST(Heap, CyclesAndSharingSurvive) {
  World world;
  world.root(0) = world.new_node(1);
  Struct* second = world.new_node(2);
  world.store(second, kLeft, world.root(0));
  world.store(world.root(0), kLeft, second);
  world.store(world.root(0), kRight, second);
  world.root(1) = second;
  for (int round = 0; round < 4; ++round) {
    Object* before = world.root(0);
    round % 2 == 0 ? world.heap.collect_full() : world.heap.collect_minor();
    if (round % 2 == 0) {
      EXPECT_NE(world.root(0), before);
    }
    EXPECT_EQ(World::load(world.root(0), kLeft), world.root(1));
    EXPECT_EQ(World::load(world.root(0), kRight), world.root(1));
    EXPECT_EQ(World::load(world.root(1), kLeft), world.root(0));
    EXPECT_EQ(world.heap.bytes_in_use(), 128u);
  }
}

TEST(Heap, ARootReportedTwiceIsMovedOnce) {
  Types types;
  struct Twice : RootSource {
    Object* a = nullptr;
    Object* b = nullptr;
    void visit_roots(RootSink& sink) override {
      for (Object** slot : {&a, &b, &a, &b}) sink.visit(slot);
    }
  } roots;
  AllocationWindow window;
  Heap heap(small_config(), types.module, roots, &window);
  roots.a = roots.b = heap.allocate(ObjectKind::kStruct, types.plain, 24);
  for (int i = 0; i < 3; ++i) {
    i == 0 ? heap.collect_minor() : heap.collect_full();
    EXPECT_EQ(roots.a, roots.b);
    EXPECT_EQ(heap.bytes_in_use(), 24u);
  }
}

TEST(Heap, StringsShareBytes) {
  World world;
  ASSERT_TRUE(world.new_string(0, "shared text", 100));
  world.root(1) = world.heap.allocate(ObjectKind::kString, 0, sizeof(String));
  world.as<String>(1)->bytes = world.as<String>(0)->bytes;
  world.as<String>(1)->length = 6;
  for (int i = 0; i < 3; ++i) {
    world.heap.collect_full();
    EXPECT_EQ(world.as<String>(0)->bytes, world.as<String>(1)->bytes);
    EXPECT_EQ(world.as<String>(0)->view(), "shared text");
    EXPECT_EQ(world.as<String>(1)->view(), "shared");
  }
  EXPECT_EQ(world.heap.walk(), "");
}

TEST(Heap, OnlyOldHoldersOfReferencesNeedTheBarrier) {
  World world;
  world.root(0) = world.new_node(1);
  world.root(1) = world.heap.allocate(ObjectKind::kStruct, world.types.plain, 24);
  world.root(2) = world.new_buffer(ObjectKind::kScalarBuffer, 80);
  world.root(3) = world.new_buffer(ObjectKind::kRefBuffer, 80);
  ASSERT_TRUE(world.new_string(4, "s"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world.root(i)->flags, 0);
  world.heap.collect_minor();
  EXPECT_EQ(world.root(0)->flags, kOld | kNeedsBarrier);
  EXPECT_EQ(world.root(1)->flags, kOld);
  EXPECT_EQ(world.root(2)->flags, kOld);
  EXPECT_EQ(world.root(3)->flags, kOld | kNeedsBarrier);
  EXPECT_EQ(world.as<String>(4)->bytes->flags, kOld);
  world.heap.barrier(world.root(0));
  EXPECT_EQ(world.root(0)->flags, kOld);
  EXPECT_EQ(world.heap.walk(), "");
  world.heap.collect_minor();
  EXPECT_EQ(world.root(0)->flags, kOld | kNeedsBarrier);
}

TEST(Heap, RememberedObjectsKeepTheirYoungAlive) {
  World world;
  world.root(0) = world.new_node(1);
  world.heap.collect_minor();
  Struct* young = world.new_node(2);
  world.store(world.root(0), kLeft, young);
  EXPECT_EQ(world.heap.walk(), "");
  world.heap.collect_minor();
  EXPECT_EQ(World::value(World::load(world.root(0), kLeft)), 2);
  world.store(world.root(0), kLeft, nullptr);
  world.heap.collect_full();
  EXPECT_EQ(world.heap.bytes_in_use(), 64u);
}

TEST(Heap, WalkFindsAForgottenBarrier) {
  World world;
  world.root(0) = world.new_node(1);
  world.heap.collect_minor();
  Struct* young = world.new_node(2);
  World::store_quietly(world.root(0), kLeft, young);
  EXPECT_TRUE(contains(world.heap.walk(), "barrier was forgotten")) << world.heap.walk();
  world.heap.barrier(world.root(0));
  EXPECT_EQ(world.heap.walk(), "");
}

TEST(Heap, WalkFindsAForgottenBarrierOfALargeBuffer) {
  World world;
  ASSERT_TRUE(world.new_array(0, world.types.items, 5000));
  world.heap.collect_minor();
  world.as<Array>(0)->length = 1;
  Object* node = world.new_node(3);
  world.as<Array>(0)->buffer->as<Object*>()[0] = node;
  EXPECT_TRUE(contains(world.heap.walk(), "barrier was forgotten")) << world.heap.walk();
}

TEST(Heap, WalkFindsDamage) {
  World world;
  world.root(0) = world.new_node(1);
  ASSERT_TRUE(world.new_string(1, "text"));
  ASSERT_TRUE(world.new_array(2, world.types.items, 4));
  ASSERT_EQ(world.heap.walk(), "");
  auto expect_damage = [&](std::string_view part) {
    EXPECT_TRUE(contains(world.heap.walk(), part)) << "want: " << part << "\ngot:  " << world.heap.walk();
  };

  World::store_quietly(world.root(0), kLeft, world.root(1));
  expect_damage("struct Node refers to string where Node is expected");
  World::store_quietly(world.root(0), kLeft, reinterpret_cast<Object*>(reinterpret_cast<char*>(world.root(1)) + 8));
  expect_damage("refers to it");
  World::store_quietly(world.root(0), kLeft, reinterpret_cast<Object*>(&world));
  expect_damage("dead or foreign memory");
  World::store_quietly(world.root(0), kLeft, reinterpret_cast<Object*>(world.window.top));
  expect_damage("dead or foreign memory");
  World::store_quietly(world.root(0), kLeft, nullptr);

  world.as<String>(1)->length = 5;
  expect_damage("longer than the used part");
  world.as<String>(1)->length = 4;
  world.as<Array>(2)->length = 5;
  expect_damage("length beyond its capacity");
  world.as<Array>(2)->length = 4;
  world.as<Array>(2)->buffer->as<Object*>()[3] = world.root(1);
  expect_damage("ref buffer refers to string where Node is expected");
  world.as<Array>(2)->buffer->as<Object*>()[3] = nullptr;
  world.root(0)->type = 1000;
  expect_damage("which its kind cannot have");
  world.root(0)->type = world.types.node;
  world.window.top[16] = 1;
  expect_damage("free part of the nursery is not zero");
  world.window.top[16] = 0;
  EXPECT_EQ(world.heap.walk(), "");
}

TEST(Heap, LargeObjectsStayAndAreFreed) {
  World world;
  ASSERT_TRUE(world.new_array(0, world.types.items, 5000));
  Buffer* buffer = world.as<Array>(0)->buffer;
  EXPECT_TRUE(buffer->flags & kLarge);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(buffer->as<Object*>()[i], nullptr);

  // References stored right after the allocation are found even without a barrier.
  World fresh;
  fresh.root(1) = fresh.new_node(7);
  fresh.root(0) = fresh.new_buffer(ObjectKind::kRefBuffer, 40000);
  fresh.as<Buffer>(0)->as<Object*>()[4999] = fresh.root(1);
  EXPECT_EQ(fresh.heap.walk(), "");
  fresh.heap.collect_minor();
  EXPECT_EQ(fresh.as<Buffer>(0)->as<Object*>()[4999], fresh.root(1));

  for (int i = 0; i < 5000; ++i) {
    Object* node = world.new_node(i);
    ASSERT_EQ(world.as<Array>(0)->buffer, buffer);  // never moves
    buffer->as<Object*>()[i] = node;
    world.heap.barrier(buffer);
    world.as<Array>(0)->length = i + 1;
  }
  world.heap.collect_full();
  EXPECT_EQ(world.heap.walk(), "");
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(World::value(buffer->as<Object*>()[i]), i);
  EXPECT_EQ(world.heap.bytes_in_use(), 24u + 16 + 40000 + 5000 * 64);
  world.root(0) = nullptr;
  world.heap.collect_full();
  EXPECT_EQ(world.heap.bytes_in_use(), 0u);
}

TEST(Heap, LargeObjectsOfACycleThroughEachOtherAreMarked) {
  World world;
  ASSERT_TRUE(world.new_array(0, world.types.items, 4000));
  world.root(1) = world.new_node(5);
  world.store(world.root(1), kItems, world.root(0));
  world.as<Array>(0)->buffer->as<Object*>()[0] = world.root(1);
  world.heap.barrier(world.as<Array>(0)->buffer);
  world.as<Array>(0)->length = 1;
  world.root(0) = nullptr;
  for (int i = 0; i < 3; ++i) world.heap.collect_full();
  EXPECT_EQ(world.heap.walk(), "");
  Array* array = static_cast<Array*>(World::load(world.root(1), kItems));
  EXPECT_EQ(array->buffer->as<Object*>()[0], world.root(1));
}

TEST(Heap, GarbageOfLargeObjectsIsCollectedInTime) {
  HeapConfig config = small_config();
  config.limit_bytes = size_t{64} << 20;
  World world(config);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_NE(world.new_buffer(ObjectKind::kScalarBuffer, size_t{1} << 20), nullptr) << i;
    ASSERT_LE(world.heap.bytes_in_use(), config.limit_bytes);
  }
  EXPECT_GT(world.heap.stats().full_collections, 20u);
}

TEST(Heap, LimitIsReachedAndLeftAgain) {
  for (bool stress : {false, true}) {
    HeapConfig config;
    config.limit_bytes = stress ? 32 * 1024 : size_t{1} << 20;
    config.stress = stress;
    World world(config);
    for (int round = 0; round < 3; ++round) {
      size_t count = 0;
      while (Struct* node = world.new_node(static_cast<int64_t>(count))) {
        world.store(node, kLeft, world.root(0));
        world.root(0) = node;
        ASSERT_LT(++count, size_t{100000});
      }
      EXPECT_GE(count * 64, config.limit_bytes / 4 * 3);
      EXPECT_LE(count * 64, config.limit_bytes / 4 * 5);
      EXPECT_EQ(world.new_node(0), nullptr);
      EXPECT_EQ(world.heap.walk(), "");
      for (Object* node = world.root(0); node != nullptr; node = World::load(node, kLeft)) {
        ASSERT_EQ(World::value(node), static_cast<int64_t>(--count));
      }
      world.root(0) = nullptr;
      EXPECT_NE(world.new_node(0), nullptr);
    }
  }
}

TEST(Heap, ImpossibleSizesAreRefusedAtOnce) {
  World world;
  for (size_t bytes : {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX / 2 + 1, (size_t{4} << 30) + 1}) {
    EXPECT_EQ(world.heap.allocate(ObjectKind::kScalarBuffer, 0, bytes), nullptr);
  }
  EXPECT_EQ(world.heap.stats().full_collections, 0u);
  HeapConfig none;
  none.limit_bytes = 0;
  World empty(none);
  EXPECT_EQ(empty.new_node(0), nullptr);
}

TEST(Heap, WorksWithATinyOrNoNursery) {
  for (size_t nursery_bytes : {0, 8, 100, 4096}) {
    HeapConfig config;
    config.nursery_bytes = nursery_bytes;
    World world(config);
    for (int i = 0; i < 1000; ++i) {
      Struct* node = world.new_node(i);
      world.store(node, kLeft, world.root(0));
      world.root(0) = node;
      if (i % 100 == 0) world.heap.collect_minor();
    }
    EXPECT_EQ(world.heap.walk(), "");
    int64_t expected = 999;
    for (Object* node = world.root(0); node != nullptr; node = World::load(node, kLeft)) {
      ASSERT_EQ(World::value(node), expected--);
    }
  }
}

#if !defined(ORUS_TEST_ASAN)
TEST(HeapDeathTest, RefusedHostMemoryIsLikeTheLimit) {
  auto run = [](bool large) {
    rlimit limit{size_t{256} << 20, size_t{256} << 20};
    setrlimit(RLIMIT_AS, &limit);
    World world;
    size_t count = 0;
    for (;; ++count) {
      Object* object = world.new_node(0);
      if (large) object = world.new_buffer(ObjectKind::kRefBuffer, 500000);
      if (object == nullptr) break;
      if (large) {
        static_cast<Buffer*>(object)->as<Object*>()[0] = world.root(0);
      } else {
        World::store_quietly(object, kLeft, world.root(0));
      }
      world.heap.barrier(object);
      world.root(0) = object;
    }
    bool consistent = world.heap.walk().empty();
    world.root(0) = nullptr;
    for (int i = 0; i < 100000; ++i) consistent &= world.new_node(i) != nullptr;
    std::exit(consistent && count > 100 ? 0 : 1);
  };
  EXPECT_EXIT(run(false), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(run(true), testing::ExitedWithCode(0), "");
}
#endif

TEST(HeapStress, MovesEverythingAtEveryAllocationAndSafepoint) {
  World world(stress_config());
  EXPECT_EQ(world.window.top, world.window.limit);
  world.root(0) = world.new_node(1);
  Object* first = world.root(0);
  world.new_node(2);
  EXPECT_NE(world.root(0), first);
  Object* second = world.root(0);
  world.heap.safepoint();
  EXPECT_NE(world.root(0), second);
  EXPECT_EQ(world.window.top, world.window.limit);
  ASSERT_TRUE(world.new_array(1, world.types.numbers, 10000));
  EXPECT_FALSE(world.as<Array>(1)->buffer->flags & kLarge);
  Buffer* buffer = world.as<Array>(1)->buffer;
  world.heap.safepoint();
  EXPECT_NE(world.as<Array>(1)->buffer, buffer);
}

TEST(HeapStress, SpaceLeftBehindIsUnmappedAndReusedMuchLater) {
  World world(stress_config());
  world.root(0) = world.new_node(1);
  for (int i = 0; i < 5000; ++i) world.new_node(i);
  EXPECT_EQ(World::value(world.root(0)), 1);
  EXPECT_EQ(world.heap.bytes_in_use(), 128u);
}

TEST(HeapStressDeathTest, UseOfDeadObjectsFaults) {
  World world(stress_config());
  Struct* stale_young = world.new_node(1);
  world.root(0) = stale_young;
  world.heap.safepoint();
  Struct* stale_old = world.as<Struct>(0);
  world.heap.safepoint();
  EXPECT_DEATH({ *static_cast<volatile uint64_t*>(stale_young->fields()) = 1; }, "");
  EXPECT_DEATH({ *static_cast<volatile uint64_t*>(stale_old->fields()) = 1; }, "");
}

TEST(HeapStressDeathTest, ForgottenBarrierIsACheckFailure) {
  World world(stress_config());
  world.root(0) = world.new_node(1);
  world.heap.safepoint();
  Struct* young = world.new_node(2);
  World::store_quietly(world.root(0), kRight, young);
  EXPECT_DEATH(world.heap.safepoint(), "barrier was forgotten");
  world.heap.barrier(world.root(0));
  world.heap.safepoint();
  EXPECT_EQ(World::value(World::load(world.root(0), kRight)), 2);
}

TEST(HeapStressDeathTest, RawPointerKeptAcrossAnAllocationIsACheckFailure) {
  World world(stress_config());
  Struct* kept = world.new_node(1);
  world.root(0) = world.new_node(2);
  World::store_quietly(world.root(0), kLeft, kept);
  EXPECT_DEATH(world.heap.safepoint(), "dead or foreign memory");
  World::store_quietly(world.root(0), kLeft, nullptr);
}

TEST(Heap, DeepListDoesNotRecurse) {
  World world(HeapConfig{});
  constexpr int64_t kNodes = 1'000'000;
  for (int64_t i = 0; i < kNodes; ++i) {
    Struct* node = world.new_node(i);
    world.store(node, kLeft, world.root(0));
    world.root(0) = node;
  }
  world.heap.collect_full();
  EXPECT_EQ(world.heap.walk(), "");
  int64_t expected = kNodes;
  for (Object* node = world.root(0); node != nullptr; node = World::load(node, kLeft)) {
    ASSERT_EQ(World::value(node), --expected);
  }
  EXPECT_EQ(expected, 0);
  EXPECT_EQ(world.heap.bytes_in_use(), kNodes * 64u);
}

TEST(Heap, StatisticsAddUp) {
  World world;
  for (int i = 0; i < 10000; ++i) world.root(static_cast<size_t>(i) % 4) = world.new_node(i);
  world.heap.collect_full();
  const HeapStats& stats = world.heap.stats();
  EXPECT_EQ(stats.allocated_bytes, 640000u);
  EXPECT_EQ(stats.full_collections, 1u);
  EXPECT_GE(stats.minor_collections, 8u);
  EXPECT_LE(stats.copied_bytes, 64u * 4 * 2 * (stats.minor_collections + 1));
  EXPECT_GE(stats.peak_bytes, 60000u);
  EXPECT_LE(stats.peak_bytes, 70000u);
  EXPECT_GT(stats.pause_ns_max, 0u);
  EXPECT_GE(stats.pause_ns_total, stats.pause_ns_max);
  EXPECT_EQ(world.heap.bytes_in_use(), 256u);
  EXPECT_EQ(world.heap.size_of(world.root(0)), 64u);
}

// ---------------------------------------------------------------------------------------------- shadow model

/// One object of the model. References are indices of other shadows; -1 is null.
struct Shadow {
  ObjectKind kind;
  uint32_t type = 0;
  int64_t value = 0;             // nodes, errors
  std::string text;              // strings
  std::vector<int64_t> numbers;  // [i64]
  std::vector<int> references;   // node: a slot for each field (scalars unused); [Node]: elements; error: message
};

class ShadowedProgram {
 public:
  ShadowedProgram(const HeapConfig& config, uint64_t seed) : world_(config, kRoots), rng_(seed), roots_(kRoots, -1) {}

  void step() {
    switch (rng_.below(16)) {
      case 0: case 1: case 2: return make_node(pick());
      case 3: return make_string(pick());
      case 4: return make_array(pick());
      case 5: return make_error(pick());
      case 6: case 7: case 8: return store_field();
      case 9: case 10: return push();
      case 11: return follow();
      case 12: return set(pick(), pick());
      case 13: return drop();
      case 14: return write_scalar();
      case 15: return collect();
    }
  }

  /// Every reachable object equals its shadow, and sharing is the same: the relation is one to one.
  void compare() {
    std::map<Object*, int> seen;
    std::map<int, Object*> back;
    std::vector<std::pair<Object*, int>> pending;
    auto match = [&](Object* object, int shadow) {
      ASSERT_EQ(object == nullptr, shadow < 0);
      if (object == nullptr) return;
      auto [entry, fresh] = seen.emplace(object, shadow);
      ASSERT_EQ(entry->second, shadow);
      auto [reverse, also_fresh] = back.emplace(shadow, object);
      ASSERT_EQ(reverse->second, object);
      if (fresh) pending.emplace_back(object, shadow);
    };
    for (size_t i = 0; i < kRoots; ++i) match(world_.root(i), roots_[i]);
    while (!pending.empty() && !testing::Test::HasFatalFailure()) {
      auto [object, index] = pending.back();
      pending.pop_back();
      const Shadow& shadow = shadows_[static_cast<size_t>(index)];
      ASSERT_EQ(object->kind, shadow.kind);
      ASSERT_EQ(object->type, shadow.type);
      compare_contents(object, shadow, match);
    }
    ASSERT_EQ(world_.heap.walk(), "");
  }
  void safepoint() { world_.heap.safepoint(); }

 private:
  static constexpr size_t kRoots = 24;

  template <class Match>
  void compare_contents(Object* object, const Shadow& shadow, Match& match) {
    switch (object->kind) {
      case ObjectKind::kString: ASSERT_EQ(static_cast<String*>(object)->view(), shadow.text); return;
      case ObjectKind::kError:
        ASSERT_EQ(static_cast<ErrorObject*>(object)->error_kind, static_cast<uint32_t>(shadow.value));
        return match(static_cast<ErrorObject*>(object)->message, shadow.references[0]);
      case ObjectKind::kStruct:
        ASSERT_EQ(World::value(object), shadow.value);
        for (int field = kLeft; field < kNodeFields; ++field) {
          match(World::load(object, field), shadow.references[static_cast<size_t>(field)]);
        }
        return;
      case ObjectKind::kArray: {
        Array* array = static_cast<Array*>(object);
        bool references = array->type == world_.types.items;
        size_t length = references ? shadow.references.size() : shadow.numbers.size();
        ASSERT_EQ(static_cast<size_t>(array->length), length);
        for (size_t i = 0; i < length; ++i) {
          if (references) {
            match(array->buffer->as<Object*>()[i], shadow.references[i]);
          } else {
            ASSERT_EQ(array->buffer->as<int64_t>()[i], shadow.numbers[i]);
          }
        }
        return;
      }
      default: FAIL() << "kind out of the model";
    }
  }

  size_t pick() { return rng_.below(kRoots); }
  /// A root that satisfies `accept`, or kRoots.
  template <class Accept>
  size_t find(Accept accept) {
    size_t start = pick();
    for (size_t i = 0; i < kRoots; ++i) {
      size_t at = (start + i) % kRoots;
      if (roots_[at] >= 0 && accept(world_.root(at))) return at;
    }
    return kRoots;
  }
  size_t find(ObjectKind kind, uint32_t type) {
    return find([&](Object* object) { return object->kind == kind && object->type == type; });
  }
  Shadow& shadow(size_t root) { return shadows_[static_cast<size_t>(roots_[root])]; }
  void adopt(size_t root, Shadow shadow) {
    roots_[root] = static_cast<int>(shadows_.size());
    shadows_.push_back(std::move(shadow));
  }
  void set(size_t to, size_t from) {
    world_.root(to) = world_.root(from);
    roots_[to] = roots_[from];
  }

  void make_node(size_t root) {
    int64_t value = static_cast<int64_t>(rng_.next());
    world_.root(root) = world_.new_node(value);
    adopt(root, {ObjectKind::kStruct, world_.types.node, value, {}, {}, std::vector<int>(kNodeFields, -1)});
  }
  void make_string(size_t root) {
    std::string text(rng_.below(rng_.chance(20) ? 30000 : 40), static_cast<char>('a' + rng_.below(26)));
    roots_[root] = -1;  // while it is made it is an empty string
    ASSERT_TRUE(world_.new_string(root, text, static_cast<uint32_t>(rng_.below(20))));
    adopt(root, {ObjectKind::kString, 0, 0, text, {}, {}});
  }
  void make_array(size_t root) {
    uint32_t type = rng_.chance(2) ? world_.types.items : world_.types.numbers;
    int32_t capacity = static_cast<int32_t>(rng_.below(rng_.chance(20) ? 4000 : 8));
    ASSERT_TRUE(world_.new_array(root, type, capacity));
    adopt(root, {ObjectKind::kArray, type, 0, {}, {}, {}});
  }
  void make_error(size_t root) {
    Object* object = world_.heap.allocate(ObjectKind::kError, 0, sizeof(ErrorObject));
    ErrorObject* error = static_cast<ErrorObject*>(object);
    error->error_kind = static_cast<uint32_t>(rng_.below(100));
    size_t message = find(ObjectKind::kString, 0);
    if (message < kRoots) error->message = world_.as<String>(message);
    Shadow made{ObjectKind::kError, 0, error->error_kind, {}, {}, {message < kRoots ? roots_[message] : -1}};
    world_.root(root) = error;
    adopt(root, std::move(made));
  }
  void store_field() {
    size_t node = find(ObjectKind::kStruct, world_.types.node);
    if (node == kRoots) return;
    int field = kLeft + static_cast<int>(rng_.below(kNodeFields - kLeft));
    size_t target = kRoots;
    switch (field) {
      case kName: target = find(ObjectKind::kString, 0); break;
      case kItems: target = find(ObjectKind::kArray, world_.types.items); break;
      case kNumbers: target = find(ObjectKind::kArray, world_.types.numbers); break;
      case kErrorField: target = find(ObjectKind::kError, 0); break;
      default: target = find(ObjectKind::kStruct, world_.types.node); break;
    }
    bool null = target == kRoots || rng_.chance(8);
    world_.store(world_.root(node), field, null ? nullptr : world_.root(target));
    shadow(node).references[static_cast<size_t>(field)] = null ? -1 : roots_[target];
  }
  void push() {
    size_t root = find([](Object* object) { return object->kind == ObjectKind::kArray; });
    if (root == kRoots) return;
    if (world_.as<Array>(root)->length == world_.as<Array>(root)->capacity) {
      ASSERT_TRUE(world_.grow(root, world_.as<Array>(root)->capacity * 2 + 4));
    }
    Array* array = world_.as<Array>(root);
    if (array->type == world_.types.numbers) {
      shadow(root).numbers.push_back(static_cast<int64_t>(rng_.next()));
      array->buffer->as<int64_t>()[array->length++] = shadow(root).numbers.back();
      return;
    }
    size_t node = find(ObjectKind::kStruct, world_.types.node);
    array->buffer->as<Object*>()[array->length++] = node == kRoots ? nullptr : world_.root(node);
    world_.heap.barrier(array->buffer);
    shadow(root).references.push_back(node == kRoots ? -1 : roots_[node]);
  }
  /// Loads a reference out of an object into a root.
  void follow() {
    size_t from = find([&](Object* object) {
      return object->kind == ObjectKind::kStruct ||
             (object->type == world_.types.items && static_cast<Array*>(object)->length > 0);
    });
    if (from == kRoots) return;
    size_t to = pick();
    size_t at = rng_.below(shadow(from).references.size());
    if (world_.root(from)->kind == ObjectKind::kStruct) {
      if (at == kValue) return;
      world_.root(to) = World::load(world_.root(from), static_cast<int>(at));
    } else {
      world_.root(to) = world_.as<Array>(from)->buffer->as<Object*>()[at];
    }
    roots_[to] = shadow(from).references[at];
  }
  void drop() {
    for (size_t count = rng_.chance(50) ? kRoots : 1; count > 0; --count) {
      size_t root = pick();
      world_.root(root) = nullptr;
      roots_[root] = -1;
    }
  }
  void write_scalar() {
    size_t node = find(ObjectKind::kStruct, world_.types.node);
    if (node == kRoots) return;
    shadow(node).value = static_cast<int64_t>(rng_.next());
    world_.as<Struct>(node)->fields()[kValue] = static_cast<uint64_t>(shadow(node).value);
  }
  void collect() {
    if (rng_.chance(4)) world_.heap.collect_minor();
    if (rng_.chance(16)) world_.heap.collect_full();
    world_.heap.safepoint();
  }

  World world_;
  Rng rng_;
  std::vector<int> roots_;
  std::vector<Shadow> shadows_;
};

void run_shadowed(const HeapConfig& config, uint64_t seeds, int steps, int compare_every) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ShadowedProgram program(config, seed);
    for (int i = 0; i < steps; ++i) {
      program.step();
      if (i % compare_every == 0) program.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
    program.compare();
  }
}

TEST(HeapShadow, SmallNursery) { run_shadowed(small_config(), 20, 20000, 500); }
TEST(HeapShadow, TinyNursery) {
  HeapConfig config;
  config.nursery_bytes = 4096;
  run_shadowed(config, 20, 10000, 200);
}
TEST(HeapShadow, Stress) { run_shadowed(stress_config(), 8, 1500, 50); }

// Printed, not asserted: bytes and objects a second through the inline path, with one object of twenty kept a while.
TEST(HeapBenchmark, AllocationThroughput) {
  for (size_t keep_one_in : {0, 20}) {
    World world(HeapConfig{}, 1024);
    constexpr size_t kCount = 10'000'000;
    auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < kCount; ++i) {
      Object* object = world.heap.allocate(ObjectKind::kStruct, world.types.plain, 24);
      ASSERT_NE(object, nullptr);
      if (keep_one_in != 0 && i % keep_one_in == 0) world.root(i / keep_one_in % 1024) = object;
    }
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const HeapStats& stats = world.heap.stats();
    std::printf("keep 1 in %zu: %.0f M objects/s, %.2f GB/s, %llu minor, %llu full, pause max %.3f ms, total %.1f ms\n",
                keep_one_in, kCount / seconds.count() / 1e6, kCount * 24 / seconds.count() / 1e9,
                static_cast<unsigned long long>(stats.minor_collections),
                static_cast<unsigned long long>(stats.full_collections),
                static_cast<double>(stats.pause_ns_max) / 1e6, static_cast<double>(stats.pause_ns_total) / 1e6);
  }
}

}  // namespace
}  // namespace orus
