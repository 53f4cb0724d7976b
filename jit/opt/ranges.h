// Ranges: which integers each value can be, where, and how values compare.
//
// Sparse and conditional: a value has one range wherever it is defined, and facts narrow it where they hold. A fact is
// a comparison that a branch, guard or bounds check decided; it holds from a point on, in everything that the point
// dominates. Block parameters are solved by iteration with widening to the function's own constants, then narrowed.
//
// Source: the demand-driven difference proofs are those of Bodik, Gupta and Sarkar, "ABCD: Eliminating Array Bounds
// Checks on Demand" (PLDI 2000), without their graph.
#pragma once

#include <optional>
#include <vector>

#include "jit/opt/range.h"

namespace orus::jit {

/// In front of the instruction at `position` of the block.
struct Point {
  BlockId block;
  uint32_t position = 0;
};

/// `value relation other` holds from the point on; without `other` the bool is `truth`.
struct Fact {
  Point from;
  IrOp relation = IrOp::eq;
  InstId other;
  bool truth = true;
};

class Ranges {
 public:
  /// Needs: predecessors up to date. Instructions made later have the full range of their type.
  explicit Ranges(const Function& fn);
  /// With the dominators of the function as it is.
  Ranges(const Function& fn, Dominators dominators);

  const Dominators& dominators() const { return dominators_; }
  /// Range of the value wherever it is defined.
  Range of(InstId value) const;
  /// Its range where the point is reached.
  Range at(InstId value, Point point) const { return at(value, point, kDepth); }
  /// Its range on an edge that passes it.
  Range on_edge(InstId value, BlockId from, uint32_t successor) const;
  /// In front of the instruction.
  Point before(InstId inst) const { return {fn_.at(inst).block, position(inst)}; }
  Point end(BlockId block) const { return {block, static_cast<uint32_t>(fn_.at(block).insts.size())}; }

  /// Facts about the value that hold at the point; on an edge, those of its branch come on top.
  std::vector<Fact> facts_at(InstId value, Point point) const;
  std::vector<Fact> facts_on_edge(InstId value, BlockId from, uint32_t successor) const;

  /// Whether a + offset <= b is certain, as exact numbers.
  bool at_most(InstId a, InstId b, Int128 offset, Point point) const;
  /// What the bool is certain to be.
  std::optional<bool> known(InstId condition, Point point) const;
  /// Whether a wrapping or checked add, sub or mul gives its exact result.
  bool is_exact(InstId inst) const;

 private:
  static constexpr int kDepth = 2;
  static constexpr int kMaxSteps = 400;  // of one proof
  struct Assumption {
    InstId phi, bound;
    Int128 offset;
  };

  void order_dominators();
  void number_positions();
  void collect_facts();
  void collect_thresholds();
  void solve();
  size_t first_header() const;  // position in order of the first block that an edge leads back to
  bool sweep(size_t first, bool narrowing, uint32_t round);
  bool update(InstId id, Range range, bool narrowing, uint32_t round);
  Range transfer(InstId id) const;
  Range transfer_phi(BlockId block, size_t index) const;
  Range memory_range(const Inst& inst) const;
  Range widen(Range old, Range now, int bits, uint32_t round) const;

  uint32_t position(InstId inst) const { return inst.index < positions_.size() ? positions_[inst.index] : 0; }
  bool dominates(BlockId a, BlockId b) const;
  bool holds(const Fact& fact, Point point) const;
  void add_fact(InstId value, Fact fact);
  /// Calls f(value, fact) for everything that follows from the condition's being `truth`.
  template <class F>
  void each_consequence(InstId condition, bool truth, Point from, F f) const;
  Range at(InstId value, Point point, int depth) const;
  bool at_most(InstId a, InstId b, Int128 offset, Point point, int depth, std::vector<Assumption>& assumed) const;
  bool phi_at_most(InstId a, InstId b, Int128 offset, int depth, std::vector<Assumption>& assumed) const;
  bool follows(const std::vector<Fact>& facts, InstId b, Int128 offset, int depth, std::vector<Assumption>& assumed) const;
  /// Takes value = result + *offset apart, as exact numbers.
  InstId strip(InstId value, Int128* offset) const;
  std::optional<bool> compare(const Inst& inst, Point point) const;

  const Function& fn_;
  Dominators dominators_;
  std::vector<uint32_t> first_, last_;      // by block: interval of the dominator tree's preorder
  std::vector<uint32_t> positions_;         // by instruction
  std::vector<Range> ranges_;               // by value
  std::vector<uint8_t> rises_;              // by value: times its range has grown
  std::vector<std::vector<Fact>> facts_;    // by value
  std::vector<Int128> thresholds_;          // ascending
  mutable int steps_ = 0;                   // left to the proof at hand
};

}  // namespace orus::jit
