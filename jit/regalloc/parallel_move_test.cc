#include "jit/regalloc/parallel_move.h"

#include <gtest/gtest.h>

#include <map>

#include "jit/regalloc/test_generator.h"

namespace orus::jit::ra {
namespace {

using test::f;
using test::r;

// Executes `moves` at once and their sequence one by one; every destination must end up the same.
void expect_equivalent(const RaFunction& fn, const std::vector<Transfer>& moves) {
  RaEnv env = test::toy_env();
  std::vector<Transfer> sequence;
  sequence_moves(fn, env, moves, sequence);
  auto key = [](Allocation a) { return a.index + (a.is_stack() ? 1000 : 0); };
  std::map<uint32_t, uint32_t> place;
  for (const Transfer& m : moves) place[key(m.from)] = key(m.from) + 5000;
  std::map<uint32_t, uint32_t> wanted;
  for (const Transfer& m : moves) wanted[key(m.to)] = m.from.is_remat() ? 77 : place[key(m.from)];
  for (const Transfer& m : sequence) {
    EXPECT_FALSE(m.from.is_stack() && m.to.is_stack());
    EXPECT_FALSE(m.from.is_remat() && m.to.is_stack());
    EXPECT_TRUE(!m.from.is_reg() || !m.to.is_reg() || m.from.preg().cls == m.to.preg().cls);
    place[key(m.to)] = m.from.is_remat() ? 77 : place[key(m.from)];
  }
  for (auto [to, value] : wanted) EXPECT_EQ(place[to], value);
}

RaFunction two_vregs() {
  RaFunction fn;
  fn.vregs = {{RegClass::kInt, false, false}, {RegClass::kFloat, false, false}};
  return fn;
}
constexpr VReg kI{0}, kF{1};
Allocation reg(PReg p) { return Allocation::reg(p); }
Allocation slot(uint32_t n) { return Allocation::stack(n); }

TEST(ParallelMove, ChainsNeedNoScratch) {
  std::vector<Transfer> moves = {{kI, reg(r(0)), reg(r(1))}, {kI, reg(r(1)), reg(r(2))}}, out;
  sequence_moves(two_vregs(), test::toy_env(), moves, out);
  EXPECT_EQ(out.size(), 2u);
  expect_equivalent(two_vregs(), moves);
}

TEST(ParallelMove, SwapTakesThreeMoves) {
  std::vector<Transfer> moves = {{kI, reg(r(0)), reg(r(1))}, {kI, reg(r(1)), reg(r(0))}}, out;
  sequence_moves(two_vregs(), test::toy_env(), moves, out);
  EXPECT_EQ(out.size(), 3u);
  expect_equivalent(two_vregs(), moves);
}

TEST(ParallelMove, MovesToItselfVanish) {
  std::vector<Transfer> moves = {{kI, reg(r(0)), reg(r(0))}}, out;
  sequence_moves(two_vregs(), test::toy_env(), moves, out);
  EXPECT_TRUE(out.empty());
}

TEST(ParallelMove, CyclesOfSlotsUseBothScratches) {
  expect_equivalent(two_vregs(), {{kI, slot(0), slot(1)}, {kI, slot(1), slot(0)}});
  expect_equivalent(two_vregs(), {{kI, slot(0), slot(1)}, {kI, slot(1), slot(2)}, {kI, slot(2), slot(0)}});
  expect_equivalent(two_vregs(), {{kI, slot(0), slot(1)}, {kI, slot(1), reg(r(3))}, {kI, reg(r(3)), slot(0)}});
  expect_equivalent(two_vregs(), {{kF, slot(0), slot(1)}, {kF, slot(1), reg(f(3))}, {kF, reg(f(3)), slot(0)}});
}

TEST(ParallelMove, RematerialisationComesLast) {
  expect_equivalent(two_vregs(), {{kI, Allocation::remat(), reg(r(0))}, {kI, reg(r(0)), reg(r(1))}});
  expect_equivalent(two_vregs(), {{kI, Allocation::remat(), slot(0)}, {kI, slot(0), reg(r(1))}});
}

TEST(ParallelMove, RandomMoves) {
  for (uint64_t seed = 1; seed <= 5000; ++seed) {
    Rng rng(seed);
    RaFunction fn = two_vregs();
    std::vector<Allocation> ints, floats, slots;
    for (int k = 0; k < 4; ++k) {
      ints.push_back(reg(r(k)));
      floats.push_back(reg(f(k)));
      slots.push_back(slot(static_cast<uint32_t>(k)));
    }
    // A slot holds one value, of one class.
    std::vector<VReg> slot_holds;
    for (int k = 0; k < 4; ++k) slot_holds.push_back(rng.chance(2) ? kI : kF);
    std::vector<Transfer> moves;
    auto source = [&](VReg v) {
      for (;;) {
        size_t k = rng.below(4);
        if (rng.chance(2)) return v == kI ? ints[k] : floats[k];
        if (slot_holds[k] == v) return slots[k];
        if (rng.chance(4)) return v == kI ? ints[k] : floats[k];
      }
    };
    auto add = [&](VReg v, Allocation to) {
      if (rng.chance(4)) return;
      moves.push_back({v, rng.chance(9) ? Allocation::remat() : source(v), to});
    };
    for (int k = 0; k < 4; ++k) {
      add(kI, ints[static_cast<size_t>(k)]);
      add(kF, floats[static_cast<size_t>(k)]);
      add(rng.chance(2) ? kI : kF, slots[static_cast<size_t>(k)]);
    }
    expect_equivalent(fn, moves);
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace orus::jit::ra
