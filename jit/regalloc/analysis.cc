#include "jit/regalloc/analysis.h"

#include <string>

namespace orus::jit::ra {
namespace {

constexpr uint64_t kColdFrequency = 1;
constexpr uint64_t kOnce = 1000;
constexpr uint32_t kMaxCountedDepth = 8;
constexpr size_t kMaxClobberLists = 12;

// Counting sort of (key, item) pairs; keeps the order of items with equal keys.
template <class T>
Grouped<T> group(const std::vector<std::pair<uint32_t, T>>& pairs, size_t keys) {
  Grouped<T> out;
  out.begin.assign(keys + 1, 0);
  out.items.resize(pairs.size());
  for (const auto& p : pairs) ++out.begin[p.first + 1];
  for (size_t k = 0; k < keys; ++k) out.begin[k + 1] += out.begin[k];
  std::vector<uint32_t> next(out.begin.begin(), out.begin.end() - 1);
  for (const auto& p : pairs) out.items[next[p.first]++] = p.second;
  return out;
}

class Analyser {
 public:
  explicit Analyser(const RaFunction& fn) : fn_(fn) { out_.fn = &fn; }

  Result<Analysis> run() {
    number();
    find_preds();
    estimate_frequencies();
    find_loops();
    scan_operands();
    if (auto s = find_live_in(); !s.ok()) return s.error();
    build_ranges();
    for (uint32_t v = 0; v < open_.size(); ++v) {
      if (open_[v] != 0) return undominated(v);
    }
    return std::move(out_);
  }

 private:
  void number() {
    uint32_t blocks = count(fn_.blocks);
    out_.tick_block.resize(fn_.insts.size() + blocks);
    out_.block_start.resize(blocks + 1);
    for (uint32_t b = 0; b < blocks; ++b) {
      const RaBlock& block = fn_.blocks[b];
      out_.block_start[b] = 2 * (block.first_inst + b);
      for (uint32_t t = block.first_inst + b; t <= block.end_inst + b; ++t) out_.tick_block[t] = b;
    }
    out_.block_start[blocks] = 2 * (count(fn_.insts) + blocks);
    out_.work += fn_.insts.size() + blocks;
  }

  void find_preds() {
    std::vector<std::pair<uint32_t, Pred>> pairs;
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      for (uint32_t e = 0; e < fn_.blocks[b].edges.count; ++e) {
        uint32_t edge = fn_.blocks[b].edges.first + e;
        pairs.push_back({fn_.edges[edge].target, {b, edge}});
      }
    }
    out_.preds = group(pairs, fn_.blocks.size());
  }

  void estimate_frequencies() {
    uint32_t blocks = count(fn_.blocks);
    for (uint32_t b = 0; b < blocks; ++b) out_.frequency.push_back(frequency_of(b));
    for (uint32_t b = 0; b < blocks; ++b) {
      uint64_t cost = 0;
      out_.earliest_pred.push_back(b);
      for (Pred p : out_.preds[b]) {
        out_.earliest_pred[b] = std::min(out_.earliest_pred[b], p.block);
        bool back = p.block >= b && !fn_.blocks[p.block].cold;
        if (!back) cost += std::min(out_.frequency[p.block], out_.frequency[b]);
      }
      out_.entry_cost.push_back(cost);
    }
    std::vector<uint32_t> level(blocks);
    for (uint32_t b = 0; b < blocks; ++b) level[b] = b;
    out_.cheapest.push_back(level);
    for (uint32_t width = 2; width <= blocks; width *= 2) {
      const auto& half = out_.cheapest.back();
      std::vector<uint32_t> next(blocks - width + 1);
      for (uint32_t b = 0; b < next.size(); ++b) next[b] = cheaper(half[b], half[b + width / 2]);
      out_.cheapest.push_back(std::move(next));
    }
  }
  // A loop or the function runs its blocks once each time around, except that branches share what reaches them evenly
  // among the ways that stay in the loop and are not cold.
  uint64_t frequency_of(uint32_t b) const {
    const RaBlock& block = fn_.blocks[b];
    if (block.cold) return kColdFrequency;
    uint64_t whole = kOnce;
    for (uint32_t d = std::min(block.loop_depth, kMaxCountedDepth); d != 0; --d) whole *= 10;
    uint64_t sum = 0;
    for (Pred p : out_.preds[b]) {
      const RaBlock& from = fn_.blocks[p.block];
      if (p.block >= b || from.loop_depth != block.loop_depth) return whole;
      if (!from.cold) sum += out_.frequency[p.block] / ways_on(from);
    }
    return std::clamp(sum, 2 * kColdFrequency, whole);
  }
  uint64_t ways_on(const RaBlock& from) const {
    uint64_t ways = 0;
    for (const RaEdge& e : fn_.edges_of(from)) {
      const RaBlock& to = fn_.blocks[e.target];
      ways += !to.cold && to.loop_depth >= from.loop_depth;
    }
    return std::max<uint64_t>(ways, 1);
  }
  uint32_t cheaper(uint32_t early, uint32_t late) const { return out_.entry_cost[early] < out_.entry_cost[late] ? early : late; }

  void find_loops() {
    uint32_t blocks = count(fn_.blocks);
    std::vector<uint32_t> last(blocks, kNone);
    for (uint32_t b = 0; b < blocks; ++b) {
      for (Pred p : out_.preds[b]) {
        if (p.block >= b && !fn_.blocks[p.block].cold) last[b] = last[b] == kNone ? p.block : std::max(last[b], p.block);
      }
    }
    uint32_t open = kNone;
    for (uint32_t b = 0; b < blocks; ++b) {
      while (open != kNone && out_.loops[open].last < b) open = out_.loops[open].parent;
      if (last[b] != kNone) {
        uint32_t end = open == kNone ? last[b] : std::min(last[b], out_.loops[open].last);
        out_.loops.push_back({b, end, open});
        open = count(out_.loops) - 1;
      }
      out_.loop_of_block.push_back(open);
    }
  }

  // Definitions, uses, reserved registers, clobbers, and which blocks mention which vregs.
  void scan_operands() {
    out_.defs.resize(fn_.vregs.size());
    last_touch_.assign(fn_.vregs.size(), kNone);
    use_pairs_.reserve(fn_.operands.size() + fn_.block_vregs.size());
    touches_.reserve(fn_.operands.size() + fn_.block_vregs.size());
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      const RaBlock& block = fn_.blocks[b];
      uint32_t number = 0;
      for (VReg p : fn_.params_of(block)) {
        out_.defs[p.index] = {DefKind::kParam, kNone, b, number++, out_.block_start[b]};
      }
      for (uint32_t i = block.first_inst; i < block.end_inst; ++i) scan_inst(i, b);
      for (const RaEdge& e : fn_.edges_of(block)) {
        for (uint32_t k = 0; k < e.args.count; ++k) {
          uint32_t v = fn_.args_of(e)[k].index, p = fn_.params_of(fn_.blocks[e.target])[k].index;
          Pos end = out_.block_start[b + 1];
          add_use(v, b, {end - 1, end, p, UseKind::kGap, HintKind::kVReg});
          if (!fn_.vregs[v].is_remat) affine_.push_back({std::min(out_.frequency[b], out_.frequency[e.target]), p, v});
        }
      }
    }
    out_.uses = group(use_pairs_, fn_.vregs.size());
    use_pairs_ = {};
    auto before = [](const Use& x, const Use& y) {
      if (x.pos != y.pos) return x.pos < y.pos;
      return x.kind != y.kind ? x.kind < y.kind : x.hint < y.hint;
    };
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {  // operand order within an instruction is arbitrary
      auto first = out_.uses.items.begin() + out_.uses.begin[v], last = out_.uses.items.begin() + out_.uses.begin[v + 1];
      if (!std::is_sorted(first, last, before)) std::sort(first, last, before);
    }
  }

  void scan_inst(uint32_t i, uint32_t b) {
    const RaInst& inst = fn_.insts[i];
    Pos early = out_.early(i, b);
    auto operands = fn_.operands_of(inst);
    for (const Operand& op : operands) {
      if (op.constraint == Constraint::kReuse) {
        uint32_t input = operands[op.fixed_or_reuse].vreg.index;
        add_use(input, b, {early - 1, early, op.vreg.index, UseKind::kGap, HintKind::kVReg});
        if (!fn_.vregs[input].is_remat) affine_.push_back({out_.frequency[b], op.vreg.index, input});
      }
      if (op.kind == OperandKind::kDef) {
        scan_def(op, i, b);
      } else if (!out_.is_carried(inst, op)) {
        scan_use(op, early, b);
      }
    }
    for (VReg v : fn_.cold_uses_of(inst)) touch(v.index, b);
    if (inst.is_move) note_move(operands, b);
    if (inst.is_safepoint) out_.safepoints.push_back(early + 1);
    if (inst.clobbers != 0) add_clobber(inst.clobbers, early + 1);
    out_.work += operands.size() + inst.cold_uses.count;
  }

  void note_move(std::span<const Operand> operands, uint32_t b) {
    const Operand *def = nullptr, *use = nullptr;
    for (const Operand& op : operands) {
      const Operand*& slot = op.kind == OperandKind::kDef ? def : use;
      if (slot == nullptr) slot = &op;
    }
    if (def == nullptr || use == nullptr || fn_.vregs[use->vreg.index].is_remat) return;
    out_.defs[def->vreg.index].move_of = use->vreg.index;
    affine_.push_back({out_.frequency[b], def->vreg.index, use->vreg.index});
  }

  void scan_use(const Operand& op, Pos early, uint32_t b) {
    uint32_t v = op.vreg.index;
    Pos end = early + (op.pos == OperandPos::kLate ? 2 : 1);
    if (op.constraint == Constraint::kFixed) {
      reserve(op.fixed_or_reuse, {early, end, v});
      add_use(v, b, {early - 1, early, op.fixed_or_reuse, UseKind::kGap, HintKind::kPReg});
      return;
    }
    bool must = op.constraint == Constraint::kReg || fn_.vregs[v].is_remat;  // constants have no slot to be read from
    add_use(v, b, {early, end, 0, must ? UseKind::kMust : UseKind::kSoft, HintKind::kNone});
  }

  void scan_def(const Operand& op, uint32_t i, uint32_t b) {
    uint32_t v = op.vreg.index;
    Pos early = out_.early(i, b), end = early + 2;
    Def def{DefKind::kReg, i, b, 0, op.pos == OperandPos::kEarly ? early : early + 1};
    if (op.constraint == Constraint::kFixed) {
      reserve(op.fixed_or_reuse, {def.pos, end, v});
      def.kind = DefKind::kFixed;
      def.detail = op.fixed_or_reuse;
      def.pos = end;
    } else if (op.constraint == Constraint::kReuse) {
      def.kind = DefKind::kReuse;
      def.detail = fn_.operands_of(fn_.insts[i])[op.fixed_or_reuse].vreg.index;
      def.pos = early;
    } else if (op.constraint == Constraint::kAny) {
      def.kind = DefKind::kAny;
    }
    bool must = def.kind == DefKind::kReuse || (def.kind == DefKind::kReg && !fn_.vregs[v].is_remat);
    if (must) use_pairs_.push_back({v, {def.pos, end, 0, UseKind::kMust, HintKind::kNone}});
    out_.defs[v] = def;
  }

  void add_use(uint32_t v, uint32_t b, const Use& use) {
    use_pairs_.push_back({v, use});
    touch(v, b);
  }
  void touch(uint32_t v, uint32_t b) {
    if (last_touch_[v] == b) return;  // blocks are scanned one after the other
    last_touch_[v] = b;
    touches_.push_back({v, b});
  }

  // Keeps a register's list ascending and disjoint; overlaps inside one instruction are the same reservation twice.
  void reserve(uint32_t preg, FixedRange range) {
    auto& list = out_.fixed[preg];
    if (!list.empty() && list.back().to > range.from) {
      FixedRange& back = list.back();
      if (back.from >= range.from && back.owner != range.owner) {  // the late half came first
        FixedRange late = back;
        back = {range.from, late.from, range.owner};
        if (back.from < back.to)
          list.push_back(late);
        else
          back = late;
        return;
      }
      if (back.owner == range.owner) {
        back.from = std::min(back.from, range.from);
        back.to = std::max(back.to, range.to);
        return;
      }
      range.from = back.to;
      if (range.from >= range.to) return;
    }
    list.push_back(range);
  }

  void add_clobber(PRegSet mask, Pos point) {
    for (ClobberList& list : out_.clobbers) {
      if (list.mask == mask) return list.points.push_back(point);
    }
    if (out_.clobbers.size() < kMaxClobberLists) {
      out_.clobbers.push_back({mask, {point}});
      return;
    }
    for (PRegSet rest = mask; rest != 0; rest &= rest - 1) {
      reserve(static_cast<uint32_t>(__builtin_ctzll(rest)), {point, point + 1, kNone});
    }
  }

  Error undominated(uint32_t v) const {
    return Error{ErrorCode::kBadIr, "v" + std::to_string(v) + " is used where its definition does not dominate",
                 "b" + std::to_string(out_.defs[v].block)};
  }

  // For each use, walks predecessors up to the definition. Costs the size of its output.
  Status find_live_in() {
    Grouped<uint32_t> blocks_of = group(touches_, fn_.vregs.size());
    touches_ = {};
    std::vector<uint32_t> seen(fn_.blocks.size(), kNone), work;
    std::vector<std::pair<uint32_t, uint32_t>> pairs;
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      uint32_t home = out_.defs[v].block;
      auto enter = [&](uint32_t b) {
        if (b == home || seen[b] == v) return;
        seen[b] = v;
        pairs.push_back({b, v});
        work.push_back(b);
      };
      for (uint32_t b : blocks_of[v]) enter(b);
      while (!work.empty()) {
        uint32_t b = work.back();
        work.pop_back();
        if (b == 0) {
          return undominated(v);
        }
        for (Pred p : out_.preds[b]) enter(p.block);
        out_.work += out_.preds[b].size();
      }
    }
    out_.work += pairs.size();
    out_.live_in = group(pairs, fn_.blocks.size());
    return Ok{};
  }

  // Backwards over each block; `open_[v]` is where the stretch of v that is being built ends.
  void build_ranges() {
    open_.assign(fn_.vregs.size(), 0);
    pieces_.reserve(fn_.vregs.size() + out_.live_in.items.size());
    for (uint32_t b = count(fn_.blocks); b-- != 0;) {
      const RaBlock& block = fn_.blocks[b];
      Pos end = out_.block_start[b + 1];
      for (const RaEdge& e : fn_.edges_of(block)) {
        for (uint32_t v : out_.live_in[e.target]) extend(v, end);
        for (VReg a : fn_.args_of(e)) extend(a.index, end);
      }
      for (uint32_t i = block.end_inst; i-- != block.first_inst;) walk_inst(i, b);
      for (VReg p : fn_.params_of(block)) close(p.index, out_.block_start[b]);
      for (uint32_t v : out_.live_in[b]) close(v, out_.block_start[b]);
    }
    std::reverse(pieces_.begin(), pieces_.end());
    merge_adjacent();
    build_families();
  }

  void extend(uint32_t v, Pos to) { open_[v] = std::max(open_[v], to); }
  void close(uint32_t v, Pos from) {
    if (open_[v] > from) pieces_.push_back({v, {from, open_[v]}});
    open_[v] = 0;
  }

  void walk_inst(uint32_t i, uint32_t b) {
    const RaInst& inst = fn_.insts[i];
    Pos early = out_.early(i, b);
    auto operands = fn_.operands_of(inst);
    for (const Operand& op : operands) {
      if (op.kind != OperandKind::kDef) continue;
      const Def& def = out_.defs[op.vreg.index];
      if (def.kind != DefKind::kFixed) extend(op.vreg.index, early + 2);
      close(op.vreg.index, def.pos);
    }
    for (const Operand& op : operands) {
      if (op.kind == OperandKind::kDef) continue;
      bool by_copy = op.constraint == Constraint::kFixed || out_.is_carried(inst, op);
      extend(op.vreg.index, by_copy ? early : early + (op.pos == OperandPos::kLate ? 2 : 1));
    }
    bool cold_late = inst.cold_pos == OperandPos::kLate;
    for (VReg v : fn_.cold_uses_of(inst)) {
      bool carried = !cold_late && out_.carrier(inst, v.index) != kNone;
      extend(v.index, carried ? early : early + (cold_late ? 2 : 1));
    }
  }

  void merge_adjacent() {
    Grouped<Range> all = group(pieces_, fn_.vregs.size());
    pieces_ = {};
    out_.work += all.items.size();
    out_.ranges.begin.assign(1, 0);
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      auto& items = out_.ranges.items;
      size_t first = items.size();
      for (Range r : all[v]) {
        if (items.size() > first && items.back().to == r.from) {
          items.back().to = r.to;
        } else {
          items.push_back(r);
        }
      }
      out_.ranges.begin.push_back(count(items));
    }
  }

  // Union of vregs tied by parameters, reuse and moves whose lives do not overlap, most frequent ties first.
  struct Affinity {
    uint64_t frequency;
    uint32_t a, b;
  };
  void build_families() {
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) out_.family.push_back(v);
    merged_.resize(1);
    merged_of_.assign(fn_.vregs.size(), 0);
    std::vector<uint32_t> order(affine_.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t x, uint32_t y) {
      return affine_[x].frequency != affine_[y].frequency ? affine_[x].frequency > affine_[y].frequency : x < y;
    });
    for (uint32_t i : order) unite(affine_[i].a, affine_[i].b);
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) out_.family[v] = root(v);
    out_.work += affine_.size();
  }
  uint32_t root(uint32_t v) {
    while (out_.family[v] != v) v = out_.family[v] = out_.family[out_.family[v]];
    return v;
  }
  std::span<const Range> ranges_of_root(uint32_t v) const {
    return merged_of_[v] != 0 ? std::span<const Range>(merged_[merged_of_[v]]) : out_.ranges[v];
  }
  void unite(uint32_t a, uint32_t b) {
    constexpr size_t kMaxRanges = 96;  // keeps the cost of one tie bounded
    a = root(a);
    b = root(b);
    const RaVReg &va = fn_.vregs[a], &vb = fn_.vregs[b];
    if (a == b || va.cls != vb.cls || va.is_ref != vb.is_ref || va.is_remat || vb.is_remat) return;
    auto ra = ranges_of_root(a), rb = ranges_of_root(b);
    if (ra.size() + rb.size() > kMaxRanges) return;
    std::vector<Range> sum(ra.size() + rb.size());
    std::merge(ra.begin(), ra.end(), rb.begin(), rb.end(), sum.begin(), [](const Range& x, const Range& y) { return x.from < y.from; });
    for (size_t i = 1; i < sum.size(); ++i) {
      if (sum[i].from < sum[i - 1].to) return;
    }
    out_.work += sum.size();
    merged_of_[a] = count(merged_);
    merged_.push_back(std::move(sum));
    out_.family[b] = a;
  }

  template <class T>
  static uint32_t count(const std::vector<T>& v) {
    return static_cast<uint32_t>(v.size());
  }

  const RaFunction& fn_;
  Analysis out_;
  std::vector<std::pair<uint32_t, Use>> use_pairs_;
  std::vector<std::pair<uint32_t, uint32_t>> touches_;  // (vreg, block that mentions it), each once
  std::vector<uint32_t> last_touch_;                    // per vreg: block
  std::vector<std::pair<uint32_t, Range>> pieces_;
  std::vector<Pos> open_;
  std::vector<Affinity> affine_;
  std::vector<std::vector<Range>> merged_;
  std::vector<uint32_t> merged_of_;
};

}  // namespace

uint32_t Analysis::cheapest_block(uint32_t first, uint32_t last) const {
  uint32_t width = last - first + 1;
  uint32_t level = 31u - static_cast<uint32_t>(__builtin_clz(width));
  uint32_t a = cheapest[level][first], b = cheapest[level][last + 1 - (1u << level)];
  return entry_cost[a] < entry_cost[b] ? a : b;
}

uint32_t Analysis::carrier(const RaInst& inst, uint32_t vreg) const {
  auto operands = fn->operands_of(inst);
  for (uint32_t k = 0; k < operands.size(); ++k) {
    const Operand& op = operands[k];
    if (op.constraint == Constraint::kReuse && operands[op.fixed_or_reuse].vreg.index == vreg) return k;
  }
  return kNone;
}

bool Analysis::covers(uint32_t vreg, Pos pos) const {
  auto list = ranges[vreg];
  auto it = std::upper_bound(list.begin(), list.end(), pos, [](Pos p, const Range& r) { return p < r.to; });
  return it != list.end() && it->from <= pos;
}

Result<Analysis> analyse(const RaFunction& fn) { return Analyser(fn).run(); }

uint32_t Dominators::common(uint32_t a, uint32_t b) const {
  while (a != b) {
    while (order[a] > order[b]) a = idom[a];
    while (order[b] > order[a]) b = idom[b];
  }
  return a;
}

// Cooper, Harvey and Kennedy 2001.
Dominators dominators(const RaFunction& fn, const Grouped<Pred>& preds) {
  size_t blocks = fn.blocks.size();
  std::vector<uint32_t> postorder, next(blocks, 0), stack{0};
  std::vector<bool> seen(blocks, false);
  seen[0] = true;
  while (!stack.empty()) {
    uint32_t b = stack.back();
    auto edges = fn.edges_of(fn.blocks[b]);
    if (next[b] == edges.size()) {
      postorder.push_back(b);
      stack.pop_back();
      continue;
    }
    uint32_t target = edges[next[b]++].target;
    if (!seen[target]) {
      seen[target] = true;
      stack.push_back(target);
    }
  }
  Dominators out;
  out.idom.assign(blocks, kNone);
  out.order.assign(blocks, 0);
  for (size_t i = 0; i < postorder.size(); ++i) {
    out.order[postorder[i]] = static_cast<uint32_t>(postorder.size() - 1 - i);
  }
  out.idom[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = postorder.size() - 1; i-- != 0;) {
      uint32_t b = postorder[i], dom = kNone;
      for (Pred p : preds[b]) {
        if (out.idom[p.block] != kNone) dom = dom == kNone ? p.block : out.common(dom, p.block);
      }
      if (out.idom[b] != dom) {
        out.idom[b] = dom;
        changed = true;
      }
    }
  }
  return out;
}

}  // namespace orus::jit::ra
