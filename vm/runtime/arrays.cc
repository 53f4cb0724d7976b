// Arrays, structs and range iterators. An array's elements live in a buffer of its own that is replaced by a larger
// one when it is full; what lies beyond `length` is never read and holds no reference.
#include <algorithm>
#include <cstring>

#include "vm/runtime/allocate.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

constexpr int32_t kMinCapacity = 4;

ObjectKind buffer_kind(TypeKind element) { return is_reference(element) ? ObjectKind::kRefBuffer : ObjectKind::kScalarBuffer; }

/// A zeroed buffer; null with a limit pending.
Buffer* allocate_buffer(Vm& vm, TypeKind element, int32_t capacity) {
  size_t storage = static_cast<size_t>(capacity) * element_bytes(element);
  auto* buffer = static_cast<Buffer*>(vm.allocate(buffer_kind(element), 0, sizeof(Buffer) + storage));
  if (buffer != nullptr) buffer->size = storage;
  return buffer;
}

/// Replaces the full buffer of the array in register pc->a by one with twice the room.
[[gnu::noinline]] bool grow(Vm& vm, Slot* base, const Insn* pc) {
  auto* array = slot_ref<Array>(base[pc->a]);
  if (array->length >= kMaxArrayLength) return vm.raise(Trap::ArrayTooLong, base, pc);
  int64_t doubled = std::max<int64_t>(int64_t{array->capacity} * 2, kMinCapacity);
  auto capacity = static_cast<int32_t>(std::min<int64_t>(doubled, kMaxArrayLength));
  TypeKind element = vm.module().kind(vm.module().type(TypeId(array->type)).element);
  Buffer* buffer = allocate_buffer(vm, element, capacity);
  if (buffer == nullptr) return false;
  array = slot_ref<Array>(base[pc->a]);
  if (array->length > 0) {
    std::memcpy(buffer->data(), array->buffer->data(), static_cast<size_t>(array->length) * element_bytes(element));
    if (is_reference(element)) vm.heap().barrier(buffer);
  }
  array->buffer = buffer;
  array->capacity = capacity;
  vm.heap().barrier(array);
  return true;
}

void fill_elements(Vm& vm, Array* array, TypeKind element, Slot value) {
  auto count = static_cast<size_t>(array->length);
  switch (element_bytes(element)) {
    case 1: std::memset(array->buffer->data(), static_cast<int>(value), count); break;
    case 4: std::fill_n(array->buffer->as<uint32_t>(), count, static_cast<uint32_t>(value)); break;
    default: std::fill_n(array->buffer->as<uint64_t>(), count, value);
  }
  if (is_reference(element)) vm.heap().barrier(array->buffer);
}

}  // namespace

Array* allocate_array(Vm& vm, TypeId type, int32_t length, int32_t capacity) {
  TypeKind element = vm.module().kind(vm.module().type(type).element);
  size_t storage = static_cast<size_t>(capacity) * element_bytes(element);
  size_t buffer_bytes = capacity == 0 ? 0 : sizeof(Buffer) + round_up_8(storage);
  if (char* memory = bump(vm, sizeof(Array) + buffer_bytes)) [[likely]] {
    Array* array = place<Array>(memory, ObjectKind::kArray, type.index);
    array->length = length;
    array->capacity = capacity;
    array->buffer = nullptr;
    if (capacity == 0) return array;
    array->buffer = place<Buffer>(memory + sizeof(Array), buffer_kind(element));
    array->buffer->size = storage;
    return array;  // memory of the window is zero
  }
  Buffer* buffer = nullptr;
  if (capacity != 0) {
    buffer = allocate_buffer(vm, element, capacity);
    if (buffer == nullptr) return nullptr;
  }
  Rooted<Buffer> rooted(vm, buffer);
  auto* array = static_cast<Array*>(vm.allocate(ObjectKind::kArray, type.index, sizeof(Array)));
  if (array == nullptr) return nullptr;
  array->length = length;
  array->capacity = capacity;
  array->buffer = rooted.get();
  vm.heap().barrier(array);
  return array;
}

bool op_new_array(Vm& vm, Slot* base, const Insn* pc) {
  Array* array = allocate_array(vm, register_type(base, pc->a), 0, pc->b);
  if (array == nullptr) return false;
  base[pc->a] = ref_slot(array);
  return true;
}

bool op_array_fill(Vm& vm, Slot* base, const Insn* pc) {
  int32_t count = slot_i32(base[pc->c]);
  if (count < 0) return vm.raise(Trap::RepeatCount, base, pc);
  if (count > kMaxArrayLength) return vm.raise(Trap::ArrayTooLong, base, pc);
  TypeId type = register_type(base, pc->a);
  Array* array = allocate_array(vm, type, count, count);
  if (array == nullptr) return false;
  if (count > 0) fill_elements(vm, array, vm.module().kind(vm.module().type(type).element), base[pc->b]);
  base[pc->a] = ref_slot(array);
  return true;
}

bool op_array_push(Vm& vm, Slot* base, const Insn* pc) {
  auto* array = slot_ref<Array>(base[pc->a]);
  if (array->length == array->capacity) {
    if (!grow(vm, base, pc)) return false;
    array = slot_ref<Array>(base[pc->a]);
  }
  Slot value = base[pc->b];
  Buffer* buffer = array->buffer;
  switch (pc->opcode()) {
    case Op::array_push_1: buffer->as<uint8_t>()[array->length] = static_cast<uint8_t>(value); break;
    case Op::array_push_4: buffer->as<uint32_t>()[array->length] = static_cast<uint32_t>(value); break;
    case Op::array_push_8: buffer->as<uint64_t>()[array->length] = value; break;
    default: buffer->as<uint64_t>()[array->length] = value; vm.heap().barrier(buffer);
  }
  ++array->length;
  return true;
}

bool op_new_struct(Vm& vm, Slot* base, const Insn* pc) {
  uint32_t count = pc->c;
  size_t bytes = sizeof(Struct) + size_t{count} * sizeof(uint64_t);
  uint32_t type = register_type(base, pc->a).index;
  Struct* object;
  if (char* memory = bump(vm, bytes)) [[likely]] {
    object = place<Struct>(memory, ObjectKind::kStruct, type);
  } else {
    object = static_cast<Struct*>(vm.allocate(ObjectKind::kStruct, type, bytes));
    if (object == nullptr) return false;
  }
  for (uint32_t i = 0; i < count; ++i) object->fields()[i] = base[listed_register(pc, i)];
  vm.heap().barrier(object);
  base[pc->a] = ref_slot(object);
  return true;
}

bool op_range_next(Vm& vm, Slot* base, const Insn* pc) {
  auto* range = slot_ref<RangeObject>(base[pc->b]);
  int64_t value = range->current;
  if (range->step > 0 ? value >= range->end : value <= range->end) return false;
  // A step past the i64 range ends the iteration as a step past `end` does.
  if (__builtin_add_overflow(value, range->step, &range->current)) range->current = range->end;
  base[pc->a] = static_cast<Slot>(value);
  return true;
}

}  // namespace orus
