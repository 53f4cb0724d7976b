// A machine that runs functions before and after register allocation, to compare what they compute.
//
// Every instruction hashes its inputs into its outputs and into a running digest; branches follow a hash. The
// allocated side runs over registers and slots that start as garbage, garbles what an instruction clobbers, and at a
// safepoint "moves" all objects: a reference is stored xor a key that changes there, and only listed slots follow.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "jit/regalloc/regalloc.h"

namespace orus::jit::test {

inline uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9e3779b97f4a7c15u + b + 0x632be59bd9b4e019u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
inline uint64_t constant_of(VReg v) { return mix(0xc0, v.index); }

/// Digests after each executed instruction.
using Trace = std::vector<uint64_t>;

/// Runs `fn`; `State` reads and writes vregs (VirtualState) or places (AllocatedState).
template <class State>
Trace run(const RaFunction& fn, State& state, uint32_t fuel) {
  Trace trace;
  uint64_t digest = 1;
  uint32_t block = 0;
  for (uint32_t step = 0; step < fuel;) {
    const RaBlock& b = fn.blocks[block];
    uint64_t choice = 0;
    for (uint32_t i = b.first_inst; i < b.end_inst; ++i, ++step) {
      uint64_t inputs = state.execute(i, mix(i, step));
      choice = inputs;
      digest = mix(digest, inputs);
      trace.push_back(digest);
    }
    if (b.edges.count == 0) break;
    const RaEdge& edge = fn.edges[b.edges.first + mix(choice, step) % b.edges.count];
    state.follow(edge);
    block = edge.target;
  }
  return trace;
}

class VirtualState {
 public:
  explicit VirtualState(const RaFunction& fn) : fn_(fn), values_(fn.vregs.size(), 0xdead) {}

  uint64_t execute(uint32_t i, uint64_t seed) {
    const RaInst& inst = fn_.insts[i];
    uint64_t h = seed;
    for (const Operand& op : fn_.operands_of(inst)) {
      if (op.kind == OperandKind::kUse) h = mix(h, values_[op.vreg.index]);
    }
    for (VReg v : fn_.cold_uses_of(inst)) h = mix(h, values_[v.index]);
    for (const Operand& op : fn_.operands_of(inst)) {
      if (op.kind != OperandKind::kDef) continue;
      values_[op.vreg.index] = fn_.vregs[op.vreg.index].is_remat ? constant_of(op.vreg) : mix(h, op.vreg.index);
    }
    return h;
  }
  void follow(const RaEdge& edge) {
    std::vector<uint64_t> args;
    for (VReg v : fn_.args_of(edge)) args.push_back(values_[v.index]);
    auto params = fn_.params_of(fn_.blocks[edge.target]);
    for (size_t k = 0; k < args.size(); ++k) values_[params[k].index] = args[k];
  }

 private:
  const RaFunction& fn_;
  std::vector<uint64_t> values_;
};

class AllocatedState {
 public:
  AllocatedState(const RaFunction& fn, const RaEnv& env, const RaResult& result)
      : fn_(fn), env_(env), result_(result), slots_(result.num_slots), first_edit_(fn.insts.size() + 1, 0) {
    for (auto& r : regs_) r = garbage();
    for (auto& s : slots_) s = garbage();
    for (const Edit& e : result.edits) ++first_edit_[e.inst + 1];
    for (size_t i = 0; i < fn.insts.size(); ++i) first_edit_[i + 1] += first_edit_[i];
  }

  uint64_t execute(uint32_t i, uint64_t seed) {
    for (uint32_t e = first_edit_[i]; e < first_edit_[i + 1]; ++e) edit(result_.edits[e]);
    for (PReg s : env_.scratch) regs_[s.index()] = garbage();
    const RaInst& inst = fn_.insts[i];
    std::vector<uint64_t> in(inst.operands.count), cold(inst.cold_uses.count);
    read(inst, OperandPos::kEarly, in, cold);
    if (inst.is_safepoint) move_objects(i);
    garble(inst);
    read(inst, OperandPos::kLate, in, cold);
    uint64_t h = seed;
    for (uint32_t k = 0; k < inst.operands.count; ++k) {
      if (fn_.operands_of(inst)[k].kind == OperandKind::kUse) h = mix(h, in[k]);
    }
    for (uint64_t value : cold) h = mix(h, value);
    for (uint32_t k = 0; k < inst.operands.count; ++k) {
      const Operand& op = fn_.operands_of(inst)[k];
      Allocation a = result_.operand_allocs[inst.operands.first + k];
      if (op.kind != OperandKind::kDef || a.is_none()) continue;
      bool is_constant = fn_.vregs[op.vreg.index].is_remat;
      place(a) = encode(op.vreg, is_constant ? constant_of(op.vreg) : mix(h, op.vreg.index));
    }
    return h;
  }
  void follow(const RaEdge&) {}

 private:
  uint64_t garbage() { return mix(0x6a7ba6e, ++garbage_); }
  uint64_t& place(Allocation a) { return a.is_reg() ? regs_[a.index] : slots_[a.index]; }
  uint64_t encode(VReg v, uint64_t value) const { return fn_.vregs[v.index].is_ref ? value ^ mix(7, epoch_) : value; }

  void edit(const Edit& e) { place(e.to) = e.from.is_remat() ? encode(e.vreg, constant_of(e.vreg)) : place(e.from); }
  void read(const RaInst& inst, OperandPos pos, std::vector<uint64_t>& in, std::vector<uint64_t>& cold) {
    for (uint32_t k = 0; k < inst.operands.count; ++k) {
      const Operand& op = fn_.operands_of(inst)[k];
      if (op.kind != OperandKind::kUse || op.pos != pos) continue;
      in[k] = encode(op.vreg, place(result_.operand_allocs[inst.operands.first + k]));
    }
    if (inst.cold_pos != pos) return;
    for (uint32_t k = 0; k < inst.cold_uses.count; ++k) {
      VReg v = fn_.cold_uses_of(inst)[k];
      Allocation a = result_.cold_allocs[inst.cold_uses.first + k];
      cold[k] = a.is_remat() ? constant_of(v) : encode(v, place(a));
    }
  }
  void move_objects(uint32_t inst) {
    uint64_t change = mix(7, epoch_) ^ mix(7, epoch_ + 1);
    ++epoch_;
    for (const SafepointMap& map : result_.safepoints) {
      if (map.inst != inst) continue;
      for (uint32_t slot : result_.slots_of(map)) slots_[slot] ^= change;
    }
  }
  void garble(const RaInst& inst) {
    for (uint32_t k = 0; k < 64; ++k) {
      if ((inst.clobbers >> k & 1) != 0) regs_[k] = garbage();
    }
    for (uint32_t k = 0; k < inst.operands.count; ++k) {
      const Operand& op = fn_.operands_of(inst)[k];
      Allocation a = result_.operand_allocs[inst.operands.first + k];
      if (op.kind == OperandKind::kDef && !a.is_none()) place(a) = garbage();
    }
  }

  const RaFunction& fn_;
  const RaEnv& env_;
  const RaResult& result_;
  std::array<uint64_t, 64> regs_{};
  std::vector<uint64_t> slots_;
  std::vector<uint32_t> first_edit_;
  uint64_t epoch_ = 0, garbage_ = 0;
};

}  // namespace orus::jit::test
