// eliminate_checks: remove checks whose outcome is certain.
//
// Needs:  verified SSA. Leaves: verified SSA, loops with preheaders; a branch that became certain loses an edge, and the blocks
//         that only it led to; its target may keep block parameters with one argument.
// Never:  moves anything. What depended on a check's place still stands behind it: a bounds check becomes a `pi`, and
//         divisions, loads and stores are pinned where they are.
//
//   before  v2 = add_ov.i32 v1, 1        v1 < 100 here
//   after   v2 = add.i32 v1, 1
//   before  v3 = bounds v1, v2           0 <= v1, v1 < v2 here
//   after   v3 = pi v1
//   before  guard v4                     v4 decided by a dominating branch, guard or bounds check, or by ranges
//   after   (nothing)
//   before  branch v4, b1, b2            v4 certain
//   after   jump b1
#include "jit/opt/passes.h"
#include "jit/opt/ranges.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

/// Turns a check into an op without an exit, in place: its users keep their argument.
void replace_check(Function& fn, InstId id, IrOp op) {
  Inst& inst = fn.at(id);
  inst.op = op;
  inst.frame = FrameId();
  inst.reason = ExitReason{};
}

IrOp wrapping(IrOp op) { return op == IrOp::add_ov ? IrOp::add : op == IrOp::sub_ov ? IrOp::sub : IrOp::mul; }

bool in_bounds(const Function& fn, const Ranges& ranges, InstId id) {
  InstId index = fn.at(id).args[0], length = fn.at(id).args[1];
  Point here = ranges.before(id);
  Range range = ranges.at(index, here), limit = ranges.at(length, here);
  return !range.empty() && range.lo >= 0 && !limit.empty() && limit.lo >= 0 && ranges.at_most(index, length, 1, here);
}

void fold_branch(Function& fn, BlockId block, bool taken) {
  Inst& inst = fn.at(fn.terminator(block));
  inst.op = IrOp::jump;
  inst.arg_count = 0;
  auto& successors = fn.at(block).successors;
  Edge kept = std::move(successors[taken ? 0 : 1]);
  successors.assign(1, std::move(kept));
}

bool eliminate(Function& fn, PassContext& ctx, const Ranges& ranges, BlockId block, InstId id) {
  Inst& inst = fn.at(id);
  switch (inst.op) {
    case IrOp::add_ov:
    case IrOp::sub_ov:
    case IrOp::mul_ov:
      if (!ranges.is_exact(id)) return false;
      replace_check(fn, id, wrapping(inst.op));
      ctx.rewrote("add_ov x, y -> add x, y, where ranges fit");
      return true;
    case IrOp::bounds:
      if (!in_bounds(fn, ranges, id)) return false;
      replace_check(fn, id, IrOp::pi);
      inst.arg_count = 1;
      ctx.rewrote("bounds i, n -> pi i, where 0 <= i < n");
      return true;
    case IrOp::guard:
      if (ranges.known(inst.args[0], ranges.before(id)) != true) return false;
      inst.dead = true;
      ctx.rewrote("guard c -> , where c is certain");
      return true;
    case IrOp::branch: {
      auto taken = ranges.known(inst.args[0], ranges.before(id));
      if (!taken) return false;
      fold_branch(fn, block, *taken);
      ctx.rewrote("branch c, b1, b2 -> jump b1, where c is certain");
      return true;
    }
    default: return false;
  }
}

}  // namespace

bool eliminate_checks(Function& fn, PassContext& ctx) {
  fn.rebuild_predecessors();
  // The test in front of a loop then has a block of its own to hold in.
  Dominators dominators;
  bool changed = insert_preheaders(fn, &dominators);
  if (changed) {
    simplify_phis(fn, ctx);
    dominators = compute_dominators(fn);
  }
  Ranges ranges(fn, std::move(dominators));
  for (BlockId b : ranges.dominators().order) {
    for (InstId id : fn.at(b).insts) {
      changed |= eliminate(fn, ctx, ranges, b, id);
    }
  }
  if (changed) fn.sweep();
  return changed;
}

}  // namespace orus::jit
