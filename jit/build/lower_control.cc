// Lowerings of the branch, loop, call and error families.
#include "jit/build/builder.h"

namespace orus::jit {
namespace {

constexpr IrType I32 = IrType::kI32, I64 = IrType::kI64, BOOL = IrType::kBool;

uint32_t target16(Builder& b) { return b.pc + static_cast<uint32_t>(int32_t{b.insn->sc()}); }
uint32_t target32(Builder& b) { return b.pc + static_cast<uint32_t>(b.insn->bc()); }

void branch(Builder& b, IrOp op, InstId x, InstId y) { b.branch_to(b.emit(op, BOOL, {x, y}), target16(b), b.pc + 1); }
/// Jumps when the comparison is false: with a NaN it is.
void branch_not(Builder& b, IrOp op, InstId x, InstId y) { b.branch_to(b.emit(op, BOOL, {x, y}), b.pc + 1, target16(b)); }
InstId ra(Builder& b) { return b.get(b.insn->a); }
InstId rb(Builder& b) { return b.get(b.insn->b); }
InstId imm(Builder& b, IrType type) { return b.constant(type, b.insn->sb()); }

enum class Bound { kOpen, kClosed };

/// Whether `value` is still inside the range that ends at register b and steps by register b+1.
InstId in_range(Builder& b, InstId value, Bound bound) {
  InstId end = rb(b), step = b.get(static_cast<uint16_t>(b.insn->b + 1));
  IrOp up = bound == Bound::kOpen ? IrOp::lt : IrOp::le;
  IrOp down = bound == Bound::kOpen ? IrOp::gt : IrOp::ge;
  const Inst known = b.ir().at(step);
  if (known.op == IrOp::constant) return b.emit(static_cast<int32_t>(known.imm) > 0 ? up : down, BOOL, {value, end});
  InstId positive = b.emit(IrOp::gt, BOOL, {step, b.i32(0)});
  return b.emit(IrOp::select, BOOL, {positive, b.emit(up, BOOL, {value, end}), b.emit(down, BOOL, {value, end})});
}

/// Advances the loop variable. The sum is exact in the interpreter; one that does not fit ends the loop there.
void next(Builder& b, InstId step, IrOp test, InstId end) {
  InstId sum = b.checked(IrOp::add_ov, I32, {ra(b), step}, ExitReason::overflow);
  InstId more = b.emit(test, BOOL, {sum, end});
  InstId old = ra(b);
  b.set(b.insn->a, sum);
  b.branch_with(more, target16(b), b.pc + 1, b.insn->a, old);
}

void for_next(Builder& b, Bound bound) {
  InstId step = b.get(static_cast<uint16_t>(b.insn->b + 1));
  InstId sum = b.checked(IrOp::add_ov, I32, {ra(b), step}, ExitReason::overflow);
  InstId more = in_range(b, sum, bound);
  InstId old = ra(b);
  b.set(b.insn->a, sum);
  b.branch_with(more, target16(b), b.pc + 1, b.insn->a, old);
}

}  // namespace

void lower_jump(Builder& b) { b.jump_to(target32(b)); }
void lower_jump_if(Builder& b) { b.branch_to(ra(b), target32(b), b.pc + 1); }
void lower_jump_unless(Builder& b) { b.branch_to(ra(b), b.pc + 1, target32(b)); }

void lower_jeq_i32(Builder& b) { branch(b, IrOp::eq, ra(b), rb(b)); }
void lower_jeq_i64(Builder& b) { branch(b, IrOp::eq, ra(b), rb(b)); }
void lower_jeq_u32(Builder& b) { branch(b, IrOp::eq, ra(b), rb(b)); }
void lower_jeq_u64(Builder& b) { branch(b, IrOp::eq, ra(b), rb(b)); }
void lower_jeq_f64(Builder& b) { branch(b, IrOp::eq, ra(b), rb(b)); }
void lower_jne_i32(Builder& b) { branch(b, IrOp::ne, ra(b), rb(b)); }
void lower_jne_i64(Builder& b) { branch(b, IrOp::ne, ra(b), rb(b)); }
void lower_jne_u32(Builder& b) { branch(b, IrOp::ne, ra(b), rb(b)); }
void lower_jne_u64(Builder& b) { branch(b, IrOp::ne, ra(b), rb(b)); }
void lower_jne_f64(Builder& b) { branch(b, IrOp::ne, ra(b), rb(b)); }
void lower_jlt_i32(Builder& b) { branch(b, IrOp::lt, ra(b), rb(b)); }
void lower_jlt_i64(Builder& b) { branch(b, IrOp::lt, ra(b), rb(b)); }
void lower_jlt_u32(Builder& b) { branch(b, IrOp::ult, ra(b), rb(b)); }
void lower_jlt_u64(Builder& b) { branch(b, IrOp::ult, ra(b), rb(b)); }
void lower_jlt_f64(Builder& b) { branch(b, IrOp::lt, ra(b), rb(b)); }
void lower_jle_i32(Builder& b) { branch(b, IrOp::le, ra(b), rb(b)); }
void lower_jle_i64(Builder& b) { branch(b, IrOp::le, ra(b), rb(b)); }
void lower_jle_u32(Builder& b) { branch(b, IrOp::ule, ra(b), rb(b)); }
void lower_jle_u64(Builder& b) { branch(b, IrOp::ule, ra(b), rb(b)); }
void lower_jle_f64(Builder& b) { branch(b, IrOp::le, ra(b), rb(b)); }
void lower_jnlt_f64(Builder& b) { branch_not(b, IrOp::lt, ra(b), rb(b)); }
void lower_jnle_f64(Builder& b) { branch_not(b, IrOp::le, ra(b), rb(b)); }
void lower_jeqk_i32(Builder& b) { branch(b, IrOp::eq, ra(b), imm(b, I32)); }
void lower_jeqk_i64(Builder& b) { branch(b, IrOp::eq, ra(b), imm(b, I64)); }
void lower_jnek_i32(Builder& b) { branch(b, IrOp::ne, ra(b), imm(b, I32)); }
void lower_jnek_i64(Builder& b) { branch(b, IrOp::ne, ra(b), imm(b, I64)); }
void lower_jltk_i32(Builder& b) { branch(b, IrOp::lt, ra(b), imm(b, I32)); }
void lower_jltk_i64(Builder& b) { branch(b, IrOp::lt, ra(b), imm(b, I64)); }
void lower_jlek_i32(Builder& b) { branch(b, IrOp::le, ra(b), imm(b, I32)); }
void lower_jlek_i64(Builder& b) { branch(b, IrOp::le, ra(b), imm(b, I64)); }
void lower_jgtk_i32(Builder& b) { branch(b, IrOp::gt, ra(b), imm(b, I32)); }
void lower_jgtk_i64(Builder& b) { branch(b, IrOp::gt, ra(b), imm(b, I64)); }
void lower_jgek_i32(Builder& b) { branch(b, IrOp::ge, ra(b), imm(b, I32)); }
void lower_jgek_i64(Builder& b) { branch(b, IrOp::ge, ra(b), imm(b, I64)); }

void lower_loop(Builder& b) {
  if (b.options().gc_stress) b.runtime();
  if (b.options().poll) b.checked(IrOp::poll, IrType::kVoid, {}, ExitReason::interrupt);
}
void lower_inc_lt(Builder& b) { next(b, b.i32(1), IrOp::lt, rb(b)); }
void lower_inc_le(Builder& b) { next(b, b.i32(1), IrOp::le, rb(b)); }
void lower_for_test(Builder& b) { b.branch_to(in_range(b, ra(b), Bound::kOpen), b.pc + 1, target16(b)); }
void lower_for_test_closed(Builder& b) { b.branch_to(in_range(b, ra(b), Bound::kClosed), b.pc + 1, target16(b)); }
void lower_for_next(Builder& b) { for_next(b, Bound::kOpen); }
void lower_for_next_closed(Builder& b) { for_next(b, Bound::kClosed); }

void lower_call(Builder& b) { b.inline_or_call(); }
void lower_rt(Builder& b) { b.runtime(); }
void lower_ret(Builder& b) { b.return_value(ra(b)); }
void lower_ret_void(Builder& b) { b.return_value(InstId()); }
void lower_raise_string(Builder& b) { b.leave(ExitReason::error_path); }
void lower_raise_error(Builder& b) { b.leave(ExitReason::error_path); }
void lower_fail(Builder& b) { b.leave(ExitReason::error_path); }

}  // namespace orus::jit
