// Parts of the verifier: verify.cc walks, verify_dominance.cc has the dominators, verify_ops.cc knows the ops. Each
// check returns the broken rule, or nothing.
#pragma once

#include <string>
#include <vector>

#include "jit/ir/ir_numbering.h"

namespace orus::jit {

/// Answers in constant time whether one block dominates another. Every successor must exist.
class DominatorTree {
 public:
  DominatorTree() = default;
  explicit DominatorTree(const Function& fn);
  bool dominates(BlockId a, BlockId b) const { return enter_[a.index] <= enter_[b.index] && enter_[b.index] < leave_[a.index]; }

 private:
  std::vector<uint32_t> enter_, leave_;  // by block: preorder interval in the tree; 0 when unreachable
};

/// Result and argument types against the row of ir_ops.def. The arguments exist.
std::string check_types(const Function& fn, InstId id);
/// The frame states of an instruction that has some; all their ids exist.
std::string check_frames(const Function& fn, InstId id);
/// Rules of single ops: immediates, memory classes, widths, calls.
std::string check_op(const Function& fn, InstId id);

}  // namespace orus::jit
