// Lowerings of the move, arith, bits, compare and convert families.
//
// Checks become guards that re-execute the instruction in the interpreter, which raises the error; range analysis
// and hoisting work on those guards. A division needs two: the divisor is not 0, and not (minimum / -1).
#include <climits>

#include "jit/build/builder.h"

namespace orus::jit {
namespace {

constexpr IrType I32 = IrType::kI32, I64 = IrType::kI64, F64 = IrType::kF64, BOOL = IrType::kBool;

void binary(Builder& b, IrOp op, IrType type, InstId x, InstId y) { b.set(b.insn->a, b.emit(op, type, {x, y})); }
void overflow(Builder& b, IrOp op, IrType type, InstId x, InstId y) { b.set(b.insn->a, b.checked(op, type, {x, y}, ExitReason::overflow)); }
void compare(Builder& b, IrOp op, InstId x, InstId y) { b.set(b.insn->a, b.emit(op, BOOL, {x, y})); }
InstId rb(Builder& b) { return b.get(b.insn->b); }
InstId rc(Builder& b) { return b.get(b.insn->c); }
InstId imm(Builder& b, IrType type) { return b.constant(type, b.insn->sc()); }
InstId kf64(Builder& b) { return b.constant(F64, static_cast<int64_t>(b.module().constants[b.insn->c].bits)); }

InstId minimum(Builder& b, IrType type) { return type == I32 ? b.i32(INT32_MIN) : b.i64(INT64_MIN); }

enum class Part { kQuotient, kRemainder };

void divide_signed(Builder& b, IrType type, InstId x, InstId y, Part part) {
  const Inst divisor = b.ir().at(y);
  bool known = divisor.op == IrOp::constant;
  int64_t value = type == I32 ? static_cast<int32_t>(divisor.imm) : divisor.imm;
  if (known && value == 0) return b.leave(ExitReason::division);
  if (!known) b.guard(b.emit(IrOp::ne, BOOL, {y, b.constant(type, 0)}), ExitReason::division);
  if (!known || value == -1) {
    InstId fine = b.emit(IrOp::ne, BOOL, {x, minimum(b, type)});
    if (!known) fine = b.emit(IrOp::or_, BOOL, {b.emit(IrOp::ne, BOOL, {y, b.constant(type, -1)}), fine});
    b.guard(fine, ExitReason::division);
  }
  binary(b, part == Part::kQuotient ? IrOp::sdiv : IrOp::srem, type, x, y);
}

void divide_unsigned(Builder& b, IrType type, InstId x, InstId y, Part part) {
  const Inst divisor = b.ir().at(y);
  if (divisor.op == IrOp::constant && divisor.imm == 0) return b.leave(ExitReason::division);
  if (divisor.op != IrOp::constant) b.guard(b.emit(IrOp::ne, BOOL, {y, b.constant(type, 0)}), ExitReason::division);
  binary(b, part == Part::kQuotient ? IrOp::udiv : IrOp::urem, type, x, y);
}

void divide_f64(Builder& b, IrOp op, InstId x, InstId y) {
  b.guard(b.emit(IrOp::ne, BOOL, {y, b.f64(0.0)}), ExitReason::division);
  binary(b, op, F64, x, y);
}

void shift(Builder& b, IrOp op, IrType type) {
  InstId count = rc(b);
  b.guard(b.emit(IrOp::ult, BOOL, {count, b.i64(type == I32 ? 32 : 64)}), ExitReason::shift);
  binary(b, op, type, rb(b), b.emit(IrOp::trunc, I32, {count}));
}

void convert(Builder& b, IrOp op, IrType type) { b.set(b.insn->a, b.emit(op, type, {rb(b)})); }
void copy(Builder& b) { b.set(b.insn->a, rb(b)); }
/// Leaves unless the condition holds; then converts.
void convert_if(Builder& b, InstId condition, IrOp op, IrType type) {
  b.guard(condition, ExitReason::conversion);
  convert(b, op, type);
}

InstId clamp_index(Builder& b, InstId value, bool is_signed) {
  InstId top = b.i64(INT32_MAX);
  InstId high = b.emit(is_signed ? IrOp::gt : IrOp::ult, BOOL, {is_signed ? value : top, is_signed ? top : value});
  InstId clamped = b.emit(IrOp::select, I64, {high, top, value});
  if (is_signed) {
    InstId low = b.emit(IrOp::lt, BOOL, {value, b.i64(0)});
    clamped = b.emit(IrOp::select, I64, {low, b.i64(-1), clamped});
  }
  return b.emit(IrOp::trunc, I32, {clamped});
}

}  // namespace

void lower_mov(Builder& b) { copy(b); }
void lower_load_k(Builder& b) {
  const Constant& k = b.module().constants[static_cast<uint32_t>(b.insn->bc())];
  IrType type = ir_type(b.module().kind(k.type));
  b.set(b.insn->a, type == IrType::kRef ? b.emit(IrOp::pool, type, {}, b.insn->bc()) : b.constant(type, static_cast<int64_t>(k.bits)));
}

void lower_add_i32(Builder& b) { overflow(b, IrOp::add_ov, I32, rb(b), rc(b)); }
void lower_addk_i32(Builder& b) { overflow(b, IrOp::add_ov, I32, rb(b), imm(b, I32)); }
void lower_sub_i32(Builder& b) { overflow(b, IrOp::sub_ov, I32, rb(b), rc(b)); }
void lower_mul_i32(Builder& b) { overflow(b, IrOp::mul_ov, I32, rb(b), rc(b)); }
void lower_mulk_i32(Builder& b) { overflow(b, IrOp::mul_ov, I32, rb(b), imm(b, I32)); }
void lower_add_i64(Builder& b) { overflow(b, IrOp::add_ov, I64, rb(b), rc(b)); }
void lower_addk_i64(Builder& b) { overflow(b, IrOp::add_ov, I64, rb(b), imm(b, I64)); }
void lower_sub_i64(Builder& b) { overflow(b, IrOp::sub_ov, I64, rb(b), rc(b)); }
void lower_mul_i64(Builder& b) { overflow(b, IrOp::mul_ov, I64, rb(b), rc(b)); }
void lower_mulk_i64(Builder& b) { overflow(b, IrOp::mul_ov, I64, rb(b), imm(b, I64)); }
void lower_add_u32(Builder& b) { binary(b, IrOp::add, I32, rb(b), rc(b)); }
void lower_addk_u32(Builder& b) { binary(b, IrOp::add, I32, rb(b), imm(b, I32)); }
void lower_sub_u32(Builder& b) { binary(b, IrOp::sub, I32, rb(b), rc(b)); }
void lower_mul_u32(Builder& b) { binary(b, IrOp::mul, I32, rb(b), rc(b)); }
void lower_mulk_u32(Builder& b) { binary(b, IrOp::mul, I32, rb(b), imm(b, I32)); }
void lower_add_u64(Builder& b) { binary(b, IrOp::add, I64, rb(b), rc(b)); }
void lower_addk_u64(Builder& b) { binary(b, IrOp::add, I64, rb(b), imm(b, I64)); }
void lower_sub_u64(Builder& b) { binary(b, IrOp::sub, I64, rb(b), rc(b)); }
void lower_mul_u64(Builder& b) { binary(b, IrOp::mul, I64, rb(b), rc(b)); }
void lower_mulk_u64(Builder& b) { binary(b, IrOp::mul, I64, rb(b), imm(b, I64)); }
void lower_div_i32(Builder& b) { divide_signed(b, I32, rb(b), rc(b), Part::kQuotient); }
void lower_divk_i32(Builder& b) { divide_signed(b, I32, rb(b), imm(b, I32), Part::kQuotient); }
void lower_rem_i32(Builder& b) { divide_signed(b, I32, rb(b), rc(b), Part::kRemainder); }
void lower_remk_i32(Builder& b) { divide_signed(b, I32, rb(b), imm(b, I32), Part::kRemainder); }
void lower_div_i64(Builder& b) { divide_signed(b, I64, rb(b), rc(b), Part::kQuotient); }
void lower_divk_i64(Builder& b) { divide_signed(b, I64, rb(b), imm(b, I64), Part::kQuotient); }
void lower_rem_i64(Builder& b) { divide_signed(b, I64, rb(b), rc(b), Part::kRemainder); }
void lower_remk_i64(Builder& b) { divide_signed(b, I64, rb(b), imm(b, I64), Part::kRemainder); }
void lower_div_u32(Builder& b) { divide_unsigned(b, I32, rb(b), rc(b), Part::kQuotient); }
void lower_divk_u32(Builder& b) { divide_unsigned(b, I32, rb(b), imm(b, I32), Part::kQuotient); }
void lower_rem_u32(Builder& b) { divide_unsigned(b, I32, rb(b), rc(b), Part::kRemainder); }
void lower_remk_u32(Builder& b) { divide_unsigned(b, I32, rb(b), imm(b, I32), Part::kRemainder); }
void lower_div_u64(Builder& b) { divide_unsigned(b, I64, rb(b), rc(b), Part::kQuotient); }
void lower_divk_u64(Builder& b) { divide_unsigned(b, I64, rb(b), imm(b, I64), Part::kQuotient); }
void lower_rem_u64(Builder& b) { divide_unsigned(b, I64, rb(b), rc(b), Part::kRemainder); }
void lower_remk_u64(Builder& b) { divide_unsigned(b, I64, rb(b), imm(b, I64), Part::kRemainder); }
void lower_add_f64(Builder& b) { binary(b, IrOp::add, F64, rb(b), rc(b)); }
void lower_addk_f64(Builder& b) { binary(b, IrOp::add, F64, rb(b), kf64(b)); }
void lower_sub_f64(Builder& b) { binary(b, IrOp::sub, F64, rb(b), rc(b)); }
void lower_subk_f64(Builder& b) { binary(b, IrOp::sub, F64, rb(b), kf64(b)); }
void lower_mul_f64(Builder& b) { binary(b, IrOp::mul, F64, rb(b), rc(b)); }
void lower_mulk_f64(Builder& b) { binary(b, IrOp::mul, F64, rb(b), kf64(b)); }
void lower_div_f64(Builder& b) { divide_f64(b, IrOp::fdiv, rb(b), rc(b)); }
void lower_divk_f64(Builder& b) { divide_f64(b, IrOp::fdiv, rb(b), kf64(b)); }
void lower_rem_f64(Builder& b) { divide_f64(b, IrOp::fmod, rb(b), rc(b)); }
void lower_neg_i32(Builder& b) { overflow(b, IrOp::sub_ov, I32, b.i32(0), rb(b)); }
void lower_neg_i64(Builder& b) { overflow(b, IrOp::sub_ov, I64, b.i64(0), rb(b)); }
void lower_neg_f64(Builder& b) { convert(b, IrOp::neg, F64); }
void lower_band_i32(Builder& b) { binary(b, IrOp::and_, I32, rb(b), rc(b)); }
void lower_bor_i32(Builder& b) { binary(b, IrOp::or_, I32, rb(b), rc(b)); }
void lower_bxor_i32(Builder& b) { binary(b, IrOp::xor_, I32, rb(b), rc(b)); }
void lower_bnot_i32(Builder& b) { binary(b, IrOp::xor_, I32, rb(b), b.constant(I32, -1)); }
void lower_shl_i32(Builder& b) { shift(b, IrOp::shl, I32); }
void lower_shr_i32(Builder& b) { shift(b, IrOp::sar, I32); }
void lower_band_i64(Builder& b) { binary(b, IrOp::and_, I64, rb(b), rc(b)); }
void lower_bor_i64(Builder& b) { binary(b, IrOp::or_, I64, rb(b), rc(b)); }
void lower_bxor_i64(Builder& b) { binary(b, IrOp::xor_, I64, rb(b), rc(b)); }
void lower_bnot_i64(Builder& b) { binary(b, IrOp::xor_, I64, rb(b), b.constant(I64, -1)); }
void lower_shl_i64(Builder& b) { shift(b, IrOp::shl, I64); }
void lower_shr_i64(Builder& b) { shift(b, IrOp::sar, I64); }
void lower_band_u32(Builder& b) { binary(b, IrOp::and_, I32, rb(b), rc(b)); }
void lower_bor_u32(Builder& b) { binary(b, IrOp::or_, I32, rb(b), rc(b)); }
void lower_bxor_u32(Builder& b) { binary(b, IrOp::xor_, I32, rb(b), rc(b)); }
void lower_bnot_u32(Builder& b) { binary(b, IrOp::xor_, I32, rb(b), b.constant(I32, -1)); }
void lower_shl_u32(Builder& b) { shift(b, IrOp::shl, I32); }
void lower_shr_u32(Builder& b) { shift(b, IrOp::shr, I32); }
void lower_band_u64(Builder& b) { binary(b, IrOp::and_, I64, rb(b), rc(b)); }
void lower_bor_u64(Builder& b) { binary(b, IrOp::or_, I64, rb(b), rc(b)); }
void lower_bxor_u64(Builder& b) { binary(b, IrOp::xor_, I64, rb(b), rc(b)); }
void lower_bnot_u64(Builder& b) { binary(b, IrOp::xor_, I64, rb(b), b.constant(I64, -1)); }
void lower_shl_u64(Builder& b) { shift(b, IrOp::shl, I64); }
void lower_shr_u64(Builder& b) { shift(b, IrOp::shr, I64); }
void lower_eq_i32(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_eq_i64(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_eq_u32(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_eq_u64(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_eq_f64(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_ne_i32(Builder& b) { compare(b, IrOp::ne, rb(b), rc(b)); }
void lower_ne_i64(Builder& b) { compare(b, IrOp::ne, rb(b), rc(b)); }
void lower_ne_u32(Builder& b) { compare(b, IrOp::ne, rb(b), rc(b)); }
void lower_ne_u64(Builder& b) { compare(b, IrOp::ne, rb(b), rc(b)); }
void lower_ne_f64(Builder& b) { compare(b, IrOp::ne, rb(b), rc(b)); }
void lower_lt_i32(Builder& b) { compare(b, IrOp::lt, rb(b), rc(b)); }
void lower_lt_i64(Builder& b) { compare(b, IrOp::lt, rb(b), rc(b)); }
void lower_lt_u32(Builder& b) { compare(b, IrOp::ult, rb(b), rc(b)); }
void lower_lt_u64(Builder& b) { compare(b, IrOp::ult, rb(b), rc(b)); }
void lower_lt_f64(Builder& b) { compare(b, IrOp::lt, rb(b), rc(b)); }
void lower_le_i32(Builder& b) { compare(b, IrOp::le, rb(b), rc(b)); }
void lower_le_i64(Builder& b) { compare(b, IrOp::le, rb(b), rc(b)); }
void lower_le_u32(Builder& b) { compare(b, IrOp::ule, rb(b), rc(b)); }
void lower_le_u64(Builder& b) { compare(b, IrOp::ule, rb(b), rc(b)); }
void lower_le_f64(Builder& b) { compare(b, IrOp::le, rb(b), rc(b)); }
void lower_eq_bool(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_ne_bool(Builder& b) { compare(b, IrOp::ne, rb(b), rc(b)); }
void lower_not_bool(Builder& b) { b.set(b.insn->a, b.emit(IrOp::not_, BOOL, {rb(b)})); }
void lower_eq_ref(Builder& b) { compare(b, IrOp::eq, rb(b), rc(b)); }
void lower_cmp_i64_u64(Builder& b) { b.runtime(); }
void lower_cmp_i64_f64(Builder& b) { b.runtime(); }
void lower_cmp_u64_f64(Builder& b) { b.runtime(); }

void lower_conv_i32_i64(Builder& b) { convert(b, IrOp::sext, I64); }
void lower_conv_i32_u32(Builder& b) { copy(b); }
void lower_conv_u32_i32(Builder& b) { copy(b); }
void lower_conv_i32_u64(Builder& b) { convert_if(b, b.emit(IrOp::ge, BOOL, {rb(b), b.i32(0)}), IrOp::zext, I64); }
void lower_conv_i32_f64(Builder& b) { convert(b, IrOp::int_to_f64, F64); }
void lower_conv_i64_i32(Builder& b) { convert(b, IrOp::trunc, I32); }
void lower_conv_i64_u32(Builder& b) { convert_if(b, b.emit(IrOp::ule, BOOL, {rb(b), b.i64(UINT32_MAX)}), IrOp::trunc, I32); }
void lower_conv_i64_u64(Builder& b) {
  b.guard(b.emit(IrOp::ge, BOOL, {rb(b), b.i64(0)}), ExitReason::conversion);
  copy(b);
}
void lower_conv_i64_f64(Builder& b) { convert(b, IrOp::int_to_f64, F64); }
void lower_conv_u32_i64(Builder& b) { convert(b, IrOp::zext, I64); }
void lower_conv_u32_u64(Builder& b) { convert(b, IrOp::zext, I64); }
void lower_conv_u32_f64(Builder& b) { b.set(b.insn->a, b.emit(IrOp::int_to_f64, F64, {b.emit(IrOp::zext, I64, {rb(b)})})); }
void lower_conv_u64_i32(Builder& b) { convert_if(b, b.emit(IrOp::ule, BOOL, {rb(b), b.i64(INT32_MAX)}), IrOp::trunc, I32); }
void lower_conv_u64_i64(Builder& b) {
  b.guard(b.emit(IrOp::ge, BOOL, {rb(b), b.i64(0)}), ExitReason::conversion);
  copy(b);
}
void lower_conv_u64_u32(Builder& b) { convert_if(b, b.emit(IrOp::ule, BOOL, {rb(b), b.i64(UINT32_MAX)}), IrOp::trunc, I32); }
void lower_conv_u64_f64(Builder& b) { convert(b, IrOp::uint_to_f64, F64); }
void lower_conv_f64_i32(Builder& b) { convert(b, IrOp::f64_to_int, I32); }
void lower_conv_f64_i64(Builder& b) { convert(b, IrOp::f64_to_int, I64); }
void lower_conv_f64_u32(Builder& b) {
  b.guard(b.emit(IrOp::ge, BOOL, {rb(b), b.f64(0.0)}), ExitReason::conversion);
  b.guard(b.emit(IrOp::le, BOOL, {rb(b), b.f64(4294967295.0)}), ExitReason::conversion);
  b.set(b.insn->a, b.emit(IrOp::trunc, I32, {b.emit(IrOp::f64_to_int, I64, {rb(b)})}));
}
void lower_conv_f64_u64(Builder& b) {
  b.guard(b.emit(IrOp::ge, BOOL, {rb(b), b.f64(0.0)}), ExitReason::conversion);
  b.guard(b.emit(IrOp::lt, BOOL, {rb(b), b.f64(18446744073709551616.0)}), ExitReason::conversion);
  convert(b, IrOp::f64_to_uint, I64);
}
void lower_conv_bool_i32(Builder& b) { convert(b, IrOp::zext, I32); }
void lower_conv_bool_u32(Builder& b) { convert(b, IrOp::zext, I32); }
void lower_conv_bool_i64(Builder& b) { convert(b, IrOp::zext, I64); }
void lower_conv_bool_u64(Builder& b) { convert(b, IrOp::zext, I64); }
void lower_conv_bool_f64(Builder& b) { b.set(b.insn->a, b.emit(IrOp::int_to_f64, F64, {b.emit(IrOp::zext, I32, {rb(b)})})); }
void lower_index_i64(Builder& b) { b.set(b.insn->a, clamp_index(b, rb(b), true)); }
void lower_index_u64(Builder& b) { b.set(b.insn->a, clamp_index(b, rb(b), false)); }

}  // namespace orus::jit
