// convert_branches: replace a branch around one or two cheap instructions by a conditional value.
//
// Needs:  verified SSA. Leaves: verified SSA; the skipped block is unreachable and gone.
// Never:  executes on the other path anything that could exit, read memory or divide. A checked addition of x is kept
//         checked: it adds x or 0, and adding 0 cannot overflow, so it leaves exactly when the original would have
//         (and is marked, because its frame state is that of the arm).
//
//   before  b0: branch c, b1, b2(a)        after  b0: t = select c, k, 0
//           b1: x = add_ov a, k                       x = add_ov a, t
//               jump b2(x)                            jump b2(x)
//
// Only integers: a conditional f64 move is itself a jump on some machines. Only short arms, because both now run.
#include <optional>

#include "jit/ir/ir.h"
#include "jit/opt/passes.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

/// A block reached from `from` alone that does little and goes on where the other successor leads.
struct Triangle {
  BlockId arm, join;
  uint32_t arm_index;              // which successor of the branching block the arm is
  std::vector<size_t> differing;   // phis of the join that get different values
};

bool cheap(const Function& fn, InstId id) {
  const Inst& inst = fn.at(id);
  if (inst.type == IrType::kF64 || inst.type == IrType::kRef) return false;
  if (inst.op == IrOp::add_ov || inst.op == IrOp::sub_ov) return true;
  return info(inst.op).effects == kIrNone && inst.op != IrOp::fmod && inst.op != IrOp::f64_to_int && inst.op != IrOp::f64_to_uint;
}

std::optional<Triangle> find_triangle(const Function& fn, BlockId block) {
  const Block& from = fn.at(block);
  if (from.successors.size() != 2) return std::nullopt;
  for (uint32_t i = 0; i < 2; ++i) {
    const Edge& to_arm = from.successors[i];
    const Edge& to_join = from.successors[1 - i];
    const Block& arm = fn.at(to_arm.target);
    if (arm.predecessors.size() != 1 || arm.successors.size() != 1 || arm.successors[0].target != to_join.target) continue;
    if (!arm.phis.empty() || arm.insts.size() > 2 || arm.cold || fn.at(to_join.target).predecessors.size() != 2) continue;
    if (arm.insts.size() == 2 && !cheap(fn, arm.insts[0])) continue;
    Triangle triangle{to_arm.target, to_join.target, i, {}};
    for (size_t p = 0; p < to_join.args.size(); ++p) {
      if (arm.successors[0].args[p] != to_join.args[p]) triangle.differing.push_back(p);
    }
    if (triangle.differing.size() != 1) continue;
    InstId value = arm.successors[0].args[triangle.differing[0]];
    if (fn.at(value).type == IrType::kF64 || fn.at(value).type == IrType::kRef) continue;
    if (arm.insts.size() == 2 && arm.insts[0] != value) continue;
    return triangle;
  }
  return std::nullopt;
}

InstId append_before_end(Function& fn, BlockId block, InstId id) {
  fn.insert_before_terminator(block, id);
  return id;
}

InstId choose(Function& fn, BlockId block, InstId condition, InstId if_true, InstId if_false) {
  return append_before_end(fn, block, fn.create(IrOp::select, fn.at(if_true).type, {condition, if_true, if_false}));
}

/// The value for the join, computed in `block`. `skipped`: what it is when the arm does not run.
InstId convert_value(Function& fn, PassContext& ctx, BlockId block, const Triangle& t, InstId value, InstId skipped) {
  InstId condition = fn.at(fn.terminator(block)).args[0];
  auto pick = [&](InstId run, InstId skip) {
    return t.arm_index == 0 ? choose(fn, block, condition, run, skip) : choose(fn, block, condition, skip, run);
  };
  if (fn.at(value).block != t.arm || fn.at(value).op == IrOp::phi) {
    ctx.rewrote("c ? jump(x) : jump(y) -> jump(select c, x, y)");
    return pick(value, skipped);
  }
  const Inst inst = fn.at(value);
  bool adds = inst.op == IrOp::add_ov || inst.op == IrOp::sub_ov || inst.op == IrOp::add || inst.op == IrOp::sub;
  if (adds && inst.args[0] == skipped) {
    InstId amount = pick(inst.args[1], fn.constant(inst.type, 0));
    fn.set_arg(value, 1, amount);
    fn.at(value).conditional = true;
    ctx.rewrote("c ? jump(add y, x) : jump(y) -> jump(add y, (select c, x, 0))");
    return append_before_end(fn, block, value);
  }
  if ((info(inst.op).effects & kIrExits) != 0) return InstId();
  ctx.rewrote("c ? jump(op x) : jump(y) -> jump(select c, (op x), y)");
  return pick(append_before_end(fn, block, value), skipped);
}

}  // namespace

bool convert_branches(Function& fn, PassContext& ctx) {
  bool changed = false;
  for (BlockId block : fn.reverse_postorder()) {
    std::optional<Triangle> triangle = find_triangle(fn, block);
    if (!triangle) continue;
    size_t which = triangle->differing[0];
    Edge to_join = fn.at(block).successors[1 - triangle->arm_index];
    InstId value = fn.at(triangle->arm).successors[0].args[which];
    InstId converted = convert_value(fn, ctx, block, *triangle, value, to_join.args[which]);
    if (!converted.valid()) continue;
    to_join.args[which] = converted;
    InstId jump = fn.create(IrOp::jump, IrType::kVoid, {});
    fn.at(jump).block = block;
    fn.at(block).insts.back() = jump;
    fn.at(block).successors = {to_join};
    fn.at(triangle->arm).insts.clear();
    fn.at(triangle->arm).successors.clear();
    changed = true;
  }
  if (changed) fn.sweep();
  return changed;
}

}  // namespace orus::jit
