#include "jit/regalloc/checker.h"

#include <algorithm>
#include <optional>
#include <string>

namespace orus::jit {
namespace {

using Place = uint32_t;  // 0 .. 63: PReg::index(); 64 + n: slot n
constexpr Place kFirstSlot = 64;
constexpr Place kNowhere = UINT32_MAX;

/// `vreg` lies in `place`.
struct Fact {
  Place place;
  uint32_t vreg;
  auto operator<=>(const Fact&) const = default;
};

std::string name(uint32_t vreg) { return "v" + std::to_string(vreg); }
std::string name(Place place, int) {
  if (place == kNowhere) return "nowhere";
  if (place >= kFirstSlot) return "slot " + std::to_string(place - kFirstSlot);
  return (place < 32 ? "int register " : "float register ") + std::to_string(place % 32);
}

/// Which vregs are needed on entry to each block, and which references across each safepoint.
class Needs {
 public:
  explicit Needs(const RaFunction& fn) : fn_(fn), live_in(fn.blocks.size()) {}

  void compute() {
    std::vector<uint32_t> home(fn_.vregs.size(), UINT32_MAX);
    std::vector<std::vector<uint32_t>> mentions(fn_.vregs.size());
    preds_.resize(fn_.blocks.size());
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      auto mention = [&](VReg v) {
        auto& list = mentions[v.index];
        if (list.empty() || list.back() != b) list.push_back(b);
      };
      const RaBlock& block = fn_.blocks[b];
      for (VReg p : fn_.params_of(block)) home[p.index] = b;
      for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
        for (const Operand& op : fn_.operands_of(fn_.insts[i])) {
          if (op.kind == OperandKind::kDef)
            home[op.vreg.index] = b;
          else
            mention(op.vreg);
        }
        for (VReg v : fn_.cold_uses_of(fn_.insts[i])) mention(v);
      }
      for (const RaEdge& e : fn_.edges_of(block)) {
        for (VReg v : fn_.args_of(e)) mention(v);
        preds_[e.target].push_back(b);
      }
    }
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) spread(v, home[v], mentions[v]);
  }

  /// The edge into block `b` if there is just one.
  std::optional<RaEdge> only_edge(uint32_t b) const {
    if (preds_[b].size() != 1) return std::nullopt;
    for (const RaEdge& e : fn_.edges_of(fn_.blocks[preds_[b][0]])) {
      if (e.target == b) return e;
    }
    return std::nullopt;
  }

  /// References live after instruction `i` or read late by it, not defined by it; for each safepoint of block `b`.
  template <class F>
  void for_each_safepoint(uint32_t b, F visit) const {
    const RaBlock& block = fn_.blocks[b];
    std::vector<uint32_t> live;
    auto add = [&](uint32_t v) {
      if (!fn_.vregs[v].is_ref) return;
      auto it = std::lower_bound(live.begin(), live.end(), v);
      if (it == live.end() || *it != v) live.insert(it, v);
    };
    for (const RaEdge& e : fn_.edges_of(block)) {
      for (uint32_t v : live_in[e.target]) add(v);
      for (VReg v : fn_.args_of(e)) add(v.index);
    }
    for (uint32_t i = block.end_inst; i-- != block.first_inst;) {
      const RaInst& inst = fn_.insts[i];
      for (const Operand& op : fn_.operands_of(inst)) {
        auto it = std::lower_bound(live.begin(), live.end(), op.vreg.index);
        if (op.kind == OperandKind::kDef && it != live.end() && *it == op.vreg.index) live.erase(it);
      }
      for (const Operand& op : fn_.operands_of(inst)) {
        if (op.kind == OperandKind::kUse && op.pos == OperandPos::kLate) add(op.vreg.index);
      }
      if (inst.cold_pos == OperandPos::kLate) add_all(inst, add);
      if (inst.is_safepoint) visit(i, live);
      for (const Operand& op : fn_.operands_of(inst)) {
        if (op.kind == OperandKind::kUse) add(op.vreg.index);
      }
      add_all(inst, add);
    }
  }

 private:
  template <class F>
  void add_all(const RaInst& inst, F add) const {
    for (VReg v : fn_.cold_uses_of(inst)) add(v.index);
  }
  void spread(uint32_t v, uint32_t home, std::vector<uint32_t>& todo) {
    while (!todo.empty()) {
      uint32_t b = todo.back();
      todo.pop_back();
      if (b == home || (!live_in[b].empty() && live_in[b].back() == v)) continue;
      live_in[b].push_back(v);  // vregs come in ascending order
      for (uint32_t p : preds_[b]) todo.push_back(p);
    }
  }

  const RaFunction& fn_;
  std::vector<std::vector<uint32_t>> preds_;

 public:
  std::vector<std::vector<uint32_t>> live_in;  // per block, ascending, without its parameters
};

class Checker {
 public:
  Checker(const RaFunction& fn, const RaEnv& env, const RaResult& result) : fn_(fn), env_(env), result_(result), needs_(fn) {
    for (int c = 0; c < kNumRegClasses; ++c) {
      scratch_ |= bit(env.scratch[c]);
      for (PReg r : env.allocatable[c]) allocatable_ |= bit(r);
    }
  }

  Status run() {
    if (auto s = check_shape(); !s.ok()) return s;
    if (auto s = check_edits(); !s.ok()) return s;
    needs_.compute();
    born_.assign(fn_.vregs.size(), 0);
    holds_.resize(kFirstSlot + result_.num_slots);
    is_touched_.resize(holds_.size());
    solve();
    checking_ = true;
    for (block_ = 0; block_ < fn_.blocks.size(); ++block_) {
      if (auto s = run_block(block_); !s.ok()) return s;
    }
    return Ok{};
  }

 private:
  struct Held {
    uint32_t vreg, since;
  };

  Error bad(std::string text) const {
    return Error{ErrorCode::kBadIr, std::move(text), "b" + std::to_string(block_) + " i" + std::to_string(inst_)};
  }

  // ------------------------------------------------------------------------------------------ the result's form

  Status check_shape() {
    if (result_.operand_allocs.size() != fn_.operands.size() || result_.cold_allocs.size() != fn_.cold_uses.size()) {
      return bad("wrong number of places");
    }
    if (result_.num_ref_slots > result_.num_slots) return bad("more reference slots than slots");
    size_t next = 0;
    for (inst_ = 0; inst_ < fn_.insts.size(); ++inst_) {
      if (!fn_.insts[inst_].is_safepoint) continue;
      if (next == result_.safepoints.size() || result_.safepoints[next].inst != inst_) return bad("safepoint map missing");
      const Slice& slots = result_.safepoints[next++].slots;
      if (slots.first > result_.safepoint_slots.size() || slots.count > result_.safepoint_slots.size() - slots.first) {
        return bad("safepoint map out of range");
      }
      for (uint32_t k = 0; k < slots.count; ++k) {
        uint32_t slot = result_.safepoint_slots[slots.first + k];
        if (slot >= result_.num_ref_slots) return bad("safepoint map lists slot " + std::to_string(slot));
        if (k != 0 && slot <= result_.safepoint_slots[slots.first + k - 1]) return bad("safepoint map out of order");
      }
    }
    if (next != result_.safepoints.size()) return bad("safepoint map for no safepoint");
    return Ok{};
  }

  bool in_range(Allocation a) const {
    if (a.is_reg()) return a.index < kFirstSlot;
    return !a.is_stack() || a.index < result_.num_slots;
  }

  Status check_edits() {
    block_ = 0;
    uint32_t previous = 0;
    for (const Edit& e : result_.edits) {
      inst_ = e.inst;
      if (e.inst >= fn_.insts.size() || e.inst < previous) return bad("edits out of order");
      previous = e.inst;
      while (inst_ >= fn_.blocks[block_].end_inst) ++block_;
      if (e.vreg.index >= fn_.vregs.size() || !in_range(e.from) || !in_range(e.to)) return bad("edit out of range");
      if (auto s = check_edit(e); !s.ok()) return s;
    }
    return Ok{};
  }

  Status check_edit(const Edit& e) const {
    const RaVReg& v = fn_.vregs[e.vreg.index];
    if (!e.to.is_reg() && !e.to.is_stack()) return bad("edit to no place");
    if (!e.from.is_reg() && !e.from.is_stack() && !e.from.is_remat()) return bad("edit from no place");
    if (!e.from.is_reg() && !e.to.is_reg()) return bad("edit without a register");
    if (e.from.is_remat() && !v.is_remat) return bad(name(e.vreg.index) + " cannot be rematerialised");
    if (e.from.is_reg() && e.to.is_reg() && e.from.preg().cls != e.to.preg().cls) return bad("edit between classes");
    for (Allocation a : {e.from, e.to}) {
      if (a.is_reg() && a.preg().cls != v.cls && (scratch_ & bit(a.preg())) == 0) return bad("edit in the wrong class");
      if (a.is_stack() && v.is_ref != (a.slot() < result_.num_ref_slots)) return bad("slot of the wrong kind");
    }
    if (!e.to.is_reg()) return Ok{};
    PRegSet writable = allocatable_ | scratch_;
    for (const Operand& op : fn_.operands_of(fn_.insts[e.inst])) {
      if (op.constraint == Constraint::kFixed && op.kind == OperandKind::kUse) {
        writable |= bit(PReg::from_index(op.fixed_or_reuse));
      }
    }
    if ((writable & bit(e.to.preg())) == 0) return bad("edit to " + name(e.to.index, 0) + ", which is not ours");
    return Ok{};
  }

  // -------------------------------------------------------------------------------------------- abstract state

  static Place place_of(Allocation a) {
    if (a.is_reg()) return a.index;
    return a.is_stack() ? kFirstSlot + a.index : kNowhere;
  }
  /// A held vreg counts only if it has not been defined anew since it got there.
  bool current(const Held& h) const { return h.since >= born_[h.vreg]; }
  bool holds(Place place, uint32_t vreg) const {
    if (place == kNowhere) return false;
    return std::any_of(holds_[place].begin(), holds_[place].end(), [&](const Held& h) { return h.vreg == vreg && current(h); });
  }
  void kill(Place place) { holds_[place].clear(); }
  void put(Place place, uint32_t vreg) {
    if (!is_touched_[place]) touched_.push_back(place);
    is_touched_[place] = true;
    holds_[place].push_back({vreg, clock_});
  }
  void copy(Place from, Place to) {
    std::vector<Held> held = holds_[from];
    kill(to);
    for (const Held& h : held) {
      if (current(h)) put(to, h.vreg);
    }
  }
  void load(const std::vector<Fact>& facts) {
    for (Place p : touched_) {
      holds_[p].clear();
      is_touched_[p] = false;
    }
    touched_.clear();
    for (uint32_t v : defined_here_) born_[v] = 0;
    defined_here_.clear();
    clock_ = 1;
    for (const Fact& f : facts) put(f.place, f.vreg);
  }
  std::vector<Fact> save() const {
    std::vector<Fact> facts;
    for (Place p : touched_) {
      for (const Held& h : holds_[p]) {
        if (current(h)) facts.push_back({p, h.vreg});
      }
    }
    std::sort(facts.begin(), facts.end());
    return facts;
  }

  // Iterates to the greatest fixed point: blocks start out unknown, joins only ever remove facts.
  void solve() {
    entry_.assign(fn_.blocks.size(), {});
    std::vector<bool> known(fn_.blocks.size(), false), dirty(fn_.blocks.size(), false);
    known[0] = dirty[0] = true;
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
        if (!dirty[b]) continue;
        dirty[b] = false;
        block_ = b;
        (void)run_block(b).ok();
        std::vector<Fact> out = save();
        for (const RaEdge& e : fn_.edges_of(fn_.blocks[b])) {
          std::vector<Fact> in = across(out, e);
          auto& entry = entry_[e.target];
          if (known[e.target]) {
            std::vector<Fact> both;
            std::set_intersection(in.begin(), in.end(), entry.begin(), entry.end(), std::back_inserter(both));
            if (both.size() == entry.size()) continue;
            in = std::move(both);
          }
          entry = std::move(in);
          known[e.target] = dirty[e.target] = changed = true;
        }
      }
    }
  }

  /// What is known behind an edge: facts about vregs live there, and parameters lie where their arguments do.
  std::vector<Fact> across(const std::vector<Fact>& out, const RaEdge& edge) const {
    std::vector<std::pair<uint32_t, uint32_t>> become;  // (vreg before, vreg after)
    for (uint32_t v : needs_.live_in[edge.target]) become.push_back({v, v});
    auto args = fn_.args_of(edge), params = fn_.params_of(fn_.blocks[edge.target]);
    for (size_t k = 0; k < args.size(); ++k) become.push_back({args[k].index, params[k].index});
    std::sort(become.begin(), become.end());
    std::vector<Fact> in;
    for (const Fact& f : out) {
      auto it = std::lower_bound(become.begin(), become.end(), std::pair<uint32_t, uint32_t>{f.vreg, 0});
      for (; it != become.end() && it->first == f.vreg; ++it) in.push_back({f.place, it->second});
    }
    std::sort(in.begin(), in.end());
    return in;
  }

  // ---------------------------------------------------------------------------------------------- instructions

  Status run_block(uint32_t b) {
    const RaBlock& block = fn_.blocks[b];
    load(entry_[b]);
    collect_safepoints(b);
    auto edit = std::lower_bound(result_.edits.begin(), result_.edits.end(), block.first_inst,
                                 [](const Edit& e, uint32_t i) { return e.inst < i; });
    for (inst_ = block.first_inst; inst_ < block.end_inst; ++inst_) {
      for (; edit != result_.edits.end() && edit->inst == inst_; ++edit) {
        if (auto s = run_edit(*edit); !s.ok() && checking_) return s;
      }
      for (PReg s : env_.scratch) kill(s.index());
      const RaInst& inst = fn_.insts[inst_];
      if (checking_) {
        if (auto s = check_uses(inst); !s.ok()) return s;
        if (auto s = check_defs(inst); !s.ok()) return s;
      }
      if (inst.is_safepoint) {
        if (auto s = run_safepoint(); !s.ok() && checking_) return s;
      }
      run_effects(inst);
    }
    return Ok{};
  }

  Status expect(Place place, uint32_t vreg, const std::string& what) const {
    if (holds(place, vreg)) return Ok{};
    std::string found;
    if (place != kNowhere) {
      for (const Held& h : holds_[place]) {
        if (current(h)) found += (found.empty() ? "" : " ") + name(h.vreg);
      }
    }
    return bad(what + ": expected " + name(vreg) + " in " + name(place, 0) + ", found " + (found.empty() ? "nothing" : found));
  }

  Status run_edit(const Edit& e) {
    Place to = place_of(e.to);
    if (e.from.is_remat()) {
      kill(to);
      put(to, e.vreg.index);
      const RaBlock& block = fn_.blocks[block_];
      if (inst_ != block.first_inst || !needs_.only_edge(block_).has_value()) return Ok{};
      auto args = fn_.args_of(*needs_.only_edge(block_)), params = fn_.params_of(block);
      for (size_t k = 0; k < args.size(); ++k) {  // the edge's moves run here: parameters still equal their arguments
        if (args[k] == e.vreg) put(to, params[k].index);
      }
      return Ok{};
    }
    Status status = expect(place_of(e.from), e.vreg.index, "edit");
    copy(place_of(e.from), to);
    return status;
  }

  Status check_uses(const RaInst& inst) const {
    auto operands = fn_.operands_of(inst);
    for (uint32_t k = 0; k < operands.size(); ++k) {
      const Operand& op = operands[k];
      Allocation a = result_.operand_allocs[inst.operands.first + k];
      std::string what = "operand " + std::to_string(k);
      if (!in_range(a)) return bad(what + ": place out of range");
      if (auto s = check_constraint(inst, k, what); !s.ok()) return s;
      if (op.kind == OperandKind::kDef) continue;
      if (auto s = expect(place_of(a), op.vreg.index, what); !s.ok()) return s;
    }
    for (uint32_t k = 0; k < inst.cold_uses.count; ++k) {
      uint32_t v = fn_.cold_uses[inst.cold_uses.first + k].index;
      Allocation a = result_.cold_allocs[inst.cold_uses.first + k];
      std::string what = "cold use " + std::to_string(k);
      if (!in_range(a)) return bad(what + ": place out of range");
      if (a.is_remat() && fn_.vregs[v].is_remat) continue;
      if (auto s = expect(place_of(a), v, what); !s.ok()) return s;
    }
    return Ok{};
  }

  Status check_constraint(const RaInst& inst, uint32_t k, const std::string& what) const {
    const Operand& op = fn_.operands_of(inst)[k];
    Allocation a = result_.operand_allocs[inst.operands.first + k];
    const RaVReg& v = fn_.vregs[op.vreg.index];
    bool is_def = op.kind == OperandKind::kDef;
    if (a.is_none() && is_def && v.is_remat && op.constraint != Constraint::kFixed) return Ok{};
    if (op.constraint == Constraint::kFixed) {
      bool right = a.is_reg() && a.index == op.fixed_or_reuse;
      return right ? Status(Ok{}) : Status(bad(what + ": not in its fixed register"));
    }
    if (a.is_stack() && op.constraint == Constraint::kAny) {
      if (v.is_ref != (a.slot() < result_.num_ref_slots)) return bad(what + ": slot of the wrong kind");
      return Ok{};
    }
    if (!a.is_reg()) return bad(what + ": needs a register");
    if (a.preg().cls != v.cls) return bad(what + ": register of the wrong class");
    bool reuses = op.constraint == Constraint::kReuse;
    if (reuses && a != result_.operand_allocs[inst.operands.first + op.fixed_or_reuse]) {
      return bad(what + ": not in the register of the operand it reuses");
    }
    if ((allocatable_ & bit(a.preg())) == 0) return bad(what + ": register is not allocatable");
    return Ok{};
  }

  // Outputs overwrite nothing that is still read and not each other.
  Status check_defs(const RaInst& inst) const {
    std::vector<Place> early_reads, late_reads, early_defs, late_defs;
    auto operands = fn_.operands_of(inst);
    for (uint32_t k = 0; k < operands.size(); ++k) {
      const Operand& op = operands[k];
      Place place = place_of(result_.operand_allocs[inst.operands.first + k]);
      bool late = op.pos == OperandPos::kLate, is_def = op.kind == OperandKind::kDef;
      if (place == kNowhere) continue;
      (is_def ? (late ? late_defs : early_defs) : (late ? late_reads : early_reads)).push_back(place);
      bool clobbered = place < kFirstSlot && (inst.clobbers >> place & 1) != 0;
      if (is_def && clobbered && op.constraint != Constraint::kFixed) {
        return bad("operand " + std::to_string(k) + ": output in a clobbered register");
      }
    }
    for (uint32_t k = 0; k < inst.cold_uses.count; ++k) {
      Place place = place_of(result_.cold_allocs[inst.cold_uses.first + k]);
      if (place != kNowhere) (inst.cold_pos == OperandPos::kLate ? late_reads : early_reads).push_back(place);
    }
    auto meet = [](const std::vector<Place>& a, const std::vector<Place>& b) {
      return std::any_of(a.begin(), a.end(), [&](Place p) { return std::find(b.begin(), b.end(), p) != b.end(); });
    };
    std::vector<Place> defs = early_defs;
    defs.insert(defs.end(), late_defs.begin(), late_defs.end());
    std::sort(defs.begin(), defs.end());
    if (std::adjacent_find(defs.begin(), defs.end()) != defs.end()) return bad("two outputs in one place");
    if (meet(early_defs, early_reads) || meet(defs, late_reads)) return bad("output overwrites an input that is still read");
    for (Place p : late_reads) {
      if (p < kFirstSlot && (inst.clobbers >> p & 1) != 0) return bad("late use in a clobbered register");
    }
    return Ok{};
  }

  void run_effects(const RaInst& inst) {
    ++clock_;
    for (PRegSet rest = inst.clobbers; rest != 0; rest &= rest - 1) kill(static_cast<Place>(__builtin_ctzll(rest)));
    for (uint32_t k = 0; k < inst.operands.count; ++k) {
      const Operand& op = fn_.operands[inst.operands.first + k];
      if (op.kind != OperandKind::kDef) continue;
      born_[op.vreg.index] = clock_;
      defined_here_.push_back(op.vreg.index);
      Place place = place_of(result_.operand_allocs[inst.operands.first + k]);
      if (place == kNowhere || place >= holds_.size()) continue;
      kill(place);
      put(place, op.vreg.index);
    }
  }

  // ------------------------------------------------------------------------------------------------ safepoints

  void collect_safepoints(uint32_t b) {
    across_.clear();
    const RaBlock& block = fn_.blocks[b];
    auto first = std::lower_bound(result_.safepoints.begin(), result_.safepoints.end(), block.first_inst,
                                  [](const SafepointMap& m, uint32_t i) { return m.inst < i; });
    map_ = static_cast<size_t>(first - result_.safepoints.begin());
    if (!checking_ || first == result_.safepoints.end() || first->inst >= block.end_inst) return;
    needs_.for_each_safepoint(b, [&](uint32_t, const std::vector<uint32_t>& live) { across_.push_back(live); });
  }

  Status run_safepoint() {
    auto slots = result_.slots_of(result_.safepoints[map_++]);
    Status status = checking_ ? check_safepoint(slots) : Status(Ok{});
    for (Place p : touched_) {
      bool visited = p >= kFirstSlot && std::binary_search(slots.begin(), slots.end(), p - kFirstSlot);
      if (!visited) std::erase_if(holds_[p], [&](const Held& h) { return fn_.vregs[h.vreg].is_ref; });
    }
    return status;
  }

  Status check_safepoint(std::span<const uint32_t> slots) {
    std::vector<uint32_t> live = std::move(across_.back());
    across_.pop_back();
    for (uint32_t v : live) {
      if (fn_.vregs[v].is_remat) continue;
      bool listed = std::any_of(slots.begin(), slots.end(), [&](uint32_t s) { return holds(kFirstSlot + s, v); });
      if (!listed) return bad("safepoint map: expected a slot with reference " + name(v));
    }
    if (auto s = check_late_references(slots); !s.ok()) return s;
    for (uint32_t s : slots) {
      bool valid = std::any_of(live.begin(), live.end(), [&](uint32_t v) { return holds(kFirstSlot + s, v); });
      if (!valid) return bad("safepoint map: slot " + std::to_string(s) + " holds no live reference");
    }
    return Ok{};
  }

  // What is read after objects moved must have been updated.
  Status check_late_references(std::span<const uint32_t> slots) const {
    const RaInst& inst = fn_.insts[inst_];
    auto updated = [&](VReg v, Allocation a) {
      if (!fn_.vregs[v.index].is_ref || a.is_remat()) return true;
      return a.is_stack() && std::binary_search(slots.begin(), slots.end(), a.slot());
    };
    for (uint32_t k = 0; k < inst.operands.count; ++k) {
      const Operand& op = fn_.operands_of(inst)[k];
      if (op.kind == OperandKind::kDef || op.pos == OperandPos::kEarly) continue;
      if (!updated(op.vreg, result_.operand_allocs[inst.operands.first + k])) {
        return bad("operand " + std::to_string(k) + ": reference read late from a place the map does not list");
      }
    }
    for (uint32_t k = 0; k < inst.cold_uses.count && inst.cold_pos == OperandPos::kLate; ++k) {
      if (!updated(fn_.cold_uses_of(inst)[k], result_.cold_allocs[inst.cold_uses.first + k])) {
        return bad("cold use " + std::to_string(k) + ": reference read late from a place the map does not list");
      }
    }
    return Ok{};
  }

  const RaFunction& fn_;
  const RaEnv& env_;
  const RaResult& result_;
  Needs needs_;
  PRegSet allocatable_ = 0, scratch_ = 0;
  bool checking_ = false;
  uint32_t block_ = 0, inst_ = 0;
  std::vector<std::vector<Fact>> entry_;  // per block
  std::vector<std::vector<Held>> holds_;  // per place, while inside a block
  std::vector<Place> touched_;            // places that may hold something
  std::vector<bool> is_touched_;
  std::vector<uint32_t> born_, defined_here_;  // clock at the latest definition in this block
  uint32_t clock_ = 1;
  size_t map_ = 0;                             // next safepoint map
  std::vector<std::vector<uint32_t>> across_;  // live references per safepoint of this block, last one first
};

}  // namespace

Status check_allocation(const RaFunction& fn, const RaEnv& env, const RaResult& result) { return Checker(fn, env, result).run(); }

}  // namespace orus::jit
