// Dominators and loops on graphs whose answers are known, and against two other computations on random graphs.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "jit/ir/ir_text.h"
#include "jit/ir/test_module.h"
#include "jit/ir/verify_internal.h"

namespace orus::jit {
namespace {

const Module& test_module() {
  static const TestModule module = TestModule::make();
  return module.module;
}

/// A unit of h() with these successors by block: none returns, one jumps, two branch.
Function graph(const std::vector<std::vector<uint32_t>>& successors) {
  Function fn(test_module(), 2);
  for (size_t b = 0; b < successors.size(); ++b) fn.add_block();
  InstId condition = fn.append(BlockId(0u), IrOp::constant, IrType::kBool, {}, 1);
  for (uint32_t b = 0; b < successors.size(); ++b) {
    BlockId block(b);
    if (successors[b].empty()) fn.append(block, IrOp::ret, IrType::kVoid, {});
    if (successors[b].size() == 1) fn.append(block, IrOp::jump, IrType::kVoid, {});
    if (successors[b].size() == 2) fn.append(block, IrOp::branch, IrType::kVoid, {condition});
    for (uint32_t s : successors[b]) fn.at(block).successors.push_back({BlockId(s), {}});
  }
  fn.sweep();
  return fn;
}

std::vector<int> idoms(const Function& fn) {
  Dominators dominators = compute_dominators(fn);
  std::vector<int> result;
  for (uint32_t b = 0; b < fn.blocks.size(); ++b) {
    result.push_back(fn.blocks[b].dead ? -1 : static_cast<int>(dominators.idom[b].index));
  }
  return result;
}

TEST(Dominators, KnownGraphs) {
  EXPECT_EQ(idoms(graph({{}})), (std::vector<int>{0}));
  EXPECT_EQ(idoms(graph({{1}, {2}, {}})), (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(idoms(graph({{1, 2}, {3}, {3}, {}})), (std::vector<int>{0, 0, 0, 0}));                    // diamond
  EXPECT_EQ(idoms(graph({{1}, {2, 3}, {1}, {}})), (std::vector<int>{0, 0, 1, 1}));                    // loop
  EXPECT_EQ(idoms(graph({{1, 2}, {2}, {1, 3}, {}})), (std::vector<int>{0, 0, 0, 2}));                 // irreducible
  EXPECT_EQ(idoms(graph({{1}, {2, 5}, {3, 4}, {2}, {1}, {}})), (std::vector<int>{0, 0, 1, 2, 2, 1}));  // nested loops
  EXPECT_EQ(idoms(graph({{1}, {}, {1}})), (std::vector<int>{0, 0, -1}));                              // unreachable
  // Figure 4 of Cooper, Harvey and Kennedy: every block but the entry has the entry as immediate dominator.
  EXPECT_EQ(idoms(graph({{1, 2}, {3}, {4, 5}, {4}, {3, 5}, {4}})), (std::vector<int>{0, 0, 0, 0, 0, 0}));
}

TEST(Dominators, DominatesIsReflexiveAndFollowsTheTree) {
  Function fn = graph({{1}, {2, 3}, {1}, {}});
  Dominators d = compute_dominators(fn);
  EXPECT_TRUE(d.dominates(BlockId(1u), BlockId(1u)));
  EXPECT_TRUE(d.dominates(BlockId(0u), BlockId(3u)));
  EXPECT_TRUE(d.dominates(BlockId(1u), BlockId(2u)));
  EXPECT_FALSE(d.dominates(BlockId(2u), BlockId(3u)));
  EXPECT_FALSE(d.dominates(BlockId(3u), BlockId(1u)));
}

TEST(Loops, None) {
  Function fn = graph({{1, 2}, {3}, {3}, {}});
  EXPECT_TRUE(compute_loops(fn, compute_dominators(fn)).loops.empty());
}

TEST(Loops, Nested) {
  // 1: outer header, 2: inner header, 3: inner latch, 4: outer latch
  Function fn = graph({{1}, {2, 5}, {3, 4}, {2}, {1}, {}});
  LoopForest forest = compute_loops(fn, compute_dominators(fn));
  ASSERT_EQ(forest.loops.size(), 2u);
  const Loop &outer = forest.loops[0], &inner = forest.loops[1];
  EXPECT_EQ(outer.header, BlockId(1u));
  EXPECT_EQ(outer.parent, UINT32_MAX);
  EXPECT_EQ(outer.depth, 1u);
  EXPECT_EQ(outer.blocks.size(), 4u);
  EXPECT_EQ(outer.latches, (std::vector<BlockId>{BlockId(4u)}));
  EXPECT_EQ(outer.preheader, BlockId(0u));
  EXPECT_EQ(inner.header, BlockId(2u));
  EXPECT_EQ(inner.parent, 0u);
  EXPECT_EQ(inner.depth, 2u);
  EXPECT_EQ(inner.blocks.size(), 2u);
  EXPECT_FALSE(inner.preheader.valid());  // block 1 also leaves the loop
  EXPECT_EQ(forest.innermost, (std::vector<uint32_t>{UINT32_MAX, 0, 1, 1, 0, UINT32_MAX}));
}

TEST(Loops, TwoLatchesAndASelfLoop) {
  Function fn = graph({{1}, {2, 3}, {1}, {1, 4}, {4, 5}, {}});
  LoopForest forest = compute_loops(fn, compute_dominators(fn));
  ASSERT_EQ(forest.loops.size(), 2u);
  EXPECT_EQ(forest.loops[0].latches.size(), 2u);
  EXPECT_EQ(forest.loops[1].header, BlockId(4u));
  EXPECT_EQ(forest.loops[1].blocks, (std::vector<BlockId>{BlockId(4u)}));
}

TEST(Loops, IrreducibleCyclesAreNotListed) {
  Function fn = graph({{1, 2}, {2}, {1, 3}, {}});
  EXPECT_TRUE(compute_loops(fn, compute_dominators(fn)).loops.empty());
}

TEST(Loops, PreheadersKeepTheMeaningOfPhis) {
  auto parsed = parse_ir(R"(func @g(v0: i32) -> i32 {
b0:
  v1 = const.i32 1
  v2 = lt.bool v0, v1
  branch v2, b1(v0), b2
b2:
  jump b1(v1)
b1(v3: i32):
  v4 = add.i32 v3, v1
  v5 = lt.bool v4, v0
  branch v5, b1(v4), b3
b3:
  ret v4
})",
                         test_module());
  ASSERT_TRUE(parsed.ok());
  Function fn = std::move(parsed).value();
  EXPECT_TRUE(insert_preheaders(fn));
  Status status = verify_ir(fn);
  EXPECT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail << "\n" << print_ir(fn);
  LoopForest forest = compute_loops(fn, compute_dominators(fn));
  ASSERT_EQ(forest.loops.size(), 1u);
  EXPECT_TRUE(forest.loops[0].preheader.valid());
  EXPECT_FALSE(insert_preheaders(fn));
}

/// Whether every path from the entry to `b` goes through `a`: `b` is out of reach without `a`.
bool dominates_by_removal(const Function& fn, uint32_t a, uint32_t b) {
  if (a == b) return true;
  if (a == 0) return true;
  std::vector<uint8_t> seen(fn.blocks.size(), 0);
  std::vector<uint32_t> work{0};
  seen[0] = 1;
  while (!work.empty()) {
    uint32_t block = work.back();
    work.pop_back();
    for (const Edge& edge : fn.blocks[block].successors) {
      uint32_t s = edge.target.index;
      if (s != a && !seen[s]) {
        seen[s] = 1;
        work.push_back(s);
      }
    }
  }
  return !seen[b];
}

TEST(Dominators, RandomGraphs) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    uint64_t n = 2 + rng.below(24);
    std::vector<std::vector<uint32_t>> successors(n);
    for (uint64_t b = 0; b < n; ++b) {
      // The entry has no predecessors.
      for (uint64_t i = rng.below(3); i > 0; --i) successors[b].push_back(static_cast<uint32_t>(1 + rng.below(n - 1)));
    }
    Function fn = graph(successors);
    Dominators dominators = compute_dominators(fn);
    DominatorTree tree(fn);
    for (uint32_t a = 0; a < n; ++a) {
      for (uint32_t b = 0; b < n; ++b) {
        if (fn.blocks[a].dead || fn.blocks[b].dead) continue;
        bool expected = dominates_by_removal(fn, a, b);
        ASSERT_EQ(dominators.dominates(BlockId(a), BlockId(b)), expected) << a << " " << b << "\n" << print_ir(fn);
        ASSERT_EQ(tree.dominates(BlockId(a), BlockId(b)), expected) << a << " " << b << "\n" << print_ir(fn);
      }
    }
    // Every natural loop: the header dominates its blocks, each of which reaches a latch.
    for (const Loop& loop : compute_loops(fn, dominators).loops) {
      EXPECT_EQ(loop.blocks[0], loop.header);
      for (BlockId b : loop.blocks) EXPECT_TRUE(dominators.dominates(loop.header, b));
      if (loop.preheader.valid()) {
        EXPECT_FALSE(dominators.dominates(loop.header, loop.preheader));
        EXPECT_EQ(fn.at(loop.preheader).successors.size(), 1u);
      }
    }
  }
}

}  // namespace
}  // namespace orus::jit
