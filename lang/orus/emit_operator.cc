// Operators and casts.
#include <fmt/format.h>

#include <bit>

#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"

namespace orus::lang {
namespace {

bool is_bool_logic(const Expr* e, TypeKind kind) { return e->kind == ExprKind::kBinary && is_logic(e->op) && kind == TypeKind::kBool; }

/// The value as the immediate operand of an instruction of this kind.
std::optional<int16_t> as_immediate(TypeKind kind, uint64_t bits) {
  int64_t value =
      kind == TypeKind::kI32 || kind == TypeKind::kU32 ? static_cast<int32_t>(static_cast<uint32_t>(bits)) : static_cast<int64_t>(bits);
  if (value < INT16_MIN || value > INT16_MAX) return std::nullopt;
  return static_cast<int16_t>(value);
}

/// Opcode of a conversion; `none` where none is needed or possible.
struct Conversion {
  TypeKind from, to;
  Op op;
};
using enum TypeKind;
constexpr Conversion kConversions[] = {
    {kI32, kI64, Op::conv_i32_i64},   {kI32, kU32, Op::conv_i32_u32},   {kI32, kU64, Op::conv_i32_u64},   {kI32, kF64, Op::conv_i32_f64},
    {kI64, kI32, Op::conv_i64_i32},   {kI64, kU32, Op::conv_i64_u32},   {kI64, kU64, Op::conv_i64_u64},   {kI64, kF64, Op::conv_i64_f64},
    {kU32, kI32, Op::conv_u32_i32},   {kU32, kI64, Op::conv_u32_i64},   {kU32, kU64, Op::conv_u32_u64},   {kU32, kF64, Op::conv_u32_f64},
    {kU64, kI32, Op::conv_u64_i32},   {kU64, kI64, Op::conv_u64_i64},   {kU64, kU32, Op::conv_u64_u32},   {kU64, kF64, Op::conv_u64_f64},
    {kF64, kI32, Op::conv_f64_i32},   {kF64, kI64, Op::conv_f64_i64},   {kF64, kU32, Op::conv_f64_u32},   {kF64, kU64, Op::conv_f64_u64},
    {kBool, kI32, Op::conv_bool_i32}, {kBool, kI64, Op::conv_bool_i64}, {kBool, kU32, Op::conv_bool_u32}, {kBool, kU64, Op::conv_bool_u64},
    {kBool, kF64, Op::conv_bool_f64},
};

Op arithmetic_op(BinaryOp op, TypeKind kind) {
  static constexpr Op kFirst[] = {Op::add_i32,  Op::sub_i32, Op::mul_i32,  Op::div_i32, Op::rem_i32,
                                  Op::band_i32, Op::bor_i32, Op::bxor_i32, Op::shl_i32, Op::shr_i32};
  if (op == BinaryOp::kAnd) return op_for(Op::band_i32, kind);  // `and` of two i32
  if (op == BinaryOp::kOr) return op_for(Op::bor_i32, kind);
  return op_for(kFirst[static_cast<size_t>(op)], kind);
}

}  // namespace

/// A chain of left operands is as long as the source likes, so it is walked in a loop: leaf first, then outwards.
Operand FunctionEmitter::eval_operators(Expr* e, Want want) {
  std::vector<Expr*> spine;
  Expr* leaf = e;
  while ((leaf->kind == ExprKind::kBinary || leaf->kind == ExprKind::kCast) && !is_bool_logic(leaf, kind(leaf))) {
    spine.push_back(leaf);
    leaf = leaf->left;
  }
  Operand value = eval(leaf);
  for (size_t i = spine.size(); i-- > 0;) value = combine(spine[i], value, i == 0 ? want : Want{});
  return value;
}

/// The value of `node` when its left operand has been evaluated already.
Operand FunctionEmitter::combine(Expr* node, Operand left, Want want) {
  TypeId type = lower(node->type);
  if (node->kind == ExprKind::kCast) {
    if (type == kTypeBool) return to_bool(node->op_pos, left, want);
    if (type == kTypeString && left.type != kTypeString) return to_text(node->op_pos, left);
    return convert(node->op_pos, left, type, want);
  }
  Operand right = eval(node->right);
  if (!node->failure.empty()) {
    release(right);
    release(left);
    fail(node->op_pos, node->failure_kind, node->failure);
    return result(want, target(want, type), type);
  }
  if (is_comparison(node->op)) return eval_test(make_test(node, left, right), want);
  if (node->op == BinaryOp::kShiftLeft || node->op == BinaryOp::kShiftRight) return shift(node, left, right, want);
  if (type == kTypeString) return concatenate(node, left, right, want);
  if (kind(type) == TypeKind::kArray) return repeat(node, left, right, want);
  return arithmetic(node, left, right, want);
}

Operand FunctionEmitter::binary(Pos pos, Op o, Operand left, Operand right, TypeId type, Want want) {
  Reg a = use(pos, left), b = use(pos, right);
  release(right);
  release(left);
  Reg d = target(want, type);
  op(pos, o, d, a, b);
  return result(want, d, type);
}

Operand FunctionEmitter::unary(Pos pos, Op o, Operand operand, TypeId type, Want want) {
  Reg a = use(pos, operand);
  release(operand);
  Reg d = target(want, type);
  op(pos, o, d, a);
  return result(want, d, type);
}

Operand FunctionEmitter::arithmetic(Expr* node, Operand left, Operand right, Want want) {
  TypeId type = lower(node->operand_type);
  left = convert(node->op_pos, left, type);
  right = convert(node->op_pos, right, type);
  Operand out;
  if (immediate(node, left, right, type, want, &out)) return out;
  return binary(node->op_pos, arithmetic_op(node->op, kind(type)), left, right, type, want);
}

/// Forms with a constant as second operand; + and * also with the constant in front.
bool FunctionEmitter::immediate(Expr* node, Operand& left, Operand& right, TypeId type, Want want, Operand* out) {
  TypeKind k = kind(type);
  if (k == TypeKind::kF64) return float_immediate(node, left, right, want, out);
  bool commutes = node->op == BinaryOp::kAdd || node->op == BinaryOp::kMul;
  bool swapped = commutes && left.known && !right.known;
  Operand& variable = swapped ? right : left;
  const Operand& fixed = swapped ? left : right;
  if (!fixed.known || variable.kind == Operand::Kind::kConstant) return false;
  std::optional<int16_t> value = as_immediate(k, fixed.bits);
  Op first;
  switch (node->op) {
    case BinaryOp::kAdd: first = Op::addk_i32; break;
    case BinaryOp::kSub:  // a - k  ->  a + -k
      first = Op::addk_i32;
      if (value == INT16_MIN) return false;
      if (value) value = static_cast<int16_t>(-*value);
      break;
    case BinaryOp::kMul: first = Op::mulk_i32; break;
    case BinaryOp::kDiv:
    case BinaryOp::kRem:
      // An immediate is sign-extended: for the unsigned kinds only its positive half means itself.
      if (!value || *value == 0 || (*value < 0 && (k == TypeKind::kU32 || k == TypeKind::kU64))) return false;
      first = node->op == BinaryOp::kDiv ? Op::divk_i32 : Op::remk_i32;
      break;
    default: return false;
  }
  if (!value) return false;
  Reg a = use(node->op_pos, variable);
  release(right);
  release(left);
  Reg d = target(want, type);
  op(node->op_pos, op_for(first, k), d, a, static_cast<uint16_t>(*value));
  *out = result(want, d, type);
  return true;
}

bool FunctionEmitter::float_immediate(Expr* node, Operand& left, Operand& right, Want want, Operand* out) {
  static constexpr Op kOps[] = {Op::addk_f64, Op::subk_f64, Op::mulk_f64, Op::divk_f64};
  if (node->op > BinaryOp::kDiv) return false;
  bool commutes = node->op == BinaryOp::kAdd || node->op == BinaryOp::kMul;
  bool swapped = commutes && left.known && !right.known;
  Operand& variable = swapped ? right : left;
  const Operand& fixed = swapped ? left : right;
  if (!fixed.known || variable.kind == Operand::Kind::kConstant) return false;
  if (node->op == BinaryOp::kDiv && std::bit_cast<double>(fixed.bits) == 0.0) return false;
  ConstantId k = module_.builder().constant(kTypeF64, fixed.bits);
  if (k.index > UINT16_MAX) return false;
  Reg a = use(node->op_pos, variable);
  release(right);
  release(left);
  Reg d = target(want, kTypeF64);
  op(node->op_pos, kOps[static_cast<size_t>(node->op)], d, a, static_cast<uint16_t>(k.index));
  *out = result(want, d, kTypeF64);
  return true;
}

/// The count is an i64 or u64 for the instruction; shorter kinds are widened, which keeps its value.
Operand FunctionEmitter::shift(Expr* node, Operand left, Operand right, Want want) {
  if (kind(right.type) != TypeKind::kU64) right = convert(node->op_pos, right, kTypeI64);
  Op first = node->op == BinaryOp::kShiftLeft ? Op::shl_i32 : Op::shr_i32;
  return binary(node->op_pos, op_for(first, kind(left.type)), left, right, left.type, want);
}

Operand FunctionEmitter::concatenate(Expr* node, Operand left, Operand right, Want want) {
  left = to_text(node->op_pos, left);
  right = to_text(node->op_pos, right);
  return binary(node->op_pos, Op::str_concat, left, right, kTypeString, want);
}

/// array * count, in either order.
Operand FunctionEmitter::repeat(Expr* node, Operand left, Operand right, Want want) {
  bool array_first = kind(left.type) == TypeKind::kArray;
  Operand array = array_first ? left : right, count = array_first ? right : left;
  if (kind(count.type) == TypeKind::kU64) count = unary(node->op_pos, Op::index_u64, count, kTypeI32, {});
  count = convert(node->op_pos, count, kTypeI64);
  Operand arguments[] = {array, count};
  return call_builtin(node->op_pos, Builtin::array_repeat, arguments, array.type, want);
}

Operand FunctionEmitter::to_text(Pos pos, Operand operand) {
  switch (kind(operand.type)) {
    case TypeKind::kI32: return call_builtin(pos, Builtin::str_from_i32, operand, kTypeString, {});
    case TypeKind::kI64: return call_builtin(pos, Builtin::str_from_i64, operand, kTypeString, {});
    case TypeKind::kU32: return call_builtin(pos, Builtin::str_from_u32, operand, kTypeString, {});
    case TypeKind::kU64: return call_builtin(pos, Builtin::str_from_u64, operand, kTypeString, {});
    case TypeKind::kF64: return call_builtin(pos, Builtin::str_from_f64, operand, kTypeString, {});
    case TypeKind::kBool: return call_builtin(pos, Builtin::str_from_bool, operand, kTypeString, {});
    case TypeKind::kError: return call_builtin(pos, Builtin::error_message, operand, kTypeString, {});
    default: return operand;
  }
}

/// Between scalars. A known i32 that is widened stays known.
Operand FunctionEmitter::convert(Pos pos, Operand operand, TypeId to, Want want) {
  if (operand.type == to) return operand;
  TypeKind from = kind(operand.type);
  if (operand.known && from == TypeKind::kI32 && (to == kTypeI64 || to == kTypeF64)) {
    auto value = static_cast<int32_t>(static_cast<uint32_t>(operand.bits));
    release(operand);
    uint64_t bits =
        to == kTypeI64 ? static_cast<uint64_t>(static_cast<int64_t>(value)) : std::bit_cast<uint64_t>(static_cast<double>(value));
    return constant(to, bits);
  }
  for (const Conversion& row : kConversions) {
    if (row.from == from && row.to == kind(to)) return unary(pos, row.op, operand, to, want);
  }
  return operand;
}

/// Numbers are true unless zero; NaN is true.
Operand FunctionEmitter::to_bool(Pos pos, Operand operand, Want want) {
  TypeKind from = kind(operand.type);
  if (from == TypeKind::kBool) return operand;
  return binary(pos, op_for(Op::ne_i32, from), operand, constant(operand.type, 0), kTypeBool, want);
}

}  // namespace orus::lang
