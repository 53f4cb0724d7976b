#include "vm/runtime/numbers.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "base/rng.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min(), kMax64 = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxU64 = std::numeric_limits<uint64_t>::max();
constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Compare, SignedWithUnsigned) {
  EXPECT_EQ(cmp_i64_u64(-1, 0), -1);
  EXPECT_EQ(cmp_i64_u64(-1, kMaxU64), -1);
  EXPECT_EQ(cmp_i64_u64(0, 0), 0);
  EXPECT_EQ(cmp_i64_u64(kMax64, uint64_t{kMax64} + 1), -1);
  EXPECT_EQ(cmp_i64_u64(5, 4), 1);
}

TEST(Compare, IntegerWithFloatIsExact) {
  EXPECT_EQ(cmp_i64_f64(1, kNan), 2);
  EXPECT_EQ(cmp_i64_f64(kMax64, kInf), -1);
  EXPECT_EQ(cmp_i64_f64(kMin64, -kInf), 1);
  EXPECT_EQ(cmp_i64_f64(kMax64, 9223372036854775808.0), -1);  // the double nearest to kMax64
  EXPECT_EQ(cmp_i64_f64(kMin64, -9223372036854775808.0), 0);
  EXPECT_EQ(cmp_i64_f64(9007199254740993, 9007199254740992.0), 1);
  EXPECT_EQ(cmp_i64_f64(3, 3.5), -1);
  EXPECT_EQ(cmp_i64_f64(4, 3.5), 1);
  EXPECT_EQ(cmp_i64_f64(-3, -3.5), 1);
  EXPECT_EQ(cmp_i64_f64(-4, -3.5), -1);
  EXPECT_EQ(cmp_i64_f64(0, -0.0), 0);
  EXPECT_EQ(cmp_i64_f64(0, -0.5), 1);

  EXPECT_EQ(cmp_u64_f64(1, kNan), 2);
  EXPECT_EQ(cmp_u64_f64(kMaxU64, 18446744073709551616.0), -1);
  EXPECT_EQ(cmp_u64_f64(0, -0.5), 1);
  EXPECT_EQ(cmp_u64_f64(0, -0.0), 0);
  EXPECT_EQ(cmp_u64_f64(0, 0.25), -1);
  EXPECT_EQ(cmp_u64_f64(kMaxU64 - 2047, 18446744073709549568.0), 0);
  EXPECT_EQ(cmp_u64_f64(kMaxU64 - 2046, 18446744073709549568.0), 1);
}

TEST(Convert, FloatToIntegerTruncatesOrGivesMinimum) {
  constexpr int32_t kMin32 = std::numeric_limits<int32_t>::min();
  EXPECT_EQ(f64_to_i32(3.99), 3);
  EXPECT_EQ(f64_to_i32(-3.99), -3);
  EXPECT_EQ(f64_to_i32(2147483647.9), 2147483647);
  EXPECT_EQ(f64_to_i32(-2147483648.9), kMin32);
  for (double v : {2147483648.0, -2147483649.0, 1e300, kInf, -kInf, kNan}) EXPECT_EQ(f64_to_i32(v), kMin32) << v;
  EXPECT_EQ(f64_to_i64(-1.5), -1);
  EXPECT_EQ(f64_to_i64(9223372036854774784.0), 9223372036854774784);
  for (double v : {9223372036854775808.0, -1e300, kInf, -kInf, kNan}) EXPECT_EQ(f64_to_i64(v), kMin64) << v;
}

TEST(Convert, Fmod) {
  EXPECT_EQ(fmod_f64(-7.5, 2), -1.5);
  EXPECT_TRUE(std::signbit(fmod_f64(-4, 2)));
  EXPECT_EQ(fmod_f64(3, kInf), 3);
  EXPECT_TRUE(std::isnan(fmod_f64(kInf, 3)));
}

void expect_i32(std::string_view text, NumberText expected, int32_t value = 0) {
  int32_t got = -1;
  EXPECT_EQ(parse_i32(text, &got), expected) << text;
  if (expected == NumberText::kOk) {
    EXPECT_EQ(got, value) << text;
  }
}

TEST(ParseI32, Accepts) {
  expect_i32("0", NumberText::kOk, 0);
  expect_i32("  42\t\n", NumberText::kOk, 42);
  expect_i32("+7", NumberText::kOk, 7);
  expect_i32("-0", NumberText::kOk, 0);
  expect_i32("000000000000000012", NumberText::kOk, 12);
  expect_i32("2147483647", NumberText::kOk, 2147483647);
  expect_i32("-2147483648", NumberText::kOk, std::numeric_limits<int32_t>::min());
  expect_i32("", NumberText::kOk, 0);
  expect_i32(" \r\n\v\f ", NumberText::kOk, 0);
}

TEST(ParseI32, Refuses) {
  for (std::string_view text : {"abc", "+", "-", "- 1", "--1", "1 2", "4.25", "1e3", "0x10", "12a", "1_000"}) {
    expect_i32(text, NumberText::kMalformed);
  }
  expect_i32(std::string_view("1\0", 2), NumberText::kMalformed);
  expect_i32("2147483648", NumberText::kOutOfRange);
  expect_i32("-2147483649", NumberText::kOutOfRange);
  expect_i32("99999999999999999999999999999999999", NumberText::kOutOfRange);
  expect_i32("99999999999999999999999999999999999x", NumberText::kMalformed);
}

void expect_f64(std::string_view text, NumberText expected, double value = 0) {
  double got = -1;
  EXPECT_EQ(parse_f64(text, &got), expected) << text;
  if (expected == NumberText::kOk) {
    EXPECT_EQ(got, value) << text;
  }
}

TEST(ParseF64, Accepts) {
  expect_f64("2.5", NumberText::kOk, 2.5);
  expect_f64(" -1e3 ", NumberText::kOk, -1000);
  expect_f64("+.5", NumberText::kOk, 0.5);
  expect_f64("5.", NumberText::kOk, 5);
  expect_f64("0x1.8p1", NumberText::kOk, 3);
  expect_f64("", NumberText::kOk, 0);
  expect_f64(" \t", NumberText::kOk, 0);
  expect_f64("1e-999", NumberText::kOk, 0);
  expect_f64("4.9e-324", NumberText::kOk, 4.9e-324);
}

TEST(ParseF64, Refuses) {
  for (std::string_view text : {"pi", ".", "e5", "1e", "0x", "1.2.3", "1,5", "1 2", "5f"}) {
    expect_f64(text, NumberText::kMalformed);
  }
  expect_f64(std::string_view("1\0", 2), NumberText::kMalformed);
  for (std::string_view text : {"1e999", "-1e999", "nan", "NAN", "inf", "-Infinity", "nan(1)"}) {
    expect_f64(text, NumberText::kOutOfRange);
  }
}

/// Makes a locale with a decimal comma where there is none, and sets it.
bool set_decimal_comma() {
  if (std::setlocale(LC_NUMERIC, "de_DE.UTF-8") != nullptr) return true;
  std::string folder = testing::TempDir();
  std::string command = "localedef --no-archive -i de_DE -f UTF-8 '" + folder + "/de_DE.UTF-8'";
  setenv("LOCPATH", folder.c_str(), 1);
  return std::system(command.c_str()) == 0 && std::setlocale(LC_NUMERIC, "de_DE.UTF-8") != nullptr;
}

TEST(ParseF64, IgnoresTheLocale) {
  ASSERT_TRUE(set_decimal_comma()) << "needs localedef and the package 'locales' (ci/deps main test)";
  expect_f64("2.5", NumberText::kOk, 2.5);
  expect_f64("2,5", NumberText::kMalformed);
  std::setlocale(LC_NUMERIC, "C");
}

}  // namespace
}  // namespace orus
