#include "jit/opt/affine.h"

#include <algorithm>

namespace orus::jit {
namespace {

/// What the value is a pinned or checked copy of.
InstId original(const Function& fn, InstId value) {
  while (fn.at(value).op == IrOp::pi || fn.at(value).op == IrOp::bounds) value = fn.at(value).args[0];
  return value;
}

bool is_wrapping(IrOp op) { return op == IrOp::add || op == IrOp::sub || op == IrOp::mul; }

}  // namespace

LoopShape::LoopShape(const Function& fn, const Loop& loop, const Ranges& ranges, MemoryEffects& effects, const FreshObjects& fresh)
    : fn_(fn), loop_(loop), ranges_(ranges), inside_(fn.blocks.size(), false) {
  for (BlockId b : loop.blocks) inside_[b.index] = true;
  find_memory_effects(effects, fresh);
  find_inductions();
}

/// Arrays that the loop makes itself are not those whose length it might take for invariant.
void LoopShape::find_memory_effects(MemoryEffects& effects, const FreshObjects& fresh) {
  for (BlockId b : loop_.blocks) {
    for (InstId id : fn_.at(b).insts) {
      InstId object = fresh.accessed(id);
      bool new_here = object.valid() && is_inside(fn_.at(object).block);
      lengths_change_ = lengths_change_ || (!new_here && effects.may_write(id, kAliasArrayLength));
    }
  }
}

bool LoopShape::is_invariant_length(InstId value) const {
  const Inst& inst = fn_.at(value);
  if (inst.op != IrOp::load || inst.aux != kAliasArrayLength || lengths_change_) return false;
  InstId array = original(fn_, inst.args[0]);
  if (!is_invariant(array)) return false;
  if (fn_.at(array).op != IrOp::load_global) return true;
  // A global may be unassigned, and null, until its guard has passed.
  for (const Fact& fact : ranges_.facts_at(array, ranges_.end(loop_.preheader))) {
    bool null = fact.other.valid() && fn_.is_constant(fact.other) && fn_.at(fact.other).imm == 0;
    if (fact.relation == IrOp::ne && null) return true;
  }
  return false;
}

// ---- induction variables

bool LoopShape::find_step(Induction& induction) const {
  const Inst& sum = fn_.at(induction.next);
  bool add = sum.op == IrOp::add || sum.op == IrOp::add_ov, sub = sum.op == IrOp::sub || sum.op == IrOp::sub_ov;
  if ((!add && !sub) || range_bits(sum.type) < 32) return false;
  if (is_wrapping(sum.op) && !ranges_.is_exact(induction.next)) return false;
  InstId a = sum.args[0], b = sum.args[1];
  if (add && original(fn_, b) == induction.phi) std::swap(a, b);
  if (original(fn_, a) != induction.phi || !is_invariant(b)) return false;
  induction.step = b;
  Range step = ranges_.at(b, ranges_.end(loop_.preheader));
  if (step.empty() || step.contains(0)) return false;
  induction.direction = (step.lo > 0) == add ? 1 : -1;
  if (step.is_point()) induction.constant_step = step.lo < 0 ? -step.lo : step.lo;
  return true;
}

void LoopShape::find_inductions() {
  if (!loop_.preheader.valid() || loop_.latches.size() != 1) return;
  const Edge* back = nullptr;
  for (const Edge& edge : fn_.at(loop_.latches[0]).successors) {
    if (edge.target != loop_.header) continue;
    if (back != nullptr) return;
    back = &edge;
  }
  const Edge& entry = fn_.at(loop_.preheader).successors[0];
  const auto& phis = fn_.at(loop_.header).phis;
  for (size_t i = 0; i < phis.size(); ++i) {
    Induction induction;
    induction.phi = phis[i];
    induction.start = entry.args[i];
    induction.next = original(fn_, back->args[i]);
    if (find_step(induction)) inductions_.push_back(induction);
  }
}

/// Whether the fact bounds the induction variable on the side it moves to. A limit that is an induction variable
/// moving the other way, or its next value, is never beyond where it started.
bool LoopShape::take_limit(const Induction& induction, const Fact& fact, Limit* limit) const {
  if (!fact.other.valid()) return false;
  IrOp strict = induction.direction > 0 ? IrOp::lt : IrOp::gt, loose = induction.direction > 0 ? IrOp::le : IrOp::ge;
  bool is_strict = fact.relation == strict;
  if (!is_strict && fact.relation != loose) return false;
  InstId other = original(fn_, fact.other);
  if (!is_invariant(other) && !is_invariant_length(other)) {
    auto opposite = std::find_if(inductions_.begin(), inductions_.end(), [&](const Induction& candidate) {
      return (candidate.phi == other || candidate.next == other) && candidate.direction == -induction.direction;
    });
    if (opposite == inductions_.end()) return false;
    other = opposite->start;
  }
  limit->value = other;
  limit->inclusive = fact.relation == loose;
  return true;
}

std::vector<Limit> LoopShape::limits(const Induction& induction, BlockId block) const {
  std::vector<Limit> result;
  Limit limit;
  for (const Fact& fact : ranges_.facts_at(induction.phi, {block, 0})) {
    if (inside_[fact.from.block.index] && take_limit(induction, fact, &limit)) result.push_back(limit);
  }
  limit.first_is_free = true;
  BlockId latch = loop_.latches[0];
  uint32_t back = fn_.at(latch).successors[0].target == loop_.header ? 0 : 1;
  for (const Fact& fact : ranges_.facts_on_edge(induction.next, latch, back)) {
    if (inside_[fact.from.block.index] && take_limit(induction, fact, &limit)) result.push_back(limit);
  }
  return result;
}

// ---- forms

Range LoopShape::range(InstId value, const Inst& user) const { return ranges_.at(value, {user.block, 0}); }

Form LoopShape::sum(Form a, Form b, bool subtract) const {
  if (a.kind == Form::kNone || b.kind == Form::kNone) return {};
  if (subtract) b.direction = -b.direction;
  if (b.kind == Form::kInvariant) return a;
  if (a.kind == Form::kInvariant) return b;
  if (a.induction != b.induction) return {};
  bool linear = a.linear && b.linear;
  int direction = a.direction == b.direction ? a.direction : 0;
  if (!linear && direction == 0) return {};
  return {Form::kVarying, linear, direction, a.induction};
}

Form LoopShape::product(const Inst& inst, Form a, Form b) const {
  if (a.kind == Form::kNone || b.kind == Form::kNone) return {};
  if (a.kind == Form::kInvariant && b.kind == Form::kInvariant) return a;
  Range left = range(inst.args[0], inst), right = range(inst.args[1], inst);
  if (a.kind == Form::kVarying && b.kind == Form::kVarying) {
    // Both grow and neither is negative: so does the product.
    bool grows = a.induction == b.induction && a.direction > 0 && b.direction > 0 && left.lo >= 0 && right.lo >= 0;
    return grows ? Form{Form::kVarying, false, 1, a.induction} : Form{};
  }
  Form form = a.kind == Form::kVarying ? a : b;
  Range factor = a.kind == Form::kVarying ? right : left;
  form.direction = factor.lo >= 0 ? form.direction : factor.hi <= 0 ? -form.direction : 0;
  return form.linear || form.direction != 0 ? form : Form{};
}

Form LoopShape::form(InstId value, int depth) const {
  if (is_invariant(value) || is_invariant_length(value)) return {Form::kInvariant};
  if (depth == 0) return {};
  const Inst& inst = fn_.at(value);
  auto arg = [&](uint32_t i) { return form(inst.args[i], depth - 1); };
  switch (inst.op) {
    case IrOp::phi: {
      for (uint32_t i = 0; i < inductions_.size(); ++i) {
        if (inductions_[i].phi == value) return {Form::kVarying, true, 1, i};
      }
      return {};
    }
    case IrOp::pi:
    case IrOp::bounds:
    case IrOp::sext: return arg(0);
    case IrOp::add:
    case IrOp::sub:
    case IrOp::mul:
      if (inst.type == IrType::kF64 || (exact_.count(value) == 0 && !ranges_.is_exact(value))) return {};
      [[fallthrough]];
    case IrOp::add_ov:
    case IrOp::sub_ov:
    case IrOp::mul_ov: {
      if (inst.op == IrOp::mul || inst.op == IrOp::mul_ov) return product(inst, arg(0), arg(1));
      return sum(arg(0), arg(1), inst.op == IrOp::sub || inst.op == IrOp::sub_ov);
    }
    case IrOp::sdiv: {
      Form form = arg(0);
      bool positive = fn_.is_constant(inst.args[1]) && ranges_.of(inst.args[1]).lo > 0;
      if (!positive || (form.kind == Form::kVarying && form.direction == 0)) return {};
      form.linear = form.kind == Form::kInvariant;
      return form;
    }
    default: return {};
  }
}

}  // namespace orus::jit
