// Binary operators and casts. Left operands nest as deep as a sum is long, so they are walked in a loop.
#include <fmt/format.h>

#include <utility>

#include "lang/orus/checker.h"

namespace orus::lang {
namespace {

constexpr std::string_view kNotNumeric = "Operands must be numeric (i32, i64, u32, u64, or f64)";
constexpr std::string_view kNotSame = "Operands must be the same type. Use 'as' for explicit type conversion.";
constexpr std::string_view kNotOrdered = "Operands must be numbers or strings";

bool is_any_literal(const Expr* e) { return is_adaptable(e) || e->kind == ExprKind::kString || e->kind == ExprKind::kBool; }

bool counts(const Expr* e) { return e->kind == ExprKind::kName && e->symbol != nullptr && e->symbol->counts; }

/// Integers beyond 2^53 lose bits as f64: comparing with them takes the exact instruction.
bool exact_as_f64(const Number& n) { return n.is_float || n.magnitude <= (uint64_t{1} << 53); }

}  // namespace

Ty Checker::check_operators(Expr* e) {
  std::vector<Expr*> spine;
  Expr* leaf = e;
  for (; leaf->kind == ExprKind::kBinary || leaf->kind == ExprKind::kCast; leaf = leaf->left) spine.push_back(leaf);
  value(leaf);
  for (size_t i = spine.size(); i-- > 0;) {
    Expr* node = spine[i];
    node->type = node->kind == ExprKind::kCast ? check_cast(node) : check_binary(node);
  }
  return e->type;
}

/// The left operand is checked already.
Ty Checker::check_binary(Expr* e) {
  value(e->right);
  if (is_ordering(e->op) && e->left->kind == ExprKind::kBinary && !e->left->parenthesised && is_comparison(e->left->op)) {
    type_error(e->op_pos, "Comparisons cannot be chained", "write 'a < b and b < c'");
    return kTyBool;
  }
  if (is_comparison(e->op)) return check_comparison(e);
  if (types_.is_poison(e->left->type) || types_.is_poison(e->right->type)) {
    return is_logic(e->op) ? kTyBool : kTyPoison;
  }
  if (is_logic(e->op)) return check_logic(e);
  if (is_bitwise(e->op)) return check_bitwise(e);
  return check_arithmetic(e);
}

Ty Checker::operand_mismatch(Expr* e) {
  mismatch(e->right->pos, e->right->type, types_.name(e->left->type));
  return kTyPoison;
}

Ty Checker::check_logic(Expr* e) {
  for (Expr* operand : {e->left, e->right}) {
    if (form(operand->type) == Form::kVariable) types_.unify(operand->type, kTyBool);
  }
  Ty left = types_.resolve(e->left->type), right = types_.resolve(e->right->type);
  if (left == kTyBool && right == kTyBool) return kTyBool;
  if (left == kTyI32 && right == kTyI32) return e->operand_type = kTyI32;
  if (left == kTyBool) return operand_mismatch(e);
  if (left == kTyI32 && right != kTyBool) return operand_mismatch(e);
  mismatch(e->left->pos, left, "bool");
  return kTyPoison;
}

/// Gives a literal the type of the other side where that changes nothing but the instruction.
void Checker::adapt_comparison(Expr* literal, const Expr* other) {
  Ty type = types_.resolve(other->type);
  if (!is_adaptable(literal) || is_adaptable(other) || !is_number(type)) return;
  if (type == kTyF64 && !exact_as_f64(literal->number)) return;
  // As a bit pattern a hexadecimal literal would compare equal to a negative number.
  bool pattern = literal->number.hex && literal->number.magnitude > INT32_MAX && type == kTyI32;
  if (pattern && default_type(literal->number) != kTyI32) return;
  adapt(literal, type);
}

Ty Checker::check_comparison(Expr* e) {
  Expr *left = e->left, *right = e->right;
  if (types_.is_poison(left->type) || types_.is_poison(right->type)) return kTyBool;
  if (form(left->type) == Form::kVariable || form(right->type) == Form::kVariable) types_.unify(left->type, right->type);
  adapt_comparison(left, right);
  adapt_comparison(right, left);
  if (!is_ordering(e->op)) return kTyBool;
  Ty a = types_.resolve(left->type), b = types_.resolve(right->type);
  bool numbers = is_number(a) && is_number(b);
  bool strings = a == kTyString && b == kTyString;
  if (numbers || strings || form(a) == Form::kVariable) return kTyBool;
  return fail_at_run_time(e, ErrorKind::kType, kNotOrdered, kTyBool);
}

Ty Checker::check_bitwise(Expr* e) {
  for (Expr* operand : {e->left, e->right}) {
    Ty type = types_.resolve(operand->type);
    if (form(type) == Form::kVariable) types_.unify(type, kTyI32);
    type = types_.resolve(type);
    if (is_integer(type)) continue;
    mismatch(operand->pos, type, "an integer");
    return kTyPoison;
  }
  if (e->op == BinaryOp::kShiftLeft || e->op == BinaryOp::kShiftRight) {
    return e->operand_type = types_.resolve(e->left->type);
  }
  bool left_literal = is_adaptable(e->left), right_literal = is_adaptable(e->right);
  if (left_literal != right_literal) {
    Expr* literal = left_literal ? e->left : e->right;
    const Expr* other = left_literal ? e->right : e->left;
    adapt(literal, types_.resolve(other->type));
  }
  Ty left = types_.resolve(e->left->type);
  if (left != types_.resolve(e->right->type)) return operand_mismatch(e);
  return e->operand_type = left;
}

/// Makes `literal` a literal of type `type` if it is one of its values.
bool Checker::adapt(Expr* literal, Ty type) {
  if (!number_bits(literal->number, type)) return false;
  literal->type = type;
  return true;
}

Ty Checker::check_arithmetic(Expr* e) {
  Ty left = types_.resolve(e->left->type), right = types_.resolve(e->right->type);
  if (e->op == BinaryOp::kAdd && (left == kTyString || right == kTyString)) return check_concatenation(e, left, right);
  if (e->op == BinaryOp::kMul && form(left) == Form::kArray && is_integer(right)) return e->operand_type = left;
  if (e->op == BinaryOp::kMul && form(right) == Form::kArray && is_integer(left)) return e->operand_type = right;
  bool left_literal = is_adaptable(e->left), right_literal = is_adaptable(e->right);
  if (left_literal != right_literal) {
    return left_literal ? check_with_literal(e, e->left, e->right) : check_with_literal(e, e->right, e->left);
  }
  if (!types_.unify(left, right)) {
    if (is_number(left) && is_number(right) && (counts(e->left) || counts(e->right))) {
      return fail_at_run_time(e, ErrorKind::kType, kNotSame, left);
    }
    return operand_mismatch(e);
  }
  left = types_.resolve(left);
  if (form(left) == Form::kVariable) types_.unify(left, kTyI32);
  left = types_.resolve(left);
  if (left == kTyBool || left == kTyString) return fail_at_run_time(e, ErrorKind::kType, kNotNumeric, left);
  if (!is_number(left)) {
    mismatch(e->left->pos, left, "a number");
    return kTyPoison;
  }
  return e->operand_type = left;
}

/// Exactly one operand is a literal without a type of its own (section 6.3).
Ty Checker::check_with_literal(Expr* e, Expr* literal, Expr* other) {
  Ty type = types_.resolve(other->type);
  if (form(type) == Form::kVariable) {
    types_.unify(type, literal->type);
    type = types_.resolve(type);
  }
  if (form(type) == Form::kBool) return fail_at_run_time(e, ErrorKind::kType, kNotNumeric, type);
  if (!is_number(type)) return operand_mismatch(e);
  if (adapt(literal, type)) return e->operand_type = type;
  if (literal->number.is_float) return e->operand_type = kTyF64;  // the other operand is converted
  if (type == kTyI32 && adapt(literal, kTyI64)) return e->operand_type = kTyI64;
  type_error(literal->pos, fmt::format("This number does not fit in `{}`", types_.name(type)));
  return kTyPoison;
}

/// string + string; string literal + value; string + number literal. Both orders.
Ty Checker::check_concatenation(Expr* e, Ty left, Ty right) {
  if (left == right) return e->operand_type = kTyString;
  Expr* text = left == kTyString ? e->left : e->right;
  Expr* other = left == kTyString ? e->right : e->left;
  Ty type = types_.resolve(other->type);
  if (form(type) == Form::kVariable) {
    types_.unify(type, kTyString);
    return e->operand_type = kTyString;
  }
  bool text_literal = text->kind == ExprKind::kString, other_literal = is_any_literal(other);
  bool convertible = is_number(type) || type == kTyBool || type == kTyError;
  bool ok = convertible && ((text_literal && !other_literal) || (!text_literal && is_adaptable(other)));
  if (ok) return e->operand_type = kTyString;
  type_error(other->pos, fmt::format("this is a `{}`, but `string` was expected", types_.name(type)),
             convertible ? "convert it with 'as string'" : "");
  return kTyPoison;
}

bool Checker::castable(Ty from, Ty to) const {
  if (from == to) return form(from) <= Form::kString;
  bool scalar = is_number(from) || from == kTyBool;
  return scalar && (is_number(to) || to == kTyBool || to == kTyString);
}

/// The operand is checked already.
Ty Checker::check_cast(Expr* e) {
  Ty from = types_.resolve(e->left->type);
  std::string_view name = e->type_expr->name;
  Ty to = named_type(name);
  if (types_.is_poison(to)) {
    Symbol* symbol = lookup(name);
    if (symbol != nullptr && symbol->kind == SymbolKind::kPoison) return kTyPoison;
    if (name == "any" || types_.is_poison(from)) return resolve_type(e->type_expr);
    mismatch(e->left->pos, from, name);
    return kTyPoison;
  }
  if (types_.is_poison(from)) return to;
  if (form(from) == Form::kVariable) {
    types_.unify(from, to);
    from = types_.resolve(from);
  }
  if (!castable(from, to)) {
    type_error(e->left->pos, fmt::format("this is a `{}`, but `{}` was expected", types_.name(from), name),
               from == kTyString && is_number(to) ? "int() and float() read numbers from strings" : "");
    return kTyPoison;
  }
  // The literal itself, where its value is one of the type's: 0xFFFFFFFF as i64 is 4294967295.
  if (is_adaptable(e->left) && is_number(to) && to != kTyI32) {
    if (!adapt(e->left, to) && e->left->number.hex) adapt(e->left, kTyI64);
  }
  return to;
}

}  // namespace orus::lang
