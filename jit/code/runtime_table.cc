#include "jit/code/runtime_table.h"

#include <array>

namespace orus::jit {
namespace {

// Opcodes whose handler is a call of something with another signature.
bool eq_str(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = equal_strings(slot_ref<String>(base[pc->b]), slot_ref<String>(base[pc->c])) ? 1 : 0;
  return true;
}
bool lt_str(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = compare_strings(slot_ref<String>(base[pc->b]), slot_ref<String>(base[pc->c])) < 0 ? 1 : 0;
  return true;
}
bool le_str(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = compare_strings(slot_ref<String>(base[pc->b]), slot_ref<String>(base[pc->c])) <= 0 ? 1 : 0;
  return true;
}
Slot i32_slot(int32_t value) { return static_cast<uint32_t>(value); }
bool compare_i64_u64(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = i32_slot(cmp_i64_u64(static_cast<int64_t>(base[pc->b]), base[pc->c]));
  return true;
}
bool compare_i64_f64(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = i32_slot(cmp_i64_f64(static_cast<int64_t>(base[pc->b]), slot_f64(base[pc->c])));
  return true;
}
bool compare_u64_f64(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = i32_slot(cmp_u64_f64(base[pc->b], slot_f64(base[pc->c])));
  return true;
}
/// A loop header in stress mode: collect, as the interpreter does there.
bool collect(Vm& vm, Slot*, const Insn*) {
  vm.heap().safepoint();
  return true;
}

constexpr std::array<RuntimeOp, kOpCount> make_table() {
  std::array<RuntimeOp, kOpCount> table{};
  auto set = [&](Op op, RuntimeOp function) { table[static_cast<size_t>(op)] = function; };
  set(Op::eq_str, eq_str);
  set(Op::lt_str, lt_str);
  set(Op::le_str, le_str);
  set(Op::cmp_i64_u64, compare_i64_u64);
  set(Op::cmp_i64_f64, compare_i64_f64);
  set(Op::cmp_u64_f64, compare_u64_f64);
  set(Op::loop, collect);
  set(Op::str_concat, op_str_concat);
  set(Op::str_index, op_str_index);
  set(Op::new_array, op_new_array);
  set(Op::array_fill, op_array_fill);
  set(Op::array_push_1, op_array_push);
  set(Op::array_push_4, op_array_push);
  set(Op::array_push_8, op_array_push);
  set(Op::array_push_ref, op_array_push);
  set(Op::new_struct, op_new_struct);
  return table;
}
constexpr auto kRuntimeFunctions = make_table();

}  // namespace

RuntimeOp runtime_function(Op op) { return kRuntimeFunctions[static_cast<size_t>(op)]; }

RuntimeOp runtime_function(const Insn& insn) {
  if (insn.opcode() == Op::rt) return insn.b < kBuiltinCount ? kBuiltinFunctions[insn.b] : nullptr;
  return insn.op < kOpCount ? runtime_function(insn.opcode()) : nullptr;
}

}  // namespace orus::jit
