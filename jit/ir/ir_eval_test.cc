// Every op without memory or control against a reference in plain C++, on boundary values and on random ones.
#include "jit/ir/ir_eval.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "base/rng.h"

namespace orus::jit {
namespace {

using I32 = std::numeric_limits<int32_t>;
using I64 = std::numeric_limits<int64_t>;

Slot s32(int64_t v) { return static_cast<uint32_t>(v); }
Slot s64(int64_t v) { return static_cast<uint64_t>(v); }
Slot sf(double v) { return std::bit_cast<uint64_t>(v); }

std::vector<int64_t> integers(int bits) {
  std::vector<int64_t> values;
  for (int64_t base : {int64_t{0}, int64_t{I32::min()}, int64_t{I32::max()}, int64_t{1} << 16, I64::min(), I64::max(), int64_t{1} << 32}) {
    for (int64_t d : {-2, -1, 0, 1, 2}) values.push_back(static_cast<int64_t>(static_cast<uint64_t>(base) + static_cast<uint64_t>(d)));
  }
  for (int64_t v : {7, -7, 31, 32, 33, 63, 64, 100}) values.push_back(v);
  Rng rng(1);
  for (int i = 0; i < 30; ++i) values.push_back(static_cast<int64_t>(rng.next()) >> rng.below(64));
  if (bits == 32) {
    for (int64_t& v : values) v = static_cast<int32_t>(static_cast<uint32_t>(v));
  }
  return values;
}

std::vector<double> doubles() {
  std::vector<double> values{0.0,
                             -0.0,
                             1,
                             -1,
                             0.5,
                             -0.5,
                             1.5,
                             2147483647,
                             2147483648.0,
                             -2147483648.0,
                             -2147483649.0,
                             4294967295.0,
                             4294967296.0,
                             9223372036854775807.0,
                             -9223372036854775808.0,
                             9223372036854774784.0,
                             18446744073709551616.0,
                             1e300,
                             -1e300,
                             5e-324,
                             I32::max() + 0.5,
                             0.1,
                             3};
  values.push_back(std::numeric_limits<double>::infinity());
  values.push_back(-std::numeric_limits<double>::infinity());
  values.push_back(std::numeric_limits<double>::quiet_NaN());
  return values;
}

/// The result, or nothing when the op leaves.
std::optional<Slot> eval(IrOp op, IrType type, IrType argument, Slot a, Slot b = 0, Slot c = 0) {
  Slot args[3] = {a, b, c};
  Slot result = 0;
  if (!evaluate_ir(op, type, argument, args, &result)) return std::nullopt;
  return result;
}

constexpr __int128 kOne = 1;

/// Fits `value` into `bits`, or nothing.
std::optional<Slot> fit(__int128 value, int bits) {
  __int128 limit = kOne << (bits - 1);
  if (value < -limit || value >= limit) return std::nullopt;
  return static_cast<Slot>(value) & (bits == 32 ? 0xffffffffu : ~Slot{0});
}
Slot wrap(__int128 value, int bits) {
  return static_cast<Slot>(static_cast<unsigned __int128>(value)) & (bits == 32 ? 0xffffffffu : ~Slot{0});
}

class Width : public testing::TestWithParam<int> {
 protected:
  int bits() const { return GetParam(); }
  IrType type() const { return bits() == 32 ? IrType::kI32 : IrType::kI64; }
  Slot slot(int64_t v) const { return bits() == 32 ? s32(v) : s64(v); }
  unsigned __int128 unsigned_of(int64_t v) const { return slot(v); }
};

TEST_P(Width, Arithmetic) {
  for (int64_t a : integers(bits())) {
    for (int64_t b : integers(bits())) {
      SCOPED_TRACE(std::to_string(a) + ", " + std::to_string(b));
      __int128 x = a, y = b;
      auto op = [&](IrOp o) { return eval(o, type(), type(), slot(a), slot(b)); };
      ASSERT_EQ(op(IrOp::add), wrap(x + y, bits()));
      ASSERT_EQ(op(IrOp::sub), wrap(x - y, bits()));
      ASSERT_EQ(op(IrOp::mul), wrap(x * y, bits()));
      ASSERT_EQ(op(IrOp::add_ov), fit(x + y, bits()));
      ASSERT_EQ(op(IrOp::sub_ov), fit(x - y, bits()));
      ASSERT_EQ(op(IrOp::mul_ov), fit(x * y, bits()));
      ASSERT_EQ(op(IrOp::mul_high), wrap((x * y) >> bits(), bits()));
      unsigned __int128 ux = unsigned_of(a), uy = unsigned_of(b);
      ASSERT_EQ(op(IrOp::umul_high), wrap(static_cast<__int128>((ux * uy) >> bits()), bits()));
      if (b != 0) {
        ASSERT_EQ(op(IrOp::udiv), wrap(static_cast<__int128>(ux / uy), bits()));
        ASSERT_EQ(op(IrOp::urem), wrap(static_cast<__int128>(ux % uy), bits()));
        if (fit(x / y, bits()).has_value()) {
          ASSERT_EQ(op(IrOp::sdiv), wrap(x / y, bits()));
          ASSERT_EQ(op(IrOp::srem), wrap(x % y, bits()));
        }
      }
    }
  }
}

TEST_P(Width, BitsAndShifts) {
  for (int64_t a : integers(bits())) {
    for (int64_t b : integers(bits())) {
      auto op = [&](IrOp o) { return eval(o, type(), type(), slot(a), slot(b)); };
      ASSERT_EQ(op(IrOp::and_), slot(a & b));
      ASSERT_EQ(op(IrOp::or_), slot(a | b));
      ASSERT_EQ(op(IrOp::xor_), slot(a ^ b));
    }
    for (int count = 0; count < bits(); ++count) {
      SCOPED_TRACE(std::to_string(a) + " by " + std::to_string(count));
      auto op = [&](IrOp o) { return eval(o, type(), type(), slot(a), s32(count)); };
      ASSERT_EQ(op(IrOp::shl), wrap(static_cast<__int128>(unsigned_of(a) << count), bits()));
      ASSERT_EQ(op(IrOp::shr), wrap(static_cast<__int128>(unsigned_of(a) >> count), bits()));
      ASSERT_EQ(op(IrOp::sar), wrap(__int128{a} >> count, bits()));
    }
  }
}

TEST_P(Width, Comparisons) {
  for (int64_t a : integers(bits())) {
    for (int64_t b : integers(bits())) {
      SCOPED_TRACE(std::to_string(a) + ", " + std::to_string(b));
      auto op = [&](IrOp o) { return eval(o, IrType::kBool, type(), slot(a), slot(b)); };
      ASSERT_EQ(op(IrOp::eq), Slot{a == b});
      ASSERT_EQ(op(IrOp::ne), Slot{a != b});
      ASSERT_EQ(op(IrOp::lt), Slot{a < b});
      ASSERT_EQ(op(IrOp::le), Slot{a <= b});
      ASSERT_EQ(op(IrOp::gt), Slot{a > b});
      ASSERT_EQ(op(IrOp::ge), Slot{a >= b});
      ASSERT_EQ(op(IrOp::ult), Slot{unsigned_of(a) < unsigned_of(b)});
      ASSERT_EQ(op(IrOp::ule), Slot{unsigned_of(a) <= unsigned_of(b)});
    }
  }
}

TEST_P(Width, ToAndFromF64) {
  for (int64_t a : integers(bits())) {
    ASSERT_EQ(eval(IrOp::int_to_f64, IrType::kF64, type(), slot(a)), sf(static_cast<double>(a)));
    if (bits() == 64) {
      ASSERT_EQ(eval(IrOp::uint_to_f64, IrType::kF64, type(), slot(a)), sf(static_cast<double>(static_cast<uint64_t>(a))));
    }
  }
  for (double d : doubles()) {
    SCOPED_TRACE(d);
    double limit = std::ldexp(1.0, bits() - 1);
    // What lies strictly between -limit - 1 and limit truncates to a value that fits.
    bool fits = d >= -limit - (bits() == 32 ? 1 : 0) && d < limit && !(bits() == 32 && d == -limit - 1);
    Slot expected = fits ? slot(static_cast<int64_t>(d)) : slot(bits() == 32 ? int64_t{I32::min()} : I64::min());
    ASSERT_EQ(eval(IrOp::f64_to_int, type(), IrType::kF64, sf(d)), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(IrEval, Width, testing::Values(32, 64), [](const auto& info) { return "I" + std::to_string(info.param); });

TEST(IrEval, F64) {
  for (double a : doubles()) {
    for (double b : doubles()) {
      SCOPED_TRACE(std::to_string(a) + ", " + std::to_string(b));
      auto op = [&](IrOp o) { return eval(o, IrType::kF64, IrType::kF64, sf(a), sf(b)); };
      auto same = [](std::optional<Slot> got, double want) {
        // A NaN's bits are not specified here.
        return std::isnan(want) ? std::isnan(std::bit_cast<double>(*got)) : got == sf(want);
      };
      EXPECT_TRUE(same(op(IrOp::add), a + b));
      EXPECT_TRUE(same(op(IrOp::sub), a - b));
      EXPECT_TRUE(same(op(IrOp::mul), a * b));
      EXPECT_TRUE(same(op(IrOp::fdiv), a / b));
      if (b != 0) EXPECT_TRUE(same(op(IrOp::fmod), std::fmod(a, b)));
      auto compare = [&](IrOp o) { return eval(o, IrType::kBool, IrType::kF64, sf(a), sf(b)); };
      EXPECT_EQ(compare(IrOp::eq), Slot{a == b});
      EXPECT_EQ(compare(IrOp::ne), Slot{a != b});
      EXPECT_EQ(compare(IrOp::lt), Slot{a < b});
      EXPECT_EQ(compare(IrOp::le), Slot{a <= b});
      EXPECT_EQ(compare(IrOp::gt), Slot{a > b});
      EXPECT_EQ(compare(IrOp::ge), Slot{a >= b});
    }
    EXPECT_EQ(eval(IrOp::neg, IrType::kF64, IrType::kF64, sf(a)), sf(a) ^ (Slot{1} << 63));
    if (a > -1 && a < 18446744073709551616.0) {
      EXPECT_EQ(eval(IrOp::f64_to_uint, IrType::kI64, IrType::kF64, sf(a)), static_cast<uint64_t>(a));
    }
  }
}

TEST(IrEval, WidthConversions) {
  for (int64_t a : integers(64)) {
    EXPECT_EQ(eval(IrOp::trunc, IrType::kI32, IrType::kI64, s64(a)), s32(a));
    EXPECT_EQ(eval(IrOp::sext, IrType::kI64, IrType::kI32, s32(a)), s64(static_cast<int32_t>(static_cast<uint32_t>(a))));
    EXPECT_EQ(eval(IrOp::zext, IrType::kI64, IrType::kI32, s32(a)), s32(a));
  }
  for (Slot b : {0, 1}) {
    EXPECT_EQ(eval(IrOp::zext, IrType::kI32, IrType::kBool, b), b);
    EXPECT_EQ(eval(IrOp::zext, IrType::kI64, IrType::kBool, b), b);
  }
}

TEST(IrEval, Bools) {
  for (Slot a : {0, 1}) {
    EXPECT_EQ(eval(IrOp::not_, IrType::kBool, IrType::kBool, a), 1 - a);
    for (Slot b : {0, 1}) {
      EXPECT_EQ(eval(IrOp::and_, IrType::kBool, IrType::kBool, a, b), a & b);
      EXPECT_EQ(eval(IrOp::or_, IrType::kBool, IrType::kBool, a, b), a | b);
      EXPECT_EQ(eval(IrOp::xor_, IrType::kBool, IrType::kBool, a, b), a ^ b);
      EXPECT_EQ(eval(IrOp::eq, IrType::kBool, IrType::kBool, a, b), Slot{a == b});
      EXPECT_EQ(eval(IrOp::ne, IrType::kBool, IrType::kBool, a, b), Slot{a != b});
    }
    EXPECT_EQ(eval(IrOp::select, IrType::kI64, IrType::kBool, a, 10, 20), a != 0 ? 10u : 20u);
  }
}

TEST(IrEval, Checks) {
  EXPECT_TRUE(eval(IrOp::guard, IrType::kVoid, IrType::kBool, 1).has_value());
  EXPECT_FALSE(eval(IrOp::guard, IrType::kVoid, IrType::kBool, 0).has_value());
  for (int64_t index : {-1, 0, 1, 4, 5, 6, I32::min(), I32::max()}) {
    for (int64_t length : {0, 1, 5, I32::max()}) {
      bool inside = index >= 0 && index < length;
      auto got = eval(IrOp::bounds, IrType::kI32, IrType::kI32, s32(index), s32(length));
      EXPECT_EQ(got.has_value(), inside);
      if (inside) EXPECT_EQ(got, s32(index));
    }
  }
  EXPECT_EQ(eval(IrOp::pi, IrType::kRef, IrType::kRef, 0x1230), 0x1230u);
}

// Values that appear only when an op was moved above its check are unspecified, but defined.
TEST(IrEval, OutOfRangeByHoisting) {
  EXPECT_TRUE(eval(IrOp::shl, IrType::kI32, IrType::kI32, 1, s32(-1)).has_value());
  EXPECT_TRUE(eval(IrOp::sar, IrType::kI64, IrType::kI64, 1, s32(64)).has_value());
  for (double d : doubles()) EXPECT_TRUE(eval(IrOp::f64_to_uint, IrType::kI64, IrType::kF64, sf(d)).has_value());
}

TEST(IrEvalDeathTest, WhatMustHaveBeenProved) {
  EXPECT_DEATH(eval(IrOp::sdiv, IrType::kI32, IrType::kI32, 1, 0), "check failed");
  EXPECT_DEATH(eval(IrOp::srem, IrType::kI64, IrType::kI64, s64(I64::min()), s64(-1)), "check failed");
  EXPECT_DEATH(eval(IrOp::udiv, IrType::kI64, IrType::kI64, 1, 0), "check failed");
}

TEST(IrEval, CoversTheTable) {
  for (size_t i = 0; i < kIrOpCount; ++i) {
    auto op = static_cast<IrOp>(i);
    constexpr uint16_t kNotPure = kIrReads | kIrWrites | kIrCall | kIrSafepoint | kIrTerminator;
    bool entry = info(op).args == 0;
    EXPECT_EQ(is_evaluable(op), (info(op).effects & kNotPure) == 0 && !entry) << info(op).name;
  }
}

}  // namespace
}  // namespace orus::jit
