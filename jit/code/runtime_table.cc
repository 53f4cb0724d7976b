#include "jit/code/runtime_table.h"

namespace orus::jit {
namespace {

String* string(Slot* base, uint16_t reg) { return slot_ref<String>(base[reg]); }

bool call_eq_str(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = equal_strings(string(base, pc->b), string(base, pc->c)) ? 1 : 0;
  return true;
}
bool call_lt_str(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = compare_strings(string(base, pc->b), string(base, pc->c)) < 0 ? 1 : 0;
  return true;
}
bool call_le_str(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = compare_strings(string(base, pc->b), string(base, pc->c)) <= 0 ? 1 : 0;
  return true;
}
bool call_cmp_i64_u64(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = static_cast<uint32_t>(cmp_i64_u64(static_cast<int64_t>(base[pc->b]), base[pc->c]));
  return true;
}
bool call_cmp_i64_f64(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = static_cast<uint32_t>(cmp_i64_f64(static_cast<int64_t>(base[pc->b]), slot_f64(base[pc->c])));
  return true;
}
bool call_cmp_u64_f64(Vm&, Slot* base, const Insn* pc) {
  base[pc->a] = static_cast<uint32_t>(cmp_u64_f64(base[pc->b], slot_f64(base[pc->c])));
  return true;
}
/// A loop header under collection stress.
bool call_safepoint(Vm& vm, Slot*, const Insn*) {
  vm.heap().safepoint();
  return true;
}

}  // namespace

RuntimeOp runtime_function(const Insn& insn) {
  switch (insn.opcode()) {
    case Op::rt: return kBuiltinFunctions[insn.b];
    case Op::eq_str: return call_eq_str;
    case Op::lt_str: return call_lt_str;
    case Op::le_str: return call_le_str;
    case Op::cmp_i64_u64: return call_cmp_i64_u64;
    case Op::cmp_i64_f64: return call_cmp_i64_f64;
    case Op::cmp_u64_f64: return call_cmp_u64_f64;
    case Op::loop: return call_safepoint;
    case Op::str_concat: return op_str_concat;
    case Op::str_index: return op_str_index;
    case Op::new_array: return op_new_array;
    case Op::array_fill: return op_array_fill;
    case Op::array_push_1:
    case Op::array_push_4:
    case Op::array_push_8:
    case Op::array_push_ref: return op_array_push;
    case Op::new_struct: return op_new_struct;
    default: return nullptr;
  }
}

}  // namespace orus::jit
