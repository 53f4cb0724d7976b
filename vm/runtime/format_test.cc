#include "vm/runtime/format.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/rng.h"
#include "vm/runtime/test_objects.h"

namespace orus {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

TEST(FormatF64, Spec) {
  EXPECT_EQ(format_f64(0.1), "0.10000000000000001");
  EXPECT_EQ(format_f64(3.14), "3.14000000000000012");
  EXPECT_EQ(format_f64(2.0), "2");
  EXPECT_EQ(format_f64(-100), "-100");
  EXPECT_EQ(format_f64(0), "0");
  EXPECT_EQ(format_f64(-0.0), "0");
  EXPECT_EQ(format_f64(1e21), "1000000000000000000000");
  EXPECT_EQ(format_f64(0.00001), "1.0000000000000001e-05");
  EXPECT_EQ(format_f64(0.0001), "0.0001");
  EXPECT_EQ(format_f64(-0.5), "-0.5");
  EXPECT_EQ(format_f64(1e308).size(), 309u);
  EXPECT_EQ(format_f64(std::numeric_limits<double>::lowest()).size(), 310u);
  EXPECT_EQ(format_f64(4.9e-324), "4.9406564584124654e-324");
  EXPECT_EQ(format_f64(kInf), "inf");
  EXPECT_EQ(format_f64(-kInf), "-inf");
  EXPECT_EQ(format_f64(kNan), "nan");
  EXPECT_EQ(format_f64(-kNan), "nan");
}

TEST(FormatF64, Short) {
  EXPECT_EQ(format_f64_short(123456789.0), "1.23457e+08");
  EXPECT_EQ(format_f64_short(0.1), "0.1");
  EXPECT_EQ(format_f64_short(2), "2");
  EXPECT_EQ(format_f64_short(-0.0), "-0");
  EXPECT_EQ(format_f64_short(1e100), "1e+100");
  EXPECT_EQ(format_f64_short(-kNan), "nan");
  EXPECT_EQ(format_f64_short(-kInf), "-inf");
}

/// print's rule spelled with printf.
std::string format_with_printf(double v) {
  if (v == 0) return "0";
  char text[512];
  snprintf(text, sizeof text, std::fabs(v) >= 1e-4 ? "%.17f" : "%.17g", v);
  std::string s = text;
  if (s.find('e') != std::string::npos || s.find('.') == std::string::npos) return s;
  s.erase(s.find_last_not_of('0') + 1);
  if (s.back() == '.') s.pop_back();
  return s;
}

TEST(FormatF64, AgreesWithPrintf) {
  Rng rng(0x51f3);
  for (int i = 0; i < 200000; ++i) {
    double v = std::bit_cast<double>(rng.next());
    if (i % 4 == 1) v = static_cast<double>(static_cast<int64_t>(rng.next()) >> (rng.next() % 64)) / 1000;
    if (!std::isfinite(v)) continue;
    ASSERT_EQ(format_f64(v), format_with_printf(v));
    char text[64];
    snprintf(text, sizeof text, "%g", v);
    ASSERT_EQ(format_f64_short(v), text);
  }
}

class FormatValue : public testing::Test {
 protected:
  Module module;
  TestObjects make{module};
  TypeId ints = module.array_of(kTypeI32);
  TypeId grid = module.array_of(ints);
  TypeId strings = module.array_of(kTypeString);
  TypeId point = add_struct("Point", {{"x", kTypeI32}, {"y", kTypeF64}});

  TypeId add_struct(std::string name, std::vector<Field> fields) {
    module.types.push_back(Type{.kind = TypeKind::kStruct, .name = std::move(name), .fields = std::move(fields)});
    return TypeId(module.types.size() - 1);
  }
  std::string text(TypeId type, Slot slot) {
    std::string out;
    format_value(module, type, slot, &out);
    return out;
  }
  std::string repr(TypeId type, Slot slot) {
    std::string out;
    format_repr(module, type, slot, &out);
    return out;
  }
};

TEST_F(FormatValue, Scalars) {
  EXPECT_EQ(text(kTypeI32, test_i32(-5)), "-5");
  EXPECT_EQ(text(kTypeU32, 0xFFFFFFFF), "4294967295");
  EXPECT_EQ(text(kTypeI64, test_i64(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(text(kTypeU64, ~uint64_t{0}), "18446744073709551615");
  EXPECT_EQ(text(kTypeBool, 1), "true");
  EXPECT_EQ(text(kTypeBool, 0), "false");
  EXPECT_EQ(text(kTypeF64, f64_slot(0.1)), "0.10000000000000001");
  EXPECT_EQ(repr(kTypeF64, f64_slot(0.1)), "0.1");
}

TEST_F(FormatValue, References) {
  EXPECT_EQ(text(kTypeString, make.string(std::string_view("a\0b", 3))), std::string_view("a\0b", 3));
  EXPECT_EQ(repr(kTypeString, make.string("q\"\\\n\t\r")), "\"q\\\"\\\\\\n\\t\r\"");
  EXPECT_EQ(text(kTypeError, make.error(ErrorKind::kValue, "bad")), "Error: bad");
  EXPECT_EQ(repr(kTypeError, make.error(ErrorKind::kValue, "bad")), "<error>");
  EXPECT_EQ(text(kTypeRange, make.range(1, 5, 1)), "range(1..5)");
  EXPECT_EQ(text(kTypeRange, make.range(6, 0, -2)), "range(6..0 step=-2)");
  EXPECT_EQ(repr(kTypeRange, make.range(6, 0, -2)), "<range>");
}

TEST_F(FormatValue, Aggregates) {
  Slot a = make.array(ints, {1, test_i32(-2), 3}), none = make.array(ints, {});
  EXPECT_EQ(text(ints, a), "1, -2, 3");
  EXPECT_EQ(repr(ints, a), "[1, -2, 3]");
  EXPECT_EQ(text(ints, none), "");
  EXPECT_EQ(repr(ints, none), "[]");
  EXPECT_EQ(text(grid, make.array(grid, {a, none, a})), "1, -2, 3, , 1, -2, 3");
  EXPECT_EQ(repr(grid, make.array(grid, {a, none})), "[[1, -2, 3], []]");
  EXPECT_EQ(repr(strings, make.array(strings, {make.string("x"), make.string("")})), "[\"x\", \"\"]");
  Slot p = make.structure(point, {test_i32(4), f64_slot(1.5)});
  EXPECT_EQ(text(point, p), "4, 1.5");
  EXPECT_EQ(repr(point, p), "[4, 1.5]");
  TypeId bools = module.array_of(kTypeBool);
  EXPECT_EQ(text(bools, make.array(bools, {1, 0})), "true, false");
}

TEST_F(FormatValue, CyclesAndDepthAreCut) {
  TypeId node = add_struct("Node", {{"v", kTypeI32}});
  module.types[node.index].fields.push_back({"next", node});
  Slot loop = make.structure(node, {7, 0});
  slot_ref<Struct>(loop)->fields()[1] = loop;
  EXPECT_EQ(text(node, loop), "7, ...");
  EXPECT_EQ(repr(node, loop), "[7, ...]");

  Slot chain = make.structure(node, {0, 0});
  slot_ref<Struct>(chain)->fields()[1] = chain;
  for (int i = 0; i < 1000; ++i) chain = make.structure(node, {0, chain});
  std::string out = text(node, chain);
  EXPECT_EQ(out.size(), 200 * 3 + 3u);
  EXPECT_TRUE(out.ends_with("0, ..."));
}

TEST_F(FormatValue, SharedPartsDoNotExplode) {
  Slot slot = make.array(ints, {1, 2});
  std::vector<TypeId> types = {ints};
  for (int i = 0; i < 60; ++i) {
    types.push_back(module.array_of(types.back()));
    slot = make.array(types.back(), {slot, slot});
  }
  std::string out = text(types.back(), slot);
  EXPECT_GT(out.size(), size_t{1} << 20);
  EXPECT_LT(out.size(), size_t{2} << 20);
  EXPECT_TRUE(out.starts_with("1, 2, 1, 2, "));
  EXPECT_TRUE(out.ends_with(", ..., ..."));
}

TEST_F(FormatValue, PartsThatAreNotSharedAreNotCut) {
  std::vector<Slot> numbers(2'000'000, test_i32(7));
  Slot flat = make.array(ints, numbers);
  EXPECT_EQ(text(ints, flat).size(), 3 * numbers.size() - 2);
  // A part shown again is cut when 1 MiB was shown again; what comes after it and is new is not.
  Slot last = make.array(ints, {5});
  std::string out = text(grid, make.array(grid, {flat, flat, flat, last}));
  EXPECT_EQ(out.size(), 2 * (3 * numbers.size() - 2) + std::string_view(", , ..., 5").size());
  EXPECT_TRUE(out.ends_with("7, ..., 5"));
}

TEST_F(FormatValue, LongStringsEndTheText) {
  std::vector<Slot> parts(600, make.string(std::string(1 << 20, 'x')));
  std::string out = text(strings, make.array(strings, parts));
  EXPECT_GT(out.size(), size_t{256} << 20);
  EXPECT_LT(out.size(), size_t{258} << 20);
  EXPECT_TRUE(out.ends_with("x, ..."));
}

}  // namespace
}  // namespace orus
