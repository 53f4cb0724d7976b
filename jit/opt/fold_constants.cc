// fold_constants: compute what is known, rewrite to simpler forms, drop checks and branches that are decided.
//
// Needs:  verified SSA. Not needed: dominators, use lists.
// Leaves: verified SSA; blocks go away where a branch became constant.
// Never:  drops a trap unless the folded value proves it cannot happen.
//
//   before  v2 = add_ov.i64 40, 2 reason overflow
//   after   v2 = const.i64 42
//
// One walk in reverse postorder: arguments are folded before their users, but for those of phis that come from later
// blocks. The rules are in fold.cc and fold_compare.cc.
#include "jit/opt/fold.h"
#include "jit/opt/passes.h"

namespace orus::jit {
namespace {

/// Rewrites the block's terminator; true when an edge went away.
bool fold_branch(Function& fn, BlockId block, PassContext& ctx) {
  InstId id = fn.terminator(block);
  if (fn.at(id).op != IrOp::branch) return false;
  auto& successors = fn.at(block).successors;
  InstId condition = fn.at(id).args[0];
  if (fn.at(condition).op == IrOp::not_) {
    fn.at(id).args[0] = fn.at(condition).args[0];
    std::swap(successors[0], successors[1]);
    ctx.rewrote("branch (not c), b1, b2 -> branch c, b2, b1");
    return fold_branch(fn, block, ctx);
  }
  bool same = successors[0].target == successors[1].target && successors[0].args == successors[1].args;
  if (!fn.is_constant(condition) && !same) return false;
  size_t taken = same || fn.constant_value(condition) != 0 ? 0 : 1;
  Edge edge = std::move(successors[taken]);
  successors = {std::move(edge)};
  Inst& inst = fn.at(id);
  inst.op = IrOp::jump;
  inst.arg_count = 0;
  ctx.rewrote(same ? "branch c, b1, b1 -> jump b1" : "branch true, b1, b2 -> jump b1");
  return true;
}

}  // namespace

bool fold_constants(Function& fn, PassContext& ctx) {
  uint64_t before = ctx.rewrites;
  Folder folder(fn, ctx);
  bool edges_changed = false;
  for (BlockId b : fn.reverse_postorder()) {
    folder.begin_block(b);
    std::vector<InstId> old = std::move(fn.at(b).insts);
    fn.at(b).insts.clear();
    fn.at(b).insts.reserve(old.size());
    for (InstId id : old) {
      if (fn.at(id).dead) continue;
      fn.for_each_arg(id, [&](InstId& arg) { arg = fn.resolve(arg); });
      InstId folded = folder.fold(id);
      if (folded.valid()) {
        fn.replace(id, folded);
        continue;
      }
      if (fn.at(id).op == IrOp::guard && folder.always_true(fn.at(id).args[0])) {
        fn.at(id).dead = true;
        ctx.rewrote("guard true ->");
        continue;
      }
      fn.at(b).insts.push_back(id);
    }
    edges_changed |= fold_branch(fn, b, ctx);
  }
  if (ctx.rewrites == before) return false;
  fn.apply_replacements();
  if (edges_changed) simplify_phis(fn, ctx);
  return true;
}

}  // namespace orus::jit
