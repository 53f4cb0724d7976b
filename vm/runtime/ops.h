// Runtime functions of the opcodes that are more than a few machine instructions. The interpreter and machine code
// call the same ones, so their results are equal by construction.
//
// Convention: `base` is the frame, `pc` the instruction in the VM's code. Operands are read from the frame's registers
// and the result is written to the destination register. False: an error or a limit is pending and nothing was changed.
// Every operand register that holds a reference is a root meanwhile; re-read it after anything that may allocate.
#pragma once

#include "vm/runtime/vm.h"

namespace orus {

using RuntimeOp = bool (*)(Vm& vm, Slot* base, const Insn* pc);

// Strings (strings.cc)
bool op_str_concat(Vm& vm, Slot* base, const Insn* pc);
bool op_str_index(Vm& vm, Slot* base, const Insn* pc);
int compare_strings(const String* a, const String* b);   // bytewise: < 0, 0, > 0
bool equal_strings(const String* a, const String* b);
/// A new string; null with a limit or error pending. `text` must not point into the heap.
String* new_string(Vm& vm, std::string_view text);

// Arrays and structs (arrays.cc)
bool op_new_array(Vm& vm, Slot* base, const Insn* pc);
bool op_array_fill(Vm& vm, Slot* base, const Insn* pc);
bool op_array_push(Vm& vm, Slot* base, const Insn* pc);   // every width; full: grows to twice the room
bool op_new_struct(Vm& vm, Slot* base, const Insn* pc);
bool op_range_next(Vm& vm, Slot* base, const Insn* pc);   // result: false means exhausted, not an error

// Conversions and comparisons of mixed kinds (numbers.cc)
int32_t cmp_i64_u64(int64_t a, uint64_t b);
int32_t cmp_i64_f64(int64_t a, double b);
int32_t cmp_u64_f64(uint64_t a, double b);
int32_t f64_to_i32(double value);
int64_t f64_to_i64(double value);
double fmod_f64(double a, double b);   // the one implementation of f64 % for every tier and the folder

// Builtins (builtins*.cc): the function of each row of builtins.def, called as `rt`.
#define BUILTIN(name, ...) bool builtin_##name(Vm& vm, Slot* base, const Insn* pc);
#include "vm/bytecode/builtins.def"
#undef BUILTIN
inline constexpr RuntimeOp kBuiltinFunctions[] = {
#define BUILTIN(name, ...) builtin_##name,
#include "vm/bytecode/builtins.def"
#undef BUILTIN
};
inline Builtin rt_builtin(const Insn* pc) { return static_cast<Builtin>(pc->b); }

/// Operand `i` of an `rt` instruction, and its type.
inline Slot& rt_arg(Slot* base, const Insn* pc, uint32_t i) { return base[listed_register(pc, i)]; }
inline TypeId rt_type(const Slot* base, const Insn* pc, uint32_t i) {
  return frame_function(base)->function->registers[listed_register(pc, i)];
}

}  // namespace orus
