// Consoles: where print writes and input reads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "vm/runtime/vm.h"

namespace orus {

/// Splits input into lines. LF, CRLF and a lone CR end a line; the LF of a CRLF is dropped when the next line is
/// asked for, so that a reader never waits for it.
class LineSplitter {
 public:
  /// Takes bytes from the front of `input` and appends those of the current line to `line`. True: the line is
  /// complete. False: `input` is used up and the line goes on.
  bool take(std::string_view* input, std::string* line);

 private:
  bool skip_lf_ = false;  // the line before ended in CR
};

/// Buffered output and line input on file descriptors, which it does not own. Standard input and output by default.
/// Output is written when 64 KiB are waiting, at flush() and at the end; at every write() when it is a terminal.
class StdConsole final : public Console {
 public:
  explicit StdConsole(int input = 0, int output = 1);
  ~StdConsole() override;

  void write(std::string_view text) override;
  void flush() override;
  bool read_line(std::string* line) override;

  /// errno of the first failed write, 0 if none failed. After a failure output is discarded.
  int output_error() const { return output_error_; }

 private:
  void write_out(std::string_view text);
  bool refill();

  static constexpr size_t kBufferBytes = 64 * 1024;
  int input_, output_;
  bool interactive_;
  int output_error_ = 0;
  std::string pending_;  // output not yet written
  std::unique_ptr<char[]> input_buffer_;
  std::string_view unread_;  // part of input_buffer_
  LineSplitter splitter_;
};

/// Output into a string, input from one. For tests and for hosts that want the text.
class CaptureConsole final : public Console {
 public:
  explicit CaptureConsole(std::string input = "") : input_(std::move(input)), unread_(input_) {}

  void write(std::string_view text) override { output_ += text; }
  void flush() override { ++flushes_; }
  bool read_line(std::string* line) override;

  const std::string& output() const { return output_; }
  size_t flushes() const { return flushes_; }
  void clear() { output_.clear(); }

 private:
  std::string input_;
  std::string_view unread_;
  std::string output_;
  size_t flushes_ = 0;
  LineSplitter splitter_;
};

}  // namespace orus
