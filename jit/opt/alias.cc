#include "jit/opt/alias.h"

#include <vector>

namespace orus::jit {
namespace {

uint32_t effects_of_insn(const Insn& insn) {
  return insn.opcode() == Op::rt ? info(static_cast<Builtin>(insn.b)).effects : info(insn.opcode()).effects;
}

bool is_push(Op op) { return op == Op::array_push_1 || op == Op::array_push_4 || op == Op::array_push_8 || op == Op::array_push_ref; }

/// Adds what one bytecode function does itself; appends its callees.
void scan(const orus::Function& fn, CallEffects* effects, std::vector<uint32_t>* callees) {
  for (size_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
    const Insn& insn = fn.code[pc];
    uint32_t bits = effects_of_insn(insn);
    if ((bits & kWriteHeap) != 0) effects->writes_heap = true;
    switch (insn.opcode()) {
      case Op::store_global: effects->globals_written.set(static_cast<size_t>(insn.bc())); break;
      case Op::load_global:
      case Op::check_global: effects->globals_read.set(static_cast<size_t>(insn.bc())); break;
      case Op::call: callees->push_back(insn.b); break;
      default:
        // An opcode that touches globals in a way this switch does not know.
        if ((bits & (kReadGlobal | kWriteGlobal)) != 0) effects->everything = true;
        break;
    }
  }
}

}  // namespace

FreshObjects::FreshObjects(const Function& fn) : fn_(fn), fresh_(fn.insts.size(), false) {
  bool any = false;
  for (const Inst& inst : fn.insts) any = any || (inst.op == IrOp::new_object && !inst.dead);
  if (!any) return;
  std::vector<bool> other(fn.insts.size(), false);
  for (BlockId b : fn.reverse_postorder()) {
    for (const Edge& edge : fn.at(b).successors) {
      const auto& phis = fn.at(edge.target).phis;
      for (size_t i = 0; i < phis.size(); ++i) {
        if (is_source(fn.resolve(edge.args[i]))) {
          fresh_[phis[i].index] = true;
        } else {
          other[phis[i].index] = true;
        }
      }
    }
  }
  for (size_t i = 0; i < other.size(); ++i) fresh_[i] = fresh_[i] && !other[i];
}

/// The inline path's object, or what the runtime made: the object itself, or the buffer of a new array.
bool FreshObjects::is_source(InstId id) const {
  const Inst& inst = fn_.at(id);
  if (inst.op == IrOp::pi) return fn_.at(fn_.resolve(inst.args[0])).op == IrOp::new_object;
  if (inst.op == IrOp::load && inst.aux == kAliasArrayBuffer) {
    InstId array = fn_.resolve(inst.args[0]);
    return fn_.at(array).op == IrOp::runtime && fn_.at(array).block == inst.block && is_source(array);
  }
  if (inst.op != IrOp::runtime) return false;
  const FrameState& frame = fn_.at(inst.frame);
  Op op = fn_.module->functions[frame.function].code[frame.pc].opcode();
  return op == Op::new_struct || op == Op::new_array;
}

InstId FreshObjects::accessed(InstId access) const {
  const Inst& inst = fn_.at(access);
  bool through = inst.op == IrOp::store || inst.op == IrOp::store_elem || inst.op == IrOp::load || inst.op == IrOp::load_elem;
  InstId object = through ? fn_.resolve(inst.args[0]) : InstId();
  return through && contains(object) ? object : InstId();
}

const CallEffects& MemoryEffects::effects_of(uint32_t callee) {
  auto [it, added] = calls_.try_emplace(callee);
  CallEffects& effects = it->second;
  if (!added) return effects;
  const Module& module = *fn_.module;
  effects.globals_read = effects.globals_written = BitSet(module.globals.size());
  BitSet seen(module.functions.size());
  std::vector<uint32_t> work{callee};
  while (!work.empty() && !effects.everything) {
    uint32_t f = work.back();
    work.pop_back();
    if (seen.test(f)) continue;
    seen.set(f);
    size_t words = module.functions[f].code.size();
    if (words > budget_) {
      effects.everything = true;
      break;
    }
    budget_ -= words;
    scan(module.functions[f], &effects, &work);
  }
  return effects;
}

const Insn& MemoryEffects::bytecode_at(InstId id) const {
  const FrameState& frame = fn_.at(fn_.at(id).frame);
  return fn_.module->functions[frame.function].code[frame.pc];
}

uint32_t MemoryEffects::runtime_effects(InstId id) const { return effects_of_insn(bytecode_at(id)); }

bool MemoryEffects::writes(InstId id) const {
  const Inst& inst = fn_.at(id);
  if (inst.op == IrOp::call) return true;
  if (inst.op == IrOp::runtime) return (runtime_effects(id) & (kWriteHeap | kWriteGlobal)) != 0;
  return is_plain_store(inst.op) || inst.op == IrOp::barrier;
}

bool MemoryEffects::may_write(InstId id, uint32_t alias) {
  if (alias == kAliasString) return false;
  const Inst& inst = fn_.at(id);
  if (is_plain_store(inst.op)) return inst.aux == alias;
  if (inst.op == IrOp::barrier) return alias == kAliasObjectFlags;
  if (inst.op == IrOp::call) {
    const CallEffects& effects = effects_of(static_cast<uint32_t>(inst.imm));
    if (effects.everything || !is_global_alias(alias)) return effects.everything || effects.writes_heap;
    return effects.globals_written.test(alias - kAliasGlobalBase);
  }
  if (inst.op != IrOp::runtime) return false;
  uint32_t bits = runtime_effects(id);
  if (is_global_alias(alias)) return (bits & kWriteGlobal) != 0;
  if ((bits & kWriteHeap) == 0) return false;
  Op op = bytecode_at(id).opcode();
  if (is_push(op)) return alias >= kAliasArrayLength && alias <= kAliasElemRef;
  return op == Op::range_next ? alias == kAliasRange : true;
}

bool MemoryEffects::may_read_global(InstId id, uint32_t global) {
  const Inst& inst = fn_.at(id);
  if (inst.op == IrOp::call) {
    const CallEffects& effects = effects_of(static_cast<uint32_t>(inst.imm));
    return effects.everything || effects.globals_read.test(global) || effects.globals_written.test(global);
  }
  return inst.op == IrOp::runtime && (runtime_effects(id) & (kReadGlobal | kWriteGlobal)) != 0;
}

}  // namespace orus::jit
