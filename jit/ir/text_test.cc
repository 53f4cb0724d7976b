// The text form: what prints parses, and prints the same again; what is malformed is refused where it is malformed.
#include <gtest/gtest.h>

#include "jit/ir/ir_text.h"
#include "jit/ir/test_module.h"

namespace orus::jit {
namespace {

const TestModule& test_module() {
  static const TestModule module = TestModule::make();
  return module;
}

TEST(TestModule, PositionsThatTheTextsRelyOn) {
  EXPECT_EQ(test_module().call_pc, 1u);
  EXPECT_EQ(test_module().text_pc, 3u);
  EXPECT_EQ(test_module().push_pc, 5u);
  EXPECT_EQ(test_module().print_pc, 6u);
  EXPECT_EQ(test_module().module.functions[0].registers.size(), 9u);
}

struct Case {
  const char* name;
  const char* text;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class Canonical : public testing::TestWithParam<Case> {};

// Canonical texts: parse, verify, print gives the very same text.
TEST_P(Canonical, RoundTrip) {
  const Module& module = test_module().module;
  std::string text = GetParam().text + 1;  // without the line end that opens a raw string
  auto fn = parse_ir(text, module);
  ASSERT_TRUE(fn.ok()) << fn.error().where << ": " << fn.error().detail;
  EXPECT_EQ(print_ir(*fn), text);
  Status status = verify_ir(*fn);
  EXPECT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail;
}

const Case kCanonical[] = {
    {"Smallest", R"(
func @h() {
b0:
  ret
}
)"},
    {"Constants", R"(
func @g(_: i32) -> i32 {
b0:
  v0 = const.i32 -2147483648
  v1 = const.i32 2147483647
  v2 = const.i64 -9223372036854775808
  v3 = const.i64 9223372036854775807
  v4 = const.bool true
  v5 = const.bool false
  v6 = const.ref null
  v7 = const.f64 0.1
  v8 = const.f64 -0
  v9 = const.f64 1e+300
  v10 = const.f64 5e-324
  v11 = const.f64 inf
  v12 = const.f64 -inf
  v13 = const.f64 nan
  v14 = const.f64 0xfff8000000000001
  v15 = pool.ref k0
  ret v0
}
)"},
    {"Parameters", R"(
func @p(v0: f64, _: bool, v1: ref) -> ref {
b0:
  ret v1
}
)"},
    {"EveryPureOp", R"(
func @f(v0: i32, v1: i32) -> i32 {
b0:
  v2 = add.i32 v0, v1
  v3 = sub.i32 v2, v1
  v4 = mul.i32 v3, v1
  v5 = and.i32 v0, v4
  v6 = or.i32 v0, v4
  v7 = xor.i32 v0, v4
  v8 = shl.i32 v0, v4
  v9 = shr.i32 v0, v4
  v10 = sar.i32 v0, v4
  v11 = mul_high.i32 v0, v1
  v12 = umul_high.i32 v0, v1
  v13 = sdiv.i32 v0, v1
  v14 = srem.i32 v0, v1
  v15 = udiv.i32 v0, v1
  v16 = urem.i32 v0, v1
  v17 = sext.i64 v0
  v18 = zext.i64 v0
  v19 = trunc.i32 v18
  v20 = int_to_f64.f64 v0
  v21 = uint_to_f64.f64 v17
  v22 = f64_to_int.i32 v20
  v23 = f64_to_uint.i64 v20
  v24 = fdiv.f64 v20, v21
  v25 = fmod.f64 v20, v21
  v26 = neg.f64 v20
  v27 = eq.bool v0, v1
  v28 = ne.bool v20, v21
  v29 = lt.bool v0, v1
  v30 = le.bool v17, v18
  v31 = gt.bool v20, v21
  v32 = ge.bool v0, v1
  v33 = ult.bool v0, v1
  v34 = ule.bool v0, v1
  v35 = select.i64 v27, v17, v18
  v36 = not.bool v27
  v37 = pi.i32 v0
  v38 = zext.i32 v36
  v39 = shl.i64 v17, v0
  ret v2
}
)"},
    {"ChecksWithFrames", R"(
func @f(v0: i32, v1: i32) -> i32 {
b0:
  charge 3 reason fuel frame [fn 0 pc 0 {r0: v0, r1: v1}]
  poll reason interrupt frame [fn 0 pc 0 charged {}]
  v2 = add_ov.i32 v0, v1 reason overflow frame [fn 0 pc 8 charged {r2: v0}]
  v3 = sub_ov.i32 v2, v1 reason overflow frame [fn 1 pc 1 offset 12 charged {r0: v0, r1: v2} <- fn 0 pc 1 charged {r1: v1}]
  v4 = mul_ov.i32 v3, v1 reason forced frame [fn 0 pc 8 charged {}]
  v5 = lt.bool v4, v1
  guard v5 reason division frame [fn 0 pc 8 charged {}]
  v6 = bounds.i32 v0, v1 reason bounds frame [fn 0 pc 8 charged {}]
  leave reason loop_done frame [fn 0 pc 9 charged {r2: v6}]
}
)"},
    {"PendingGlobals", R"(
func @f(v0: i32, v1: i32) -> i32 {
b0:
  v2 = const.f64 1
  v3 = add_ov.i32 v0, v1 reason overflow frame [fn 1 pc 1 offset 12 charged {r0: v0} globals {g0: v1, g2: v2} <- fn 0 pc 1 charged {}]
  leave reason loop_done frame [fn 0 pc 9 {} globals {g0: v3}]
}
)"},
    {"Memory", R"(
func @f(v0: i32, v1: i32) -> i32 {
b0:
  v2 = load_global.ref g1
  v3 = load.i32 v2 offset 8 width 4 alias array_length
  v4 = load.ref v2 offset 16 width 8 alias array_buffer
  v5 = load_elem.i32 v4, v0 width 4 alias elem4
  store_elem v4, v0, v5 width 4 alias elem4
  store v2, v3 offset 8 width 4 alias array_length
  v6 = load.i32 v2 offset 8 width 4 alias field11.0
  v7 = load.ref v2 offset 16 width 8 alias field11.1
  barrier v2
  store_global g0, v6
  v8 = load_assigned.bool g0
  v9 = load_global.f64 g2
  v10 = new_object.ref 24 object array 10
  v11 = load.i64 v10 offset 8 width 8 alias range
  v12 = load.i32 v10 offset 8 width 4 alias field#1234
  ret v5
}
)"},
    {"Calls", R"(
func @f(v0: i32, v1: i32) -> i32 {
b0:
  v2 = const.ref null
  v3 = call.i32 @g, v0 reason raised frame [fn 0 pc 1 charged {r4: v2}]
  v4 = runtime.ref v3 reason raised frame [fn 0 pc 3 charged {r2: v3, r4: v2}]
  runtime v2, v3 reason raised frame [fn 0 pc 5 charged {r2: v3, r3: v4}]
  runtime v4, v3 reason raised frame [fn 0 pc 6 charged {r2: v3}]
  ret v3
}
)"},
    {"Loop", R"(
loop @f at 8 -> i32 {
b0:
  v0 = slot.i32 r0
  v1 = slot.ref r3
  v2 = const.i32 1
  jump b1(v0, v1)
b1(v3: i32, v4: ref) pc 8:
  v5 = add.i32 v3, v2
  v6 = lt.bool v5, v0
  branch v6, b1(v5, v4), b2
b2 cold pc 9:
  leave reason loop_done frame [fn 0 pc 9 {r2: v5}]
}
)"},
    {"Diamond", R"(
func @g(v0: i32) -> i32 {
b0:
  v1 = const.i32 3
  v2 = lt.bool v0, v1
  branch v2, b1, b2
b1:
  jump b3(v0)
b2:
  jump b3(v1)
b3(v3: i32):
  ret v3
}
)"},
    {"BothEdgesToOneBlock", R"(
func @g(v0: i32) -> i32 {
b0:
  v1 = const.i32 3
  v2 = lt.bool v0, v1
  branch v2, b1(v0), b1(v1)
b1(v3: i32):
  ret v3
}
)"},
};

INSTANTIATE_TEST_SUITE_P(Text, Canonical, testing::ValuesIn(kCanonical), [](const auto& info) { return std::string(info.param.name); });

TEST(Text, AnyNumberingBecomesCanonical) {
  const char* loose = R"(
; a comment, and everything in another order
func @g ( v7 : i32 )->i32{b5:v3=const.i32 3 v9=lt.bool v7,v3 branch v9,b9,b2(v7)
b2(v50:i32): ret v50 ; the join
b9 cold pc 4: jump b2( v3 )}
)";
  const char* canonical = R"(func @g(v0: i32) -> i32 {
b0:
  v1 = const.i32 3
  v2 = lt.bool v0, v1
  branch v2, b1, b2(v0)
b1 cold pc 4:
  jump b2(v1)
b2(v3: i32):
  ret v3
}
)";
  auto fn = parse_ir(loose, test_module().module);
  ASSERT_TRUE(fn.ok()) << fn.error().where << ": " << fn.error().detail;
  EXPECT_TRUE(verify_ir(*fn).ok());
  EXPECT_EQ(print_ir(*fn), canonical);
}

TEST(Text, NamesThatNeedQuotesAndNumbers) {
  Module module = test_module().module;
  module.functions[1].name = "two \"words\"\n";
  module.functions[3].name = "f";
  std::string first = "func @f#3(_: f64, _: bool, v0: ref) -> ref {\nb0:\n  ret v0\n}\n";
  std::string second = "func @\"two \\22words\\22\\0a\"(v0: i32) -> i32 {\nb0:\n  ret v0\n}\n";
  for (const std::string& text : {first, second}) {
    auto fn = parse_ir(text, module);
    ASSERT_TRUE(fn.ok()) << fn.error().where << ": " << fn.error().detail;
    EXPECT_TRUE(verify_ir(*fn).ok());
    EXPECT_EQ(print_ir(*fn), text);
  }
}

TEST(Text, PrintsBrokenIr) {
  Function fn(test_module().module, 99);
  EXPECT_EQ(print_ir(fn), "func @?#99() {\n}\n");
  BlockId block = fn.add_block();
  fn.append(block, IrOp::add, IrType::kI32, {InstId(), InstId(7u)});
  fn.append(block, IrOp::jump, IrType::kVoid, {});
  fn.at(block).successors.push_back({BlockId(12u), {InstId(3u)}});
  FrameId frame = fn.add_frame({.function = 0, .pc = 1, .parent = FrameId(0u), .base_offset = 0, .charged = true, .values = {}});
  InstId leave = fn.append(block, IrOp::leave, IrType::kVoid, {});
  fn.at(leave).frame = frame;
  fn.at(leave).reason = static_cast<ExitReason>(200);
  fn.add_block();
  std::string text = print_ir(fn);
  EXPECT_NE(text.find("v0 = add.i32 v?, v?"), std::string::npos) << text;
  EXPECT_NE(text.find("jump b?(v?)"), std::string::npos) << text;
  EXPECT_NE(text.find("leave reason ? frame [fn 0 pc 1"), std::string::npos) << text;
  EXPECT_NE(text.find("b1:  ; unreachable"), std::string::npos) << text;
  EXPECT_FALSE(verify_ir(fn).ok());
}

struct Malformed {
  const char* name;
  const char* text;
  const char* where;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const Malformed& c) { return out << c.name; }

class Refused : public testing::TestWithParam<Malformed> {};

TEST_P(Refused, WithPosition) {
  auto fn = parse_ir(GetParam().text, test_module().module);
  ASSERT_FALSE(fn.ok());
  EXPECT_EQ(fn.error().code, ErrorCode::kBadIr);
  EXPECT_EQ(fn.error().where, GetParam().where);
  EXPECT_NE(fn.error().detail.find(GetParam().message), std::string::npos) << fn.error().detail;
}

const Malformed kMalformed[] = {
    {"Empty", "", "1:1", "expected 'func' or 'loop'"},
    {"NoFunction", "func h() {}", "1:6", "expected '@'"},
    {"UnknownFunction", "func @nobody() {}", "1:6", "no function 'nobody'"},
    {"WrongFunctionNumber", "func @h#1() {}", "1:6", "no function 'h' with this number"},
    {"UnclosedName", "func @\"h() {}", "1:14", "expected '\"'"},
    {"BadEscape", "func @\"\\zz\"() {}", "1:8", "two hexadecimal digits"},
    {"NoBlocks", "func @h() {}", "1:13", "needs a block"},
    {"Unclosed", "func @h() {\nb0:\n  ret", "3:6", "expected '}'"},
    {"TrailingText", "func @h() {\nb0:\n  ret\n} }", "4:3", "text after the end"},
    {"BadParameterType", "func @h(v0: u8) {}", "1:13", "expected a type"},
    {"ParameterName", "func @h(x: i32) {}", "1:9", "expected v and a number"},
    {"ParameterTwice", "func @f(v0: i32, v0: i32) {\nb0:\n ret }", "1:18", "v0 defined twice"},
    {"LoopWithoutPc", "loop @h {\nb0:\n ret }", "1:9", "expected 'at'"},
    {"LoopPcRange", "loop @h at 4294967296 {}", "1:12", "number above"},
    {"NoBlockLabel", "func @h() {\n ret }", "2:2", "expected b and a number"},
    {"BlockTwice", "func @h() {\nb0:\n ret\nb0:\n ret }", "4:1", "block defined twice"},
    {"BlockUndefined", "func @h() {\nb0:\n jump b4 }", "3:7", "b4 is not defined"},
    {"ValueUndefined", "func @g(v0: i32) -> i32 {\nb0:\n ret v4 }", "3:6", "v4 is not defined"},
    {"EdgeValueUndefined", "func @h() {\nb0:\n jump b1(v9)\nb1(v0: i32):\n ret }", "3:10", "v9 is not defined"},
    {"FrameValueUndefined", "func @h() {\nb0:\n leave frame [fn 0 pc 0 {r0: v3}] }", "3:30", "v3 is not defined"},
    {"ValueTwice", "func @h() {\nb0:\n v1 = const.i32 1\n v1 = const.i32 2\n ret }", "4:2", "v1 defined twice"},
    {"PhiTwice", "func @h() {\nb0:\n ret\nb1(v1: i32, v1: i32):\n ret }", "4:13", "v1 defined twice"},
    {"UnknownOp", "func @h() {\nb0:\n frob }", "3:2", "no instruction 'frob'"},
    {"InternalName", "func @h() {\nb0:\n v0 = and_.i32 v0, v0\n ret }", "3:7", "no instruction 'and_'"},
    {"PhiAsInstruction", "func @h() {\nb0:\n v0 = phi.i32\n ret }", "3:7", "no instruction 'phi'"},
    {"NoType", "func @h() {\nb0:\n v0 = const 1\n ret }", "3:13", "expected '.'"},
    {"TypeWithoutResult", "func @h() {\nb0:\n const.i32 1\n ret }", "3:7", "without a result"},
    {"BadType", "func @h() {\nb0:\n v0 = const.u8 1\n ret }", "3:13", "expected a type"},
    {"I32TooLarge", "func @h() {\nb0:\n v0 = const.i32 2147483648\n ret }", "3:17", "does not fit i32"},
    {"I64TooLarge", "func @h() {\nb0:\n v0 = const.i64 9223372036854775808\n ret }", "3:17", "64-bit number"},
    {"NotANumber", "func @h() {\nb0:\n v0 = const.i64 x\n ret }", "3:17", "64-bit number"},
    {"BadBool", "func @h() {\nb0:\n v0 = const.bool 1\n ret }", "3:18", "true or false"},
    {"BadRef", "func @h() {\nb0:\n v0 = const.ref 0\n ret }", "3:17", "expected null"},
    {"BadF64", "func @h() {\nb0:\n v0 = const.f64 abc\n ret }", "3:17", "expected an f64"},
    {"BadBits", "func @h() {\nb0:\n v0 = const.f64 0xg\n ret }", "3:17", "hexadecimal bits"},
    {"BadSlot", "func @h() {\nb0:\n v0 = slot.i32 5\n ret }", "3:16", "expected r and a number"},
    {"BadPool", "func @h() {\nb0:\n v0 = pool.ref r1\n ret }", "3:16", "expected k and a number"},
    {"BadGlobal", "func @h() {\nb0:\n v0 = load_global.i32 g\n ret }", "3:23", "expected g and a number"},
    {"CallOfNobody", "func @h() {\nb0:\n call @nobody\n ret }", "3:7", "no function 'nobody'"},
    {"OperandMissing", "func @h() {\nb0:\n v1 = const.i32 1\n v2 = add.i32 v1,\n ret }", "5:2", "expected v and a number"},
    {"WidthOnAdd", "func @h() {\nb0:\n v1 = const.i32 1\n v2 = add.i32 v1, v1 width 4\n ret }", "4:22", "no instruction 'width'"},
    {"WidthTooLarge", "func @h() {\nb0:\n v1 = const.ref null\n v2 = load.i32 v1 width 256\n ret }", "4:25", "number above 255"},
    {"BadAlias", "func @h() {\nb0:\n v1 = const.ref null\n v2 = load.i32 v1 alias foo\n ret }", "4:25", "no such alias class"},
    {"BadFieldAlias", "func @h() {\nb0:\n v1 = const.ref null\n v2 = load.i32 v1 alias field1\n ret }", "4:25", "no such alias class"},
    {"BadObject", "func @h() {\nb0:\n v1 = new_object.ref 24 object cat 1\n ret }", "3:32", "no such object kind"},
    {"BadReason", "func @h() {\nb0:\n leave reason boredom }", "3:15", "no such exit reason"},
    {"TwoFrames", "func @h() {\nb0:\n leave frame [fn 0 pc 0 {}] frame [fn 0 pc 0 {}] }", "3:29", "second frame state"},
    {"FrameWithoutFunction", "func @h() {\nb0:\n leave frame [pc 0 {}] }", "3:15", "expected 'fn'"},
    {"FrameWithoutPc", "func @h() {\nb0:\n leave frame [fn 0 {}] }", "3:20", "expected 'pc'"},
    {"FrameUnclosed", "func @h() {\nb0:\n leave frame [fn 0 pc 0 {} }", "3:28", "expected ']'"},
    {"FrameRegister", "func @h() {\nb0:\n leave frame [fn 0 pc 0 {r65536: v0}] }", "3:32", "no such register"},
    {"FrameGlobals", "func @h() {\nb0:\n leave frame [fn 0 pc 0 {} globals {r0: v0}] }", "3:37", "expected g and a number"},
    {"FrameGlobalUndefined", "func @h() {\nb0:\n leave frame [fn 0 pc 0 {} globals {g0: v7}] }", "3:41", "v7 is not defined"},
    {"NumberTooLarge", "func @g(v4294967295: i32) {\nb0:\n ret }", "1:10", "number above"},
    {"NotText", "\x01\xff\x00", "1:1", "expected 'func' or 'loop'"},
};

INSTANTIATE_TEST_SUITE_P(Text, Refused, testing::ValuesIn(kMalformed), [](const auto& info) { return std::string(info.param.name); });

// Every prefix of every canonical text, and every text with one byte changed: an error or IR, never a crash.
TEST(Text, DamagedTexts) {
  const Module& module = test_module().module;
  for (const Case& c : kCanonical) {
    std::string text = c.text;
    for (size_t i = 0; i < text.size(); ++i) {
      (void)parse_ir(std::string_view(text).substr(0, i), module).ok();
      for (char damage : {'0', 'v', '}', ' ', '"', '\xff'}) {
        std::string damaged = text;
        damaged[i] = damage;
        auto fn = parse_ir(damaged, module);
        if (!fn.ok()) continue;
        (void)verify_ir(*fn).ok();
        std::string printed = print_ir(*fn);
        auto again = parse_ir(printed, module);
        ASSERT_TRUE(again.ok()) << again.error().where << ": " << again.error().detail << "\n" << printed;
        EXPECT_EQ(print_ir(*again), printed);
      }
    }
  }
}

}  // namespace
}  // namespace orus::jit
