// Loops. All are tested at the bottom, so an iteration takes one jump:
//
//       entry test -> end
//   L:  loop
//       body
//   next:
//       step and test -> L
//   end:
#include <utility>

#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"

namespace orus::lang {
namespace {

constexpr uint32_t kMaxCopiedCondition = 24;  // nodes; a longer condition is not written twice

/// Nodes of an expression, counted up to `limit`.
uint32_t size_of(const Expr* e, uint32_t limit) {
  uint32_t n = 1;
  for (; e != nullptr && n < limit; e = e->left) {
    ++n;
    for (const Expr* child : {e->right, e->third}) {
      if (child != nullptr && n < limit) n += size_of(child, limit - n);
    }
    for (const Expr* item : e->items) {
      if (n < limit) n += size_of(item, limit - n);
    }
    for (const FieldInit& field : e->fields) {
      if (n < limit) n += size_of(field.value, limit - n);
    }
  }
  return n;
}

}  // namespace

void FunctionEmitter::emit_loop_body(Stmt* s, Label next, Label end) {
  loops_.push_back(LoopLabels{s, next, end});
  emit_block(s->body, false);
  loops_.pop_back();
  bind(next);
}

void FunctionEmitter::emit_while(Stmt* s) {
  prepare_unsure(s);
  ScopeGuard guard(*this, true);
  Label top = label(), next = label(), end = label();
  bool copied = size_of(s->value, kMaxCopiedCondition) < kMaxCopiedCondition || kind(s->value) != TypeKind::kBool;
  if (copied) {
    branch(s->value, end, false);
  } else {
    jump(next);
    label_used_[top.index] = true;  // reached by the test below
    code_.bind_loop(top);
  }
  if (!reachable()) return bind(end);
  if (copied) {
    at(s->pos);
    code_.bind_loop(top);
  }
  emit_loop_body(s, next, end);
  branch(s->value, top, true);
  bind(end);
}

bool FunctionEmitter::bad_bounds(Stmt* s) {
  for (Expr* bound : s->items) {
    if (bound != nullptr && lower(bound->type) != kTypeI32) return true;
  }
  return false;
}

/// A value that the loop's body cannot change: a register of its own unless it is in a variable that is written once.
Operand FunctionEmitter::stable(Expr* e, Operand operand) {
  if (operand.kind == Operand::Kind::kTemporary) return operand;
  bool written_once = operand.kind == Operand::Kind::kLocal && e->kind == ExprKind::kName && !e->symbol->reassigned;
  if (written_once) return operand;
  Operand copy{Operand::Kind::kTemporary, code_.reg(operand.type), operand.type, operand.known, operand.bits, {}};
  move_to(e->pos, operand, copy.reg);
  return copy;
}

void FunctionEmitter::emit_for_range(Stmt* s) {
  ScopeGuard guard(*this, false);
  Expr *start = s->items[0], *end = s->items[1], *step = s->items[2];
  if (bad_bounds(s)) {
    Pos pos = start->pos;
    for (Expr* bound : s->items) {
      if (bound == nullptr) continue;
      if (lower(bound->type) != kTypeI32) pos = bound->pos;
      discard(bound);
    }
    return fail(pos, ErrorKind::kType, "Range bounds must be i32");
  }
  into(start, local(s->symbol), true);
  Operand known;
  bool unit = step == nullptr || (known_value(step, &known) && known.bits == 1);
  if (!unit) return emit_stepped_range(s, end, step);
  Operand limit = stable(end, eval(end));
  emit_unit_range(s, limit);
  release(limit);
}

void FunctionEmitter::emit_unit_range(Stmt* s, Operand& end) {
  Reg i = local(s->symbol);
  Label top = label(), next = label(), done = label();
  Operand start, last;
  // Two literals, the first below the second: the first test is certain.
  bool certain = known_value(s->items[0], &start) && known_value(s->items[1], &last) &&
                 (s->closed ? static_cast<int32_t>(start.bits) <= static_cast<int32_t>(last.bits)
                            : static_cast<int32_t>(start.bits) < static_cast<int32_t>(last.bits));
  if (!certain) jump_op(s->pos, s->closed ? Op::jlt_i32 : Op::jle_i32, end.reg, i, done);
  if (!reachable()) return bind(done);
  at(s->pos);
  code_.bind_loop(top);
  emit_loop_body(s, next, done);
  jump_op(s->pos, s->closed ? Op::inc_le : Op::inc_lt, i, end.reg, top);
  bind(done);
}

/// Two fresh i32 registers that follow each other.
std::pair<Reg, Reg> FunctionEmitter::adjacent_pair() {
  std::vector<Reg> rest;
  Reg first = code_.reg(kTypeI32), second = code_.reg(kTypeI32);
  while (second != first + 1 && !code_.overflowed()) {
    rest.push_back(first);
    first = second;
    second = code_.reg(kTypeI32);
  }
  for (Reg r : rest) code_.release(r);
  return {first, second};
}

void FunctionEmitter::emit_stepped_range(Stmt* s, Expr* end, Expr* step) {
  auto [last, by] = adjacent_pair();
  into(end, last, true);
  into(step, by, true);
  Operand known;
  if (!known_value(step, &known) || known.bits == 0) {
    Label fine = label();
    jump_op(step->pos, Op::jnek_i32, by, 0, fine);
    fail(step->pos, ErrorKind::kValue, "range step must not be zero");
    bind(fine);
  }
  Reg i = local(s->symbol);
  Label top = label(), next = label(), done = label();
  jump_op(s->pos, s->closed ? Op::for_test_closed : Op::for_test, i, last, done);
  if (reachable()) {
    at(s->pos);
    code_.bind_loop(top);
    emit_loop_body(s, next, done);
    jump_op(s->pos, s->closed ? Op::for_next_closed : Op::for_next, i, last, top);
  }
  bind(done);
  code_.release(by);
  code_.release(last);
}

void FunctionEmitter::emit_for_each(Stmt* s) {
  ScopeGuard guard(*this, false);
  switch (kind(s->value)) {
    case TypeKind::kArray: return emit_for_array(s);
    case TypeKind::kI32:
    case TypeKind::kI64:
    case TypeKind::kU32:
    case TypeKind::kU64: {
      Operand end = range_bound(s->value);
      return emit_for_count(s, constant(kTypeI64, 0), end);
    }
    case TypeKind::kRange: {
      const Expr* e = s->value;
      bool direct = e->kind == ExprKind::kCall && e->symbol == nullptr && e->items.size() <= 2 && e->failure.empty();
      if (!direct) return emit_for_iterator(s);
      Operand start = e->items.size() == 2 ? range_bound(e->items[0]) : constant(kTypeI64, 0);
      Operand end = range_bound(e->items.back());
      return emit_for_count(s, start, end);
    }
    default: discard(s->value); return fail(s->value->pos, ErrorKind::kType, "Value not iterable");
  }
}

/// The length is read again before every element.
void FunctionEmitter::emit_for_array(Stmt* s) {
  Operand array = stable(s->value, eval(s->value));
  Reg index = code_.reg(kTypeI32), length = code_.reg(kTypeI32), x = local(s->symbol);
  Label top = label(), next = label(), done = label();
  load(s->pos, index, kTypeI32, 0);
  op(s->pos, Op::array_len, length, array.reg);
  jump_op(s->pos, Op::jlek_i32, length, 0, done);
  if (reachable()) {
    at(s->pos);
    code_.bind_loop(top);
    op(s->value->pos, op_for_element(Op::array_get_1, kind(lower(s->symbol->type))), x, array.reg, index);
    emit_loop_body(s, next, done);
    op(s->pos, Op::array_len, length, array.reg);
    jump_op(s->pos, Op::inc_lt, index, length, top);
  }
  bind(done);
  code_.release(length);
  code_.release(index);
  release(array);
}

/// i64 values from start up to, not including, end. The body may write the loop variable without changing the course.
void FunctionEmitter::emit_for_count(Stmt* s, Operand start, Operand end) {
  Reg x = local(s->symbol);
  bool hidden = s->symbol->reassigned;
  Reg counter = hidden ? code_.reg(kTypeI64) : x;
  Operand limit{Operand::Kind::kTemporary, code_.reg(kTypeI64), kTypeI64, false, 0, {}};
  move_to(s->value->pos, start, counter);
  move_to(s->value->pos, end, limit.reg);
  Label top = label(), next = label(), done = label();
  jump_op(s->pos, Op::jle_i64, limit.reg, counter, done);
  if (reachable()) {
    at(s->pos);
    code_.bind_loop(top);
    if (hidden) op(s->pos, Op::mov, x, counter);
    emit_loop_body(s, next, done);
    op(s->pos, Op::addk_i64, counter, counter, 1);
    jump_op(s->pos, Op::jlt_i64, counter, limit.reg, top);
  }
  bind(done);
  release(limit);
  if (hidden) code_.release(counter);
}

void FunctionEmitter::emit_for_iterator(Stmt* s) {
  Operand range = stable(s->value, eval(s->value));
  Reg x = local(s->symbol);
  Label top = label(), next = label(), done = label();
  if (reachable()) {
    at(s->pos);
    code_.bind_loop(top);
    jump_op(s->pos, Op::range_next, x, range.reg, done);
    emit_loop_body(s, next, done);
    label_used_[top.index] = true;
    jump(top);
  }
  bind(done);
  release(range);
}

}  // namespace orus::lang
