#include "lang/orus/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace orus::lang {
namespace {

Number number(std::string_view text) {
  Number n;
  std::string problem;
  EXPECT_TRUE(parse_number(text, &n, &problem)) << text << ": " << problem;
  return n;
}
bool valid(std::string_view text) {
  Number n;
  std::string problem;
  return parse_number(text, &n, &problem);
}
Ty type_of(std::string_view text) { return default_type(number(text)); }

TEST(Number, DefaultTypes) {
  EXPECT_EQ(type_of("0"), kTyI32);
  EXPECT_EQ(type_of("2147483647"), kTyI32);
  EXPECT_EQ(type_of("2147483648"), kTyI64);
  EXPECT_EQ(type_of("9223372036854775808"), kTyU64);
  EXPECT_EQ(type_of("18446744073709551615"), kTyU64);
  EXPECT_EQ(type_of("18446744073709551616"), kTyPoison);
  EXPECT_EQ(type_of("0xFFFFFFFF"), kTyI32);
  EXPECT_EQ(type_of("0x100000000"), kTyI64);
  EXPECT_EQ(type_of("1.0"), kTyF64);
  EXPECT_EQ(type_of("1e3"), kTyF64);
  EXPECT_EQ(type_of("7u64"), kTyU64);
}

TEST(Number, Spellings) {
  EXPECT_EQ(number("017").magnitude, 17u);
  EXPECT_EQ(number("0b1010").magnitude, 10u);
  EXPECT_EQ(number("0o17").magnitude, 15u);
  EXPECT_EQ(number("1_000_000").magnitude, 1000000u);
  EXPECT_EQ(number("0xFF_FFu32").magnitude, 0xFFFFu);
  EXPECT_EQ(number("0x1f64").magnitude, 0x1f64u);
  EXPECT_EQ(number("4.0i32").magnitude, 4u);
  EXPECT_FALSE(number("4.0i32").is_float);
  EXPECT_EQ(number("1e999").real, std::numeric_limits<double>::infinity());
  EXPECT_EQ(number("1e-999").real, 0.0);
  for (std::string_view bad : {"1__0", "1_", "0x", "0b2", "0o8", "12abc", "5u", "1e", "1e+", "4.5i32", "0x_1", "1_.5"}) {
    EXPECT_FALSE(valid(bad)) << bad;
  }
}

TEST(Number, Values) {
  EXPECT_EQ(number_bits(number("0xFFFFFFFF"), kTyI32), 0xFFFFFFFFu);
  EXPECT_EQ(number_bits(number("0xFFFFFFFF"), kTyU32), 0xFFFFFFFFu);
  EXPECT_EQ(number_bits(number("0xFFFFFFFF"), kTyI64), 0xFFFFFFFFu);
  EXPECT_EQ(number_bits(number("4294967295"), kTyI32), std::nullopt);
  EXPECT_EQ(number_bits(number("1"), kTyF64), std::bit_cast<uint64_t>(1.0));
  EXPECT_EQ(number_bits(number("1.0"), kTyI32), std::nullopt);
  Number n = number("2147483648");
  n.negative = true;
  EXPECT_EQ(number_bits(n, kTyI32), 0x80000000u);
  EXPECT_EQ(number_bits(n, kTyU32), std::nullopt);
  EXPECT_EQ(number_bits(n, kTyI64), 0xFFFFFFFF80000000u);
}

}  // namespace
}  // namespace orus::lang
