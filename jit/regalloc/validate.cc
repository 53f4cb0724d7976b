// validate_ra_function: the rules that the register allocator's input must satisfy (regalloc.h).
#include <string>

#include "jit/regalloc/regalloc.h"

namespace orus::jit {
namespace {

class Validator {
 public:
  Validator(const RaFunction& fn, const RaEnv& env) : fn_(fn), env_(env) {}

  Status run() {
    if (auto s = check_env(); !s.ok()) return s;
    if (auto s = check_layout(); !s.ok()) return s;
    defined_.assign(fn_.vregs.size(), false);
    for (block_ = 0; block_ < fn_.blocks.size(); ++block_) {
      const RaBlock& block = fn_.blocks[block_];
      inst_ = block.first_inst;
      for (VReg p : fn_.params_of(block)) {
        if (auto s = define(p); !s.ok()) return s;
      }
      for (inst_ = block.first_inst; inst_ < block.end_inst; ++inst_) {
        if (auto s = check_inst(fn_.insts[inst_]); !s.ok()) return s;
      }
      --inst_;
      if (auto s = check_edges(block); !s.ok()) return s;
    }
    if (auto s = check_mentions(); !s.ok()) return s;
    return check_reachable();
  }

 private:
  Error bad(std::string text) const {
    return Error{ErrorCode::kBadIr, std::move(text), "b" + std::to_string(block_) + " i" + std::to_string(inst_)};
  }
  static std::string name(VReg v) { return "v" + std::to_string(v.index); }

  Status check_env() const {
    for (int c = 0; c < kNumRegClasses; ++c) {
      if (env_.allocatable[c].empty()) return bad("no allocatable register in a class");
      PRegSet seen = bit(env_.scratch[c]);
      if (env_.scratch[c].cls != static_cast<RegClass>(c)) return bad("scratch register of the wrong class");
      for (PReg r : env_.allocatable[c]) {
        if (r.hw >= 32 || r.cls != static_cast<RegClass>(c) || (seen & bit(r)) != 0) {
          return bad("allocatable register repeated, out of range, of the wrong class, or scratch");
        }
        seen |= bit(r);
      }
    }
    return Ok{};
  }

  static bool inside(Slice s, size_t size) { return s.first <= size && s.count <= size - s.first; }

  Status check_layout() {
    if (fn_.blocks.empty()) return bad("no blocks");
    uint32_t next = 0;
    preds_.assign(fn_.blocks.size(), 0);
    for (block_ = 0; block_ < fn_.blocks.size(); ++block_) {
      const RaBlock& b = fn_.blocks[block_];
      if (b.first_inst != next || b.end_inst <= b.first_inst || b.end_inst > fn_.insts.size()) {
        return bad("blocks do not partition the instructions");
      }
      next = b.end_inst;
      if (!inside(b.params, fn_.block_vregs.size()) || !inside(b.edges, fn_.edges.size())) return bad("bad slice");
      for (const RaEdge& e : fn_.edges_of(b)) {
        if (e.target >= fn_.blocks.size() || !inside(e.args, fn_.block_vregs.size())) return bad("bad edge");
        ++preds_[e.target];
      }
    }
    if (next != fn_.insts.size()) return bad("instructions after the last block");
    block_ = 0;
    if (preds_[0] != 0 || fn_.blocks[0].params.count != 0) return bad("entry block has predecessors or parameters");
    return Ok{};
  }

  Status define(VReg v) {
    if (v.index >= fn_.vregs.size()) return bad("vreg out of range");
    if (defined_[v.index]) return bad(name(v) + " is defined twice");
    defined_[v.index] = true;
    const RaVReg& info = fn_.vregs[v.index];
    if (info.is_ref && info.cls != RegClass::kInt) return bad(name(v) + " is a reference of class float");
    return Ok{};
  }

  Status check_fixed(const Operand& op) {
    PReg r = PReg::from_index(op.fixed_or_reuse);
    if (op.fixed_or_reuse >= 64 || r.cls != fn_.vregs[op.vreg.index].cls) return bad("bad fixed register");
    for (PReg s : env_.scratch) {
      if (s == r) return bad("scratch register as a fixed operand");
    }
    bool late = op.pos == OperandPos::kLate;
    bool is_def = op.kind == OperandKind::kDef;
    bool at_early = !is_def || !late, at_late = is_def || late;
    for (int point = 0; point < 2; ++point) {
      if (!(point == 0 ? at_early : at_late)) continue;
      uint32_t& owner = point == 0 ? early_owner_[r.index()] : late_owner_[r.index()];
      if (owner != UINT32_MAX && owner != op.vreg.index) return bad("two vregs fixed to one register");
      if (owner == op.vreg.index && is_def) return bad("fixed operand twice");
      owner = op.vreg.index;
    }
    return Ok{};
  }

  Status check_reuse(const RaInst& inst, const Operand& op) {
    if (op.kind != OperandKind::kDef || op.pos != OperandPos::kLate) return bad("kReuse on a use or an early definition");
    if (op.fixed_or_reuse >= inst.operands.count || op.fixed_or_reuse >= 64) return bad("kReuse names no operand");
    const Operand& input = fn_.operands_of(inst)[op.fixed_or_reuse];
    if (input.kind != OperandKind::kUse || input.pos != OperandPos::kEarly || input.vreg.index >= fn_.vregs.size() ||
        input.constraint == Constraint::kFixed || fn_.vregs[input.vreg.index].cls != fn_.vregs[op.vreg.index].cls) {
      return bad("kReuse of something else than an early, unfixed use of the same class");
    }
    return Ok{};
  }

  Status check_inst(const RaInst& inst) {
    if (!inside(inst.operands, fn_.operands.size()) || !inside(inst.cold_uses, fn_.cold_uses.size())) {
      return bad("bad slice");
    }
    early_owner_.fill(UINT32_MAX);
    late_owner_.fill(UINT32_MAX);
    uint64_t reused = 0;
    for (const Operand& op : fn_.operands_of(inst)) {
      if (op.vreg.index >= fn_.vregs.size()) return bad("vreg out of range");
      if (op.kind == OperandKind::kDef) {
        if (auto s = define(op.vreg); !s.ok()) return s;
        if (op.pos == OperandPos::kEarly && op.constraint == Constraint::kAny) return bad("early kAny definition");
        bool plain = inst.operands.count == 1 && inst.cold_uses.count == 0 && inst.clobbers == 0 && !inst.is_safepoint;
        if (fn_.vregs[op.vreg.index].is_remat && !plain) return bad(name(op.vreg) + " is defined by more than a constant");
      } else if (inst.is_safepoint && op.pos == OperandPos::kLate && fn_.vregs[op.vreg.index].is_ref && op.constraint != Constraint::kAny) {
        return bad("late use of a reference in a register at a safepoint");
      }
      if (op.constraint == Constraint::kFixed) {
        if (auto s = check_fixed(op); !s.ok()) return s;
      } else if (op.constraint == Constraint::kReuse) {
        if (auto s = check_reuse(inst, op); !s.ok()) return s;
        if ((reused >> op.fixed_or_reuse & 1) != 0) return bad("two kReuse of one operand");
        reused |= uint64_t{1} << op.fixed_or_reuse;
      }
    }
    return Ok{};
  }

  Status check_edges(const RaBlock& block) {
    const RaInst& last = fn_.insts[block.end_inst - 1];
    for (const RaEdge& e : fn_.edges_of(block)) {
      const RaBlock& to = fn_.blocks[e.target];
      if (e.args.count != to.params.count) return bad("argument count differs from the target's parameters");
      for (uint32_t i = 0; i < e.args.count; ++i) {
        VReg a = fn_.args_of(e)[i], p = fn_.params_of(to)[i];
        if (a.index >= fn_.vregs.size() || p.index >= fn_.vregs.size()) return bad("vreg out of range");
        if (fn_.vregs[a.index].cls != fn_.vregs[p.index].cls || fn_.vregs[a.index].is_ref != fn_.vregs[p.index].is_ref) {
          return bad(name(a) + " does not fit parameter " + name(p));
        }
      }
      if (block.edges.count > 1 && preds_[e.target] > 1) return bad("critical edge");
      bool busy = last.operands.count != 0 || last.cold_uses.count != 0 || last.clobbers != 0 || last.is_safepoint;
      if (preds_[e.target] > 1 && busy) return bad("jump with operands, cold uses, clobbers or safepoint");
    }
    return Ok{};
  }

  // Terminator definitions are unused, remat parameters do not exist, everything mentioned is in range and defined.
  Status check_mentions() const {
    auto known = [&](VReg v) { return v.index < fn_.vregs.size() && defined_[v.index]; };
    std::vector<bool> at_terminator(fn_.vregs.size(), false);
    for (const RaBlock& b : fn_.blocks) {
      for (const Operand& op : fn_.operands_of(fn_.insts[b.end_inst - 1])) {
        if (op.kind == OperandKind::kDef) at_terminator[op.vreg.index] = true;
      }
      for (VReg p : fn_.params_of(b)) {
        if (fn_.vregs[p.index].is_remat) return bad("parameter " + name(p) + " is marked rematerialisable");
      }
    }
    for (const Operand& op : fn_.operands) {
      if (!known(op.vreg)) return bad(name(op.vreg) + " is never defined");
      if (op.kind == OperandKind::kUse && at_terminator[op.vreg.index]) {
        return bad(name(op.vreg) + ", defined by a terminator, is used");
      }
    }
    for (VReg v : fn_.cold_uses) {
      if (!known(v) || at_terminator[v.index]) return bad("bad cold use of " + name(v));
    }
    for (VReg v : fn_.block_vregs) {
      if (!known(v) || at_terminator[v.index]) return bad("bad argument " + name(v));
    }
    return Ok{};
  }

  Status check_reachable() {
    std::vector<bool> seen(fn_.blocks.size(), false);
    std::vector<uint32_t> work{0};
    seen[0] = true;
    while (!work.empty()) {
      const RaBlock& b = fn_.blocks[work.back()];
      work.pop_back();
      for (const RaEdge& e : fn_.edges_of(b)) {
        if (!seen[e.target]) {
          seen[e.target] = true;
          work.push_back(e.target);
        }
      }
    }
    for (block_ = 0; block_ < seen.size(); ++block_) {
      if (!seen[block_]) return bad("unreachable block");
    }
    return Ok{};
  }

  const RaFunction& fn_;
  const RaEnv& env_;
  uint32_t block_ = 0, inst_ = 0;
  std::vector<bool> defined_;
  std::vector<uint32_t> preds_;
  std::array<uint32_t, 64> early_owner_{}, late_owner_{};
};

}  // namespace

Status validate_ra_function(const RaFunction& fn, const RaEnv& env) { return Validator(fn, env).run(); }

}  // namespace orus::jit
