#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "jit/ir/ir_eval.h"
#include "jit/ir/ir_text.h"
#include "jit/ir/test_module.h"
#include "jit/opt/magic_division.h"
#include "jit/opt/passes.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

VerifiedModule& test_module() {
  static VerifiedModule module{TestModule::make().module, {}};
  return module;
}

/// A function of one parameter: ret op(param, constant), optionally compared with 0.
struct Division {
  Function fn;
  InstId x;

  /// With a mask the dividend is known not to be negative.
  Division(IrOp op, IrType type, int64_t by, bool masked = false) : fn(test_module().module, 0) {
    BlockId entry = fn.add_block();
    fn.param_types = {type};
    fn.result = type;
    x = fn.append(entry, IrOp::param, type, {});
    int64_t mask = type == IrType::kI32 ? INT32_MAX : INT64_MAX;
    InstId dividend = masked ? fn.append(entry, IrOp::and_, type, {x, fn.constant(type, mask)}) : x;
    InstId result = fn.append(entry, op, type, {dividend, fn.constant(type, by)});
    fn.append(entry, IrOp::ret, IrType::kVoid, {result});
  }
  bool reduce() {
    CompileOptions options;
    PassContext ctx{test_module(), options};
    return reduce_strength(fn, ctx);
  }
  /// Straight-line code only.
  Slot run(Slot argument) const {
    std::vector<Slot> values(fn.insts.size());
    for (InstId id : fn.at(BlockId(0u)).insts) {
      const Inst& inst = fn.at(id);
      if (inst.op == IrOp::ret) return values[inst.args[0].index];
      if (inst.op == IrOp::constant || inst.op == IrOp::param) {
        values[id.index] = inst.op == IrOp::param ? argument : static_cast<Slot>(inst.imm);
        continue;
      }
      Slot args[3] = {};
      for (uint32_t i = 0; i < inst.arg_count; ++i) args[i] = values[inst.args[i].index];
      evaluate_ir(inst.op, inst.type, fn.at(inst.args[0]).type, args, &values[id.index]);
    }
    return 0;
  }
};

template <class S, class U>
Slot expected(IrOp op, Slot x, int64_t by) {
  S a = static_cast<S>(x), b = static_cast<S>(by);
  switch (op) {
    case IrOp::sdiv: return static_cast<U>(a / b);
    case IrOp::srem: return static_cast<U>(b == -1 ? 0 : a % b);
    case IrOp::udiv: return static_cast<U>(x) / static_cast<U>(by);
    default: return static_cast<U>(x) % static_cast<U>(by);
  }
}

template <class S, class U>
std::vector<S> divisors() {
  std::set<S> values;
  for (int64_t i = -300; i <= 300; ++i) values.insert(static_cast<S>(i));
  for (int k = 0; k < std::numeric_limits<U>::digits; ++k) {
    for (int64_t near = -3; near <= 3; ++near) {
      values.insert(static_cast<S>((U{1} << k) + static_cast<U>(near)));
      values.insert(static_cast<S>(U{0} - (U{1} << k) + static_cast<U>(near)));
      values.insert(static_cast<S>(std::numeric_limits<U>::max() / ((U{1} << k) | 1) + static_cast<U>(near)));
    }
  }
  for (int64_t i : {641, 1000, 10000, 1000000007, 2147483563, 2147483399, 6700417, 28, 56, 274177}) values.insert(static_cast<S>(i));
  uint64_t random = 0x9e3779b97f4a7c15;
  for (int i = 0; i < 200; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    values.insert(static_cast<S>(random >> (i % 48)));
  }
  values.erase(0);
  return {values.begin(), values.end()};
}

template <class S, class U>
std::vector<S> dividends(S by) {
  std::set<S> values;
  for (int64_t near = -3; near <= 3; ++near) {
    for (int k = 0; k < std::numeric_limits<U>::digits; ++k) {
      values.insert(static_cast<S>((U{1} << k) + static_cast<U>(near)));
      values.insert(static_cast<S>(U{0} - (U{1} << k) + static_cast<U>(near)));
    }
    U d = static_cast<U>(by), largest = std::numeric_limits<U>::max() / d * d;
    S top = std::numeric_limits<S>::max();
    U signed_largest = by == -1 ? static_cast<U>(top) : static_cast<U>(top / by * by);
    for (U multiple : {d, U{2} * d, U{7} * d, largest, signed_largest, U{0} - signed_largest, U{0} - d})
      values.insert(static_cast<S>(multiple + static_cast<U>(near)));
  }
  return {values.begin(), values.end()};
}

template <class S, class U>
void check_all(IrType type) {
  for (IrOp op : {IrOp::sdiv, IrOp::srem, IrOp::udiv, IrOp::urem}) {
    for (S by : divisors<S, U>()) {
      Division division(op, type, by);
      ASSERT_TRUE(division.reduce());
      Status status = verify_ir(division.fn);
      ASSERT_TRUE(status.ok()) << status.error().detail << print_ir(division.fn);
      for (S x : dividends<S, U>(by)) {
        bool is_signed = op == IrOp::sdiv || op == IrOp::srem;
        if (is_signed && by == -1 && x == std::numeric_limits<S>::min()) continue;
        ASSERT_EQ(division.run(static_cast<U>(x)), (expected<S, U>(op, static_cast<U>(x), by)))
            << info(op).name << " " << +x << " by " << +by << "\n"
            << print_ir(division.fn);
      }
    }
  }
}

TEST(ReduceStrength, DividesLikeTheMachine32) { check_all<int32_t, uint32_t>(IrType::kI32); }
TEST(ReduceStrength, DividesLikeTheMachine64) { check_all<int64_t, uint64_t>(IrType::kI64); }

TEST(ReduceStrength, UsesThatDividendsAreNotNegative) {
  for (IrOp op : {IrOp::sdiv, IrOp::srem}) {
    for (int32_t by : divisors<int32_t, uint32_t>()) {
      Division division(op, IrType::kI32, by, true);
      ASSERT_TRUE(division.reduce());
      for (int32_t x : dividends<int32_t, uint32_t>(by)) {
        if (x < 0) continue;
        ASSERT_EQ(division.run(static_cast<uint32_t>(x)), (expected<int32_t, uint32_t>(op, static_cast<uint32_t>(x), by)))
            << x << " " << by;
      }
    }
    for (int64_t by : divisors<int64_t, uint64_t>()) {
      Division division(op, IrType::kI64, by, true);
      ASSERT_TRUE(division.reduce());
      for (int64_t x : dividends<int64_t, uint64_t>(by)) {
        if (x < 0) continue;
        ASSERT_EQ(division.run(static_cast<uint64_t>(x)), (expected<int64_t, uint64_t>(op, static_cast<uint64_t>(x), by)))
            << x << " " << by;
      }
    }
  }
}

TEST(ReduceStrength, LeavesDivisionByZeroAlone) {
  Division division(IrOp::udiv, IrType::kI32, 0);
  EXPECT_FALSE(division.reduce());
}

TEST(ReduceStrength, ShiftsOnlyWrappingMultiplications) {
  for (int64_t by : {1, 2, 64}) {
    Division division(IrOp::mul, IrType::kI32, by);
    EXPECT_TRUE(division.reduce());
    EXPECT_EQ(division.run(0xC0000001u), static_cast<uint32_t>(0xC0000001u * static_cast<uint64_t>(by)));
  }
  Division division(IrOp::mul, IrType::kI64, INT64_MIN);
  EXPECT_TRUE(division.reduce());
  EXPECT_EQ(division.run(3), uint64_t{1} << 63);
  EXPECT_FALSE(Division(IrOp::mul, IrType::kI64, 6).reduce());
  EXPECT_FALSE(Division(IrOp::mul_ov, IrType::kI64, 8).reduce());
}

TEST(ReduceStrength, TestsDivisibilityByMask) {
  for (int64_t by : {2, -2, 8, 1 << 20, INT32_MIN}) {
    for (IrOp op : {IrOp::eq, IrOp::ne}) {
      Division division(IrOp::srem, IrType::kI32, by);
      InstId rem = division.fn.at(division.fn.terminator(BlockId(0u))).args[0];
      InstId test = division.fn.create(op, IrType::kBool, {rem, division.fn.constant(IrType::kI32, 0)});
      division.fn.insert_before_terminator(BlockId(0u), test);
      division.fn.set_arg(division.fn.terminator(BlockId(0u)), 0, test);
      division.fn.result = IrType::kBool;
      ASSERT_TRUE(division.reduce());
      for (int32_t x : dividends<int32_t, uint32_t>(static_cast<int32_t>(by))) {
        bool zero = int64_t{x} % by == 0;
        EXPECT_EQ(division.run(static_cast<uint32_t>(x)), (zero == (op == IrOp::eq)) ? 1u : 0u) << x << " " << by;
      }
    }
  }
}

// The theorem's claim on numbers small enough to try them all.
TEST(MagicDivision, ExactForEveryEightBitPair) {
  for (uint32_t d = 3; d < 128; ++d) {
    if ((d & (d - 1)) == 0) continue;
    Magic magic = signed_magic(d, 8);
    ASSERT_LT(static_cast<uint64_t>(magic.multiplier), 256u);
    for (int n = -128; n < 128; ++n) {
      EXPECT_EQ(((static_cast<int64_t>(magic.multiplier) * n) >> magic.shift) + (n < 0), n / static_cast<int>(d));
    }
    Magic unsigned_one = unsigned_magic(d, 8, 8);
    ASSERT_LT(static_cast<uint64_t>(unsigned_one.multiplier), 512u);
    for (uint32_t n = 0; n < 256; ++n) {
      EXPECT_EQ((static_cast<uint64_t>(unsigned_one.multiplier) * n) >> unsigned_one.shift, n / d);
    }
  }
}

}  // namespace
}  // namespace orus::jit
