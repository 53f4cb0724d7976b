#include "jit/opt/ranges.h"

#include <algorithm>

#include "vm/runtime/object.h"

namespace orus::jit {
namespace {

constexpr size_t kMaxFacts = 16;        // about one value
constexpr uint32_t kMaxRounds = 24;
constexpr uint8_t kFreeRises = 3;      // before a range is widened
constexpr uint8_t kThresholdRises = 8;  // before it becomes full
constexpr Int128 kMaxLength = INT32_MAX - 15;

bool is_compare(IrOp op) { return op >= IrOp::eq && op <= IrOp::ule; }

/// Whether the block decides between two different successors.
bool decides(const Function& fn, BlockId block) {
  const auto& successors = fn.at(block).successors;
  return successors.size() == 2 && successors[0].target != successors[1].target;
}

}  // namespace

Ranges::Ranges(const Function& fn) : Ranges(fn, compute_dominators(fn)) {}

Ranges::Ranges(const Function& fn, Dominators dominators) : fn_(fn), dominators_(std::move(dominators)) {
  order_dominators();
  number_positions();
  collect_facts();
  collect_thresholds();
  solve();
}

// ---- dominance and positions

void Ranges::order_dominators() {
  size_t n = fn_.blocks.size();
  std::vector<uint32_t> size(n, 1);
  const auto& order = dominators_.order;
  for (size_t i = order.size(); i-- > 1;) size[dominators_.idom[order[i].index].index] += size[order[i].index];
  first_.assign(n, UINT32_MAX);
  last_.assign(n, 0);
  std::vector<uint32_t> next(n, 0);
  for (BlockId b : order) {
    uint32_t first = b.index == 0 ? 0 : next[dominators_.idom[b.index].index];
    if (b.index != 0) next[dominators_.idom[b.index].index] += size[b.index];
    first_[b.index] = first;
    last_[b.index] = first + size[b.index] - 1;
    next[b.index] = first + 1;
  }
}

bool Ranges::dominates(BlockId a, BlockId b) const { return first_[a.index] <= first_[b.index] && first_[b.index] <= last_[a.index]; }

void Ranges::number_positions() {
  positions_.assign(fn_.insts.size(), 0);
  for (BlockId b : dominators_.order) {
    uint32_t i = 0;
    for (InstId id : fn_.at(b).insts) positions_[id.index] = i++;
  }
}

// ---- facts

bool Ranges::holds(const Fact& fact, Point point) const {
  if (fact.from.block == point.block) return fact.from.position <= point.position;
  return dominates(fact.from.block, point.block);
}

void Ranges::add_fact(InstId value, Fact fact) {
  if (fn_.is_constant(value) || facts_[value.index].size() >= kMaxFacts) return;
  facts_[value.index].push_back(fact);
}

template <class F>
void Ranges::each_consequence(InstId condition, bool truth, Point from, F f) const {
  const Inst& inst = fn_.at(condition);
  f(condition, Fact{from, IrOp::eq, InstId(), truth});
  if (inst.op == IrOp::not_) return each_consequence(inst.args[0], !truth, from, f);
  if ((inst.op == IrOp::and_ && truth) || (inst.op == IrOp::or_ && !truth)) {
    each_consequence(inst.args[0], truth, from, f);
    return each_consequence(inst.args[1], truth, from, f);
  }
  // Comparisons of f64 are left out: with a NaN both they and their opposites are false.
  if (!is_compare(inst.op) || fn_.at(inst.args[0]).type == IrType::kF64) return;
  InstId a = inst.args[0], b = inst.args[1];
  IrOp relation = inst.op;
  bool is_unsigned = relation == IrOp::ult || relation == IrOp::ule;
  if (!truth && is_unsigned) {
    // not a < b  ->  b <= a
    std::swap(a, b);
    relation = relation == IrOp::ult ? IrOp::ule : IrOp::ult;
  } else if (!truth) {
    relation = negated(relation);
  }
  f(a, Fact{from, relation, b});
  if (!is_unsigned) f(b, Fact{from, swapped(relation), a});
}

void Ranges::collect_facts() {
  facts_.resize(fn_.insts.size());
  auto add = [this](InstId value, Fact fact) { add_fact(value, fact); };
  for (BlockId b : dominators_.order) {
    const auto& predecessors = fn_.at(b).predecessors;
    if (predecessors.size() == 1 && decides(fn_, predecessors[0])) {
      BlockId p = predecessors[0];
      each_consequence(fn_.at(fn_.terminator(p)).args[0], fn_.at(p).successors[0].target == b, {b, 0}, add);
    }
    for (InstId id : fn_.at(b).insts) {
      const Inst& inst = fn_.at(id);
      Point after{b, positions_[id.index] + 1};
      if (inst.op == IrOp::guard) each_consequence(inst.args[0], true, after, add);
      if (inst.op == IrOp::bounds) {
        // 0 <= a < b, and so b > a: a length is never negative.
        add_fact(inst.args[0], {after, IrOp::ult, inst.args[1]});
        add_fact(id, {after, IrOp::ult, inst.args[1]});
        add_fact(inst.args[1], {after, IrOp::gt, id});
      }
    }
  }
}

std::vector<Fact> Ranges::facts_at(InstId value, Point point) const {
  std::vector<Fact> result;
  if (value.index >= facts_.size()) return result;
  for (const Fact& fact : facts_[value.index]) {
    if (holds(fact, point)) result.push_back(fact);
  }
  return result;
}

std::vector<Fact> Ranges::facts_on_edge(InstId value, BlockId from, uint32_t successor) const {
  std::vector<Fact> result = facts_at(value, end(from));
  if (decides(fn_, from)) {
    each_consequence(fn_.at(fn_.terminator(from)).args[0], successor == 0, end(from), [&](InstId about, const Fact& fact) {
      if (about == value) result.push_back(fact);
    });
  }
  return result;
}

// ---- ranges

Range Ranges::of(InstId value) const {
  const Inst& inst = fn_.at(value);
  int bits = range_bits(inst.type);
  if (bits == 0) return {};
  if (inst.op == IrOp::constant) return Range::point(inst.type == IrType::kI32 ? static_cast<int32_t>(inst.imm) : inst.imm);
  if (value.index < ranges_.size()) return ranges_[value.index];
  return inst.type == IrType::kBool ? Range{0, 1} : Range::full(bits);
}

Range Ranges::at(InstId value, Point point, int depth) const {
  Range range = of(value);
  if (range.empty() || value.index >= facts_.size()) return range;
  for (const Fact& fact : facts_[value.index]) {
    if (!holds(fact, point)) continue;
    if (!fact.other.valid()) {
      range = meet(range, Range::point(fact.truth));
    } else {
      range = refine(range, fact.relation, depth > 0 ? at(fact.other, fact.from, depth - 1) : of(fact.other));
    }
  }
  return range;
}

Range Ranges::on_edge(InstId value, BlockId from, uint32_t successor) const {
  Range range = at(value, end(from));
  if (!decides(fn_, from)) return range;
  each_consequence(fn_.at(fn_.terminator(from)).args[0], successor == 0, end(from), [&](InstId about, const Fact& fact) {
    if (about != value) return;
    range = fact.other.valid() ? refine(range, fact.relation, at(fact.other, end(from))) : meet(range, Range::point(fact.truth));
  });
  return range;
}

Range Ranges::memory_range(const Inst& inst) const {
  if (inst.type == IrType::kBool) return {0, 1};
  bool length = inst.op == IrOp::load && (inst.aux == kAliasArrayLength || inst.aux == kAliasArrayCapacity);
  if (length) return {0, kMaxLength};
  bool string = inst.op == IrOp::load && inst.aux == kAliasString && inst.imm == offsetof(String, length);
  if (string) return {0, INT32_MAX};
  bool narrow = (inst.op == IrOp::load || inst.op == IrOp::load_elem) && inst.width * 8 < range_bits(inst.type);
  return narrow ? Range{0, (Int128{1} << (inst.width * 8)) - 1} : Range::full(range_bits(inst.type));
}

Range Ranges::transfer(InstId id) const {
  const Inst& inst = fn_.at(id);
  Point here = before(id);
  auto arg = [&](uint32_t i) { return at(fn_.arg(id, i), here); };
  switch (inst.op) {
    case IrOp::eq:
    case IrOp::ne:
    case IrOp::lt:
    case IrOp::le:
    case IrOp::gt:
    case IrOp::ge:
    case IrOp::ult:
    case IrOp::ule:
    case IrOp::not_:
    case IrOp::load_assigned: return {0, 1};
    case IrOp::sext:
    case IrOp::pi: return arg(0);
    case IrOp::zext: return arg(0).lo >= 0 ? arg(0) : Range{0, UINT32_MAX};
    case IrOp::trunc: return arg(0).within(Range::full(32)) ? arg(0) : Range::full(32);
    case IrOp::bounds: return refine(arg(0), IrOp::ult, meet(arg(1), {0, kMaxLength}));
    case IrOp::select: {
      Range arms[2] = {arg(1), arg(2)};
      for (int i : {0, 1}) {
        each_consequence(inst.args[0], i == 0, here, [&](InstId about, const Fact& fact) {
          if (about == inst.args[1 + i] && fact.other.valid()) arms[i] = refine(arms[i], fact.relation, at(fact.other, here));
        });
      }
      return join(arms[0], arms[1]);
    }
    default: break;
  }
  if (inst.type == IrType::kBool) return {0, 1};
  if (inst.op >= IrOp::add && inst.op <= IrOp::sar && inst.arg_count == 2) return range_of(inst.op, range_bits(inst.type), arg(0), arg(1));
  return memory_range(inst);
}

Range Ranges::transfer_phi(BlockId block, size_t index) const {
  Range range;
  const auto& predecessors = fn_.at(block).predecessors;
  for (size_t p = 0; p < predecessors.size(); ++p) {
    // A block that branches here twice is listed twice.
    if (p > 0 && predecessors[p] == predecessors[p - 1]) continue;
    const auto& successors = fn_.at(predecessors[p]).successors;
    for (uint32_t s = 0; s < successors.size(); ++s) {
      if (successors[s].target == block) range = join(range, on_edge(successors[s].args[index], predecessors[p], s));
    }
  }
  return range;
}

// ---- the solver

void Ranges::collect_thresholds() {
  thresholds_ = {0, kMaxLength, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN};
  for (BlockId b : dominators_.order) {
    for (InstId id : fn_.at(b).insts) {
      if (!fn_.is_constant(id) || range_bits(fn_.at(id).type) < 32) continue;
      Int128 value = of(id).lo;
      thresholds_.insert(thresholds_.end(), {value - 1, value, value + 1});
    }
  }
  std::sort(thresholds_.begin(), thresholds_.end());
}

Range Ranges::widen(Range old, Range now, int bits, uint32_t rises) const {
  Range full = bits == 2 ? Range{0, 1} : Range::full(bits);
  if (rises > kThresholdRises) return {now.lo < old.lo ? full.lo : now.lo, now.hi > old.hi ? full.hi : now.hi};
  if (now.lo < old.lo) {
    auto it = std::upper_bound(thresholds_.begin(), thresholds_.end(), now.lo);
    now.lo = it == thresholds_.begin() ? full.lo : std::max(full.lo, *(it - 1));
  }
  if (now.hi > old.hi) {
    auto it = std::lower_bound(thresholds_.begin(), thresholds_.end(), now.hi);
    now.hi = it == thresholds_.end() ? full.hi : std::min(full.hi, *it);
  }
  return now;
}

bool Ranges::update(InstId id, Range range, bool narrowing, uint32_t round) {
  Range& old = ranges_[id.index];
  if (narrowing) {
    range = meet(old, range);
  } else {
    range = join(old, range);
    bool grows = range != old;
    if (grows && !old.empty() && ++rises_[id.index] > kFreeRises) {
      range = widen(old, range, range_bits(fn_.at(id).type), round > kMaxRounds / 2 ? UINT32_MAX : rises_[id.index]);
    }
  }
  if (range == old) return false;
  old = range;
  return true;
}

bool Ranges::sweep(size_t first, bool narrowing, uint32_t round) {
  bool changed = false;
  for (size_t i = first; i < dominators_.order.size(); ++i) {
    BlockId b = dominators_.order[i];
    const auto& phis = fn_.at(b).phis;
    for (size_t p = 0; p < phis.size(); ++p) {
      if (range_bits(fn_.at(phis[p]).type) == 0) continue;
      changed |= update(phis[p], transfer_phi(b, p), narrowing, round);
    }
    for (InstId id : fn_.at(b).insts) {
      if (range_bits(fn_.at(id).type) == 0 || fn_.is_constant(id)) continue;
      changed |= update(id, transfer(id), narrowing, round);
    }
  }
  return changed;
}

size_t Ranges::first_header() const {
  size_t first = dominators_.order.size();
  for (BlockId b : dominators_.order) {
    for (const Edge& edge : fn_.at(b).successors) {
      size_t target = dominators_.number[edge.target.index];
      if (target <= dominators_.number[b.index]) first = std::min(first, target);
    }
  }
  return first;
}

void Ranges::solve() {
  ranges_.assign(fn_.insts.size(), Range());
  rises_.assign(fn_.insts.size(), 0);
  // In this order everything in front of the first loop comes after what it depends on, so once is enough.
  size_t header = first_header();
  bool stable = !sweep(0, false, 0) || header == dominators_.order.size();
  for (uint32_t round = 1; round < kMaxRounds && !stable; ++round) stable = !sweep(header, false, round);
  if (!stable) {
    // Never seen; the types alone are always right.
    ranges_.clear();
    return;
  }
  for (uint32_t round = 0; round < 2; ++round) {
    if (!sweep(header, true, round)) break;
  }
}

}  // namespace orus::jit
