#include "lang/orus/lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace orus::lang {
namespace {

/// Kinds and spellings on one line: layout tokens as NL, > and <.
std::string tokens_of(std::string_view source, std::string* errors = nullptr) {
  Reporter reporter("t.orus");
  std::string out;
  for (const Token& t : lex(source, reporter)) {
    if (!out.empty()) out += ' ';
    switch (t.kind) {
      case Tok::kNewline: out += "NL"; break;
      case Tok::kIndent: out += ">"; break;
      case Tok::kDedent: out += "<"; break;
      case Tok::kEnd: out += "END"; break;
      case Tok::kBad: out += "BAD"; break;
      default: out += source.substr(t.pos.offset, t.pos.length); break;
    }
  }
  std::string messages;
  for (const Diagnostic& d : reporter.take(50)) messages += std::to_string(d.line) + ": " + d.message + "\n";
  if (errors != nullptr) {
    *errors = messages;
  } else {
    EXPECT_EQ(messages, "");
  }
  return out;
}

TEST(Lexer, EmptySources) {
  EXPECT_EQ(tokens_of(""), "END");
  EXPECT_EQ(tokens_of("\xEF\xBB\xBF"), "END");
  EXPECT_EQ(tokens_of("   \n\t\n // only comments\n/* and\n more */ \n"), "END");
}

TEST(Lexer, LinesAndBlocks) {
  EXPECT_EQ(tokens_of("a\n    b\n\n        c\n    d\ne"), "a NL > b NL > c NL < d NL < e NL END");
  EXPECT_EQ(tokens_of("a\r\n\tb\r\n    c\r\n"), "a NL > b NL c NL < END");
  EXPECT_EQ(tokens_of("a\n  b"), "a NL > b NL < END");
}

TEST(Lexer, CommentLinesDoNotIndent) { EXPECT_EQ(tokens_of("a\n        // deep\nb\n    /* x */ c\n"), "a NL b NL > c NL < END"); }

TEST(Lexer, BracketsSwitchLayoutOff) {
  EXPECT_EQ(tokens_of("f(\n        1,\n  2\n)\ng"), "f ( 1 , 2 ) NL g NL END");
  EXPECT_EQ(tokens_of("[\n[\n]\n]\n"), "[ [ ] ] NL END");
}

TEST(Lexer, BodyOfFunctionExpressionInsideBrackets) {
  EXPECT_EQ(tokens_of("print(apply(fn(n: i32) -> i32:\n    return n\n, 9))\n"),
            "print ( apply ( fn ( n : i32 ) -> i32 : NL > return n NL < , 9 ) ) NL END");
  EXPECT_EQ(tokens_of("f(fn():\n    a\n    b)\nc"), "f ( fn ( ) : NL > a NL b NL < ) NL c NL END");
}

TEST(Lexer, AbandonedBracketEndsAtTheNextStatement) {
  EXPECT_EQ(tokens_of("v = [1, 2\nprint(v)\n"), "v = [ 1 , 2 NL print ( v ) NL END");
  EXPECT_EQ(tokens_of("v = (1\nw = 2\n"), "v = ( 1 NL w = 2 NL END");
  EXPECT_EQ(tokens_of("v = (1\n+ 2 ==\nw)\n"), "v = ( 1 + 2 == w ) NL END");
}

TEST(Lexer, Numbers) {
  EXPECT_EQ(tokens_of("1..2 1.5 0xFFu32 1e-5 2.5e+3f64 1_000i64 a.1"), "1 .. 2 1.5 0xFFu32 1e-5 2.5e+3f64 1_000i64 a . 1 NL END");
  EXPECT_EQ(tokens_of("0x1e-5"), "0x1e - 5 NL END");
}

TEST(Lexer, Operators) { EXPECT_EQ(tokens_of("a<<=b>>c<=d..=e:=f->g"), "a <<= b >> c <= d .. = e := f -> g NL END"); }

TEST(Lexer, Strings) {
  EXPECT_EQ(tokens_of("\"a\\n\\\"b\" c"), "\"a\\n\\\"b\" c NL END");
  EXPECT_EQ(tokens_of("x = \"two\nlines\"\ny"), "x = \"two\nlines\" NL y NL END");
}

TEST(Lexer, Errors) {
  std::string errors;
  EXPECT_EQ(tokens_of("a \"bc\nd", &errors), "a BAD NL d NL END");
  EXPECT_EQ(errors, "1: Unterminated string\n");
  EXPECT_EQ(tokens_of("\"\\q\"", &errors), "\"\\q\" NL END");
  EXPECT_EQ(errors, "1: Invalid escape sequence '\\q'\n");
  EXPECT_EQ(tokens_of("a $ b", &errors), "a BAD b NL END");
  EXPECT_EQ(errors, "1: Unexpected character '$'\n");
  tokens_of(std::string_view("a // \0", 6), &errors);
  EXPECT_EQ(errors, "1: NUL byte in source text\n");
  tokens_of("a /* b", &errors);
  EXPECT_EQ(errors, "1: Unterminated block comment\n");
  tokens_of("\xC3\xA4 = 1", &errors);
  EXPECT_EQ(errors, "1: Only strings and comments may hold characters outside ASCII\n");
}

TEST(Lexer, InconsistentDedentStaysInTheInnerBlock) {
  std::string errors;
  EXPECT_EQ(tokens_of("a\n        b\n    c\n    d\ne", &errors), "a NL > b NL c NL d NL < e NL END");
  EXPECT_EQ(errors, "3: Inconsistent indentation\n");
}

TEST(Lexer, PositionsCountBytesFromOne) {
  Reporter reporter("t.orus");
  auto tokens = lex("ab\n  \"x\ny\" cd", reporter);
  ASSERT_GE(tokens.size(), 5u);
  EXPECT_EQ(tokens[3].pos.line, 2u);
  EXPECT_EQ(tokens[3].pos.column, 3u);
  EXPECT_EQ(tokens[4].pos.line, 3u);
  EXPECT_EQ(tokens[4].pos.column, 4u);
}

}  // namespace
}  // namespace orus::lang
