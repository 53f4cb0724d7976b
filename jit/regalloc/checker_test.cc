// The checker is only worth something if it rejects wrong allocations.
#include "jit/regalloc/checker.h"

#include <gtest/gtest.h>

#include "jit/regalloc/test_support.h"

namespace orus::jit {
namespace {

using test::r;
using test::Values;

// Two values live across a call, one of them a reference, plus a constant and a two-address add.
struct Sample {
  RaFunction fn;
  RaEnv env = test::toy_env();
  RaResult good;

  Sample() {
    Values b;
    VReg x = b.value(), o = b.ref(), c = b.remat(), y = b.value(), z = b.value();
    b.begin_block();
    b.inst().def_fixed(x, r(0)).def_fixed(o, r(1));
    b.inst().def(c);
    b.inst().clobber(test::all_registers()).safepoint().def_fixed(y, r(0)).cold(x, OperandPos::kLate);
    b.inst().use(x).use(y).def_reuse(z, 0);
    b.inst().use(o).use(c);
    b.inst().use_fixed(z, r(0));
    fn = b.finish();
    good = test::allocate(fn, env);
  }
  void expect_rejected(const RaResult& bad, const std::string& why) const {
    auto verdict = check_allocation(fn, env, bad);
    ASSERT_FALSE(verdict.ok()) << print_allocation(fn, &bad);
    EXPECT_NE(test::describe(verdict.error()).find(why), std::string::npos) << test::describe(verdict.error());
  }
};

TEST(Checker, AcceptsAGoodAllocation) {
  Sample s;
  EXPECT_TRUE(check_allocation(s.fn, s.env, s.good).ok());
}

TEST(Checker, RejectsADroppedEdit) {
  Sample s;
  for (size_t k = 0; k < s.good.edits.size(); ++k) {
    RaResult bad = s.good;
    bad.edits.erase(bad.edits.begin() + static_cast<ptrdiff_t>(k));
    s.expect_rejected(bad, "expected");
  }
}

TEST(Checker, RejectsAWrongRegister) {
  Sample s;
  for (size_t k = 0; k < s.good.operand_allocs.size(); ++k) {
    RaResult bad = s.good;
    if (!bad.operand_allocs[k].is_reg()) continue;
    bad.operand_allocs[k] = Allocation::reg(r(9));
    EXPECT_FALSE(check_allocation(s.fn, s.env, bad).ok()) << "operand " << k;
  }
}

TEST(Checker, RejectsAWrongSlot) {
  Sample s;
  ASSERT_EQ(s.good.num_slots, 2u);
  for (size_t k = 0; k < s.good.edits.size(); ++k) {
    for (Allocation Edit::* side : {&Edit::from, &Edit::to}) {
      RaResult bad = s.good;
      Allocation& place = bad.edits[k].*side;
      if (!place.is_stack()) continue;
      place.index ^= 1;
      s.expect_rejected(bad, "slot of the wrong kind");
    }
  }
}

TEST(Checker, RejectsAMissingStackMapEntry) {
  Sample s;
  RaResult bad = s.good;
  ASSERT_EQ(bad.safepoints.size(), 1u);
  ASSERT_EQ(bad.safepoints[0].slots.count, 1u);
  bad.safepoints[0].slots.count = 0;
  s.expect_rejected(bad, "expected a slot with reference v1");
}

TEST(Checker, RejectsAStackMapEntryWithoutReference) {
  Sample s;
  RaResult bad = s.good;
  bad.num_slots = 3;
  bad.num_ref_slots = 2;
  bad.safepoint_slots.push_back(1);
  bad.safepoints[0].slots.count = 2;
  EXPECT_FALSE(check_allocation(s.fn, s.env, bad).ok());
}

TEST(Checker, RejectsAColdUseInAClobberedRegister) {
  Sample s;
  RaResult bad = s.good;
  bad.cold_allocs[0] = Allocation::reg(r(0));
  EXPECT_FALSE(check_allocation(s.fn, s.env, bad).ok());
}

TEST(Checker, RejectsAReferenceKeptInARegisterAcrossASafepoint) {
  Values b;
  VReg o = b.ref();
  b.begin_block();
  b.inst().def_fixed(o, r(0));
  b.inst().safepoint();
  b.inst().use(o);
  RaFunction fn = b.finish();
  RaEnv env = test::toy_env();
  RaResult result = test::allocate(fn, env);
  result.edits.clear();
  result.operand_allocs[1] = Allocation::reg(r(0));
  result.safepoints[0].slots.count = 0;
  auto verdict = check_allocation(fn, env, result);
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error().where, "b0 i1");
}

TEST(Checker, RejectsAStaleValueAroundALoop) {
  // x is defined anew in each iteration; what lies in its place at the loop header is the previous one.
  Values b;
  VReg n = b.value(), x = b.value(), p = b.value();
  b.begin_block();
  b.inst().def_fixed(n, r(0));
  b.inst();
  b.edge(1, {n});
  b.begin_block({p}, 1);
  b.inst().use(p).def(x);
  b.inst().use(x);
  b.edge(2).edge(3);
  b.begin_block({}, 1);
  b.inst();
  b.edge(1, {x});
  b.begin_block();
  b.inst().use_fixed(x, r(0));
  RaFunction fn = b.finish();
  RaEnv env = test::toy_env();
  RaResult result = test::allocate(fn, env);
  // Pretend the definition writes elsewhere while later uses read the old place.
  for (size_t k = 0; k < fn.operands.size(); ++k) {
    if (fn.operands[k].kind == OperandKind::kDef && fn.operands[k].vreg == x) result.operand_allocs[k] = Allocation::reg(r(9));
  }
  EXPECT_FALSE(check_allocation(fn, env, result).ok());
}

// Changes one thing at random; false if there was nothing to change.
bool mutate(RaResult& result, Rng& rng) {
  auto random_place = [&](Allocation old) {
    bool slot = result.num_slots != 0 && rng.chance(3);
    if (slot) return Allocation::stack(static_cast<uint32_t>(rng.below(result.num_slots)));
    uint32_t base = old.is_reg() ? old.index / 32 * 32 : 0;
    return Allocation::reg(PReg::from_index(base + static_cast<uint32_t>(rng.below(8))));
  };
  auto any = [&](auto& list) -> auto& { return list[rng.below(list.size())]; };
  switch (rng.below(7)) {
    case 0: {
      if (result.edits.empty()) return false;
      result.edits.erase(result.edits.begin() + static_cast<ptrdiff_t>(rng.below(result.edits.size())));
      return true;
    }
    case 1: {
      Allocation& a = any(result.operand_allocs);
      a = random_place(a);
      return true;
    }
    case 2: {
      if (result.cold_allocs.empty()) return false;
      Allocation& a = any(result.cold_allocs);
      a = random_place(a);
      return true;
    }
    case 3: {
      if (result.edits.empty()) return false;
      Edit& e = any(result.edits);
      (rng.chance(2) ? e.from : e.to) = random_place(e.to);
      return true;
    }
    case 4: {
      if (result.safepoint_slots.empty()) return false;
      SafepointMap& map = any(result.safepoints);
      if (map.slots.count == 0) return false;
      --map.slots.count;
      return true;
    }
    case 5: {
      if (result.edits.size() < 2) return false;
      size_t k = rng.below(result.edits.size() - 1);
      std::swap(result.edits[k], result.edits[k + 1]);
      std::swap(result.edits[k].inst, result.edits[k + 1].inst);
      return true;
    }
    default: {
      if (result.edits.empty()) return false;
      Edit& e = any(result.edits);
      e.inst += rng.chance(2) ? 1 : static_cast<uint32_t>(-1);
      return true;
    }
  }
}

// Whatever the checker accepts must compute the same; and it must not accept much of what was broken.
TEST(Checker, MutatedAllocationsAreRejectedOrRight) {
  int rejected = 0, total = 0;
  for (uint64_t seed = 1; seed <= 600; ++seed) {
    Rng rng(seed);
    test::GeneratorOptions shape;
    shape.structured = rng.chance(2);
    shape.blocks = 1 + static_cast<uint32_t>(rng.below(10));
    RaFunction fn = test::Generator(seed, shape).run();
    RaEnv env = test::toy_env(8, 6);
    auto good = allocate_linear_scan(fn, env, {.random_seed = rng.chance(2) ? seed : 0});
    ASSERT_TRUE(good.ok());
    test::VirtualState before(fn);
    test::Trace expected = test::run(fn, before, 300);
    for (int k = 0; k < 12; ++k) {
      RaResult bad = *good;
      if (!mutate(bad, rng)) continue;
      ++total;
      if (!check_allocation(fn, env, bad).ok()) {
        ++rejected;
        continue;
      }
      test::AllocatedState after(fn, env, bad);
      ASSERT_TRUE(expected == test::run(fn, after, 300)) << "seed " << seed << "\n" << print_allocation(fn, &bad);
    }
  }
  std::printf("%d of %d mutants rejected\n", rejected, total);
  EXPECT_GT(rejected, total * 7 / 10);
}

}  // namespace
}  // namespace orus::jit
