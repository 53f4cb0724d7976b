// RaBuilder: writes an RaFunction front to back without touching its pools by hand.
//
//   RaBuilder b;
//   VReg x = b.vreg(RegClass::kInt), y = b.vreg(RegClass::kInt);
//   b.begin_block();
//   b.inst().def_fixed(x, rdi);                  // function parameters
//   b.inst().use(x).def_reuse(y, 0);             // y = add x, 1 on a two-address machine
//   b.inst().use_fixed(y, rax);                  // return
//   RaFunction fn = b.finish();
#pragma once

#include <initializer_list>
#include <span>
#include <utility>

#include "jit/regalloc/regalloc.h"

namespace orus::jit {

class RaBuilder {
 public:
  VReg vreg(RegClass cls, bool is_ref = false, bool is_remat = false) {
    fn_.vregs.push_back({cls, is_ref, is_remat});
    return VReg{static_cast<uint32_t>(fn_.vregs.size() - 1)};
  }
  VReg remat(RegClass cls = RegClass::kInt) { return vreg(cls, false, true); }

  /// Starts the next block in emission order; returns its number.
  uint32_t begin_block(std::span<const VReg> params = {}, uint32_t loop_depth = 0, bool cold = false) {
    close_block();
    RaBlock block;
    block.first_inst = size(fn_.insts);
    block.params = append(params);
    block.edges = {size(fn_.edges), 0};
    block.loop_depth = loop_depth;
    block.cold = cold;
    fn_.blocks.push_back(block);
    return size(fn_.blocks) - 1;
  }
  uint32_t begin_block(std::initializer_list<VReg> params, uint32_t loop_depth = 0, bool cold = false) {
    return begin_block(std::span(params.begin(), params.size()), loop_depth, cold);
  }

  /// Starts the next instruction of the current block; operands are added to it.
  RaBuilder& inst() {
    RaInst inst;
    inst.operands = {size(fn_.operands), 0};
    inst.cold_uses = {size(fn_.cold_uses), 0};
    fn_.insts.push_back(inst);
    return *this;
  }
  uint32_t current_inst() const { return static_cast<uint32_t>(fn_.insts.size() - 1); }

  RaBuilder& add(Operand operand) {
    fn_.operands.push_back(operand);
    ++fn_.insts.back().operands.count;
    return *this;
  }
  RaBuilder& use(VReg v, OperandPos pos = OperandPos::kEarly) { return add({v, Constraint::kReg, OperandKind::kUse, pos, 0}); }
  RaBuilder& use_any(VReg v, OperandPos pos = OperandPos::kEarly) { return add({v, Constraint::kAny, OperandKind::kUse, pos, 0}); }
  RaBuilder& use_fixed(VReg v, PReg reg, OperandPos pos = OperandPos::kEarly) {
    return add({v, Constraint::kFixed, OperandKind::kUse, pos, static_cast<uint8_t>(reg.index())});
  }
  RaBuilder& def(VReg v, OperandPos pos = OperandPos::kLate) { return add({v, Constraint::kReg, OperandKind::kDef, pos, 0}); }
  RaBuilder& def_any(VReg v) { return add({v, Constraint::kAny, OperandKind::kDef, OperandPos::kLate, 0}); }
  RaBuilder& def_fixed(VReg v, PReg reg, OperandPos pos = OperandPos::kLate) {
    return add({v, Constraint::kFixed, OperandKind::kDef, pos, static_cast<uint8_t>(reg.index())});
  }
  /// `input`: number of the operand of this instruction whose register the result takes over.
  RaBuilder& def_reuse(VReg v, uint32_t input) {
    return add({v, Constraint::kReuse, OperandKind::kDef, OperandPos::kLate, static_cast<uint8_t>(input)});
  }
  RaBuilder& cold(VReg v, OperandPos pos = OperandPos::kEarly) {
    fn_.cold_uses.push_back(v);
    ++fn_.insts.back().cold_uses.count;
    fn_.insts.back().cold_pos = pos;
    return *this;
  }
  RaBuilder& clobber(PRegSet set) {
    fn_.insts.back().clobbers |= set;
    return *this;
  }
  RaBuilder& safepoint() {
    fn_.insts.back().is_safepoint = true;
    return *this;
  }
  RaBuilder& move() {
    fn_.insts.back().is_move = true;
    return *this;
  }

  /// Adds an edge from the current block.
  RaBuilder& edge(uint32_t target, std::span<const VReg> args = {}) {
    fn_.edges.push_back({target, append(args)});
    ++fn_.blocks.back().edges.count;
    return *this;
  }
  RaBuilder& edge(uint32_t target, std::initializer_list<VReg> args) { return edge(target, std::span(args.begin(), args.size())); }

  RaFunction finish() {
    close_block();
    return std::move(fn_);
  }

 private:
  template <class T>
  static uint32_t size(const std::vector<T>& pool) {
    return static_cast<uint32_t>(pool.size());
  }
  Slice append(std::span<const VReg> vregs) {
    Slice slice{size(fn_.block_vregs), static_cast<uint32_t>(vregs.size())};
    fn_.block_vregs.insert(fn_.block_vregs.end(), vregs.begin(), vregs.end());
    return slice;
  }
  void close_block() {
    if (!fn_.blocks.empty()) fn_.blocks.back().end_inst = size(fn_.insts);
  }
  RaFunction fn_;
};

}  // namespace orus::jit
