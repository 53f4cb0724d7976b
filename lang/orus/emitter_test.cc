// What the emitter makes of the patterns that matter for speed.
#include "lang/orus/test_support.h"

namespace orus::lang {
namespace {

using testing::code_of;
using testing::compile_ok;

TEST(Emitter, UpdatesInPlace) {
  EXPECT_EQ(code_of("fn f(n: i32) -> i32:\n    mut x = n\n    x = x + 1\n    x -= 2\n    x = 3 * x\n    return x\n", "f"),
            "0 mov r1 r0\n"
            "1 addk_i32 r1 r1 1\n"
            "2 addk_i32 r1 r1 -2\n"
            "3 mulk_i32 r1 r1 3\n"
            "4 ret r1\n");
}

TEST(Emitter, ConstantForms) {
  EXPECT_EQ(code_of("fn f(x: f64, n: u32) -> f64:\n    a = n / 3\n    b = n % 65536\n    return 2.0 * x - 1.5 + (a as f64)\n", "f"),
            "0 divk_u32 r2 r1 3\n"
            "1 load_k r4 65536\n"
            "2 rem_u32 r3 r1 r4\n"
            "3 mulk_f64 r5 r0 2\n"
            "4 subk_f64 r5 r5 1.5\n"
            "5 conv_u32_f64 r6 r2\n"
            "6 add_f64 r5 r5 r6\n"
            "7 ret r5\n");
}

TEST(Emitter, CountedLoop) {
  EXPECT_EQ(code_of("fn f(n: i32) -> i64:\n    mut s: i64 = 0\n    for i in 0..n:\n        s += i as i64\n    return s\n", "f"),
            "0 load_k r1 0\n"
            "1 load_k r2 0\n"
            "2 jle_i32 r0 r2 @7\n"
            "3 loop 0\n"
            "4 conv_i32_i64 r3 r2\n"
            "5 add_i64 r1 r1 r3\n"
            "6 inc_lt r2 r0 @3\n"
            "7 ret r1\n");
}

TEST(Emitter, ClosedLiteralLoopNeedsNoEntryTest) {
  EXPECT_EQ(code_of("fn f():\n    for i in 1..=10:\n        print(i)\n", "f"),
            "0 load_k r0 1\n"
            "1 load_k r1 10\n"
            "2 loop 0\n"
            "3 rt - print 1 (r0)\n"
            "5 inc_le r0 r1 @2\n"
            "6 ret_void\n");
}

TEST(Emitter, SteppedLoop) {
  EXPECT_EQ(code_of("fn f(a: i32, s: i32):\n    for i in a..0..s:\n        print(i)\n", "f"),
            "0 mov r2 r0\n"
            "1 load_k r3 0\n"
            "2 mov r4 r1\n"
            "3 jnek_i32 r4 0 @5\n"
            "4 fail value \"range step must not be zero\"\n"
            "5 for_test r2 r3 @10\n"
            "6 loop 0\n"
            "7 rt - print 1 (r2)\n"
            "9 for_next r2 r3 @6\n"
            "10 ret_void\n");
}

TEST(Emitter, BoundOfAReassignedVariableIsCopied) {
  EXPECT_EQ(code_of("fn f(m: i32):\n    mut n = m\n    for i in 0..n:\n        n = n - 1\n", "f"),
            "0 mov r1 r0\n"
            "1 load_k r2 0\n"
            "2 mov r3 r1\n"
            "3 jle_i32 r3 r2 @7\n"
            "4 loop 0\n"
            "5 addk_i32 r1 r1 -1\n"
            "6 inc_lt r2 r3 @4\n"
            "7 ret_void\n");
}

TEST(Emitter, LoopOverArray) {
  EXPECT_EQ(code_of("fn f(v: [f64]) -> f64:\n    mut s = 0.0\n    for x in v:\n        s += x\n    return s\n", "f"),
            "0 load_k r1 0\n"
            "1 load_k r2 0\n"
            "2 array_len r3 r0\n"
            "3 jlek_i32 r3 0 @9\n"
            "4 loop 0\n"
            "5 array_get_8 r4 r0 r2\n"
            "6 add_f64 r1 r1 r4\n"
            "7 array_len r3 r0\n"
            "8 inc_lt r2 r3 @4\n"
            "9 ret r1\n");
}

TEST(Emitter, WhileIsTestedAtTheBottom) {
  EXPECT_EQ(code_of("fn f(n: i32):\n    mut i = 0\n    while i < n and not (i == 7):\n        i += 1\n", "f"),
            "0 load_k r1 0\n"
            "1 jle_i32 r0 r1 @7\n"
            "2 jeqk_i32 r1 7 @7\n"
            "3 loop 0\n"
            "4 addk_i32 r1 r1 1\n"
            "5 jle_i32 r0 r1 @7\n"
            "6 jnek_i32 r1 7 @3\n"
            "7 ret_void\n");
}

TEST(Emitter, ConditionsAreControlFlow) {
  EXPECT_EQ(code_of("fn f(a: i32, x: f64, b: bool) -> i32:\n    if a < 3 or x > 2.0 and b:\n        return 1\n    return 2\n", "f"),
            "0 jltk_i32 r0 3 @4\n"
            "1 load_k r3 2\n"
            "2 jnlt_f64 r3 r1 @6\n"
            "3 jump_unless r2 @6\n"
            "4 load_k r4 1\n"
            "5 ret r4\n"
            "6 load_k r4 2\n"
            "7 ret r4\n");
}

TEST(Emitter, LogicAsValue) {
  EXPECT_EQ(code_of("fn f(a: bool, b: bool) -> bool:\n    mut c = a\n    c = b or c\n    return c\n", "f"),
            "0 mov r2 r0\n"
            "1 jump_if r1 @3\n"
            "2 jump_unless r2 @5\n"
            "3 load_k r2 true\n"
            "4 jump @6\n"
            "5 load_k r2 false\n"
            "6 ret r2\n");
}

TEST(Emitter, MixedComparisons) {
  EXPECT_EQ(code_of("fn f(a: i64, b: u64, c: f64, d: i32) -> bool:\n    if a < b:\n        pass\n    if b >= c:\n        pass\n"
                    "    return d <= c\n",
                    "f"),
            "0 cmp_i64_u64 r4 r0 r1\n"
            "1 jgek_i32 r4 0 @2\n"
            "2 cmp_u64_f64 r4 r1 r2\n"
            "3 load_k r5 2\n"
            "4 band_i32 r4 r4 r5\n"
            "5 jnek_i32 r4 0 @6\n"
            "6 conv_i32_f64 r6 r3\n"
            "7 le_f64 r7 r6 r2\n"
            "8 ret r7\n");
}

TEST(Emitter, CallsReadLocalsDirectly) {
  EXPECT_EQ(code_of("fn f(n: i32) -> i32:\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\n", "f"),
            "0 jgek_i32 r0 2 @2\n"
            "1 ret r0\n"
            "2 addk_i32 r1 r0 -1\n"
            "3 call r1 f 1 (r1)\n"
            "5 addk_i32 r2 r0 -2\n"
            "6 call r2 f 1 (r2)\n"
            "8 add_i32 r1 r1 r2\n"
            "9 ret r1\n");
}

TEST(Emitter, StructsAndArrays) {
  EXPECT_EQ(code_of("struct P:\n    x: f64\n    name: string\nfn f(ps: [P], i: i64):\n    p = ps[i]\n    p.x += 1.0\n"
                    "    p.name = \"n\"\n    ps[0] = P{name: \"m\", x: 2.0}\n",
                    "f"),
            "0 index_i64 r3 r1\n"
            "1 array_get_ref r2 r0 r3\n"
            "2 get_field r4 r2 0\n"
            "3 addk_f64 r4 r4 1\n"
            "4 set_field r2 0 r4\n"
            "5 load_k r5 \"n\"\n"
            "6 set_field_ref r2 1 r5\n"
            "7 load_k r5 \"m\"\n"
            "8 load_k r4 2\n"
            "9 new_struct r6 2 (r4 r5)\n"
            "11 load_k r3 0\n"
            "12 array_set_ref r0 r3 r6\n"
            "13 ret_void\n");
}

TEST(Emitter, ModuleVariables) {
  std::string_view source =
      "LIMIT: i32 = 100\nmut count = 0\nlocal = 5\nfn f() -> i32:\n    count = count + 1\n    return count % "
      "LIMIT\nprint(f(), local)\n";
  EXPECT_EQ(code_of(source, "f"),
            "0 load_global r0 count\n"
            "1 addk_i32 r0 r0 1\n"
            "2 store_global r0 count\n"
            "3 load_global r0 count\n"
            "4 remk_i32 r0 r0 100\n"
            "5 ret r0\n");
  Module module = compile_ok(source);
  EXPECT_EQ(module.globals.size(), 2u);
}

TEST(Emitter, EarlyCallsCheckGlobals) {
  EXPECT_EQ(code_of("fn g() -> i32:\n    return f()\nprint(g())\nN = 5\nfn f() -> i32:\n    return N\n", "f"),
            "0 check_global N\n"
            "1 load_global r0 N\n"
            "2 ret r0\n");
  EXPECT_EQ(code_of("N = 5\nfn f() -> i32:\n    return N\nprint(f())\n", "f"), "0 load_k r0 5\n1 ret r0\n");
}

TEST(Emitter, MaybeUnassignedLocalsAreChecked) {
  EXPECT_EQ(code_of("fn f(c: bool) -> i32:\n    if c:\n        x = 4\n    return x\n", "f"),
            "0 load_k r1 0\n"
            "1 load_k r2 false\n"
            "2 jump_unless r0 @5\n"
            "3 load_k r1 4\n"
            "4 load_k r2 true\n"
            "5 jump_if r2 @7\n"
            "6 fail name \"Variable is used before it is assigned\"\n"
            "7 ret r1\n");
  EXPECT_EQ(code_of("fn f(c: bool) -> i32:\n    if c:\n        x = 4\n    else:\n        x = 5\n    return x\n", "f"),
            "0 jump_unless r0 @3\n"
            "1 load_k r1 4\n"
            "2 jump @4\n"
            "3 load_k r1 5\n"
            "4 ret r1\n");
}

TEST(Emitter, RecursionWithoutResult) {
  EXPECT_EQ(code_of("fn leaf():\n    print(0)\nfn visit(n: i32):\n    if n > 0:\n        visit(n - 1)\n    else:\n     "
                    "   leaf()\n",
                    "visit"),
            "0 jlek_i32 r0 0 @5\n"
            "1 addk_i32 r1 r0 -1\n"
            "2 call - visit 1 (r1)\n"
            "4 jump @6\n"
            "5 call - leaf 0\n"
            "6 ret_void\n");
}

TEST(Emitter, FailuresLeftToRunTime) {
  EXPECT_EQ(code_of("if 3:\n    print(1)\n", "main"), "0 fail type \"Condition must be boolean\"\n");
  EXPECT_EQ(code_of("for q in true:\n    print(q)\n", "main"), "0 fail type \"Value not iterable\"\n");
  EXPECT_EQ(code_of("for i in 0..2.5:\n    print(i)\n", "main"), "0 fail type \"Range bounds must be i32\"\n");
  EXPECT_EQ(code_of("s = \"a\"\nprint(s - s)\n", "main"),
            "0 load_k r0 \"a\"\n1 fail type \"Operands must be numeric (i32, i64, u32, u64, or f64)\"\n");
  EXPECT_EQ(
      code_of("x = 1\nfor k in range(3):\n    print(x + k)\n", "main").find("fail type \"Operands must be the same") != std::string::npos,
      true);
}

TEST(Emitter, TryCoversItsBodyOnly) {
  Module module = compile_ok("fn f(a: i32) -> i32:\n    try:\n        return 10 / a\n    catch e:\n        print(e)\n    return 0\n");
  const Function* f = testing::find_function(module, "f");
  ASSERT_EQ(f->handlers.size(), 1u);
  EXPECT_EQ(f->handlers[0].start, 0u);
  EXPECT_EQ(f->handlers[0].end, f->handlers[0].target);
}

TEST(Emitter, PositionsPointAtTheOperation) {
  Module module = compile_ok("fn f(a: [i32], i: i32) -> i32:\n    return a[i] / (i - 1)\n");
  const Function* f = testing::find_function(module, "f");
  EXPECT_EQ(f->positions[0], (Position{2, 14}));  // the index
  EXPECT_EQ(f->positions[1], (Position{2, 22}));  // the minus
  EXPECT_EQ(f->positions[2], (Position{2, 17}));  // the slash
}

TEST(Emitter, SameSourceSameModule) {
  std::string_view source =
      "struct P:\n    x: i32\nfn f(p: [P]) -> i32:\n    return p[0].x\nprint(f([P{x: 1}]), \"a\" + (2.5 as string))\n";
  EXPECT_TRUE(compile_ok(source) == compile_ok(source));
}

}  // namespace
}  // namespace orus::lang
