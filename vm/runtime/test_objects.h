// Heap objects without a heap, for tests of code that only reads them.
#pragma once

#include <cstring>
#include <deque>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "vm/runtime/vm.h"

namespace orus {

class TestObjects {
 public:
  explicit TestObjects(Module& module) : module_(module) {}

  Slot string(std::string_view text) {
    auto* bytes = make<Bytes>(ObjectKind::kBytes, 0, text.size());
    bytes->used = bytes->capacity = static_cast<uint32_t>(text.size());
    std::memcpy(bytes->data(), text.data(), text.size());
    auto* result = make<String>(ObjectKind::kString, 0, 0);
    result->length = bytes->used;
    result->bytes = bytes;
    return ref_slot(result);
  }

  Slot array(TypeId type, std::span<const Slot> values) {
    TypeKind element = module_.kind(module_.type(type).element);
    size_t width = element_bytes(element);
    auto* result = make<Array>(ObjectKind::kArray, type.index, 0);
    result->length = result->capacity = static_cast<int32_t>(values.size());
    if (values.empty()) return ref_slot(result);
    result->buffer = make<Buffer>(ObjectKind::kScalarBuffer, 0, values.size() * width);
    result->buffer->size = values.size() * width;
    for (size_t i = 0; i < values.size(); ++i) {
      std::memcpy(result->buffer->data() + i * width, &values[i], width);  // little-endian
    }
    return ref_slot(result);
  }
  Slot array(TypeId type, std::initializer_list<Slot> values) { return array(type, std::span<const Slot>(values.begin(), values.size())); }

  Slot structure(TypeId type, std::initializer_list<Slot> fields) {
    auto* result = make<Struct>(ObjectKind::kStruct, type.index, fields.size() * sizeof(Slot));
    std::copy(fields.begin(), fields.end(), result->fields());
    return ref_slot(result);
  }

  Slot range(int64_t current, int64_t end, int64_t step) {
    auto* result = make<RangeObject>(ObjectKind::kRange, 0, 0);
    result->current = current;
    result->end = end;
    result->step = step;
    return ref_slot(result);
  }

  Slot error(ErrorKind kind, std::string_view message) {
    Slot text = string(message);
    auto* result = make<ErrorObject>(ObjectKind::kError, 0, 0);
    result->error_kind = static_cast<uint32_t>(kind);
    result->message = slot_ref<String>(text);
    return ref_slot(result);
  }

 private:
  template <class T>
  T* make(ObjectKind kind, uint32_t type, size_t payload) {
    auto& words = memory_.emplace_back((sizeof(T) + payload + 7) / 8);
    T* object = reinterpret_cast<T*>(words.data());
    object->kind = kind;
    object->type = type;
    return object;
  }

  Module& module_;
  std::deque<std::vector<uint64_t>> memory_;
};

inline Slot test_i32(int32_t value) { return static_cast<uint32_t>(value); }
inline Slot test_i64(int64_t value) { return static_cast<Slot>(value); }

}  // namespace orus
