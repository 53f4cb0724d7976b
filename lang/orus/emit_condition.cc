// Conditions: comparisons, and/or/not as control flow, fused compare-and-branch instructions.
#include <utility>

#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"

namespace orus::lang {
namespace {

Relation relation_of(BinaryOp op) { return static_cast<Relation>(static_cast<int>(op) - static_cast<int>(BinaryOp::kEqual)); }
static_assert(static_cast<int>(BinaryOp::kGreaterEqual) - static_cast<int>(BinaryOp::kEqual) == static_cast<int>(Relation::kGreaterEqual));

/// The relation that holds between b and a when `r` holds between a and b.
Relation mirrored(Relation r) {
  static constexpr Relation kMirror[] = {Relation::kEqual,        Relation::kNotEqual, Relation::kGreater,
                                         Relation::kGreaterEqual, Relation::kLess,     Relation::kLessEqual};
  return kMirror[static_cast<size_t>(r)];
}

/// The relation that holds exactly when `r` does not; not for f64, where NaN fails every ordering.
Relation inverted(Relation r) {
  static constexpr Relation kInverse[] = {Relation::kNotEqual, Relation::kEqual,     Relation::kGreaterEqual,
                                          Relation::kGreater,  Relation::kLessEqual, Relation::kLess};
  return kInverse[static_cast<size_t>(r)];
}

bool is_integer_kind(TypeKind k) { return k >= TypeKind::kI32 && k <= TypeKind::kU64; }
bool is_number_kind(TypeKind k) { return is_integer_kind(k) || k == TypeKind::kF64; }

}  // namespace

/// Jumps to `target` if the value of `e` is `sense`, else goes on.
void FunctionEmitter::branch(Expr* e, Label target, bool sense) {
  TypeKind k = kind(e);
  if (k != TypeKind::kBool) {
    discard(e);
    return fail(e->pos, ErrorKind::kType, "Condition must be boolean");
  }
  if (e->failure.empty()) {
    if (e->kind == ExprKind::kNot && kind(e->left) == TypeKind::kBool) return branch(e->left, target, !sense);
    if (e->kind == ExprKind::kBinary && is_logic(e->op)) return branch_logic(e, target, sense);
    if (e->kind == ExprKind::kBinary && is_comparison(e->op)) {
      Operand left = eval(e->left);
      Operand right = eval(e->right);
      return branch_test(make_test(e, left, right), target, sense);
    }
  }
  Operand operand = eval(e);
  if (operand.kind == Operand::Kind::kConstant) {
    if ((operand.bits != 0) == sense) jump(target);
    return;
  }
  jump_on(e->pos, operand.reg, target, sense);
  release(operand);
}

/// a and b and c: each operand jumps out of the chain by itself.
void FunctionEmitter::branch_logic(Expr* e, Label target, bool sense) {
  std::vector<Expr*> operands;
  Expr* first = e;
  for (; first->kind == ExprKind::kBinary && first->op == e->op; first = first->left) operands.push_back(first->right);
  operands.push_back(first);
  bool decisive = e->op == BinaryOp::kOr;  // the operand value that decides the outcome at once
  if (sense == decisive) {
    for (size_t i = operands.size(); i-- > 0;) branch(operands[i], target, sense);
    return;
  }
  Label skip = label();
  for (size_t i = operands.size(); i-- > 1;) branch(operands[i], skip, decisive);
  branch(operands[0], target, sense);
  bind(skip);
}

/// and/or as a value. The register is written at the end only: operands may still read it.
Operand FunctionEmitter::eval_logic(Expr* e, Want want) {
  Label otherwise = label(), end = label();
  branch(e, otherwise, false);
  Reg d = target(want, kTypeBool);
  load(e->op_pos, d, kTypeBool, 1);
  jump(end);
  bind(otherwise);
  load(e->op_pos, d, kTypeBool, 0);
  bind(end);
  return result(want, d, kTypeBool);
}

/// Brings both sides of a comparison to one kind, or finds the outcome.
Test FunctionEmitter::make_test(Expr* e, Operand left, Operand right) {
  Pos pos = e->op_pos;
  Relation relation = relation_of(e->op);
  TypeKind a = kind(left.type), b = kind(right.type);
  if (left.type == right.type) return Test{relation, left, right, {}, pos};
  if (is_number_kind(a) && is_number_kind(b)) return mixed_test(pos, relation, left, right);
  bool bool_and_integer = (a == TypeKind::kBool && is_integer_kind(b)) || (b == TypeKind::kBool && is_integer_kind(a));
  if (bool_and_integer) {
    Test test{relation, left, right, {}, pos};
    // Evaluation is over, so it does not matter which side is converted first.
    test.left = to_bool(pos, test.left, {});
    test.right = to_bool(pos, test.right, {});
    return test;
  }
  release(right);
  release(left);
  return Test{relation, {}, {}, relation == Relation::kNotEqual, pos};
}

/// Two numeric kinds: compared as the numbers they are.
Test FunctionEmitter::mixed_test(Pos pos, Relation relation, Operand left, Operand right) {
  TypeKind a = kind(left.type), b = kind(right.type);
  if (a == TypeKind::kF64) return mixed_test(pos, mirrored(relation), right, left);
  if (b == TypeKind::kF64) {
    bool exact = a == TypeKind::kI32 || a == TypeKind::kU32;
    if (!exact) return float_test(pos, relation, left, right);
    return Test{relation, convert(pos, left, kTypeF64), right, {}, pos};
  }
  if (a != TypeKind::kU64 && b != TypeKind::kU64) {
    left = convert(pos, left, kTypeI64);
    return Test{relation, left, convert(pos, right, kTypeI64), {}, pos};
  }
  if (a == TypeKind::kU64 && b != TypeKind::kU32) return mixed_test(pos, mirrored(relation), right, left);
  if (a == TypeKind::kU32) return Test{relation, convert(pos, left, kTypeU64), right, {}, pos};
  if (b == TypeKind::kU32) return Test{relation, left, convert(pos, right, kTypeU64), {}, pos};
  left = convert(pos, left, kTypeI64);
  Operand order = binary(pos, Op::cmp_i64_u64, left, right, kTypeI32, {});
  return Test{relation, order, constant(kTypeI32, 0), {}, pos};
}

/// The order is -1, 0, 1, or 2 for NaN. Only >= needs care: -1 and 2 are the values with the second bit set.
Test FunctionEmitter::float_test(Pos pos, Relation relation, Operand integer, Operand real) {
  Op o = kind(integer.type) == TypeKind::kI64 ? Op::cmp_i64_f64 : Op::cmp_u64_f64;
  Operand order = binary(pos, o, integer, real, kTypeI32, {});
  if (relation == Relation::kGreater) return Test{Relation::kEqual, order, constant(kTypeI32, 1), {}, pos};
  if (relation == Relation::kGreaterEqual) {
    order = binary(pos, Op::band_i32, order, constant(kTypeI32, 2), kTypeI32, {});
    relation = Relation::kEqual;
  }
  return Test{relation, order, constant(kTypeI32, 0), {}, pos};
}

void FunctionEmitter::branch_test(Test test, Label target, bool sense) {
  if (test.outcome) {
    if (*test.outcome == sense) jump(target);
    return;
  }
  TypeKind k = kind(test.left.type);
  if (is_number_kind(k)) {
    branch_numbers(test, target, sense);
  } else if (k == TypeKind::kBool && (test.left.known || test.right.known)) {
    Operand& fixed = test.right.known ? test.right : test.left;
    Operand& variable = test.right.known ? test.left : test.right;
    bool equal = test.relation == Relation::kEqual;
    Reg r = use(test.pos, variable);
    jump_on(test.pos, r, target, sense == (equal == (fixed.bits != 0)));
  } else {
    Pos pos = test.pos;
    bool negated = test.relation == Relation::kNotEqual && k != TypeKind::kBool;
    if (negated) test.relation = Relation::kEqual;
    Operand value = eval_test(test, {});
    jump_on(pos, use(pos, value), target, sense != negated);
    release(value);
    return;
  }
  release(test.right);
  release(test.left);
}

void FunctionEmitter::branch_numbers(Test& test, Label target, bool sense) {
  TypeKind k = kind(test.left.type);
  bool is_float = k == TypeKind::kF64;
  if (!sense && !is_float) test.relation = inverted(test.relation);
  if (!is_float && branch_immediate(test, target)) return;
  Reg a = use(test.pos, test.left), b = use(test.pos, test.right);
  Relation relation = test.relation;
  if (relation == Relation::kGreater || relation == Relation::kGreaterEqual) {
    std::swap(a, b);
    relation = mirrored(relation);
  }
  static constexpr Op kJumps[] = {Op::jeq_i32, Op::jne_i32, Op::jlt_i32, Op::jle_i32};
  static constexpr Op kFloatJumpsUnless[] = {Op::jne_f64, Op::jeq_f64, Op::jnlt_f64, Op::jnle_f64};
  auto row = static_cast<size_t>(relation);
  Op o = is_float && !sense ? kFloatJumpsUnless[row] : op_for(kJumps[row], k);
  jump_op(test.pos, o, a, b, target);
}

/// i32 and i64 against a constant of 16 bits.
bool FunctionEmitter::branch_immediate(Test& test, Label target) {
  TypeKind k = kind(test.left.type);
  if (k != TypeKind::kI32 && k != TypeKind::kI64) return false;
  bool swapped = test.left.known && !test.right.known;
  Operand& variable = swapped ? test.right : test.left;
  const Operand& fixed = swapped ? test.left : test.right;
  if (!fixed.known || variable.kind == Operand::Kind::kConstant) return false;
  auto value = k == TypeKind::kI32 ? static_cast<int32_t>(static_cast<uint32_t>(fixed.bits)) : static_cast<int64_t>(fixed.bits);
  if (value < INT16_MIN || value > INT16_MAX) return false;
  static constexpr Op kJumps[] = {Op::jeqk_i32, Op::jnek_i32, Op::jltk_i32, Op::jlek_i32, Op::jgtk_i32, Op::jgek_i32};
  Relation relation = swapped ? mirrored(test.relation) : test.relation;
  Op o = op_for(kJumps[static_cast<size_t>(relation)], k);
  jump_op(test.pos, o, use(test.pos, variable), static_cast<uint16_t>(static_cast<int16_t>(value)), target);
  return true;
}

Operand FunctionEmitter::eval_test(Test test, Want want) {
  if (test.outcome) return constant(kTypeBool, *test.outcome);
  TypeKind k = kind(test.left.type);
  Relation relation = test.relation;
  if (relation == Relation::kGreater || relation == Relation::kGreaterEqual) {
    std::swap(test.left, test.right);
    relation = mirrored(relation);
  }
  static constexpr Op kNumbers[] = {Op::eq_i32, Op::ne_i32, Op::lt_i32, Op::le_i32};
  static constexpr Op kStrings[] = {Op::eq_str, Op::eq_str, Op::lt_str, Op::le_str};
  auto row = static_cast<size_t>(relation);
  Op o = Op::eq_ref;
  bool negate = relation == Relation::kNotEqual;
  if (is_number_kind(k)) {
    o = op_for(kNumbers[row], k);
    negate = false;
  } else if (k == TypeKind::kBool) {
    o = negate ? Op::ne_bool : Op::eq_bool;
    negate = false;
  } else if (k == TypeKind::kString) {
    o = kStrings[row];
  }
  Operand value = binary(test.pos, o, test.left, test.right, kTypeBool, negate ? Want{} : want);
  return negate ? unary(test.pos, Op::not_bool, value, kTypeBool, want) : value;
}

}  // namespace orus::lang
