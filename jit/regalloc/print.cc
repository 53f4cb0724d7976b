#include "jit/regalloc/print.h"

#include <span>

namespace orus::jit {
namespace {

class Printer {
 public:
  Printer(const RaFunction& fn, const RaResult* result) : fn_(fn), result_(result) {}

  std::string run() {
    size_t edit = 0;
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      const RaBlock& block = fn_.blocks[b];
      out_ += "b" + std::to_string(b);
      list(fn_.params_of(block));
      if (block.loop_depth != 0) out_ += " depth " + std::to_string(block.loop_depth);
      out_ += block.cold ? " cold:\n" : ":\n";
      for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
        while (result_ != nullptr && edit < result_->edits.size() && result_->edits[edit].inst == i) {
          const Edit& e = result_->edits[edit++];
          out_ += "         " + place(e.to) + " := " + place(e.from) + "  (v" + std::to_string(e.vreg.index) + ")\n";
        }
        inst(i, i + 1 == block.end_inst ? &block : nullptr);
      }
    }
    return std::move(out_);
  }

 private:
  static std::string place(Allocation a) {
    if (a.is_stack()) return "s" + std::to_string(a.slot());
    if (a.is_remat()) return "remat";
    if (a.is_none()) return "none";
    return reg(a.preg());
  }
  static std::string reg(PReg r) { return (r.cls == RegClass::kInt ? "r" : "f") + std::to_string(r.hw); }
  static std::string name(VReg v) { return "v" + std::to_string(v.index); }

  void list(std::span<const VReg> vregs) {
    if (vregs.empty()) return;
    out_ += " (";
    for (size_t k = 0; k < vregs.size(); ++k) out_ += (k == 0 ? "" : " ") + name(vregs[k]);
    out_ += ")";
  }

  void inst(uint32_t i, const RaBlock* ends) {
    const RaInst& inst = fn_.insts[i];
    std::string number = std::to_string(i);
    out_ += std::string(number.size() < 5 ? 5 - number.size() : 0, ' ') + number + "   ";
    for (uint32_t k = 0; k < inst.operands.count; ++k) operand(inst.operands.first + k);
    for (uint32_t k = 0; k < inst.cold_uses.count; ++k) {
      out_ += std::string(inst.cold_pos == OperandPos::kLate ? " cold-late " : " cold ");
      out_ += name(fn_.cold_uses_of(inst)[k]);
      if (result_ != nullptr) out_ += "@" + place(result_->cold_allocs[inst.cold_uses.first + k]);
    }
    if (inst.clobbers != 0) out_ += " clobbers " + std::to_string(__builtin_popcountll(inst.clobbers));
    if (inst.is_safepoint) safepoint(i);
    for (uint32_t k = 0; ends != nullptr && k < ends->edges.count; ++k) {
      const RaEdge& e = fn_.edges_of(*ends)[k];
      out_ += " -> b" + std::to_string(e.target);
      list(fn_.args_of(e));
    }
    out_ += "\n";
  }

  void operand(uint32_t index) {
    const Operand& op = fn_.operands[index];
    bool late = op.pos == OperandPos::kLate, is_def = op.kind == OperandKind::kDef;
    out_ += is_def ? (late ? " def " : " def-early ") : (late ? " use-late " : " use ");
    out_ += name(op.vreg);
    if (op.constraint == Constraint::kAny) out_ += "?";
    if (op.constraint == Constraint::kReuse) out_ += "=" + std::to_string(op.fixed_or_reuse);
    if (op.constraint == Constraint::kFixed) out_ += "!" + reg(PReg::from_index(op.fixed_or_reuse));
    if (result_ != nullptr) out_ += "@" + place(result_->operand_allocs[index]);
  }

  void safepoint(uint32_t i) {
    out_ += " safepoint";
    if (result_ == nullptr) return;
    for (const SafepointMap& map : result_->safepoints) {
      if (map.inst != i) continue;
      for (uint32_t slot : result_->slots_of(map)) out_ += " s" + std::to_string(slot);
    }
  }

  const RaFunction& fn_;
  const RaResult* result_;
  std::string out_;
};

}  // namespace

std::string print_allocation(const RaFunction& fn, const RaResult* result) { return Printer(fn, result).run(); }

}  // namespace orus::jit
