// What the heap's tests share: a module with a few types, a root source, and a heap used as a program would use it.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "vm/runtime/heap.h"

namespace orus {

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
    module.types[node].fields = {{"value", kTypeI64},     {"left", TypeId{node}},       {"name", kTypeString}, {"items", TypeId{items}},
                                 {"right", TypeId{node}}, {"numbers", TypeId{numbers}}, {"error", kTypeError}};
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

inline HeapConfig small_config() {
  HeapConfig config;
  config.nursery_bytes = 64 * 1024;
  return config;
}
inline HeapConfig stress_config() {
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
  T* as(size_t i) {
    return static_cast<T*>(roots.slots[i]);
  }

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
  static Object* load(Object* node, int field) { return reinterpret_cast<Object*>(static_cast<Struct*>(node)->fields()[field]); }
  static int64_t value(Object* node) { return static_cast<int64_t>(static_cast<Struct*>(node)->fields()[kValue]); }
};

}  // namespace orus
