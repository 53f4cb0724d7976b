// Expressions except operators, conditions and calls.
#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"

namespace orus::lang {

/// Whether uses of the variable may be replaced by the literal that initialises it: it is written once, and cannot be
/// read before that.
bool FunctionEmitter::folds(const Symbol* symbol) const {
  if (symbol->constant == nullptr || symbol->reassigned || symbol->unsure) return false;
  if (!symbol->shared) return true;
  if (info_ == nullptr) return !symbol->hoisted;
  return !symbol->hoisted && info_->reached_at > symbol->declared_at;
}

/// The value of a literal, or of a variable that always has a literal's value.
bool FunctionEmitter::known_value(const Expr* e, Operand* out) {
  if (e->kind == ExprKind::kName && e->symbol != nullptr && e->symbol->kind == SymbolKind::kVariable) {
    if (!folds(e->symbol)) return false;
    e = e->symbol->constant;
  }
  *out = constant(lower(e->type), 0);
  switch (e->kind) {
    case ExprKind::kNumber: out->bits = number_bits(e->number, module_.types().resolve(e->type)).value_or(0); return true;
    case ExprKind::kBool: out->bits = e->flag; return true;
    case ExprKind::kString: out->text = e->text; return true;
    default: return false;
  }
}

/// The value of `e`, in `want` if that is cheapest; the result says where it is.
Operand FunctionEmitter::eval(Expr* e, Want want) {
  if (!e->failure.empty() && e->kind != ExprKind::kBinary) return eval_failure(e, want);
  Operand known;
  switch (e->kind) {
    case ExprKind::kNumber:
    case ExprKind::kBool:
    case ExprKind::kString: known_value(e, &known); return known;
    case ExprKind::kName: return eval_name(e, want);
    case ExprKind::kNegate: return eval_negate(e, want);
    case ExprKind::kNot: return eval_not(e, want);
    case ExprKind::kComplement: return eval_complement(e, want);
    case ExprKind::kBinary:
      if (is_logic(e->op) && kind(e) == TypeKind::kBool) return eval_logic(e, want);
      return eval_operators(e, want);
    case ExprKind::kCast: return eval_operators(e, want);
    case ExprKind::kConditional: return eval_conditional(e, want);
    case ExprKind::kCall: return eval_call(e, want);
    case ExprKind::kIndex: return eval_index(e, want);
    case ExprKind::kSlice: return eval_slice(e, want);
    case ExprKind::kMember: return eval_member(e, want);
    case ExprKind::kStructLit: return eval_struct_literal(e, want);
    case ExprKind::kArray: return eval_array(e, want);
    case ExprKind::kFill: return eval_fill(e, want);
    case ExprKind::kUnsupported: break;
  }
  return Operand{};
}

void FunctionEmitter::into(Expr* e, Reg d, bool fresh) {
  Operand operand = eval(e, Want{.reg = d, .fresh = fresh});
  move_to(e->pos, operand, d);
}

/// For the effects only.
void FunctionEmitter::discard(Expr* e) {
  // A call of a function whose result was still open when the call was checked: nobody wants it, so none is fine.
  bool no_result = e->kind == ExprKind::kCall && e->symbol != nullptr && lower(e->symbol->function->result) == kTypeVoid;
  if (no_result) e->type = kTyVoid;
  release(eval(e));
}

/// Evaluates the parts, then raises. What follows is out of reach, the register only keeps it well-formed.
Operand FunctionEmitter::eval_failure(Expr* e, Want want) {
  for (Expr* part : {e->left, e->right, e->third}) {
    bool callee = e->kind == ExprKind::kCall && part == e->left;
    if (part != nullptr && !callee) discard(part);
  }
  for (Expr* item : e->items) discard(item);
  fail(e->op_pos, e->failure_kind, e->failure);
  TypeId type = lower(e->type);
  return result(want, target(want, type), type);
}

Operand FunctionEmitter::eval_name(Expr* e, Want want) {
  Symbol* symbol = e->symbol;
  Operand operand;
  bool known = known_value(e, &operand);
  if (!symbol->shared) {
    if (e->unsure) {
      Label fine = label();
      jump_on(e->pos, symbol->flag, fine, true);
      fail(e->pos, ErrorKind::kName, info(Trap::UnassignedGlobal).message);
      bind(fine);
    }
    operand.kind = Operand::Kind::kLocal;
    operand.reg = local(symbol);
    operand.type = lower(symbol->type);
    return operand;
  }
  if (known) return operand;
  TypeId type = lower(symbol->type);
  Reg d = target(want, type);
  if (reachable()) {
    at(e->pos);
    bool unsure = e->unsure || (info_ != nullptr && (symbol->hoisted || info_->reached_at < symbol->declared_at));
    if (unsure && !is_reference(kind(type))) code_.check_global(symbol->global);
    code_.load_global(d, symbol->global);
  }
  return result(want, d, type);
}

Operand FunctionEmitter::eval_negate(Expr* e, Want want) {
  Operand operand = eval(e->left);
  TypeKind k = kind(operand.type);
  Op o = k == TypeKind::kF64 ? Op::neg_f64 : k == TypeKind::kI64 ? Op::neg_i64 : Op::neg_i32;
  return unary(e->op_pos, o, operand, operand.type, want);
}

Operand FunctionEmitter::eval_not(Expr* e, Want want) {
  Operand operand = eval(e->left);
  if (kind(operand.type) == TypeKind::kBool) return unary(e->op_pos, Op::not_bool, operand, kTypeBool, want);
  Operand zero = constant(operand.type, 0);
  Op o = op_for(Op::eq_i32, kind(operand.type));
  return binary(e->op_pos, o, operand, zero, kTypeBool, want);
}

Operand FunctionEmitter::eval_complement(Expr* e, Want want) {
  Operand operand = eval(e->left);
  return unary(e->op_pos, op_for(Op::bnot_i32, kind(operand.type)), operand, operand.type, want);
}

Operand FunctionEmitter::eval_conditional(Expr* e, Want want) {
  TypeId type = lower(e->type);
  Label other = label(), end = label();
  branch(e->left, other, false);
  Reg d = target(want, type);
  into(e->right, d, want.reg == kNoReg || want.fresh);
  jump(end);
  bind(other);
  into(e->third, d, want.reg == kNoReg || want.fresh);
  bind(end);
  return result(want, d, type);
}

/// An array or string index as an i32 that fails exactly when the value itself would.
Operand FunctionEmitter::index_operand(Expr* e) {
  Operand operand = eval(e);
  switch (kind(operand.type)) {
    case TypeKind::kU32: {
      operand = convert(e->pos, operand, kTypeI64);
      return unary(e->pos, Op::index_i64, operand, kTypeI32, {});
    }
    case TypeKind::kI64: return unary(e->pos, Op::index_i64, operand, kTypeI32, {});
    case TypeKind::kU64: return unary(e->pos, Op::index_u64, operand, kTypeI32, {});
    default: return operand;
  }
}

Operand FunctionEmitter::get_element(Pos pos, Operand& array, Operand& index, Want want) {
  Reg a = use(pos, array), i = use(pos, index);
  TypeId type = array.type == kTypeString ? kTypeString : module_.builder().module().type(array.type).element;
  Reg d = target(want, type);
  op(pos, array.type == kTypeString ? Op::str_index : op_for_element(Op::array_get_1, kind(type)), d, a, i);
  return result(want, d, type);
}

Operand FunctionEmitter::eval_index(Expr* e, Want want) {
  Operand base = eval(e->left);
  Operand index = index_operand(e->right);
  use(e->pos, base);
  use(e->right->pos, index);
  release(index);
  release(base);
  return get_element(e->op_pos, base, index, want);
}

/// A slice bound as an i64; a u64 beyond every length may be any such value.
Operand FunctionEmitter::bound_operand(Expr* e) {
  Operand operand = eval(e);
  if (kind(operand.type) == TypeKind::kU64) operand = unary(e->pos, Op::index_u64, operand, kTypeI32, {});
  return convert(e->pos, operand, kTypeI64);
}

Operand FunctionEmitter::eval_slice(Expr* e, Want want) {
  bool text = kind(e->left) == TypeKind::kString;
  std::vector<Operand> arguments;
  arguments.push_back(eval(e->left));
  arguments.push_back(e->right != nullptr ? bound_operand(e->right) : constant(kTypeI64, 0));
  TypeId type = arguments[0].type;
  if (e->third == nullptr) {
    return call_builtin(e->op_pos, text ? Builtin::str_slice_from : Builtin::array_slice_from, arguments, type, want);
  }
  arguments.push_back(bound_operand(e->third));
  return call_builtin(e->op_pos, text ? Builtin::str_slice : Builtin::array_slice, arguments, type, want);
}

Operand FunctionEmitter::get_member(const Expr* e, Operand& base, Want want) {
  Reg b = use(e->pos, base);
  TypeId type = lower(e->type);
  Reg d = target(want, type);
  op(e->op_pos, Op::get_field, d, b, static_cast<uint16_t>(e->slot));
  return result(want, d, type);
}

Operand FunctionEmitter::eval_member(Expr* e, Want want) {
  Operand base = eval(e->left);
  use(e->pos, base);
  release(base);
  return get_member(e, base, want);
}

/// Fields are evaluated as written, then the defaults.
Operand FunctionEmitter::eval_struct_literal(Expr* e, Want want) {
  const StructInfo* info = module_.types().info(e->type);
  std::vector<Operand> operands(info->fields.size());
  std::vector<Reg> registers(info->fields.size());
  for (FieldInit& init : e->fields) {
    operands[init.slot] = eval(init.value);
    registers[init.slot] = use(init.value->pos, operands[init.slot]);
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].kind != Operand::Kind::kNone) continue;
    operands[i] = eval(info->fields[i].value);
    registers[i] = use(e->pos, operands[i]);
  }
  for (const Operand& operand : operands) release(operand);
  TypeId type = lower(e->type);
  Reg d = target(want, type);
  if (reachable()) {
    at(e->pos);
    code_.new_struct(d, registers);
  }
  return result(want, d, type);
}

Operand FunctionEmitter::eval_array(Expr* e, Want want) {
  TypeId type = lower(e->type);
  if (!want.fresh && !e->items.empty()) want = Want{};  // elements may still read what is in the register
  Reg d = target(want, type);
  op(e->pos, Op::new_array, d, static_cast<uint16_t>(std::min<size_t>(e->items.size(), UINT16_MAX)));
  for (Expr* item : e->items) {
    Operand operand = eval(item);
    Reg r = use(item->pos, operand);
    op(item->pos, op_for_element(Op::array_push_1, kind(operand.type)), d, r);
    release(operand);
  }
  return result(want, d, type);
}

Operand FunctionEmitter::eval_fill(Expr* e, Want want) {
  Operand element = eval(e->left);
  Operand count = index_operand(e->right);
  Reg v = use(e->left->pos, element), n = use(e->right->pos, count);
  release(count);
  release(element);
  TypeId type = lower(e->type);
  Reg d = target(want, type);
  op(e->right->pos, Op::array_fill, d, v, n);
  return result(want, d, type);
}

}  // namespace orus::lang
