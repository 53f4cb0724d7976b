#include <gtest/gtest.h>

#include <limits>

#include "vm/runtime/format.h"
#include "vm/runtime/test_objects.h"

namespace orus {
namespace {

class FormatPrint : public testing::Test {
 protected:
  struct Argument {
    TypeId type;
    Slot slot;
  };
  Argument str(std::string_view text) { return {kTypeString, make.string(text)}; }
  static Argument i32(int32_t v) { return {kTypeI32, test_i32(v)}; }
  static Argument f64(double v) { return {kTypeF64, f64_slot(v)}; }

  /// The printed line without its end.
  std::string line(std::initializer_list<Argument> arguments) {
    std::vector<TypeId> types;
    std::vector<Slot> slots;
    for (const Argument& a : arguments) {
      types.push_back(a.type);
      slots.push_back(a.slot);
    }
    std::string out;
    format_print(module, types.data(), slots.data(), static_cast<uint32_t>(types.size()), &out);
    EXPECT_TRUE(out.ends_with('\n'));
    out.pop_back();
    return out;
  }

  Module module;
  TestObjects make{module};
};

TEST_F(FormatPrint, Plain) {
  EXPECT_EQ(line({}), "");
  EXPECT_EQ(line({i32(1), str("a@\\n"), f64(2.5)}), "1 a@\\n 2.5");
  EXPECT_EQ(line({str(""), i32(1)}), " 1");
  EXPECT_EQ(line({str("x"), str("@"), i32(3)}), "x @ 3");
  EXPECT_EQ(line({str(std::string_view("a\0b", 3))}), std::string_view("a\0b", 3));
}

TEST_F(FormatPrint, Specifiers) {
  EXPECT_EQ(line({str("hex @x, dec @, pi @.2f!"), i32(250), i32(250), f64(3.14159), str("extra")}), "hex fa, dec 250, pi 3.14! extra");
  EXPECT_EQ(line({str("@x @X @b @o"), i32(-1), i32(-1), i32(0), i32(8)}), "ffffffffffffffff FFFFFFFFFFFFFFFF 0 10");
  EXPECT_EQ(line({str("@b"), {kTypeI64, test_i64(-1)}}), std::string(64, '1'));
  EXPECT_EQ(line({str("@X"), {kTypeU32, 0xDEADBEEF}}), "DEADBEEF");
  EXPECT_EQ(line({str("@o"), {kTypeU64, ~uint64_t{0}}}), "1777777777777777777777");
  EXPECT_EQ(line({str("@x @b @.2f"), {kTypeBool, 1}, f64(0.5), i32(3)}), "true 0.5 3");
  EXPECT_EQ(line({str("@x"), str("s")}), "s");
  EXPECT_EQ(line({str("@@"), i32(1), i32(2)}), "12");
  EXPECT_EQ(line({str("@y@%"), i32(1), i32(2)}), "1y2%");
  EXPECT_EQ(line({str("@xx"), i32(255)}), "ffx");
}

TEST_F(FormatPrint, Decimals) {
  EXPECT_EQ(line({str("@.2"), f64(1.005)}), "1.00");
  EXPECT_EQ(line({str("@.0f"), f64(2.5)}), "2");
  EXPECT_EQ(line({str("@.1f"), f64(-0.0)}), "-0.0");
  EXPECT_EQ(line({str("@.3ff"), f64(1)}), "1.000f");
  EXPECT_EQ(line({str("@."), f64(0.1)}), "0.10000000000000001");
  EXPECT_EQ(line({str("@.f|"), i32(5)}), "5|");
  EXPECT_EQ(line({str("@.2f @.2f"), f64(std::numeric_limits<double>::infinity()), f64(-std::numeric_limits<double>::quiet_NaN())}),
            "inf nan");
  EXPECT_EQ(line({str("@.99999999999999999999f"), f64(1)}), "1." + std::string(1100, '0'));
  EXPECT_EQ(line({str("@.1100f"), f64(-std::numeric_limits<double>::max())}).size(), 1u + 309 + 1 + 1100);
}

TEST_F(FormatPrint, SpecifiersWithoutArgument) {
  EXPECT_EQ(line({str("@ @x @.2f @.")}), "@ @x @.2f @.");
  EXPECT_EQ(line({str("@ and @X"), i32(1)}), "1 and @X");
}

TEST_F(FormatPrint, Backslashes) {
  EXPECT_EQ(line({str("a\\nb\\tc\\qd\\\\e")}), "a\nb\tcqd\\e");
  EXPECT_EQ(line({str("\\@ @"), i32(1)}), "@ 1");
  EXPECT_EQ(line({str("end\\")}), "end");
  EXPECT_EQ(line({str("\\")}), "");
}

}  // namespace
}  // namespace orus
