// The questions that passes ask of Ranges: comparisons that are certain.
#include <algorithm>

#include "jit/opt/ranges.h"

namespace orus::jit {

bool Ranges::is_exact(InstId id) const {
  const Inst& inst = fn_.at(id);
  Point here = before(id);
  // An instruction made after the analysis has no position of its own to ask at.
  if (id.index >= positions_.size()) return false;
  return exact_range(inst.op, at(inst.args[0], here), at(inst.args[1], here)).within(Range::full(range_bits(inst.type)));
}

InstId Ranges::strip(InstId value, Int128* offset) const {
  *offset = 0;
  while (true) {
    const Inst& inst = fn_.at(value);
    if (inst.op == IrOp::pi || inst.op == IrOp::bounds || inst.op == IrOp::sext) {
      value = inst.args[0];
      continue;
    }
    bool checked = inst.op == IrOp::add_ov || inst.op == IrOp::sub_ov;
    bool wrapping = (inst.op == IrOp::add || inst.op == IrOp::sub) && inst.type != IrType::kF64;
    if (!checked && !(wrapping && is_exact(value))) return value;
    bool add = inst.op == IrOp::add || inst.op == IrOp::add_ov;
    InstId a = inst.args[0], b = inst.args[1];
    if (add && fn_.is_constant(a)) std::swap(a, b);
    if (!fn_.is_constant(b)) return value;
    *offset += add ? of(b).lo : -of(b).lo;
    value = a;
  }
}

bool Ranges::at_most(InstId a, InstId b, Int128 offset, Point point) const {
  std::vector<Assumption> assumed;
  steps_ = kMaxSteps;
  return at_most(a, b, offset, point, 5, assumed);
}

bool Ranges::follows(const std::vector<Fact>& facts, InstId b, Int128 offset, int depth, std::vector<Assumption>& assumed) const {
  for (const Fact& fact : facts) {
    if (!fact.other.valid()) continue;
    bool strict = fact.relation == IrOp::lt, loose = fact.relation == IrOp::le || fact.relation == IrOp::eq;
    if ((fact.relation == IrOp::ult || fact.relation == IrOp::ule) && at(fact.other, fact.from).lo >= 0) {
      strict = fact.relation == IrOp::ult;
      loose = !strict;
    }
    if ((strict || loose) && at_most(fact.other, b, strict ? offset - 1 : offset, fact.from, depth - 1, assumed)) return true;
  }
  return false;
}

bool Ranges::at_most(InstId a, InstId b, Int128 offset, Point point, int depth, std::vector<Assumption>& assumed) const {
  Range left = at(a, point), right = at(b, point);
  if (left.empty() || right.empty()) return false;  // not reached, or not known to this analysis
  if (left.hi + offset <= right.lo) return true;
  Int128 more, less;
  InstId x = strip(a, &more), y = strip(b, &less);
  if (x == y && offset + more - less <= 0) return true;
  if (depth <= 0 || --steps_ <= 0) return false;
  if (follows(facts_at(a, point), b, offset, depth, assumed)) return true;
  if (x != a && follows(facts_at(x, point), y, offset + more - less, depth, assumed)) return true;
  return fn_.at(x).op == IrOp::phi && phi_at_most(x, y, offset + more - less, depth, assumed);
}

/// By induction over the loop: a parameter stays below what was there before its block if each of its arguments does,
/// where the argument of a back edge may rely on the parameter's last value.
bool Ranges::phi_at_most(InstId a, InstId b, Int128 offset, int depth, std::vector<Assumption>& assumed) const {
  BlockId block = fn_.at(a).block, bound = fn_.at(b).block;
  if (!fn_.is_constant(b) && (bound == block || !dominates(bound, block))) return false;
  for (const Assumption& known : assumed) {
    if (known.phi == a && known.bound == b) return known.offset >= offset;
  }
  const auto& phis = fn_.at(block).phis;
  auto index = static_cast<size_t>(std::find(phis.begin(), phis.end(), a) - phis.begin());
  assumed.push_back({a, b, offset});
  bool proved = true;
  for (BlockId p : fn_.at(block).predecessors) {
    const auto& successors = fn_.at(p).successors;
    for (uint32_t s = 0; s < successors.size() && proved; ++s) {
      if (successors[s].target != block) continue;
      InstId arg = successors[s].args[index];
      proved = follows(facts_on_edge(arg, p, s), b, offset, depth, assumed) || at_most(arg, b, offset, end(p), depth - 1, assumed);
    }
  }
  assumed.pop_back();
  return proved;
}

std::optional<bool> Ranges::compare(const Inst& inst, Point point) const {
  InstId a = inst.args[0], b = inst.args[1];
  IrType type = fn_.at(a).type;
  if (type == IrType::kF64) {
    // An integer that is not 0 does not become 0.0.
    const Inst& from = fn_.at(a);
    bool zero = fn_.is_constant(b) && (fn_.at(b).imm << 1) == 0;
    bool converted = from.op == IrOp::int_to_f64 || from.op == IrOp::uint_to_f64;
    if (inst.op != IrOp::ne || !zero || !converted) return {};
    Range range = at(from.args[0], point);
    return !range.empty() && !range.contains(0) ? std::optional(true) : std::nullopt;
  }
  if (range_bits(type) == 0) return {};
  Range left = at(a, point), right = at(b, point);
  if (left.empty() || right.empty()) return {};
  IrOp relation = inst.op;
  if (relation == IrOp::ult || relation == IrOp::ule) {
    if (left.lo < 0 || right.lo < 0) return {};
    relation = relation == IrOp::ult ? IrOp::lt : IrOp::le;
  }
  switch (relation) {
    case IrOp::lt:
      if (at_most(a, b, 1, point)) return true;
      return at_most(b, a, 0, point) ? std::optional(false) : std::nullopt;
    case IrOp::le:
      if (at_most(a, b, 0, point)) return true;
      return at_most(b, a, 1, point) ? std::optional(false) : std::nullopt;
    case IrOp::gt:
      if (at_most(b, a, 1, point)) return true;
      return at_most(a, b, 0, point) ? std::optional(false) : std::nullopt;
    case IrOp::ge:
      if (at_most(b, a, 0, point)) return true;
      return at_most(a, b, 1, point) ? std::optional(false) : std::nullopt;
    default: break;
  }
  bool apart = meet(left, right).empty();
  for (const Fact& fact : facts_at(a, point)) {
    apart = apart || (fact.other == b && (fact.relation == IrOp::ne || fact.relation == IrOp::lt || fact.relation == IrOp::gt));
  }
  if (apart) return relation == IrOp::ne;
  if (left.is_point() && left == right) return relation == IrOp::eq;
  return {};
}

std::optional<bool> Ranges::known(InstId condition, Point point) const {
  const Inst& inst = fn_.at(condition);
  Range range = at(condition, point);
  if (range.is_point()) return range.lo != 0;
  if (inst.op == IrOp::not_) {
    auto value = known(inst.args[0], point);
    return value ? std::optional(!*value) : std::nullopt;
  }
  if (inst.op == IrOp::and_ || inst.op == IrOp::or_) {
    auto a = known(inst.args[0], point), b = known(inst.args[1], point);
    bool decides = inst.op == IrOp::or_;
    if ((a && *a == decides) || (b && *b == decides)) return decides;
    return a && b ? std::optional(!decides) : std::nullopt;
  }
  if (inst.op >= IrOp::eq && inst.op <= IrOp::ule) return compare(inst, point);
  return {};
}

}  // namespace orus::jit
