#include "vm/runtime/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace orus {
namespace {

std::vector<std::string> lines_of(Console& console) {
  std::vector<std::string> lines;
  for (std::string line; console.read_line(&line);) lines.push_back(line);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(CaptureConsole, LineEnds) {
  auto lines = [](std::string text) {
    CaptureConsole console(std::move(text));
    return lines_of(console);
  };
  EXPECT_EQ(lines(""), Lines{});
  EXPECT_EQ(lines("\n"), Lines{""});
  EXPECT_EQ(lines("a"), Lines{"a"});
  EXPECT_EQ(lines("a\nb\r\nc\rd"), (Lines{"a", "b", "c", "d"}));
  EXPECT_EQ(lines("a\r\n"), Lines{"a"});
  EXPECT_EQ(lines("a\r\r\n\n"), (Lines{"a", "", ""}));
  EXPECT_EQ(lines(std::string("a\0b\n", 4)), Lines{std::string("a\0b", 3)});
}

TEST(CaptureConsole, Output) {
  CaptureConsole console;
  console.write("a");
  console.write("b\n");
  console.flush();
  EXPECT_EQ(console.output(), "ab\n");
  EXPECT_EQ(console.flushes(), 1u);
}

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(int i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
  int ends[2];
};

TEST(StdConsole, BuffersOutput) {
  Pipe out;
  ASSERT_EQ(fcntl(out.ends[0], F_SETFL, O_NONBLOCK), 0);
  StdConsole console(0, out.ends[1]);
  console.write("hello ");
  console.write("world");
  char text[64];
  EXPECT_LT(read(out.ends[0], text, sizeof text), 0);
  console.flush();
  EXPECT_EQ(read(out.ends[0], text, sizeof text), 11);
  EXPECT_EQ(console.output_error(), 0);
}

TEST(StdConsole, WritesEverythingInOrder) {
  std::string path = testing::TempDir() + "orus-console-XXXXXX";
  int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  std::string expected;
  {
    StdConsole console(0, file);
    for (size_t i = 0; i < 40; ++i) {
      std::string piece(i * i * 71, static_cast<char>('a' + i % 26));
      expected += piece;
      console.write(piece);
    }
  }
  std::string got(expected.size() + 1, '\0');
  ssize_t size = pread(file, got.data(), got.size(), 0);
  close(file);
  unlink(path.c_str());
  ASSERT_EQ(size, static_cast<ssize_t>(expected.size()));
  got.resize(expected.size());
  EXPECT_EQ(got, expected);
}

TEST(StdConsole, RemembersErrors) {
  int file = open("/dev/null", O_RDONLY);
  StdConsole console(0, file);
  console.write("x");
  console.flush();
  EXPECT_EQ(console.output_error(), EBADF);
  console.write(std::string(200000, 'y'));
  console.flush();
  EXPECT_EQ(console.output_error(), EBADF);
  close(file);
}

TEST(StdConsole, ReadsLinesAcrossReads) {
  Pipe in;
  StdConsole console(in.ends[0], 1);
  auto send = [&](std::string_view text) { ASSERT_EQ(write(in.ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size())); };
  std::string line;
  send("one\r");
  ASSERT_TRUE(console.read_line(&line));  // does not wait for a LF
  EXPECT_EQ(line, "one");
  send("\ntwo\nthr");
  ASSERT_TRUE(console.read_line(&line));
  EXPECT_EQ(line, "two");
  send("ee");
  in.close_end(1);
  ASSERT_TRUE(console.read_line(&line));
  EXPECT_EQ(line, "three");
  EXPECT_FALSE(console.read_line(&line));
  EXPECT_FALSE(console.read_line(&line));
}

TEST(StdConsole, ReadsLongLines) {
  std::string path = testing::TempDir() + "orus-console-XXXXXX";
  int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  std::string text = std::string(200001, 'x') + "\n" + std::string(65536, 'y') + "\r\nend\n";
  ASSERT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(lseek(file, 0, SEEK_SET), 0);
  StdConsole console(file, 1);
  EXPECT_EQ(lines_of(console), (Lines{std::string(200001, 'x'), std::string(65536, 'y'), "end"}));
  close(file);
  unlink(path.c_str());
}

}  // namespace
}  // namespace orus
