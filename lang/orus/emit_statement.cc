// Statements except loops.
#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"

namespace orus::lang {

void FunctionEmitter::emit_block(Block block, bool tail) {
  for (size_t i = 0; i < block.size(); ++i) {
    if (!reachable()) return;
    emit_statement(block[i], tail && i + 1 == block.size());
  }
}

void FunctionEmitter::emit_scoped(Block block, bool soft, bool tail) {
  ScopeGuard guard(*this, soft);
  emit_block(block, tail);
}

void FunctionEmitter::emit_statement(Stmt* s, bool tail) {
  switch (s->kind) {
    case StmtKind::kExpr: return tail ? emit_tail(s->value) : discard(s->value);
    case StmtKind::kPrint: return emit_print(s);
    case StmtKind::kPass: return;
    case StmtKind::kDeclare: return emit_declare(s);
    case StmtKind::kAssign: return emit_assign(s);
    case StmtKind::kUpdate: return emit_update(s);
    case StmtKind::kDestructure: return emit_destructure(s);
    case StmtKind::kIf: return emit_if(s, tail);
    case StmtKind::kWhile: return emit_while(s);
    case StmtKind::kForRange: return emit_for_range(s);
    case StmtKind::kForEach: return emit_for_each(s);
    case StmtKind::kTry: return emit_try(s);
    case StmtKind::kReturn: return emit_return(s);
    case StmtKind::kRaise: return emit_raise(s);
    case StmtKind::kBreak:
    case StmtKind::kContinue: return emit_jump(s);
    case StmtKind::kFunction:
    case StmtKind::kStruct:
    case StmtKind::kGroup:
    case StmtKind::kUnsupported: return;
  }
}

/// The last expression of a function: its value is the result, if there is one.
void FunctionEmitter::emit_tail(Expr* e) {
  if (lower(info_->result) == kTypeVoid || lower(e->type) == kTypeVoid) return discard(e);
  Operand operand = eval(e);
  Reg r = use(e->pos, operand);
  op(e->pos, Op::ret, r);
  release(operand);
}

void FunctionEmitter::emit_return(Stmt* s) {
  bool has_result = info_ != nullptr && lower(info_->result) != kTypeVoid;
  if (s->value != nullptr && has_result) return emit_tail(s->value);
  if (s->value != nullptr) discard(s->value);
  op(s->pos, Op::ret_void);
}

void FunctionEmitter::emit_print(Stmt* s) {
  std::vector<Operand> operands;
  std::vector<Reg> registers;
  for (Expr* e : s->items) {
    operands.push_back(eval(e));
    registers.push_back(use(e->pos, operands.back()));
  }
  rt(s->pos, kNoReg, Builtin::print, registers);
  for (const Operand& operand : operands) release(operand);
}

void FunctionEmitter::emit_declare(Stmt* s) {
  if (!s->symbol->shared) {
    into(s->value, local(s->symbol), true);
    return;
  }
  Operand operand = eval(s->value);
  Reg r = use(s->value->pos, operand);
  if (reachable()) {
    at(s->pos);
    code_.store_global(r, s->symbol->global);
  }
  release(operand);
}

void FunctionEmitter::emit_assign(Stmt* s) {
  if (s->items.size() == 1) return assign_direct(s);
  Operand operand = eval(s->value);
  for (Expr* target : s->items) {
    use(s->value->pos, operand);
    assign_to(target, operand, s->pos);
  }
  release(operand);
}

/// One target: the value can be computed in place, and index and field targets are evaluated before the value.
void FunctionEmitter::assign_direct(Stmt* s) {
  Expr* target = s->items[0];
  if (target->kind == ExprKind::kIndex) return store_index(target, s->value);
  if (target->kind == ExprKind::kMember) return store_member(target, s->value);
  Symbol* symbol = target->symbol;
  if (!symbol->shared) {
    into(s->value, local(symbol), s->declares && !symbol->unsure);
    return note_assigned(s->pos, symbol);
  }
  Operand operand = eval(s->value);
  use(s->value->pos, operand);
  assign_to(target, operand, s->pos);
  release(operand);
}

/// Assigns a value that is in a register. Keeps the register.
void FunctionEmitter::assign_to(Expr* target, Operand& operand, Pos pos) {
  if (target->kind == ExprKind::kIndex) {
    Operand array = eval(target->left);
    Operand index = index_operand(target->right);
    if (!target->failure.empty()) {
      fail(target->op_pos, target->failure_kind, target->failure);
    } else {
      set_element(target->op_pos, array, use(target->right->pos, index), operand);
    }
    release(index);
    release(array);
  } else if (target->kind == ExprKind::kMember) {
    Operand base = eval(target->left);
    set_member(target, base, operand);
    release(base);
  } else if (target->symbol->shared) {
    if (!reachable()) return;
    at(pos);
    code_.store_global(operand.reg, target->symbol->global);
  } else {
    op(pos, Op::mov, local(target->symbol), operand.reg);
    note_assigned(pos, target->symbol);
  }
}

void FunctionEmitter::set_element(Pos pos, Operand& array, Reg index, Operand& value) {
  Reg a = use(pos, array), v = use(pos, value);
  op(pos, op_for_element(Op::array_set_1, kind(value.type)), a, index, v);
}

void FunctionEmitter::set_member(const Expr* member, Operand& base, Operand& value) {
  Reg b = use(member->pos, base), v = use(member->pos, value);
  Op o = is_reference(kind(value.type)) ? Op::set_field_ref : Op::set_field;
  op(member->op_pos, o, b, static_cast<uint16_t>(member->slot), v);
}

void FunctionEmitter::store_index(Expr* target, Expr* value) {
  Operand array = eval(target->left);
  Operand index = index_operand(target->right);
  Operand operand = eval(value);
  if (!target->failure.empty()) {
    fail(target->op_pos, target->failure_kind, target->failure);
  } else {
    set_element(target->op_pos, array, use(target->right->pos, index), operand);
  }
  release(operand);
  release(index);
  release(array);
}

void FunctionEmitter::store_member(Expr* target, Expr* value) {
  Operand base = eval(target->left);
  Operand operand = eval(value);
  set_member(target, base, operand);
  release(operand);
  release(base);
}

void FunctionEmitter::emit_update(Stmt* s) {
  Expr* e = s->value;
  Expr* target = e->left;
  if (target->kind == ExprKind::kIndex) return update_index(e);
  if (target->kind == ExprKind::kMember) return update_member(e);
  if (!target->symbol->shared) {
    into(e, local(target->symbol));
    return;
  }
  Operand operand = eval(e);
  use(e->pos, operand);
  assign_to(target, operand, s->pos);
  release(operand);
}

/// a[i] op= v: a and i are evaluated once.
void FunctionEmitter::update_index(Expr* e) {
  Expr* target = e->left;
  Operand array = eval(target->left);
  Operand index = index_operand(target->right);
  use(target->right->pos, index);
  Operand old = get_element(target->op_pos, array, index, {});
  Operand changed = combine(e, old, {});
  if (e->failure.empty()) set_element(target->op_pos, array, index.reg, changed);
  release(changed);
  release(index);
  release(array);
}

void FunctionEmitter::update_member(Expr* e) {
  Operand base = eval(e->left->left);
  Operand old = get_member(e->left, base, {});
  Operand changed = combine(e, old, {});
  if (e->failure.empty()) set_member(e->left, base, changed);
  release(changed);
  release(base);
}

void FunctionEmitter::emit_destructure(Stmt* s) {
  Operand array = eval(s->value);
  Pos pos = s->value->pos;
  use(pos, array);
  for (size_t i = 0; i < s->items.size(); ++i) {
    Expr* name = s->items[i];
    Operand index = constant(kTypeI32, i);
    use(pos, index);
    Want want = name->symbol->shared ? Want{} : Want{.reg = local(name->symbol)};
    Operand element = get_element(pos, array, index, want);
    if (name->symbol->shared) assign_to(name, element, name->pos);
    if (!name->symbol->shared) note_assigned(name->pos, name->symbol);
    release(element);
    release(index);
  }
  release(array);
}

void FunctionEmitter::emit_if(Stmt* s, bool tail) {
  bool branch_tail = tail && s->has_else;
  prepare_unsure(s);
  Label end = label();
  for (size_t i = 0; i < s->branches.size(); ++i) {
    bool last = i + 1 == s->branches.size() && s->else_body.empty();
    Label next = last ? end : label();
    branch(s->branches[i].condition, next, false);
    emit_scoped(s->branches[i].body, true, branch_tail);
    if (last) break;
    jump(end);
    bind(next);
  }
  emit_scoped(s->else_body, true, branch_tail);
  bind(end);
}

void FunctionEmitter::emit_try(Stmt* s) {
  Label handler = label(), end = label();
  FunctionBuilder::TryRange range = code_.begin_try();
  uint32_t start = code_.size();
  emit_scoped(s->body, false, false);
  bool covers = code_.size() > start;
  if (!covers) return;  // nothing that could fail
  ScopeGuard guard(*this, false);
  Reg error = s->symbol != nullptr ? local(s->symbol) : code_.reg(kTypeError);
  code_.end_try(range, handler, error);
  label_used_[handler.index] = true;
  jump(end);
  bind(handler);
  emit_block(s->else_body, false);
  if (s->symbol == nullptr) code_.release(error);
  bind(end);
}

void FunctionEmitter::emit_raise(Stmt* s) {
  Operand operand = eval(s->value);
  Reg r = use(s->value->pos, operand);
  op(s->pos, operand.type == kTypeError ? Op::raise_error : Op::raise_string, r);
  release(operand);
}

void FunctionEmitter::emit_jump(Stmt* s) {
  for (size_t i = loops_.size(); i-- > 0;) {
    if (loops_[i].stmt != s->target) continue;
    at(s->pos);
    jump(s->kind == StmtKind::kBreak ? loops_[i].end : loops_[i].next);
    return;
  }
}

}  // namespace orus::lang
