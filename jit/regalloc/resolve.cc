// Edits at one instruction happen in three steps: moves of the edge into a block with one predecessor, then the gap
// (cuts, copies for fixed and reused operands, stores), then moves of the edge out of a block that ends in a jump.
// Each step is one parallel move whose sources are the places before it.
//
// A vreg that is in memory somewhere is stored in one of two ways, whichever is expected to run less often:
//  once:      at one point that dominates every place where it is in memory (its definition, or the start of a block
//             that is entered less often);
//  each time: wherever it goes from a register to memory.
#include "jit/regalloc/resolve.h"

#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/rng.h"
#include "jit/regalloc/parallel_move.h"

namespace orus::jit::ra {
namespace {

enum Step : uint32_t { kEdgeIn, kGap, kEdgeOut };

struct Request {
  uint32_t inst;
  Step step;
  Transfer transfer;
  enum Store : uint8_t { kNo, kOwn, kForParam } store;  // whether storing `value` once can make this void
  uint32_t value;                                       // vreg; differs from transfer.vreg for parameters
};
struct Piece {
  Pos start;
  uint8_t reg;
};
enum class StoreAt : uint8_t { kEachTime, kDefinition, kBlock };
struct StorePlan {
  StoreAt at = StoreAt::kEachTime;
  uint32_t block = 0;
};

class Resolver {
 public:
  Resolver(const Analysis& a, const RaEnv& env, const RaOptions& options, const Assignment& assignment)
      : a_(a), fn_(a.function()), env_(env), in_(assignment), random_(options.random_seed != 0), rng_(options.random_seed) {}

  RaResult run() {
    collect_pieces();
    assign_slots();
    place_operands();
    request_cuts();
    request_operand_copies();
    request_edges();
    plan_stores();
    emit_edits();
    map_safepoints();
    out_.stats.splits = static_cast<uint32_t>(in_.intervals.size());
    for (uint32_t first : in_.first) out_.stats.splits -= first != kNone;
    out_.stats.work = a_.work + in_.work + out_.edits.size() + requests_.size() + work_;
    return std::move(out_);
  }

 private:
  // -------------------------------------------------------------------------------------------------- places

  void collect_pieces() {
    pieces_.begin.reserve(in_.first.size() + 1);
    pieces_.begin.push_back(0);
    pieces_.items.reserve(in_.intervals.size());
    for (uint32_t first : in_.first) {
      for (uint32_t id = first; id != kNone; id = in_.intervals[id].next) {
        ORUS_DCHECK(in_.intervals[id].reg != kUnplaced);
        pieces_.items.push_back({in_.intervals[id].start, in_.intervals[id].reg});
      }
      pieces_.begin.push_back(static_cast<uint32_t>(pieces_.items.size()));
    }
  }

  bool is_live_somewhere(uint32_t v, Pos from, Pos to) const {
    auto list = a_.ranges[v];
    auto it = std::upper_bound(list.begin(), list.end(), from, [](Pos p, const Range& r) { return p < r.to; });
    return it != list.end() && it->from < to;
  }
  Pos piece_end(uint32_t v, size_t k) const {
    auto pieces = pieces_[v];
    return k + 1 < pieces.size() ? pieces[k + 1].start : a_.ranges[v].back().to;
  }

  struct Hull {
    uint32_t family;
    Pos from, to;
    bool is_ref;
  };
  // One slot per family of vregs that share one, colored by the hull of the lives of its members that are in memory.
  void assign_slots() {
    size_t n = fn_.vregs.size();
    in_memory_.assign(n, false);
    slot_.assign(n, kNone);
    std::vector<uint32_t> hull_of(n, kNone);
    std::vector<Hull> hulls;
    for (uint32_t v = 0; v < n; ++v) {
      if (fn_.vregs[v].is_remat) continue;
      auto pieces = pieces_[v];
      for (size_t k = 0; k < pieces.size() && !in_memory_[v]; ++k) {
        in_memory_[v] = pieces[k].reg == kInMemory && is_live_somewhere(v, pieces[k].start, piece_end(v, k));
      }
      if (!in_memory_[v]) continue;
      ++out_.stats.spilled_vregs;
      uint32_t family = a_.family[v];
      Pos from = a_.ranges[v].front().from, to = a_.ranges[v].back().to;
      if (hull_of[family] == kNone) {
        hull_of[family] = static_cast<uint32_t>(hulls.size());
        hulls.push_back({family, from, to, fn_.vregs[v].is_ref});
      } else {
        Hull& hull = hulls[hull_of[family]];
        hull.from = std::min(hull.from, from);
        hull.to = std::max(hull.to, to);
      }
    }
    color(hulls);
    for (uint32_t v = 0; v < n; ++v) {
      if (in_memory_[v]) slot_[v] = slot_[a_.family[v]];
    }
  }

  // Reference slots come first. slot_ of a family's representative holds its slot even if that is in no memory itself.
  void color(std::vector<Hull>& hulls) {
    std::sort(hulls.begin(), hulls.end(),
              [](const Hull& x, const Hull& y) { return x.from != y.from ? x.from < y.from : x.family < y.family; });
    uint32_t base = 0;
    for (bool refs : {true, false}) {
      std::vector<std::pair<Pos, uint32_t>> busy;  // min-heap of (end, slot)
      std::vector<uint32_t> idle;                  // min-heap of slots
      auto later = std::greater<>();
      uint32_t used = 0;
      for (const Hull& hull : hulls) {
        if (hull.is_ref != refs) continue;
        while (!busy.empty() && busy.front().first <= hull.from) {
          idle.push_back(busy.front().second);
          std::push_heap(idle.begin(), idle.end(), later);
          std::pop_heap(busy.begin(), busy.end(), later);
          busy.pop_back();
        }
        uint32_t slot = used;
        if (idle.empty()) {
          ++used;
        } else {
          std::pop_heap(idle.begin(), idle.end(), later);
          slot = idle.back();
          idle.pop_back();
        }
        slot_[hull.family] = base + slot;
        busy.push_back({hull.to, slot});
        std::push_heap(busy.begin(), busy.end(), later);
      }
      base += used;
      if (refs) out_.num_ref_slots = base;
    }
    out_.num_slots = base;
  }

  Allocation place_of(uint32_t v, uint8_t reg) const {
    if (reg != kInMemory) return Allocation::reg(PReg::from_index(reg));
    if (fn_.vregs[v].is_remat) return Allocation::remat();
    return in_memory_[v] ? Allocation::stack(slot_[v]) : Allocation{};
  }
  Allocation at(uint32_t v, Pos pos) {
    auto pieces = pieces_[v];
    ++work_;
    if (pieces.size() == 1) return place_of(v, pieces[0].reg);
    auto it = std::upper_bound(pieces.begin(), pieces.end(), pos, [](Pos p, const Piece& x) { return p < x.start; });
    ORUS_DCHECK(it != pieces.begin());
    return place_of(v, (it - 1)->reg);
  }
  /// Where `v` can be read from in the gap before an instruction whose early point is `early`.
  Allocation before(uint32_t v, uint32_t inst, Pos early) {
    const Def& def = a_.defs[v];
    if (def.kind == DefKind::kFixed && def.inst + 1 == inst) return Allocation::reg(PReg::from_index(def.detail));
    return at(v, early - 1);
  }

  void place_operands() {
    out_.operand_allocs.resize(fn_.operands.size());
    out_.cold_allocs.resize(fn_.cold_uses.size());
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      for (uint32_t i = fn_.blocks[b].first_inst; i < fn_.blocks[b].end_inst; ++i) {
        const RaInst& inst = fn_.insts[i];
        Pos early = a_.early(i, b);
        Allocation* places = out_.operand_allocs.data() + inst.operands.first;
        auto operands = fn_.operands_of(inst);
        for (uint32_t k = 0; k < operands.size(); ++k) places[k] = operand_place(inst, operands[k], early);
        for (const Operand& op : operands) {  // an input that two definitions reuse lies in both; take the right one
          if (op.constraint == Constraint::kReuse) places[op.fixed_or_reuse] = at(op.vreg.index, early);
        }
        for (uint32_t k = 0; k < inst.cold_uses.count; ++k) {
          uint32_t index = inst.cold_uses.first + k;
          out_.cold_allocs[index] = cold_place(inst, fn_.cold_uses[index].index, early);
        }
      }
    }
  }
  Allocation operand_place(const RaInst& inst, const Operand& op, Pos early) {
    uint32_t v = op.vreg.index;
    bool is_def = op.kind == OperandKind::kDef, late = op.pos == OperandPos::kLate;
    if (op.constraint == Constraint::kFixed) return Allocation::reg(PReg::from_index(op.fixed_or_reuse));
    if (op.constraint == Constraint::kReuse) return at(v, early);
    if (a_.is_carried(inst, op)) return carried_place(inst, v, early);
    Allocation place = at(v, late && (is_def || op.constraint == Constraint::kAny) ? early + 1 : early);
    return is_def && place.is_remat() ? Allocation{} : place;
  }
  Allocation carried_place(const RaInst& inst, uint32_t v, Pos early) {
    return at(fn_.operands_of(inst)[a_.carrier(inst, v)].vreg.index, early);
  }
  Allocation cold_place(const RaInst& inst, uint32_t v, Pos early) {
    if (inst.cold_pos == OperandPos::kLate) return at(v, early + 1);
    return a_.covers(v, early) ? at(v, early) : carried_place(inst, v, early);
  }

  // ------------------------------------------------------------------------------------------------ requests

  void request(uint32_t inst, Step step, uint32_t v, Allocation from, Allocation to, Request::Store store = Request::kOwn) {
    if (from == to || to.is_remat() || to.is_none()) return;
    ORUS_CHECK(!from.is_none());
    bool own = to.is_stack() && in_memory_[v] && to.slot() == slot_[v];
    requests_.push_back({inst, step, {VReg{v}, from, to}, own ? store : Request::kNo, v});
  }

  void request_cuts() {
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      auto pieces = pieces_[v];
      for (size_t k = 1; k < pieces.size(); ++k) {
        Pos pos = pieces[k].start;
        if (a_.is_block_start(pos) || !a_.covers(v, pos) || !a_.covers(v, pos - 1)) continue;
        uint32_t inst = a_.inst_of(pos);
        if (pos % 2 != 0) {
          request(inst, kGap, v, before(v, inst, pos - 1), place_of(v, pieces[k].reg));
        } else {
          request(inst, kGap, v, place_of(v, pieces[k - 1].reg), place_of(v, pieces[k].reg));
        }
      }
    }
  }

  void request_operand_copies() {
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      for (uint32_t i = fn_.blocks[b].first_inst; i < fn_.blocks[b].end_inst; ++i) {
        const RaInst& inst = fn_.insts[i];
        Pos early = a_.early(i, b);
        for (uint32_t k = 0; k < inst.operands.count; ++k) {
          const Operand& op = fn_.operands[inst.operands.first + k];
          uint32_t v = op.vreg.index;
          Allocation place = out_.operand_allocs[inst.operands.first + k];
          if (op.constraint == Constraint::kReuse) {
            uint32_t input = a_.defs[v].detail;
            request(i, kGap, input, before(input, i, early), place);
          } else if (op.constraint == Constraint::kFixed && op.kind == OperandKind::kUse) {
            request(i, kGap, v, before(v, i, early), place);
          } else if (op.constraint == Constraint::kFixed && !pieces_[v].empty()) {
            request(i + 1, kGap, v, place, at(v, early + 2));
          }
        }
      }
    }
  }

  void request_edges() {
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      const RaBlock& block = fn_.blocks[b];
      Pos end = a_.block_start[b + 1] - 1;
      for (const RaEdge& edge : fn_.edges_of(block)) {
        const RaBlock& to = fn_.blocks[edge.target];
        Pos start = a_.block_start[edge.target];
        bool in = a_.preds[edge.target].size() == 1;
        uint32_t inst = in ? to.first_inst : block.end_inst - 1;
        Step step = in ? kEdgeIn : kEdgeOut;
        for (uint32_t v : a_.live_in[edge.target]) {
          if (pieces_[v].size() > 1) request(inst, step, v, at(v, end), at(v, start));
        }
        for (uint32_t k = 0; k < edge.args.count; ++k) {
          uint32_t v = fn_.args_of(edge)[k].index, p = fn_.params_of(to)[k].index;
          if (pieces_[p].empty()) continue;
          Allocation from = pieces_[v].empty() || pieces_[v][0].start > end ? Allocation{} : at(v, end);
          size_t before = requests_.size();
          request(inst, step, v, from, at(p, start), Request::kForParam);
          bool renamed = in && !from.is_remat() && requests_.size() != before;
          if (renamed) requests_.back().transfer.vreg = VReg{p};  // behind the edge the argument may be dead
        }
      }
    }
  }

  // -------------------------------------------------------------------------------------------------- stores

  void plan_stores() {
    size_t n = fn_.vregs.size();
    plan_.assign(n, {});
    std::vector<uint64_t> each_time(n, 0);
    for (const Request& r : requests_) {
      if (r.store != Request::kNo) each_time[r.value] += a_.frequency[block_of_inst(r.inst)];
    }
    Dominators doms;
    for (uint32_t v = 0; v < n; ++v) {
      if (!in_memory_[v]) continue;
      if (each_time[v] != 0 && doms.idom.empty()) doms = dominators(fn_, a_.preds);
      choose_plan(v, each_time[v], doms);
      request_planned_store(v);
    }
  }
  uint32_t block_of_inst(uint32_t inst) {
    auto it = std::upper_bound(fn_.blocks.begin(), fn_.blocks.end(), inst, [](uint32_t i, const RaBlock& b) { return i < b.end_inst; });
    return static_cast<uint32_t>(it - fn_.blocks.begin());
  }

  bool born_in_memory(uint32_t v) { return a_.defs[v].kind != DefKind::kFixed && at(v, a_.defs[v].pos).is_stack(); }

  void choose_plan(uint32_t v, uint64_t each_time, const Dominators& doms) {
    const Def& def = a_.defs[v];
    uint64_t at_definition = born_in_memory(v) ? 0 : a_.frequency[def.block];
    if (random_ && each_time != 0) {
      plan_[v].at = rng_.chance(2) ? StoreAt::kDefinition : StoreAt::kEachTime;
      return;
    }
    if (at_definition <= each_time || at_definition == 0) {
      plan_[v].at = StoreAt::kDefinition;
      if (at_definition == 0) return;
    }
    if (each_time == 0) return;
    uint64_t best = std::min(at_definition, each_time);
    constexpr int kMaxSteps = 64;
    uint32_t b = dominator_of_memory(v, doms);
    for (int n = 0; n < kMaxSteps && b != def.block; ++n, b = doms.idom[b]) {
      if (a_.frequency[b] >= best || !at(v, a_.block_start[b]).is_reg()) continue;
      best = a_.frequency[b];
      plan_[v] = {StoreAt::kBlock, b};
    }
  }

  /// The block that dominates all blocks in which `v` is in memory; its own definition's if that is long to find.
  uint32_t dominator_of_memory(uint32_t v, const Dominators& doms) {
    constexpr int kMaxBlocks = 256;
    uint32_t common = kNone;
    int budget = kMaxBlocks;
    auto pieces = pieces_[v];
    for (size_t k = 0; k < pieces.size(); ++k) {
      if (pieces[k].reg != kInMemory) continue;
      for (const Range& r : a_.ranges[v]) {
        if (--budget < 0) return a_.defs[v].block;
        Pos from = std::max(r.from, pieces[k].start), to = std::min(r.to, piece_end(v, k));
        if (from >= to) continue;
        for (uint32_t b = a_.block_of(from); b <= a_.block_of(to - 1); ++b) {
          if (--budget < 0) return a_.defs[v].block;
          common = common == kNone ? b : doms.common(common, b);
        }
      }
    }
    return common == kNone ? a_.defs[v].block : common;
  }

  void request_planned_store(uint32_t v) {
    const Def& def = a_.defs[v];
    const StorePlan& plan = plan_[v];
    if (plan.at == StoreAt::kEachTime || (plan.at == StoreAt::kDefinition && born_in_memory(v))) return;
    uint32_t block = plan.at == StoreAt::kBlock ? plan.block : def.block;
    bool at_start = plan.at == StoreAt::kBlock || def.kind == DefKind::kParam;
    uint32_t inst = at_start ? fn_.blocks[block].first_inst : def.inst + 1;
    Allocation from = before(v, inst, a_.early(inst, block));
    planned_.push_back({inst, kGap, {VReg{v}, from, Allocation::stack(slot_[v])}, Request::kNo, v});
  }

  bool is_void(const Request& r) const {
    StoreAt at = plan_[r.value].at;
    return (r.store == Request::kOwn && at != StoreAt::kEachTime) || (r.store == Request::kForParam && at == StoreAt::kDefinition);
  }

  // --------------------------------------------------------------------------------------------------- edits

  void emit_edits() {
    std::erase_if(requests_, [&](const Request& r) { return is_void(r); });
    requests_.insert(requests_.end(), planned_.begin(), planned_.end());
    std::sort(requests_.begin(), requests_.end(), [](const Request& x, const Request& y) {
      auto key = [](const Request& r) {
        return std::make_tuple(r.inst, r.step, r.transfer.to.kind, r.transfer.to.index, r.transfer.vreg.index);
      };
      return key(x) < key(y);
    });
    std::vector<Transfer> group, ordered;
    for (size_t i = 0; i < requests_.size();) {
      uint32_t inst = requests_[i].inst;
      Step step = requests_[i].step;
      group.clear();
      ordered.clear();
      for (; i < requests_.size() && requests_[i].inst == inst && requests_[i].step == step; ++i) {
        const Transfer& t = requests_[i].transfer;
        bool repeated = !group.empty() && group.back().to == t.to && group.back().vreg == t.vreg;
        if (!repeated) group.push_back(t);
      }
      sequence_moves(fn_, env_, group, ordered);
      for (const Transfer& t : ordered) emit(inst, t);
    }
  }

  void emit(uint32_t inst, const Transfer& t) {
    out_.edits.push_back({inst, t.vreg, t.from, t.to});
    RaStats& s = out_.stats;
    if (t.from.is_remat())
      ++s.remats;
    else if (t.to.is_stack())
      ++s.stores;
    else if (t.from.is_stack())
      ++s.reloads;
    else
      ++s.moves;
    const RaBlock& block = fn_.blocks[block_of_inst(inst)];
    uint64_t weight = block.cold ? 0 : 1;
    for (uint32_t d = std::min(block.loop_depth, 12u); d != 0; --d) weight *= 10;
    s.weighted_edits += weight;
  }

  // ---------------------------------------------------------------------------------------------- safepoints

  void map_safepoints() {
    std::vector<std::pair<uint32_t, uint32_t>> found;  // (number of safepoint, slot)
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      if (!fn_.vregs[v].is_ref || fn_.vregs[v].is_remat) continue;
      const Def& def = a_.defs[v];
      for (const Range& r : a_.ranges[v]) {
        auto point = std::lower_bound(a_.safepoints.begin(), a_.safepoints.end(), r.from);
        for (; point != a_.safepoints.end() && *point < r.to; ++point) {
          if (def.inst == a_.inst_of(*point)) continue;
          Allocation place = at(v, *point);
          ORUS_CHECK(place.is_stack());
          found.push_back({static_cast<uint32_t>(point - a_.safepoints.begin()), place.slot()});
        }
      }
    }
    std::sort(found.begin(), found.end());
    size_t next = 0;
    for (uint32_t k = 0; k < a_.safepoints.size(); ++k) {
      Slice slots{static_cast<uint32_t>(out_.safepoint_slots.size()), 0};
      for (; next < found.size() && found[next].first == k; ++next) {
        out_.safepoint_slots.push_back(found[next].second);
        ++slots.count;
      }
      out_.safepoints.push_back({a_.inst_of(a_.safepoints[k]), slots});
    }
  }

  const Analysis& a_;
  const RaFunction& fn_;
  const RaEnv& env_;
  const Assignment& in_;
  bool random_;
  Rng rng_;
  RaResult out_;
  Grouped<Piece> pieces_;
  std::vector<bool> in_memory_;  // per vreg: has a slot
  std::vector<uint32_t> slot_;
  std::vector<Request> requests_, planned_;
  std::vector<StorePlan> plan_;
  uint64_t work_ = 0;
};

}  // namespace

RaResult resolve(const Analysis& analysis, const RaEnv& env, const RaOptions& options, const Assignment& assignment) {
  return Resolver(analysis, env, options, assignment).run();
}

}  // namespace orus::jit::ra
