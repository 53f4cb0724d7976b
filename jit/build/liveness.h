// LiveWalk: the set of live registers at each instruction of a bytecode block, for a forward walk.
#pragma once

#include "vm/bytecode/verifier.h"

namespace orus::jit {

/// Walks one block forward in O(block length + changes) although liveness is a backward problem: a first backward pass
/// notes which registers change at each instruction, the forward pass replays them.
class LiveWalk {
 public:
  LiveWalk(const orus::Function& fn, const FunctionFacts& facts, uint32_t block);
  /// Live before the instruction at `pc`; pcs must be asked for in ascending order.
  const BitSet& before(uint32_t pc);
  /// Live across the instruction that before() was last asked for: what must survive a call made by it, for the code
  /// after it and for the handlers around it.
  BitSet across() const;

 private:
  BitSet handler_needs() const;
  struct Step {
    uint32_t pc, next;
    uint32_t first_change, change_count;
  };
  const orus::Function& fn_;
  const FunctionFacts& facts_;
  const FunctionFacts::Block& block_;
  std::vector<Step> steps_;          // in reverse order of pc
  std::vector<uint16_t> changes_;
  BitSet live_;                      // before steps_[at_]
  size_t at_;
};

}  // namespace orus::jit
