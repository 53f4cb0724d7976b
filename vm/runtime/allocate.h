// Allocation paths shared by the runtime functions: bump the nursery's window inline, else ask the heap. Everything
// here may collect; on null a limit is pending in the VM.
#pragma once

#include "vm/runtime/vm.h"

namespace orus {

constexpr size_t round_up_8(size_t n) { return (n + 7) & ~size_t{7}; }

/// Zeroed nursery memory for one or more objects, or null when the window is too small or the object large: the caller
/// then goes through Vm::allocate. `bytes` is a multiple of 8.
inline char* bump(Vm& vm, size_t bytes) {
  AllocationWindow& window = vm.context.window;
  if (bytes > Heap::kLargeBytes || static_cast<size_t>(window.limit - window.top) < bytes) [[unlikely]]
    return nullptr;
  char* memory = window.top;
  window.top += bytes;
  return memory;
}

/// Writes the header of an object in bumped memory.
template <class T>
T* place(char* memory, ObjectKind kind, uint32_t type = 0) {
  T* object = reinterpret_cast<T*>(memory);
  object->flags = 0;
  object->kind = kind;
  object->extra = 0;
  object->type = type;
  return object;
}

/// A string of `length` bytes, contents still to be written, in a Bytes object with room for `capacity` or a little
/// more. Both are at most kMaxStringLength and length <= capacity.
String* allocate_string(Vm& vm, uint32_t length, uint32_t capacity);

/// An array of array type `type` with `length` zero elements and room for `capacity`; length <= capacity <=
/// kMaxArrayLength.
Array* allocate_array(Vm& vm, TypeId type, int32_t length, int32_t capacity);

/// Type of the register `r` of the frame's function.
inline TypeId register_type(const Slot* base, uint16_t r) { return frame_function(base)->function->registers[r]; }

/// Stores the result of an `rt` instruction unless it is discarded.
inline bool set_result(Slot* base, const Insn* pc, Slot value) {
  if (pc->a != kNoReg) base[pc->a] = value;
  return true;
}
/// The same with a new object: null means that a limit is pending.
inline bool set_result(Slot* base, const Insn* pc, const Object* object) {
  return object != nullptr && set_result(base, pc, ref_slot(object));
}

inline int32_t slot_i32(Slot slot) { return static_cast<int32_t>(slot); }
inline Slot i32_slot(int32_t value) { return static_cast<uint32_t>(value); }

}  // namespace orus
