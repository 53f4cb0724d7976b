// Induction variables of one loop and expressions that are monotone in one of them.
//
// An induction variable starts at a value that the loop does not change and moves by a step that it does not change,
// in one direction, without wrapping: its sum is checked, or ranges prove it. Its last value in a block of the loop
// comes from a comparison with an invariant limit, made on the way to the block or on the back edge.
//
// An expression that is monotone in i lies, for every i between two bounds, between its values at those bounds. Linear
// expressions of unknown direction are monotone too, and so are sums of linear ones.
#pragma once

#include <set>
#include <vector>

#include "jit/opt/alias.h"
#include "jit/opt/ranges.h"

namespace orus::jit {

struct Induction {
  InstId phi, next, start, step;
  int direction = 0;        // +1, -1
  Int128 constant_step = 0;  // its magnitude, 0 when it is no constant
};

/// One side of an induction variable that the loop's conditions bound: phi <= limit (or >=, when it falls).
struct Limit {
  InstId value;
  bool inclusive = false;
  bool first_is_free = false;  // tested on the back edge only: the first iteration does not depend on it
};

struct Form {
  enum Kind : uint8_t { kNone, kInvariant, kVarying };
  Kind kind = kNone;
  bool linear = true;
  int direction = 0;           // of a varying form, as i grows: +1, -1, 0 unknown
  uint32_t induction = 0;      // index, of a varying form
};

class LoopShape {
 public:
  LoopShape(const Function& fn, const Loop& loop, const Ranges& ranges, MemoryEffects& effects, const FreshObjects& fresh);

  const std::vector<Induction>& inductions() const { return inductions_; }
  bool is_inside(BlockId block) const { return inside_[block.index]; }
  bool is_invariant(InstId value) const { return !inside_[fn_.at(value).block.index]; }
  /// The length of an array that the loop neither changes nor can find missing.
  bool is_invariant_length(InstId value) const;
  Form form(InstId value) const { return form(value, 8); }
  /// A wrapping op that was checked until its check was moved in front of the loop.
  void assume_exact(InstId value) { exact_.insert(value); }
  /// The bound that holds for the induction variable in `block`, for each way of knowing it; the best first.
  std::vector<Limit> limits(const Induction& induction, BlockId block) const;

 private:
  void find_inductions();
  bool find_step(Induction& induction) const;
  void find_memory_effects(MemoryEffects& effects, const FreshObjects& fresh);
  bool take_limit(const Induction& induction, const Fact& fact, Limit* limit) const;
  Form form(InstId value, int depth) const;
  Form sum(Form a, Form b, bool subtract) const;
  Form product(const Inst& inst, Form a, Form b) const;
  Range range(InstId value, const Inst& user) const;

  const Function& fn_;
  const Loop& loop_;
  const Ranges& ranges_;
  std::vector<bool> inside_;   // by block
  std::vector<Induction> inductions_;
  std::set<InstId> exact_;
  bool lengths_change_ = false;
};

}  // namespace orus::jit
