// Hand-written cases. Block numbers in the loop tests: 0 entry, 1 loop header, 2 body, 3 exit, unless said otherwise.
#include "jit/regalloc/regalloc.h"

#include <gtest/gtest.h>

#include "jit/regalloc/test_support.h"

namespace orus::jit {
namespace {

using test::all_registers;
using test::allocate;
using test::edits_in;
using test::f;
using test::r;
using test::Values;

constexpr OperandPos kLate = OperandPos::kLate, kEarly = OperandPos::kEarly;
const RaEnv kEnv = test::toy_env();

// ---------------------------------------------------------------------------------------------------- straight line

TEST(LinearScan, DivisionUsesItsFixedRegistersWithoutMoves) {
  Values b;
  VReg x = b.value(), y = b.value(), q = b.value(), rest = b.value();
  b.begin_block();
  b.inst().def_fixed(x, r(0)).def_fixed(y, r(1));
  b.inst().use_fixed(x, r(0)).use(y, kLate).def_fixed(q, r(0)).def_fixed(rest, r(2), kEarly);
  b.inst().use_fixed(q, r(0));
  EXPECT_TRUE(allocate(b.finish(), kEnv).edits.empty());
}

TEST(LinearScan, DivisionKeepsALiveDividend) {
  Values b;
  VReg x = b.value(), y = b.value(), q = b.value(), rest = b.value();
  b.begin_block();
  b.inst().def_fixed(x, r(0)).def_fixed(y, r(2));
  b.inst().use_fixed(x, r(0)).use(y, kLate).def_fixed(q, r(0)).def_fixed(rest, r(2), kEarly);
  b.inst().use(x).use(y).use(q).use(rest);
  RaResult result = allocate(b.finish(), kEnv);
  EXPECT_EQ(result.stats.moves, 2u);  // x and y leave the registers the division needs
  EXPECT_EQ(result.num_slots, 0u);
}

TEST(LinearScan, ReuseOfADyingInputNeedsNoCopy) {
  Values b;
  VReg x = b.value(), y = b.value(), z = b.value();
  b.begin_block();
  b.inst().def(x);
  b.inst().use(x).def_reuse(y, 0);
  b.inst().use(y).use(y).def_reuse(z, 0);  // y * y: both inputs in the register of the result
  b.inst().use(z);
  EXPECT_TRUE(allocate(b.finish(), kEnv).edits.empty());
}

TEST(LinearScan, ReuseOfALiveInputCopiesIt) {
  Values b;
  VReg x = b.value(), y = b.value();
  b.begin_block();
  b.inst().def(x);
  b.inst().use(x).def_reuse(y, 0);
  b.inst().use(y).use(x);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(result.stats.moves, 1u);
  EXPECT_EQ(edits_in(fn, result, {0}), 1u);
}

TEST(LinearScan, EarlyColdUseReadsTheReusedRegister) {
  Values b;
  VReg x = b.value(), y = b.value();
  b.begin_block();
  b.inst().def(x);
  b.inst().use(x).def_reuse(y, 0).cold(x);
  b.inst().use(y);
  EXPECT_TRUE(allocate(b.finish(), kEnv).edits.empty());
}

TEST(LinearScan, TemporaryDoesNotShareWithInputs) {
  Values b;
  VReg x = b.value(), t = b.value(), y = b.value();
  b.begin_block();
  b.inst().def(x);
  b.inst().use(x).def(t, kEarly).def(y);
  b.inst().use(y);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_NE(result.operand_allocs[1], result.operand_allocs[2]);
}

TEST(LinearScan, FixedRegisterOutsideTheAllocatableOnes) {
  Values b;
  VReg x = b.value(), y = b.value();
  b.begin_block();
  b.inst().def_fixed(x, r(13));
  b.inst().use_fixed(x, r(13)).def_fixed(y, r(13));
  b.inst().use(x).use(y);
  RaResult result = allocate(b.finish(), kEnv);
  EXPECT_EQ(result.stats.moves, 2u);
}

TEST(LinearScan, EveryValueInMemoryIsStoredOnce) {
  Values b;
  std::vector<VReg> values;
  b.begin_block();
  for (int k = 0; k < 30; ++k) {
    values.push_back(b.value());
    b.inst().def(values.back());
  }
  for (int round = 0; round < 2; ++round) {
    for (VReg v : values) b.inst().use(v);
  }
  RaResult result = allocate(b.finish(), kEnv);
  EXPECT_EQ(result.stats.stores, result.stats.spilled_vregs);
  EXPECT_GE(result.num_slots, 18u);
  EXPECT_LE(result.stats.reloads, 44u);
  EXPECT_EQ(result.stats.moves, 0u);
}

TEST(LinearScan, SlotsAreShared) {
  Values b;
  b.begin_block();
  for (int k = 0; k < 5; ++k) {
    VReg v = b.value();
    b.inst().def(v);
    b.inst().clobber(all_registers());
    b.inst().use(v);
  }
  EXPECT_EQ(allocate(b.finish(), kEnv).num_slots, 1u);
}

TEST(LinearScan, FloatsAndIntegersDoNotMix) {
  Values b;
  VReg x = b.value(), y = b.real(), z = b.real();
  b.begin_block();
  b.inst().def_fixed(x, r(0)).def_fixed(y, f(0));
  b.inst().use(x).use(y).def(z);
  b.inst().clobber(all_registers());
  b.inst().use(z).use(x).use(y);
  RaResult result = allocate(b.finish(), kEnv);
  EXPECT_EQ(result.num_slots, 3u);
}

// ----------------------------------------------------------------------------------------------------- safepoints

TEST(LinearScan, SafepointListsExactlyTheLiveReferences) {
  Values b;
  VReg a = b.ref(), c = b.ref(), n = b.value(), d = b.ref(), out = b.ref();
  b.begin_block();
  b.inst().def_fixed(a, r(0)).def_fixed(c, r(1)).def_fixed(n, r(2)).def_fixed(d, r(3));
  b.inst().use_fixed(d, r(5)).clobber(all_registers()).safepoint().cold(c, kLate).def_fixed(out, r(0));
  b.inst().use(a).use(n).use(out);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  ASSERT_EQ(result.safepoints.size(), 1u);
  EXPECT_EQ(result.safepoints[0].slots.count, 2u);  // a and c; not d (dies), n (no reference), out (made there)
  EXPECT_EQ(result.num_ref_slots, 2u);
  EXPECT_EQ(result.num_slots, 3u);
}

TEST(LinearScan, PollClobbersNothingButReferences) {
  Values b;
  VReg a = b.ref(), n = b.value();
  b.begin_block();
  b.inst().def(a);
  b.inst().def(n);
  b.inst().safepoint();
  b.inst().use(a).use(n);
  RaResult result = allocate(b.finish(), kEnv);
  EXPECT_EQ(result.stats.spilled_vregs, 1u);
  EXPECT_EQ(result.stats.stores, 1u);
  EXPECT_EQ(result.stats.reloads, 1u);
}

// ------------------------------------------------------------------------------------------------ rematerialisation

TEST(LinearScan, ConstantsAreRepeatedNotSpilled) {
  Values b;
  VReg c = b.remat(), x = b.value();
  b.begin_block();
  b.inst().def(c);
  b.inst().def(x);
  b.inst().use(c);
  b.inst().clobber(all_registers());
  b.inst().use(c).use(x);
  RaResult result = allocate(b.finish(), kEnv);
  EXPECT_EQ(result.num_slots, 1u);
  EXPECT_EQ(result.stats.remats, 2u);
}

TEST(LinearScan, ConstantNeededOnlyColdIsNeverMade) {
  Values b;
  VReg c = b.remat(), x = b.value();
  b.begin_block();
  b.inst().def(c);
  b.inst().def(x);
  b.inst().use(x).cold(c);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_TRUE(result.edits.empty());
  EXPECT_TRUE(result.operand_allocs[0].is_none());
  EXPECT_TRUE(result.cold_allocs[0].is_remat());
}

// ----------------------------------------------------------------------------------------------------------- loops

struct Loop : Values {
  VReg n = value(), zero = remat(), i = value(), s = value(), next_i = value(), next_s = value();

  /// Function parameters n, then those of `more` in r5 and up.
  void begin(std::initializer_list<VReg> more = {}) {
    begin_block();
    inst().def_fixed(n, r(0));
    int k = 5;
    for (VReg v : more) add({v, Constraint::kFixed, OperandKind::kDef, kLate, static_cast<uint8_t>(r(k++).index())});
    inst().def(zero);
  }
  void enter() {
    inst();
    edge(1, {zero, zero});
    begin_block({i, s}, 1);
    inst().use(i).use_any(n);
    edge(2).edge(3);
    begin_block({}, 1);
  }
  void close() {
    inst().use(i).def_reuse(next_i, 0);
    inst();
    edge(1, {next_i, next_s});
    begin_block();
  }
};

TEST(Loops, CarriedValuesKeepTheirRegisters) {
  Loop b;
  b.begin();
  b.enter();
  b.inst().use(b.s).use_any(b.i).def_reuse(b.next_s, 0).cold(b.s).cold(b.i);
  b.close();
  b.inst().use_fixed(b.s, r(0));
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, CallAfterTheLoopCostsTheLoopNothing) {
  Loop b;
  VReg q = b.value();
  b.begin();
  b.enter();
  b.inst().use(b.s).use_any(b.i).def_reuse(b.next_s, 0);
  b.close();
  b.inst().clobber(all_registers()).safepoint().def_fixed(q, r(0)).cold(b.i, kLate);
  b.inst().use(b.s).use(q).use(b.n);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, CallBeforeTheLoopReloadsBeforeIt) {
  Loop b;
  VReg q = b.value(), array = b.ref(), x = b.value(), c = b.remat();
  b.begin({array});
  b.inst().def(c);
  b.inst().clobber(all_registers()).safepoint().def_fixed(q, r(0));
  b.enter();
  b.inst().use(array).use(b.i).def(x);
  b.inst().use(x).use(c).def_reuse(b.next_s, 0);
  b.close();
  b.inst().use(q).use(b.s);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, CallInTheLoopMovesEachValueOnce) {
  Loop b;
  VReg q = b.value(), object = b.ref();
  b.begin({object});
  b.enter();
  b.inst().use_fixed(b.i, r(5)).use_fixed(object, r(6)).clobber(all_registers()).safepoint().def_fixed(q, r(0)).cold(b.s, kLate);
  b.inst().use(q).use_any(b.s).def_reuse(b.next_s, 0);
  b.close();
  b.inst().use_fixed(b.s, r(0));
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  // Per iteration: store i and s, load i, n and the object. s is added from memory.
  EXPECT_LE(edits_in(fn, result, {1, 2}), 5u) << print_allocation(fn, &result);
}

TEST(Loops, ValueOnlyPassingThroughALoopWithACallStaysInMemory) {
  Loop b;
  VReg q = b.value(), through = b.value();
  b.begin({through});
  b.inst().use(through);
  b.enter();
  b.inst().clobber(all_registers()).def_fixed(q, r(0));
  b.inst().use(q).use_any(b.s).def_reuse(b.next_s, 0);
  b.close();
  b.inst().use(through);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  for (const Edit& e : result.edits) {
    bool inside = e.inst >= fn.blocks[1].first_inst && e.inst < fn.blocks[3].first_inst;
    EXPECT_FALSE(inside && e.vreg == through) << print_allocation(fn, &result);
  }
}

TEST(Loops, ColdCallLeavesTheLoopAlone) {
  // 2 -> 4 (nothing) or 6 (cold: calls) -> 5 body
  Loop b;
  VReg q = b.value(), object = b.ref();
  b.begin({object});
  b.enter();
  b.inst().use(b.i).use(object);
  b.edge(4).edge(6);
  b.begin_block();
  b.inst().use_fixed(b.s, r(0));
  b.begin_block({}, 1);
  b.inst();
  b.edge(5);
  b.begin_block({}, 1);
  b.inst().use(b.s).use_any(b.i).def_reuse(b.next_s, 0);
  b.inst().use(b.i).def_reuse(b.next_i, 0);
  b.inst();
  b.edge(1, {b.next_i, b.next_s});
  b.begin_block({}, 1, true);
  b.inst().use_fixed(b.i, r(5)).use_fixed(object, r(6)).clobber(all_registers()).safepoint().def_fixed(q, r(0)).cold(b.s, kLate);
  b.inst();
  b.edge(5);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2, 4, 5}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, CallInOneArmLeavesTheOtherAlone) {
  // 2 -> 4 (calls) or 5 (nothing) -> 6 body
  Loop b;
  VReg q = b.value();
  b.begin();
  b.enter();
  b.inst().use(b.i);
  b.edge(4).edge(5);
  b.begin_block();
  b.inst().use_fixed(b.s, r(0));
  b.begin_block({}, 1);
  b.inst().use_fixed(b.i, r(5)).clobber(all_registers()).safepoint().def_fixed(q, r(0)).cold(b.s, kLate);
  b.inst();
  b.edge(6);
  b.begin_block({}, 1);
  b.inst();
  b.edge(6);
  b.begin_block({}, 1);
  b.inst().use(b.s).use_any(b.i).def_reuse(b.next_s, 0);
  b.inst().use(b.i).def_reuse(b.next_i, 0);
  b.inst();
  b.edge(1, {b.next_i, b.next_s});
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2, 5, 6}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, ColdUsesNeverPushOutHotValues) {
  Loop b;
  std::vector<VReg> locals;
  b.begin();
  for (int k = 0; k < 20; ++k) {
    locals.push_back(b.value());
    b.inst().def(locals.back());
  }
  b.enter();
  b.inst().use(b.s).use_any(b.i).def_reuse(b.next_s, 0);
  for (VReg v : locals) b.cold(v);
  b.close();
  for (VReg v : locals) b.inst().use(v);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, InnermostInvariantsGetRegistersFirst) {
  // 1 outer header, 2 uses ten outer values, 3 inner header, 4 uses eight inner values, 5 exit, 6 outer latch
  Values b;
  std::vector<VReg> outer, inner;
  VReg zero = b.remat(), i = b.value(), j = b.value(), s = b.value(), t = b.value(), i2 = b.value(), j2 = b.value();
  b.begin_block();
  for (int k = 0; k < 10; ++k) {
    outer.push_back(b.value());
    b.inst().def(outer.back());
  }
  for (int k = 0; k < 8; ++k) {
    inner.push_back(b.value());
    b.inst().def(inner.back());
  }
  b.inst().def(zero);
  b.inst();
  b.edge(1, {zero, zero});
  b.begin_block({i, s}, 1);
  b.inst().use(i).use_any(inner[0]);
  b.edge(2).edge(5);
  b.begin_block({}, 1);
  for (VReg v : outer) b.inst().use(i).use(v);
  b.inst();
  b.edge(3, {zero, s});
  b.begin_block({j, t}, 2);
  b.inst().use(j).use_any(inner[0]);
  b.edge(4).edge(6);
  b.begin_block({}, 2);
  VReg sum = t;
  for (VReg v : inner) {
    VReg next = b.value();
    b.inst().use(sum).use(v).def_reuse(next, 0);
    sum = next;
  }
  b.inst().use(j).def_reuse(j2, 0);
  b.inst();
  b.edge(3, {j2, sum});
  b.begin_block();
  for (VReg v : outer) b.inst().use(v);
  b.inst().use_fixed(s, r(0));
  b.begin_block({}, 1);
  b.inst().use(i).def_reuse(i2, 0);
  b.inst();
  b.edge(1, {i2, t});
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {3, 4}), 0u) << print_allocation(fn, &result);
}

TEST(Loops, SwapOnTheBackEdge) {
  Loop b;
  b.begin();
  b.enter();
  b.inst().use(b.s).use(b.i);
  b.inst();
  b.edge(1, {b.s, b.i});
  b.begin_block();
  b.inst().use(b.s).use(b.i);
  RaFunction fn = b.finish();
  RaResult result = allocate(fn, kEnv);
  EXPECT_EQ(edits_in(fn, result, {1, 2}), 3u) << print_allocation(fn, &result);
  allocate(fn, kEnv, {.spill_everything = true});  // the same between slots
}

TEST(Loops, RotationOfManyParametersOnTheBackEdge) {
  for (bool spill : {false, true}) {
    Values b;
    std::vector<VReg> first, params;
    b.begin_block();
    for (int k = 0; k < 16; ++k) {
      bool is_float = k % 4 == 3;
      first.push_back(is_float ? b.real() : b.value());
      params.push_back(is_float ? b.real() : b.value());
      b.inst().def(first.back());
    }
    b.inst();
    b.edge(1, first);
    b.begin_block(params, 1);
    b.inst().use(params[0]);
    b.edge(2).edge(3);
    b.begin_block({}, 1);
    b.inst();
    std::vector<VReg> rotated = {params[1], params[2],  params[4],  params[7],  params[5],  params[6],  params[8], params[3],
                                 params[9], params[10], params[12], params[15], params[13], params[14], params[0], params[11]};
    b.edge(1, rotated);
    b.begin_block();
    for (VReg v : params) b.inst().use(v);
    allocate(b.finish(), kEnv, {.spill_everything = spill});
  }
}

// ------------------------------------------------------------------------------------------------------------ errors

void expect_invalid(const RaFunction& fn, const std::string& why) {
  auto result = allocate_linear_scan(fn, kEnv, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kBadIr);
  EXPECT_NE(result.error().detail.find(why), std::string::npos) << test::describe(result.error());
}

TEST(Validation, RejectsWhatTheRulesForbid) {
  {
    Values b;
    b.begin_block();
    b.inst().use(b.value());
    expect_invalid(b.finish(), "never defined");
  }
  {
    Values b;
    VReg x = b.value();
    b.begin_block();
    b.inst().def(x);
    b.inst().def(x);
    expect_invalid(b.finish(), "defined twice");
  }
  {
    Values b;
    VReg x = b.value();
    b.begin_block();
    b.inst().use(x);
    b.inst().def(x);
    b.inst();
    expect_invalid(b.finish(), "does not dominate");
  }
  {
    Values b;
    VReg x = b.value(), y = b.value();
    b.begin_block();
    b.inst().def(x);
    b.inst().def(y);
    b.inst().use_fixed(x, r(0)).use_fixed(y, r(0));
    expect_invalid(b.finish(), "two vregs fixed to one register");
  }
  {
    Values b;
    b.begin_block();
    b.inst();
    b.edge(1).edge(1);
    b.begin_block();
    b.inst();
    expect_invalid(b.finish(), "critical edge");
  }
  {
    Values b;
    VReg x = b.value();
    b.begin_block();
    b.inst();
    b.edge(1);
    b.begin_block({x});
    b.inst().use(x);
    expect_invalid(b.finish(), "argument count");
  }
  {
    Values b;
    b.begin_block();
    b.inst();
    b.begin_block();
    b.inst();
    expect_invalid(b.finish(), "unreachable");
  }
}

TEST(Validation, ReportsWhenRegistersRunOut) {
  Values b;
  std::vector<VReg> values;
  b.begin_block();
  for (int k = 0; k < 13; ++k) {
    values.push_back(b.value());
    b.inst().def(values.back());
  }
  b.inst();
  for (VReg v : values) b.use(v);
  expect_invalid(b.finish(), "no register left");
}

TEST(Allocators, AreFoundByName) {
  ASSERT_NE(find_register_allocator("linear-scan"), nullptr);
  EXPECT_EQ(find_register_allocator("linear-scan")->allocate, allocate_linear_scan);
  EXPECT_EQ(find_register_allocator("none"), nullptr);
}

}  // namespace
}  // namespace orus::jit
