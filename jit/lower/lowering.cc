#include "jit/lower/lowering.h"

#include <algorithm>

#include "base/rng.h"

namespace orus::jit {

void split_critical_edges(Function& fn) {
  fn.rebuild_predecessors();
  for (uint32_t b = 0; b < fn.blocks.size(); ++b) {
    if (fn.blocks[b].dead || fn.blocks[b].successors.size() < 2) continue;
    for (uint32_t s = 0; s < fn.blocks[b].successors.size(); ++s) {
      BlockId target = fn.blocks[b].successors[s].target;
      if (fn.at(target).predecessors.size() < 2) continue;
      BlockId middle = fn.add_block();
      fn.at(middle).pc = fn.at(target).pc;
      fn.at(middle).cold = fn.at(target).cold;
      fn.append(middle, IrOp::jump, IrType::kVoid, {});
      Edge& edge = fn.blocks[b].successors[s];
      fn.at(middle).successors.push_back({target, std::move(edge.args)});
      edge = {middle, {}};
    }
  }
  fn.rebuild_predecessors();
}

namespace {

/// Blocks that only lead out of the unit are cold.
std::vector<uint8_t> cold_blocks(const Function& fn, const std::vector<BlockId>& order) {
  std::vector<uint8_t> cold(fn.blocks.size(), 0);
  for (size_t i = order.size(); i-- > 0;) {
    const Block& block = fn.at(order[i]);
    bool leaves = fn.at(block.insts.back()).op == IrOp::leave;
    bool all_cold = !block.successors.empty();
    for (const Edge& edge : block.successors) all_cold = all_cold && cold[edge.target.index] != 0;
    cold[order[i].index] = block.cold || leaves || all_cold ? 1 : 0;
  }
  cold[0] = 0;
  return cold;
}

}  // namespace

std::vector<BlockId> layout_blocks(const Function& fn) {
  Dominators dominators = compute_dominators(fn);
  LoopForest forest = compute_loops(fn, dominators);
  auto depth = [&](BlockId b) {
    uint32_t loop = forest.innermost[b.index];
    return loop == UINT32_MAX ? 0 : forest.loops[loop].depth;
  };
  std::vector<uint8_t> cold = cold_blocks(fn, dominators.order);
  // Depth-first postorder that visits the shallower successor first, so that it comes out later: what follows a loop
  // is placed behind the whole loop.
  std::vector<BlockId> postorder;
  std::vector<uint8_t> seen(fn.blocks.size(), 0);
  struct Visit {
    BlockId block;
    std::vector<BlockId> rest;
  };
  auto successors = [&](BlockId b) {
    std::vector<BlockId> list;
    for (const Edge& edge : fn.at(b).successors) list.push_back(edge.target);
    std::reverse(list.begin(), list.end());
    std::stable_sort(list.begin(), list.end(), [&](BlockId x, BlockId y) {
      return cold[x.index] != cold[y.index] ? cold[x.index] > cold[y.index] : depth(x) < depth(y);
    });
    std::reverse(list.begin(), list.end());  // taken from the back
    return list;
  };
  std::vector<Visit> stack;
  stack.push_back({BlockId(0u), successors(BlockId(0u))});
  seen[0] = 1;
  while (!stack.empty()) {
    Visit& top = stack.back();
    if (top.rest.empty()) {
      postorder.push_back(top.block);
      stack.pop_back();
      continue;
    }
    BlockId next = top.rest.back();
    top.rest.pop_back();
    if (seen[next.index]) continue;
    seen[next.index] = 1;
    stack.push_back({next, successors(next)});
  }
  std::vector<BlockId> order;
  for (bool take_cold : {false, true}) {
    for (size_t i = postorder.size(); i-- > 0;) {
      if ((cold[postorder[i].index] != 0) == take_cold) order.push_back(postorder[i]);
    }
  }
  return order;
}

Lowering::Lowering(Function& f, const VerifiedModule& m, const CompileOptions& o) : fn(f), module(m), options(o) {
  split_critical_edges(fn);
  order = layout_blocks(fn);
  if (options.layout_seed != 0) {
    Rng rng(options.layout_seed + fn.index);
    for (size_t i = order.size(); i-- > 2;) std::swap(order[i], order[1 + rng.below(i)]);  // the entry stays first
  }
  number.assign(fn.blocks.size(), UINT32_MAX);
  for (uint32_t i = 0; i < order.size(); ++i) number[order[i].index] = i;
  vregs_.assign(fn.insts.size(), VReg());
  out.is_loop_entry = fn.is_loop_entry;
  count_uses();
  choose_fused();
  Dominators dominators = compute_dominators(fn);
  LoopForest forest = compute_loops(fn, dominators);
  std::vector<uint8_t> cold = cold_blocks(fn, dominators.order);
  for (BlockId b : order) {
    RaBlock block;
    uint32_t loop = forest.innermost[b.index];
    block.loop_depth = loop == UINT32_MAX ? 0 : forest.loops[loop].depth;
    block.cold = cold[b.index] != 0;
    out.ra.blocks.push_back(block);
  }
}

void Lowering::count_uses() {
  uses.assign(fn.insts.size(), 0);
  frame_uses.assign(fn.insts.size(), 0);
  for (BlockId b : order) {
    for (InstId id : fn.at(b).insts) {
      fn.for_each_arg(id, [&](InstId arg) { ++uses[arg.index]; });
      fn.for_each_frame_value(fn.at(id).frame, [&](const FrameValue& v) { ++frame_uses[v.value.index]; });
    }
    for (const Edge& edge : fn.at(b).successors) {
      for (InstId arg : edge.args) ++uses[arg.index];
    }
  }
}

/// A comparison whose only users are branches, guards and select conditions is done at each of them: machines compare
/// and jump in one step, and no register holds the bool.
void Lowering::choose_fused() {
  fused.assign(fn.insts.size(), 0);
  std::vector<uint32_t> condition_uses(fn.insts.size(), 0);
  for (BlockId b : order) {
    for (InstId id : fn.at(b).insts) {
      IrOp op = fn.at(id).op;
      if (op == IrOp::branch || op == IrOp::guard || op == IrOp::select) ++condition_uses[fn.at(id).args[0].index];
    }
  }
  for (uint32_t i = 0; i < fn.insts.size(); ++i) {
    bool compares = fn.insts[i].op >= IrOp::eq && fn.insts[i].op <= IrOp::ule;
    fused[i] = compares && frame_uses[i] == 0 && uses[i] > 0 && uses[i] == condition_uses[i] ? 1 : 0;
  }
}

VReg Lowering::new_vreg(RegClass cls, bool is_ref, bool is_remat, InstId value) {
  out.ra.vregs.push_back({cls, is_ref, is_remat});
  out.value_of.push_back(value);
  return VReg{static_cast<uint32_t>(out.ra.vregs.size() - 1)};
}

VReg Lowering::vreg(InstId id) {
  // A pi or a checked index is its argument: no instruction, no register of its own.
  while (fn.at(id).op == IrOp::pi || fn.at(id).op == IrOp::bounds) id = fn.at(id).args[0];
  VReg& v = vregs_[id.index];
  if (!v.valid()) {
    const Inst& inst = fn.at(id);
    v = new_vreg(inst.type == IrType::kF64 ? RegClass::kFloat : RegClass::kInt, inst.type == IrType::kRef && inst.op != IrOp::constant,
                 inst.op == IrOp::constant, id);
  }
  return v;
}

LirInst& Lowering::inst(uint16_t op, InstId source) {
  RaInst ra;
  ra.operands.first = static_cast<uint32_t>(out.ra.operands.size());
  ra.cold_uses.first = static_cast<uint32_t>(out.ra.cold_uses.size());
  out.ra.insts.push_back(ra);
  LirInst lir;
  lir.op = op;
  lir.source = source;
  out.insts.push_back(lir);
  return out.insts.back();
}

namespace {

void add_operand(LirFunction& out, Operand operand) {
  out.ra.operands.push_back(operand);
  ++out.ra.insts.back().operands.count;
}

}  // namespace

void Lowering::use(InstId value, Constraint c, OperandPos pos) { add_operand(out, {vreg(value), c, OperandKind::kUse, pos, 0}); }
void Lowering::use_fixed(InstId value, PReg reg) {
  add_operand(out, {vreg(value), Constraint::kFixed, OperandKind::kUse, OperandPos::kEarly, static_cast<uint8_t>(reg.index())});
}
void Lowering::def(InstId value, Constraint c, OperandPos pos) { add_operand(out, {vreg(value), c, OperandKind::kDef, pos, 0}); }
void Lowering::def_reuse(InstId value, uint8_t input) {
  add_operand(out, {vreg(value), Constraint::kReuse, OperandKind::kDef, OperandPos::kLate, input});
}
void Lowering::def_fixed(InstId value, PReg reg) {
  add_operand(out, {vreg(value), Constraint::kFixed, OperandKind::kDef, OperandPos::kLate, static_cast<uint8_t>(reg.index())});
}
void Lowering::temp(RegClass cls) {
  add_operand(out, {new_vreg(cls, false, false, InstId()), Constraint::kReg, OperandKind::kDef, OperandPos::kEarly, 0});
}
void Lowering::temp_fixed(PReg reg) {
  add_operand(out, {new_vreg(reg.cls, false, false, InstId()), Constraint::kFixed, OperandKind::kDef, OperandPos::kLate,
                    static_cast<uint8_t>(reg.index())});
}

void Lowering::exit(InstId id, bool raise, OperandPos at) {
  const Inst& source = fn.at(id);
  RaInst& ra = out.ra.insts.back();
  LirExit exit{
      source.frame, source.reason, raise, {static_cast<uint32_t>(out.ra.cold_uses.size()), 0}, static_cast<uint32_t>(out.insts.size() - 1)};
  fn.for_each_frame_value(source.frame, [&](const FrameValue& value) {
    out.ra.cold_uses.push_back(vreg(value.value));
    ++exit.values.count;
  });
  ra.cold_uses = exit.values;
  ra.cold_pos = raise ? OperandPos::kLate : at;
  out.insts.back().exit = static_cast<uint32_t>(out.exits.size());
  out.exits.push_back(exit);
}

void Lowering::site() {
  out.ra.insts.back().is_safepoint = true;
  out.insts.back().site = static_cast<uint32_t>(out.sites.size());
  out.sites.push_back({static_cast<uint32_t>(out.insts.size() - 1), out.insts.back().exit, {}});
}

void Lowering::begin_block(BlockId b) {
  RaBlock& block = out.ra.blocks[number[b.index]];
  block.first_inst = static_cast<uint32_t>(out.insts.size());
  block.params.first = static_cast<uint32_t>(out.ra.block_vregs.size());
  for (InstId phi : fn.at(b).phis) {
    VReg v = vreg(phi);
    out.ra.block_vregs.push_back(v);
    ++block.params.count;
  }
}

void Lowering::end_block(BlockId b) {
  RaBlock& block = out.ra.blocks[number[b.index]];
  block.end_inst = static_cast<uint32_t>(out.insts.size());
  block.edges.first = static_cast<uint32_t>(out.ra.edges.size());
  for (const Edge& edge : fn.at(b).successors) {
    RaEdge ra{number[edge.target.index], {static_cast<uint32_t>(out.ra.block_vregs.size()), 0}};
    for (InstId arg : edge.args) {
      VReg v = vreg(arg);
      out.ra.block_vregs.push_back(v);
      ++ra.args.count;
    }
    out.ra.edges.push_back(ra);
    ++block.edges.count;
  }
}

}  // namespace orus::jit
