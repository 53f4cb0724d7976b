// Tests of the heap, and of its judge walk() with planted damage. The property test is in heap_shadow_test.cc.
#include "vm/runtime/heap.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "vm/runtime/heap_test_world.h"

// The allocators of these end the process when the host refuses memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORUS_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ORUS_TEST_SANITIZED 1
#endif
#endif

namespace orus {
namespace {

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

TEST(Heap, OneAllocationFails) {
  for (bool stress : {false, true}) {
    HeapConfig config;
    config.fail_allocation = 7;
    config.stress = stress;
    World world(config);
    for (int i = 1; i <= 20; ++i) {
      Struct* node = world.new_node(i);
      ASSERT_EQ(node == nullptr, i == 7) << i;
      if (node == nullptr) continue;
      world.store(node, kLeft, world.root(0));
      world.root(0) = node;
    }
    EXPECT_EQ(world.heap.stats().allocations, 20u);
    EXPECT_EQ(world.heap.walk(), "");
    int64_t expected = 20;
    for (Object* node = world.root(0); node != nullptr; node = World::load(node, kLeft), --expected) {
      if (expected == 7) --expected;
      ASSERT_EQ(World::value(node), expected);
    }
  }
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

#if !defined(ORUS_TEST_SANITIZED)
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
    std::printf("keep 1 in %zu: %.0f M objects/s, %.2f GB/s, %llu minor, %llu full, pause max %.3f ms, total %.1f ms\n", keep_one_in,
                kCount / seconds.count() / 1e6, kCount * 24 / seconds.count() / 1e9,
                static_cast<unsigned long long>(stats.minor_collections), static_cast<unsigned long long>(stats.full_collections),
                static_cast<double>(stats.pause_ns_max) / 1e6, static_cast<double>(stats.pause_ns_total) / 1e6);
  }
}

}  // namespace
}  // namespace orus
