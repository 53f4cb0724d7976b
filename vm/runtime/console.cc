#include "vm/runtime/console.h"

#include <unistd.h>

#include <cerrno>

namespace orus {

bool LineSplitter::take(std::string_view* input, std::string* line) {
  if (input->empty()) return false;
  if (skip_lf_) {
    skip_lf_ = false;
    if (input->front() == '\n') input->remove_prefix(1);
  }
  size_t end = input->find_first_of("\r\n");
  line->append(input->substr(0, end));
  if (end == std::string_view::npos) {
    *input = {};
    return false;
  }
  skip_lf_ = (*input)[end] == '\r';
  input->remove_prefix(end + 1);
  return true;
}

StdConsole::StdConsole(int input, int output) : input_(input), output_(output), interactive_(isatty(output) == 1) {}

StdConsole::~StdConsole() { flush(); }

void StdConsole::write(std::string_view text) {
  if (pending_.size() + text.size() > kBufferBytes) flush();
  if (text.size() > kBufferBytes) {
    write_out(text);
  } else {
    pending_ += text;
  }
  if (interactive_) flush();
}

void StdConsole::flush() {
  write_out(pending_);
  pending_.clear();
}

void StdConsole::write_out(std::string_view text) {
  while (!text.empty() && output_error_ == 0) {
    ssize_t written = ::write(output_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      output_error_ = errno;
    }
  }
}

bool StdConsole::refill() {
  if (input_buffer_ == nullptr) input_buffer_ = std::make_unique<char[]>(kBufferBytes);
  ssize_t got;
  do {
    got = ::read(input_, input_buffer_.get(), kBufferBytes);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;  // a read error counts as the end of input
  unread_ = {input_buffer_.get(), static_cast<size_t>(got)};
  return true;
}

bool StdConsole::read_line(std::string* line) {
  line->clear();
  while (!splitter_.take(&unread_, line)) {
    if (line->size() > kMaxStringLength) return true;  // too long for a string in any case
    if (!refill()) return !line->empty();
  }
  return true;
}

bool CaptureConsole::read_line(std::string* line) {
  line->clear();
  return splitter_.take(&unread_, line) || !line->empty();
}

}  // namespace orus
