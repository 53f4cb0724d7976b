// The walk over a unit's blocks that both encodings share: control, exits and frame states; ops are the domain's.
#pragma once

#include "fuzz/proofs/encode.h"

namespace orus::proofs {

using jit::BlockId;
using jit::Function;
using jit::Inst;
using jit::InstId;
using jit::IrOp;
using jit::IrType;

/// Thrown where a unit has something that the encoding lacks.
struct Unsupported {};

inline unsigned width(IrType type) { return type == IrType::kI32 ? 32 : 64; }

/// Walks the blocks in order and collects exits and results; D says what an op computes.
template <class D>
class Walk {
 public:
  Walk(z3::context& c, const Function& fn, const Inputs& inputs)
      : c_(c), fn_(fn), inputs_(inputs), domain_(c), values_(fn.insts.size()), entered_(fn.blocks.size()) {}

  Behaviour run() {
    Behaviour result{c_.int_val(0), c_.bool_val(false), c_.bool_val(true), {}, {}};
    result_ = &result;
    entered_[0] = c_.bool_val(true);
    for (BlockId block : fn_.reverse_postorder()) {
      if (!entered_[block.index]) throw Unsupported();  // a back edge
      alive_ = *entered_[block.index];
      for (InstId id : fn_.at(block).insts) instruction(id);
      leave_block(block);
    }
    if (value_) result.value = *value_;
    return result;
  }

 private:
  z3::context& c_;
  const Function& fn_;
  const Inputs& inputs_;
  D domain_;
  std::vector<std::optional<z3::expr>> values_;
  std::vector<std::optional<z3::expr>> entered_;  // by block: control gets there
  std::optional<z3::expr> alive_, value_;
  Behaviour* result_ = nullptr;

  const z3::expr& value(InstId id) const {
    if (!values_[id.index]) throw Unsupported();
    return *values_[id.index];
  }

  void leave_if(const z3::expr& fails, const Inst& inst) {
    const auto& frame = fn_.at(inst.frame);
    z3::expr here = *alive_ && fails;
    result_->exit = z3::ite(here, c_.int_val(frame.pc + 1), result_->exit);
    std::vector<uint16_t> registers;
    for (const auto& [reg, id] : frame.values) {
      registers.push_back(reg);
      auto [it, fresh] = result_->frame.try_emplace({frame.pc, reg}, value(id));
      if (!fresh) it->second = z3::ite(here, value(id), it->second);
    }
    result_->exits.push_back({frame.pc, registers});
    alive_ = *alive_ && !fails;
  }

  void instruction(InstId id) {
    const Inst& inst = fn_.at(id);
    auto arg = [&](uint32_t i) -> const z3::expr& { return value(inst.args[i]); };
    switch (inst.op) {
      case IrOp::param: values_[id.index] = inputs_[static_cast<size_t>(inst.imm)]; return;
      case IrOp::constant: values_[id.index] = domain_.constant(inst.type, inst.imm); return;
      case IrOp::select: values_[id.index] = z3::ite(arg(0), arg(1), arg(2)); return;
      case IrOp::pi: values_[id.index] = arg(0); return;
      case IrOp::guard: return leave_if(!arg(0), inst);
      case IrOp::bounds:
        leave_if(!domain_.below(arg(0), arg(1)), inst);
        values_[id.index] = arg(0);
        return;
      case IrOp::add_ov:
      case IrOp::sub_ov:
      case IrOp::mul_ov:
        leave_if(domain_.overflows(inst.op, inst.type, arg(0), arg(1)), inst);
        values_[id.index] = domain_.wrapped(inst.op, inst.type, arg(0), arg(1));
        return;
      case IrOp::ret:
        if (inst.arg_count != 1) throw Unsupported();
        value_ = value_ ? z3::ite(*alive_, arg(0), *value_) : arg(0);
        return;
      case IrOp::jump:
      case IrOp::branch: return;
      default: break;
    }
    std::vector<z3::expr> args;
    for (uint32_t i = 0; i < inst.arg_count; ++i) args.push_back(arg(i));
    IrType from = inst.arg_count > 0 ? fn_.at(inst.args[0]).type : IrType::kVoid;
    z3::expr condition = domain_.condition(inst.op, inst.type, args);
    result_->defined = result_->defined && z3::implies(*alive_, condition);
    values_[id.index] = domain_.compute(inst.op, inst.type, from, args);
  }

  void leave_block(BlockId block) {
    const auto& successors = fn_.at(block).successors;
    const Inst& last = fn_.at(fn_.terminator(block));
    for (size_t s = 0; s < successors.size(); ++s) {
      z3::expr taken = *alive_;
      if (last.op == IrOp::branch) taken = taken && (s == 0 ? value(last.args[0]) : !value(last.args[0]));
      uint32_t target = successors[s].target.index;
      const auto& phis = fn_.at(successors[s].target).phis;
      for (size_t p = 0; p < phis.size(); ++p) {
        auto& phi = values_[phis[p].index];
        z3::expr incoming = value(successors[s].args[p]);
        phi = phi ? z3::ite(taken, incoming, *phi) : incoming;
      }
      entered_[target] = entered_[target] ? *entered_[target] || taken : taken;
    }
  }
};

}  // namespace orus::proofs
