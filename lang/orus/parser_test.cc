#include "lang/orus/parser.h"

#include <gtest/gtest.h>

#include "lang/orus/lexer.h"

namespace orus::lang {
namespace {

std::string show(const Expr* e);
std::string show_list(std::span<Expr* const> items) {
  std::string out;
  for (const Expr* item : items) out += " " + show(item);
  return out;
}

std::string show(const Expr* e) {
  static constexpr std::string_view kOps[] = {"+",  "-",  "*",  "/", "%",  "&", "|",  "^",   "<<",
                                              ">>", "==", "!=", "<", "<=", ">", ">=", "and", "or"};
  if (e == nullptr) return "_";
  switch (e->kind) {
    case ExprKind::kNumber: {
      std::string sign = e->number.negative ? "-" : "";
      return sign + (e->number.is_float ? std::to_string(e->number.real) : std::to_string(e->number.magnitude));
    }
    case ExprKind::kBool: return e->flag ? "true" : "false";
    case ExprKind::kString: return '"' + std::string(e->text) + '"';
    case ExprKind::kName: return std::string(e->text);
    case ExprKind::kNegate: return "(neg " + show(e->left) + ")";
    case ExprKind::kNot: return "(not " + show(e->left) + ")";
    case ExprKind::kComplement: return "(~ " + show(e->left) + ")";
    case ExprKind::kBinary: return "(" + std::string(kOps[static_cast<size_t>(e->op)]) + " " + show(e->left) + " " + show(e->right) + ")";
    case ExprKind::kCast: return "(as " + show(e->left) + " " + std::string(e->type_expr->name) + ")";
    case ExprKind::kConditional: return "(? " + show(e->left) + " " + show(e->right) + " " + show(e->third) + ")";
    case ExprKind::kCall: return "(call " + show(e->left) + show_list(e->items) + ")";
    case ExprKind::kIndex: return "(at " + show(e->left) + " " + show(e->right) + ")";
    case ExprKind::kSlice: return "(slice " + show(e->left) + " " + show(e->right) + " " + show(e->third) + ")";
    case ExprKind::kMember: return "(. " + show(e->left) + " " + std::string(e->text) + ")";
    case ExprKind::kArray: return "[" + show_list(e->items) + " ]";
    case ExprKind::kFill: return "(fill " + show(e->left) + " " + show(e->right) + ")";
    case ExprKind::kStructLit: {
      std::string out = "(" + std::string(e->text) + "{}";
      for (const FieldInit& f : e->fields) out += " " + std::string(f.name) + "=" + show(f.value);
      return out + ")";
    }
    case ExprKind::kUnsupported: return "unsupported";
  }
  return "";
}

/// The expression of the source's only statement.
std::string shape(std::string_view source) {
  Program program{.source = source};
  Reporter reporter("t.orus");
  std::vector<Token> tokens = lex(source, reporter);
  Parser(program, tokens, reporter).parse_module();
  std::vector<Diagnostic> errors = reporter.take(10);
  if (!errors.empty()) return errors[0].message;
  if (program.tree.body.size() != 1) return std::to_string(program.tree.body.size()) + " statements";
  const Stmt* s = program.tree.body[0];
  return s->kind == StmtKind::kPrint ? show(s->items[0]) : show(s->value);
}

TEST(Parser, Precedence) {
  EXPECT_EQ(shape("a + b * c - d"), "(- (+ a (* b c)) d)");
  EXPECT_EQ(shape("a or b and c == d"), "(or a (and b (== c d)))");
  EXPECT_EQ(shape("not a == b"), "(== (not a) b)");
  EXPECT_EQ(shape("-a * b"), "(* (neg a) b)");
  EXPECT_EQ(shape("-a[0].x"), "(neg (. (at a 0) x))");
  EXPECT_EQ(shape("a | b ^ c & d << e + f"), "(| a (^ b (& c (<< d (+ e f)))))");
  EXPECT_EQ(shape("a & b == c"), "(== (& a b) c)");
  EXPECT_EQ(shape("~-a"), "(~ (neg a))");
}

TEST(Parser, CastsSitOnTheComparisonLevel) {
  EXPECT_EQ(shape("n + 1 as f64"), "(as (+ n 1) f64)");
  EXPECT_EQ(shape("k < n as f64"), "(as (< k n) f64)");
  EXPECT_EQ(shape("n as f64 / 2.5"), "(/ (as n f64) 2.500000)");
  EXPECT_EQ(shape("a as f64 / b as f64"), "(as (/ (as a f64) b) f64)");
  EXPECT_EQ(shape("a and b as bool"), "(and a (as b bool))");
  EXPECT_EQ(shape("(x as i64) as f64"), "(as (as x i64) f64)");
  EXPECT_EQ(shape("x as i64 as f64"), "Chained type casts are not allowed");
}

TEST(Parser, Conditionals) {
  EXPECT_EQ(shape("a ? b : c ? d : e"), "(? a b (? c d e))");
  EXPECT_EQ(shape("a if b else c if d else e"), "(? b a (? d c e))");
}

TEST(Parser, NegativeLiterals) {
  EXPECT_EQ(shape("-5"), "-5");
  EXPECT_EQ(shape("a -5"), "(- a 5)");
  EXPECT_EQ(shape("- -5"), "(neg -5)");
  EXPECT_EQ(shape("-(5)"), "-5");
}

TEST(Parser, FillOrTwoElements) {
  EXPECT_EQ(shape("x = [0, 5]"), "(fill 0 5)");
  EXPECT_EQ(shape("x = [0, (5)]"), "(fill 0 5)");
  EXPECT_EQ(shape("x = [0, n]"), "(fill 0 n)");
  EXPECT_EQ(shape("x = [0, 5,]"), "[ 0 5 ]");
  EXPECT_EQ(shape("x = [0, -5]"), "[ 0 -5 ]");
  EXPECT_EQ(shape("x = [0, n + 0]"), "[ 0 (+ n 0) ]");
  EXPECT_EQ(shape("x = [0, 2.0]"), "[ 0 2.000000 ]");
  EXPECT_EQ(shape("f([1, 2], ([3, 4]))"), "(call f [ 1 2 ] [ 3 4 ])");
  EXPECT_EQ(shape("print([1, 3])"), "(fill 1 3)");
  EXPECT_EQ(shape("return 1, 2"), "[ 1 2 ]");
  EXPECT_EQ(shape("return [1, 2]"), "(fill 1 2)");
}

TEST(Parser, PostfixAndLiterals) {
  EXPECT_EQ(shape("a[1..2]"), "(slice a 1 2)");
  EXPECT_EQ(shape("a[..]"), "(slice a _ _)");
  EXPECT_EQ(shape("a[i..]"), "(slice a i _)");
  EXPECT_EQ(shape("f(1,)[0](2)"), "(call (at (call f 1) 0) 2)");
  EXPECT_EQ(shape("P{a: 1, b: P{\n  c: 2\n  d: 3\n},}"), "(P{} a=1 b=(P{} c=2 d=3))");
  EXPECT_EQ(shape("\"a\\tb\\0\""), std::string("\"a\tb\0\"", 6));
}

TEST(Parser, LongChainsDoNotNest) {
  std::string sum = "a", deep(2000, '(');
  for (int i = 0; i < 200000; ++i) sum += " + a";
  Program program{.source = sum};
  Reporter reporter("t.orus");
  std::vector<Token> tokens = lex(sum, reporter);
  Parser(program, tokens, reporter).parse_module();
  EXPECT_FALSE(reporter.has_errors());
  EXPECT_EQ(program.tree.body[0]->value->height, 2);
  EXPECT_EQ(shape(deep), "This is nested too deeply");
}

TEST(Parser, NestingLimitIsAboutAThousand) {
  for (int n : {900, 1100}) {
    std::string text = std::string(static_cast<size_t>(n), '(') + "1" + std::string(static_cast<size_t>(n), ')');
    EXPECT_EQ(shape(text), n == 900 ? "1" : "This is nested too deeply");
    std::string index = "a";
    for (int i = 0; i < n; ++i) index += "[0]";
    EXPECT_EQ(shape(index) == "This is nested too deeply", n == 1100);
  }
}

}  // namespace
}  // namespace orus::lang
