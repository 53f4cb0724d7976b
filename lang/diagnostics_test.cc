#include "lang/diagnostics.h"

#include <gtest/gtest.h>

namespace orus::lang {
namespace {

Diagnostic sample() {
  return Diagnostic{.category = "TYPE MISMATCH",
                    .title = "Types do not fit",
                    .kind = "type",
                    .message = "this is a `string`, but `i32` was expected",
                    .help = "convert it",
                    .file = "dir/prog.orus",
                    .line = 2,
                    .column = 10,
                    .length = 3};
}

TEST(Diagnostics, Friendly) {
  EXPECT_EQ(render_friendly(sample(), "first\n\tx: i32 = \"s\"\n", ColorMode::kPlain),
            "-- TYPE MISMATCH: Types do not fit -------------------------- dir/prog.orus:2:10\n"
            "\n"
            "   2 |     x: i32 = \"s\"\n"
            "     |             ^^^\n"
            "     |\n"
            "     = this is a `string`, but `i32` was expected\n"
            "     = help: convert it\n");
}

TEST(Diagnostics, FriendlyWithoutSourceAndWithNotes) {
  Diagnostic d = sample();
  d.message = "two\nlines";
  d.help = "";
  d.notes.push_back({"opened here", 1, 4});
  EXPECT_EQ(render_friendly(d, "", ColorMode::kPlain),
            "-- TYPE MISMATCH: Types do not fit -------------------------- dir/prog.orus:2:10\n"
            "\n"
            "     = two\n"
            "       lines\n"
            "     = note: opened here (line 1)\n");
}

TEST(Diagnostics, FriendlyReplacesWhatCannotBePrinted) {
  Diagnostic d = sample();
  d.line = 1;
  d.column = 5;
  d.length = 1;
  std::string text = render_friendly(d, "\x1b[2J\xff\xc3\xa4x\n", ColorMode::kPlain);
  EXPECT_NE(text.find("   1 | \xEF\xBF\xBD[2J\xEF\xBF\xBD\xc3\xa4x\n     |     ^\n"), std::string::npos) << text;
}

TEST(Diagnostics, LongLinesAreCutAroundTheCaret) {
  Diagnostic d = sample();
  d.line = 1;
  d.column = 500;
  std::string source(1000, 'a');
  source[499] = 'X';
  std::string text = render_friendly(d, source, ColorMode::kPlain);
  size_t line = text.find("...");
  ASSERT_NE(line, std::string::npos);
  size_t start = text.rfind('\n', line) + 1;
  size_t marker = text.find('\n', line) + 1;
  EXPECT_EQ(text[start + text.find('^', marker) - marker], 'X');
}

TEST(Diagnostics, Colors) {
  std::string text = render_friendly(sample(), "\n\tx: i32 = \"s\"\n", ColorMode::kAnsi);
  EXPECT_NE(text.find("\x1b[1;31m-- TYPE"), std::string::npos);
  EXPECT_NE(text.find("\x1b[31m^^^\x1b[0m"), std::string::npos);
}

TEST(Diagnostics, Json) {
  EXPECT_EQ(render_json(sample()),
            "{\"severity\":\"error\",\"category\":\"TYPE MISMATCH\",\"kind\":\"type\",\"message\":\"this is a `string`, "
            "but `i32` was expected\",\"help\":\"convert it\",\"file\":\"dir/prog.orus\",\"line\":2,\"column\":10,"
            "\"length\":3}\n");
  Diagnostic d;
  d.severity = Severity::kWarning;
  d.message = std::string("q\"\\\n\t\x01\xff\xed\xa0\x80\xf0\x9f\x98\x80\0z", 16);
  EXPECT_EQ(render_json(d),
            "{\"severity\":\"warning\",\"category\":\"\",\"kind\":\"\",\"message\":\"q\\\"\\\\\\n\\t\\u0001\\ufffd\\ufffd"
            "\\ufffd\\ufffd\xf0\x9f\x98\x80\\u0000z\",\"help\":\"\",\"file\":\"\",\"line\":0,\"column\":0,\"length\":1}\n");
}

TEST(Diagnostics, Minimal) {
  EXPECT_EQ(render_minimal(sample()), "dir/prog.orus:2:10: error: this is a `string`, but `i32` was expected\n");
}

TEST(Diagnostics, SourceLine) {
  EXPECT_EQ(source_line("a\nb\r\nc", 2), "b");
  EXPECT_EQ(source_line("a\nb\r\nc", 3), "c");
  EXPECT_EQ(source_line("a\nb", 3), "");
  EXPECT_EQ(source_line("\xEF\xBB\xBF"
                        "a",
                        1),
            "a");
}

}  // namespace
}  // namespace orus::lang
