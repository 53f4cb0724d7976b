// Work must grow in proportion to the function. Counts steps (RaStats::work), not time, so that it cannot flake.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/rng.h"
#include "jit/regalloc/checker.h"
#include "jit/regalloc/test_generator.h"

namespace orus::jit {
namespace {

using test::r;

// `loops` loops in sequence, each with an inner loop, a call, a division, and values live from loop to loop.
RaFunction loops_in_sequence(uint32_t loops) {
  RaBuilder b;
  Rng rng(7);
  auto value = [&] { return b.vreg(RegClass::kInt); };
  std::vector<VReg> carried;
  b.begin_block();
  for (int k = 0; k < 12; ++k) {
    carried.push_back(value());
    b.inst().def(carried.back());
  }
  b.inst();
  b.edge(1, carried);
  uint32_t next = 1;
  for (uint32_t n = 0; n < loops; ++n) {
    std::vector<VReg> in;
    for (int k = 0; k < 12; ++k) in.push_back(value());
    b.begin_block(in, 1);
    std::vector<VReg> now = in;
    auto pick = [&] { return now[rng.below(now.size())]; };
    for (int k = 0; k < 12; ++k) {
      VReg v = value();
      b.inst().use(pick()).use_any(pick()).def_reuse(v, 0).cold(pick());
      now[rng.below(now.size())] = v;
    }
    if (n % 3 == 0) {
      VReg v = value();
      b.inst().use_fixed(pick(), r(0)).clobber(test::all_registers()).safepoint().def_fixed(v, r(0)).cold(pick(), OperandPos::kLate);
      now[0] = v;
    }
    VReg q = value(), m = value();
    b.inst().use_fixed(pick(), r(0)).use(pick(), OperandPos::kLate).def_fixed(q, r(0)).def_fixed(m, r(2), OperandPos::kEarly);
    now[1] = q;
    b.inst().use(pick());
    b.edge(next + 1).edge(next + 2);
    b.begin_block({}, 1);
    b.inst();
    b.edge(next, now);
    b.begin_block();
    b.inst();
    b.edge(next + 3, now);
    next += 3;
  }
  std::vector<VReg> in;
  for (int k = 0; k < 12; ++k) in.push_back(value());
  b.begin_block(in);
  b.inst().use_fixed(in[3], r(0));
  return b.finish();
}

// One block of `n` instructions over a window of live values, with a call every so often.
RaFunction straight_line(uint32_t n) {
  RaBuilder b;
  Rng rng(9);
  std::vector<VReg> live;
  b.begin_block();
  for (int k = 0; k < 24; ++k) {
    live.push_back(b.vreg(k % 3 == 0 ? RegClass::kFloat : RegClass::kInt, k % 3 == 1));
    b.inst().def(live.back());
  }
  for (uint32_t k = 0; k < n; ++k) {
    size_t at = rng.below(live.size());
    VReg v = live[at];
    live[at] = b.vreg(at % 3 == 0 ? RegClass::kFloat : RegClass::kInt, at % 3 == 1);
    b.inst().use(v).use_any(live[(at + 3) % live.size()]).def_reuse(live[at], 0);
    if (k % 40 == 0) b.inst().clobber(test::all_registers()).safepoint().cold(live[0], OperandPos::kLate);
  }
  b.inst().use_any(live[0]);
  return b.finish();
}

// A tower of ifs: values defined before the tower and used in every else-branch have a hole per level.
RaFunction nested_ifs(uint32_t depth) {
  RaBuilder b;
  std::vector<VReg> live;
  b.begin_block();
  for (int k = 0; k < 10; ++k) {
    live.push_back(b.vreg(RegClass::kInt));
    b.inst().def(live.back());
  }
  b.inst().use(live[0]);
  b.edge(1).edge(2 * depth);
  for (uint32_t k = 1; k < depth; ++k) {
    VReg v = b.vreg(RegClass::kInt);
    b.begin_block();
    b.inst().use(live[k % 10]).def(v);
    live[(k * 7) % 10] = v;
    b.inst().use(v);
    b.edge(k + 1).edge(2 * depth - k);
  }
  for (uint32_t k = depth; k <= 2 * depth; ++k) {
    b.begin_block();
    b.inst().use(VReg{k % 3}).use_fixed(VReg{(k + 1) % 3}, r(0));
  }
  return b.finish();
}

uint64_t work_of(const RaFunction& fn, bool check, const RaOptions& options = {}) {
  auto result = allocate_linear_scan(fn, test::toy_env(), options);
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(!check || check_allocation(fn, test::toy_env(), *result).ok());
  return result->stats.work;
}

void expect_linear(RaFunction (*make)(uint32_t), uint32_t size) {
  RaFunction small = make(size), large = make(2 * size);
  uint64_t a = work_of(small, true), b = work_of(large, false);
  std::printf("%zu insts: work %llu; %zu insts: work %llu; ratio %.3f\n", small.insts.size(), (unsigned long long)a, large.insts.size(),
              (unsigned long long)b, static_cast<double>(b) / static_cast<double>(a));
  EXPECT_LT(b, a * 23 / 10);
}

TEST(Scaling, LoopsInSequence) { expect_linear(loops_in_sequence, 3000); }
TEST(Scaling, StraightLine) { expect_linear(straight_line, 50'000); }
TEST(Scaling, NestedIfs) { expect_linear(nested_ifs, 4000); }

TEST(Scaling, HugeFunctionsAreSpilled) {
  RaFunction fn = straight_line(3000);
  auto fast = allocate_linear_scan(fn, test::toy_env(), {.spill_above_insts = 1000});
  auto spilled = allocate_linear_scan(fn, test::toy_env(), {.spill_everything = true});
  ASSERT_TRUE(fast.ok() && spilled.ok());
  EXPECT_EQ(fast->edits.size(), spilled->edits.size());
  EXPECT_TRUE(check_allocation(fn, test::toy_env(), *fast).ok());
}

}  // namespace
}  // namespace orus::jit
