// Property test of the heap: random programs run on the heap and on a shadow model made of standard containers, and
// everything reachable is compared, sharing included.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "vm/runtime/heap.h"
#include "vm/runtime/heap_test_world.h"

namespace orus {
namespace {

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
      case 0:
      case 1:
      case 2: return make_node(pick());
      case 3: return make_string(pick());
      case 4: return make_array(pick());
      case 5: return make_error(pick());
      case 6:
      case 7:
      case 8: return store_field();
      case 9:
      case 10: return push();
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
      return object->kind == ObjectKind::kStruct || (object->type == world_.types.items && static_cast<Array*>(object)->length > 0);
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

}  // namespace
}  // namespace orus
