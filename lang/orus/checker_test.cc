// Compile-time errors: what is reported, where, and what is not reported in their wake.
#include "lang/orus/test_support.h"

namespace orus::lang {
namespace {

using testing::errors_of;

TEST(Errors, LayoutAndSyntax) {
  EXPECT_EQ(errors_of("if true:\nprint(1)\n"), "2:1 Incorrect indentation in if block: expected an indented block\n");
  EXPECT_EQ(errors_of("x = 1\n    y = 2\nprint(y)\n").substr(0, 21), "2:5 unexpected indent");
  EXPECT_EQ(errors_of("if true\n    print(1)\n"), "1:8 Expected ':' after if block\n");
  EXPECT_EQ(errors_of("v = [1, 2\nprint(v)\n"), "1:10 Expected ']' to close this array literal\n");
  EXPECT_EQ(errors_of("print(\"a\" \"b\")\n"), "1:11 expecting a comma before '\"b\"'\n");
  EXPECT_EQ(errors_of("if x = 2:\n    pass\n"), "1:6 Assignment in a condition. Did you mean '=='?\n");
  EXPECT_EQ(errors_of("try:\n    pass\nprint(1)\n"), "1:1 expected 'catch' after try block\n");
  EXPECT_EQ(errors_of("n = 1\nm = n as i64 as f64\n"), "2:14 Chained type casts are not allowed\n");
  EXPECT_EQ(errors_of("mut K := 3\n"), "1:7 mutable bindings must use '='\n");
  EXPECT_EQ(errors_of("a = 1 b = 2\n"), "1:7 Expected the end of the statement, found name\n");
  EXPECT_EQ(errors_of("fn f():\n    pub x = 1\n"), "2:5 public declarations are only allowed at module scope\n");
  EXPECT_EQ(errors_of("for i in 0..3: print(i)\n"), "1:16 The body of 'for' must be an indented block\n");
}

TEST(Errors, Names) {
  EXPECT_EQ(errors_of("print(ghost)\n"), "1:7 Undefined variable 'ghost'\n");
  EXPECT_EQ(errors_of("mut q = 1\nmut q = 2\n"), "2:5 Variable 'q' is already defined on line 1\n");
  EXPECT_EQ(errors_of("t = 1\nt = 2\n"), "2:1 Cannot assign to immutable variable 't'\n");
  EXPECT_EQ(errors_of("lower := 3\n"), "1:1 Invalid variable name 'lower': module constants must start with an uppercase letter\n");
  EXPECT_EQ(errors_of("break\n"), "1:1 'break' can only be used inside a loop\n");
  EXPECT_EQ(errors_of("while true:\n    break 'gone\n"), "2:5 Label 'gone' not found for break statement\n");
  EXPECT_EQ(errors_of("fn f(a: i32):\n    a = 2\n"), "2:5 Cannot assign to immutable variable 'a'\n");
  EXPECT_EQ(errors_of("fn f():\n    return\nfn f():\n    return\n"), "3:4 Function 'f' is already defined on line 1\n");
  EXPECT_EQ(errors_of("if true:\n    mut s = 1\nprint(s)\n"), "3:7 Undefined variable 's'\n");
  EXPECT_EQ(errors_of("fn f() -> i32:\n    return later\nlater = 1\n"), "2:12 Undefined variable 'later'\n");
}

TEST(Errors, Suggestions) {
  auto help = [](std::string_view source) { return compile_orus(source, "t").diagnostics[0].help; };
  EXPECT_EQ(help("counter = 1\nprint(conter)\n"), "did you mean 'counter'?");
  EXPECT_EQ(help("fn area(n: i32) -> i32:\n    return n\nprint(aera(1))\n"), "did you mean 'area'?");
  EXPECT_EQ(help("x: i3 = 1\n"), "");
}

TEST(Errors, Types) {
  EXPECT_EQ(errors_of("a: i32 = \"s\"\n"), "1:10 this is a `string`, but `i32` was expected\n");
  EXPECT_EQ(errors_of("a = 1\nb = 2.5\nprint(a + b)\n"), "3:11 this is a `f64`, but `i32` was expected\n");
  EXPECT_EQ(errors_of("v: Quux = 3\n"), "1:4 this is a `i32`, but `Quux` was expected\n");
  EXPECT_EQ(errors_of("s = \"a\"\nprint(s as i32)\n"), "2:7 this is a `string`, but `i32` was expected\n");
  EXPECT_EQ(errors_of("fn two(a: i32, b: i32):\n    pass\ntwo(1)\ntwo(1, \"x\")\n"),
            "3:1 Function 'two' expects 2 arguments but received 1 argument\n"
            "4:8 this is a `string`, but `i32` was expected\n");
  EXPECT_EQ(errors_of("struct P:\n    x: i32\np = P{x: 1}\nprint(p.y)\nq = P{z: 1}\n"),
            "4:9 Undefined variable 'y': struct 'P' has no such field\n"
            "5:5 missing field 'x' of struct 'P'\n"
            "5:7 Undefined field 'z': struct 'P' has no such field\n");
  EXPECT_EQ(errors_of("print(1 + 2.5)\n"), "1:11 this is a `f64`, but `i32` was expected\n");
  EXPECT_EQ(errors_of("x: i64 = 5\ny = 6\nprint(x + y)\n"), "3:11 this is a `i32`, but `i64` was expected\n");
  EXPECT_EQ(errors_of("print(1 < 2 < 3)\n"), "1:13 Comparisons cannot be chained\n");
  EXPECT_EQ(errors_of("n: i32 = 1.5\n"), "1:10 this is a `f64`, but `i32` was expected\n");
  EXPECT_EQ(errors_of("x: u32 = 1\nprint(-x)\n"), "2:7 A `u32` cannot be negated\n");
  EXPECT_EQ(errors_of("fn f() -> i32:\n    if true:\n        return 1\n"), "1:4 Function 'f' can end without a value\n");
  EXPECT_EQ(errors_of("fn f():\n    print(1)\nx = f()\n"), "3:5 This has no value\n");
  EXPECT_EQ(errors_of("mut n = 3\nx = [0, n]\n"),
            "2:9 An array fill count must be a literal or an immutable variable with a literal's value\n");
}

TEST(Errors, EveryIndependentErrorInOneRun) {
  EXPECT_EQ(errors_of("a: i32 = \"s\"\nb = [1, 2\nprint(b, ghost)\nif true\n    c = 5\nprint(c + \"x\" - 2)\nd = 1 +\nprint(d)\n"),
            "1:10 this is a `string`, but `i32` was expected\n"
            "2:10 Expected ']' to close this array literal\n"
            "3:10 Undefined variable 'ghost'\n"
            "4:8 Expected ':' after if block\n"
            "6:17 this is a `i32`, but `string` was expected\n"
            "7:8 Expected an expression, found end of line\n");
}

TEST(Errors, OneMistakeOneMessage) {
  EXPECT_EQ(errors_of("x = ghost\ny = x + 1\nz = [x, y]\nprint(z[0] * 2, ghost)\n"), "1:5 Undefined variable 'ghost'\n");
  EXPECT_EQ(errors_of("fn f(a: i32 -> i32:\n    b = a\n    return b\nprint(f(1))\n"), "1:13 Expected ')' to close the parameters\n");
}

TEST(Errors, Unsupported) {
  EXPECT_EQ(errors_of("enum Shape:\n    Dot\n    Box(w: i32)\nfn area(s: Shape) -> i32:\n    return match s:\n"
                      "        Shape.Dot -> 0\n        Shape.Box(a) -> a\nprint(area(Shape.Box(3)))\n"),
            "1:1 Enums are not supported yet\n5:12 'match' is not supported yet\n");
  EXPECT_EQ(errors_of("use std.math\nuse m: a, b as c\nprint(math.pi, a, c)\n"),
            "1:1 Modules are not supported yet\n2:1 Modules are not supported yet\n");
  EXPECT_EQ(errors_of("fn same(v):\n    return v\nx = same(1) + 2\n"), "1:9 Parameters without a type are not supported yet\n");
  EXPECT_EQ(errors_of("fn adder(n: i32):\n    return fn(k: i32) -> i32:\n        return k + n\nprint(adder(4)(5))\n"),
            "2:12 Function expressions are not supported yet\n");
  EXPECT_EQ(errors_of("fn f():\n    pass\ng = f\n"), "3:5 Functions as values are not supported yet\n");
  EXPECT_EQ(errors_of("struct P:\n    x: i32\nimpl P:\n    fn get(self) -> i32:\n        return self.x\np = P{x: "
                      "1}\nprint(p.get())\n"),
            "3:1 Methods are not supported yet\n");
  EXPECT_EQ(errors_of("m = {1: 2}\nprint(m[1], 1 in m)\n"),
            "1:5 Maps are not supported yet\n2:15 The operator 'in' is not supported yet\n");
  EXPECT_EQ(errors_of("x: any = 5\nprint(x)\n"), "1:4 The type 'any' is not supported yet\n");
  EXPECT_EQ(errors_of("fn f(a: i32):\n    fn g() -> i32:\n        return a\n    print(g())\n"),
            "3:16 Using 'a', a variable of the surrounding function, is not supported yet\n");
}

TEST(Errors, AtMostFifty) {
  std::string source;
  for (int i = 0; i < 200; ++i) source += "print(ghost" + std::to_string(i) + ")\n";
  EXPECT_EQ(compile_orus(source, "t").diagnostics.size(), 50u);
}

TEST(Errors, LimitsAreReported) {
  std::string source = "fn f(a: i32):\n";
  for (int i = 0; i < 20000; ++i) source += "    x" + std::to_string(i) + " = a\n";
  EXPECT_EQ(errors_of(source), "1:4 This function is too large\n");
}

}  // namespace
}  // namespace orus::lang
