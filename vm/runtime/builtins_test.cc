#include <gtest/gtest.h>

#include <limits>

#include "vm/runtime/test_program.h"

namespace orus {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

/// What `b` makes of one argument, printed; `make` puts the argument into a register.
template <class Make>
std::string result_of(Builtin b, TypeId result, Make make) {
  TestProgram p;
  Reg argument = make(p);
  p.print({p.boolean(true), p.call(result, b, {argument})});
  std::string out = p.run();
  return out.starts_with("true ") ? out.substr(5, out.size() - 6) : out;
}

std::string int_of(std::string_view text) {
  return result_of(Builtin::int_from_string, kTypeI32, [&](auto& p) { return p.string(text); });
}
std::string int_of_f64(double v) {
  return result_of(Builtin::int_from_f64, kTypeI32, [&](auto& p) { return p.f64(v); });
}
std::string int_of_i64(int64_t v) {
  return result_of(Builtin::int_from_i64, kTypeI32, [&](auto& p) { return p.i64(v); });
}
std::string float_of(std::string_view text) {
  return result_of(Builtin::float_from_string, kTypeF64, [&](auto& p) { return p.string(text); });
}

TEST(Int, FromText) {
  EXPECT_EQ(int_of(" -42\n"), "-42");
  EXPECT_EQ(int_of(""), "0");
  EXPECT_EQ(int_of("abc"), "conversion error: int() argument must be an integer string, got \"abc\"");
  EXPECT_EQ(int_of("4.25"),
            "conversion error: int() argument must be an integer string (decimals are not allowed). Use float() to "
            "parse decimal values, got \"4.25\"");
  EXPECT_EQ(int_of("1E5").substr(0, 60), "conversion error: int() argument must be an integer string (");
  EXPECT_EQ(int_of("99999999999"), "conversion error: int() overflow: \"99999999999\" is out of range for i32");
}

TEST(Int, FromNumbers) {
  EXPECT_EQ(int_of_i64(-2147483648), "-2147483648");
  EXPECT_EQ(int_of_i64(3000000000), "conversion error: int() overflow: 3000000000 is out of range for i32");
  EXPECT_EQ(int_of_i64(-2147483649), "conversion error: int() overflow: -2147483649 is out of range for i32");
  auto of_u64 = [](uint64_t v) { return result_of(Builtin::int_from_u64, kTypeI32, [&](auto& p) { return p.u64(v); }); };
  EXPECT_EQ(of_u64(2147483647), "2147483647");
  EXPECT_EQ(of_u64(~uint64_t{0}), "conversion error: int() overflow: 18446744073709551615 is out of range for i32");
  EXPECT_EQ(int_of_f64(-3), "-3");
  EXPECT_EQ(int_of_f64(-0.0), "0");
  EXPECT_EQ(int_of_f64(2.5), "conversion error: int() argument must be a whole number, got f64 2.5");
  EXPECT_EQ(int_of_f64(kNan), "conversion error: int() argument must be a whole number, got f64 nan");
  EXPECT_EQ(int_of_f64(2147483648.0), "conversion error: int() overflow: 2147483648 is out of range for i32");
  EXPECT_EQ(int_of_f64(-kInf), "conversion error: int() overflow: -inf is out of range for i32");
}

TEST(Float, FromText) {
  EXPECT_EQ(float_of(" 2.5 "), "2.5");
  EXPECT_EQ(float_of("0x10"), "16");
  EXPECT_EQ(float_of(" "), "0");
  EXPECT_EQ(float_of("pi"), "conversion error: float() argument must be a number, got \"pi\"");
  EXPECT_EQ(float_of("1e999"), "conversion error: float() overflow: \"1e999\" is out of range for f64");
  EXPECT_EQ(float_of("nan"), "conversion error: float() overflow: \"nan\" is out of range for f64");
}

TEST(Float, Check) {
  auto check = [](double v) { return result_of(Builtin::float_check, kTypeF64, [&](auto& p) { return p.f64(v); }); };
  EXPECT_EQ(check(1.5), "1.5");
  EXPECT_EQ(check(kInf), "conversion error: float() overflow: inf is out of range for f64");
  EXPECT_EQ(check(kNan), "conversion error: float() overflow: nan is out of range for f64");
}

TEST(Text, FromValues) {
  auto i32 = [](int32_t v) { return result_of(Builtin::str_from_i32, kTypeString, [&](auto& p) { return p.i32(v); }); };
  auto f64 = [](double v) { return result_of(Builtin::str_from_f64, kTypeString, [&](auto& p) { return p.f64(v); }); };
  EXPECT_EQ(i32(std::numeric_limits<int32_t>::min()), "-2147483648");
  EXPECT_EQ(result_of(Builtin::str_from_i64, kTypeString, [](auto& p) { return p.i64(-1); }), "-1");
  EXPECT_EQ(result_of(Builtin::str_from_u32, kTypeString, [](auto& p) { return p.scalar(kTypeU32, 0xFFFFFFFF); }), "4294967295");
  EXPECT_EQ(result_of(Builtin::str_from_u64, kTypeString, [](auto& p) { return p.u64(~uint64_t{0}); }), "18446744073709551615");
  EXPECT_EQ(f64(0.1), "0.1");
  EXPECT_EQ(f64(123456789), "1.23457e+08");
  EXPECT_EQ(result_of(Builtin::str_from_bool, kTypeString, [](auto& p) { return p.boolean(true); }), "true");
  EXPECT_EQ(result_of(Builtin::str_from_bool, kTypeString, [](auto& p) { return p.boolean(false); }), "false");
}

TEST(Strings, Slices) {
  auto slice = [](int64_t start, int64_t end) {
    TestProgram p;
    p.print({p.boolean(true), p.call(kTypeString, Builtin::str_slice, {p.string("hello"), p.i64(start), p.i64(end)})});
    return p.run();
  };
  EXPECT_EQ(slice(0, 1), "true he\n");
  EXPECT_EQ(slice(1, 3), "true ell\n");
  EXPECT_EQ(slice(0, 5), "true hello\n");
  EXPECT_EQ(slice(2, 5), "true llo\n");
  EXPECT_EQ(slice(5, 5), "true \n");
  EXPECT_EQ(slice(0, -1), "type error: String slice bound must be a non-negative integer");
  EXPECT_EQ(slice(6, 0), "index error: String slice start out of bounds");
  EXPECT_EQ(slice(0, 6), "index error: String slice end out of bounds");
  EXPECT_EQ(slice(3, 2), "index error: String slice end before start");
}

TEST(Strings, SlicesFrom) {
  TestProgram p;
  Reg s = p.concat(p.string("he"), p.string("llo"));
  for (int64_t start : {0, 4, 5, 6}) {
    p.print({p.boolean(true), p.call(kTypeString, Builtin::str_slice_from, {s, p.i64(start)})});
  }
  EXPECT_EQ(p.run(), "true hello\ntrue o\ntrue \nindex error: String slice start out of bounds");
}

TEST(Print, ManyArguments) {
  TestProgram p;
  std::vector<Reg> arguments;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    arguments.push_back(p.i32(i));
    expected += (i == 0 ? "" : " ") + std::to_string(i);
  }
  p.print(arguments);
  p.print({});
  p.print({p.string("@x|@"), p.i32(255), p.string("z")});
  EXPECT_EQ(p.run(), expected + "\n\nff|z\n");
}

std::string assert_eq(std::string_view label, auto make) {
  TestProgram p;
  auto [actual, expected] = make(p);
  p.code.rt(kNoReg, Builtin::assert_eq, std::array<Reg, 3>{p.string(label), actual, expected});
  p.print({p.boolean(true)});
  return p.run();
}

TEST(AssertEq, Reports) {
  EXPECT_EQ(assert_eq("l", [](auto& p) { return std::pair{p.i32(1), p.i32(1)}; }), "true\n");
  EXPECT_EQ(assert_eq("sum", [](auto& p) { return std::pair{p.i32(1), p.i32(2)}; }),
            "runtime error: assert_eq failed (sum)\n  expected: 2\n  actual:   1");
  EXPECT_EQ(assert_eq("", [](auto& p) { return std::pair{p.f64(1), p.i32(1)}; }),
            "runtime error: assert_eq failed\n  expected: 1\n  actual:   1");
  EXPECT_EQ(assert_eq("a", [](auto& p) { return std::pair{p.array(kTypeString, {p.string("x\n")}), p.array(kTypeString, {})}; }),
            "runtime error: assert_eq failed (a)\n  expected: []\n  actual:   [\"x\\n\"]");
}

TEST(Input, ReadsLines) {
  TestProgram p;
  for (int i = 0; i < 3; ++i) p.print({p.boolean(true), p.call(kTypeString, Builtin::input, {})});
  p.print({p.boolean(true), p.call(kTypeString, Builtin::input_prompt, {p.string("name? ")})});
  p.call(kTypeString, Builtin::input_prompt, {p.string("more? ")});
  EXPECT_EQ(p.run("one\r\n\ntwo\rthree"), "true one\ntrue \ntrue two\nname? true three\nmore? eof error: input() reached end of file");
}

TEST(Timestamp, Advances) {
  TestProgram p;
  Reg a = p.call(kTypeF64, Builtin::timestamp, {}), b = p.call(kTypeF64, Builtin::timestamp, {});
  Reg zero = p.f64(0), x = p.reg(kTypeBool), y = p.reg(kTypeBool);
  p.code.emit(Op::lt_f64, x, zero, a);
  p.code.emit(Op::le_f64, y, a, b);
  p.print({x, y});
  EXPECT_EQ(p.run(), "true true\n");
}

TEST(Errors, MessageAndType) {
  TestProgram p;
  Reg error = p.reg(kTypeError);
  auto range = p.code.begin_try();
  p.code.emit(Op::raise_string, p.concat(p.string("my "), p.string("bad")));
  Label handler = p.code.label();
  p.code.end_try(range, handler, error);
  p.code.bind(handler);
  p.print({error});
  p.print({p.boolean(true), p.call(kTypeString, Builtin::error_message, {error}), p.call(kTypeString, Builtin::error_type, {error})});
  EXPECT_EQ(p.run(), "Error: my bad\ntrue my bad user error my bad\n");
}

}  // namespace
}  // namespace orus
