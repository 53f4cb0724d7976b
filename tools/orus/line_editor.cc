#include "tools/orus/line_editor.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tools/orus/output.h"

namespace orus::tool {
namespace {

constexpr size_t kMaxHistory = 1000;

/// The terminal hands over every key at once while this lives.
class RawMode {
 public:
  RawMode() {
    active_ = tcgetattr(STDIN_FILENO, &saved_) == 0;
    termios raw = saved_;
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    active_ = active_ && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
  }
  ~RawMode() {
    if (active_) tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  bool active() const { return active_; }

 private:
  termios saved_{};
  bool active_ = false;
};

/// False at end of input.
bool read_byte(char* byte) {
  ssize_t got;
  do {
    got = ::read(STDIN_FILENO, byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

bool is_continuation(char c) { return (c & 0xC0) == 0x80; }

}  // namespace

LineEditor::LineEditor() : interactive_(isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0) {}

bool LineEditor::read(std::string_view prompt, std::string* line) {
  if (!interactive_) return plain_.read_line(line);
  return edit(prompt, line);
}

void LineEditor::remember(const std::string& line) {
  if (line.empty() || (!history_.empty() && history_.back() == line)) return;
  history_.push_back(line);
  if (history_.size() > kMaxHistory) history_.erase(history_.begin());
}

bool LineEditor::edit(std::string_view prompt, std::string* line) {
  RawMode raw;
  if (!raw.active()) {
    write_output(prompt);
    return plain_.read_line(line);
  }
  text_.clear();
  cursor_ = 0;
  recalled_ = history_.size();
  while (true) {
    draw(prompt);
    std::string typed;
    Key key = read_key(&typed);
    bool leave = key == Key::kEndOfInput && text_.empty();
    if (key == Key::kEnter || key == Key::kCancel || leave) {
      cursor_ = text_.size();
      draw(prompt);
      write_output("\n");
      *line = key == Key::kEnter ? text_ : "";
      return !leave;
    }
    apply(key == Key::kEndOfInput ? Key::kDelete : key, typed);
  }
}

LineEditor::Key LineEditor::read_key(std::string* text) {
  static constexpr std::pair<char, Key> kControls[] = {
      {'\r', Key::kEnter}, {'\n', Key::kEnter},  {1, Key::kHome},      {2, Key::kLeft},       {3, Key::kCancel}, {4, Key::kEndOfInput},
      {5, Key::kEnd},      {6, Key::kRight},     {8, Key::kBackspace}, {11, Key::kCutEnd},    {12, Key::kClear}, {14, Key::kDown},
      {16, Key::kUp},      {21, Key::kCutStart}, {23, Key::kCutWord},  {127, Key::kBackspace}};
  char byte;
  if (!read_byte(&byte)) return Key::kEndOfInput;
  if (byte == '\x1b') return read_escape();
  for (auto [control, key] : kControls) {
    if (byte == control) return key;
  }
  *text = byte == '\t' ? "    " : std::string(1, byte);
  return static_cast<unsigned char>(byte) < 0x20 && byte != '\t' ? Key::kNone : Key::kText;
}

/// ESC [ letter, ESC O letter, or ESC [ digits ~
LineEditor::Key LineEditor::read_escape() {
  char lead, code;
  if (!read_byte(&lead) || (lead != '[' && lead != 'O') || !read_byte(&code)) return Key::kNone;
  char digit = 0;
  while (code >= '0' && code <= '?') {
    digit = digit == 0 ? code : digit;
    if (!read_byte(&code)) return Key::kNone;
  }
  switch (code == '~' ? digit : code) {
    case 'A': return Key::kUp;
    case 'B': return Key::kDown;
    case 'C': return Key::kRight;
    case 'D': return Key::kLeft;
    case 'H':
    case '1':
    case '7': return Key::kHome;
    case 'F':
    case '4':
    case '8': return Key::kEnd;
    case '3': return Key::kDelete;
    default: return Key::kNone;
  }
}

size_t LineEditor::before(size_t at) const {
  while (at > 0 && is_continuation(text_[--at])) {
  }
  return at;
}

size_t LineEditor::after(size_t at) const {
  if (at < text_.size()) ++at;
  while (at < text_.size() && is_continuation(text_[at])) ++at;
  return at;
}

void LineEditor::apply(Key key, const std::string& typed) {
  auto cut = [&](size_t begin, size_t end) {
    text_.erase(begin, end - begin);
    cursor_ = begin;
  };
  switch (key) {
    case Key::kText:
      text_.insert(cursor_, typed);
      cursor_ += typed.size();
      break;
    case Key::kLeft: cursor_ = before(cursor_); break;
    case Key::kRight: cursor_ = after(cursor_); break;
    case Key::kHome: cursor_ = 0; break;
    case Key::kEnd: cursor_ = text_.size(); break;
    case Key::kUp: recall(-1); break;
    case Key::kDown: recall(1); break;
    case Key::kDelete: cut(cursor_, after(cursor_)); break;
    case Key::kBackspace: cut(before(cursor_), cursor_); break;
    case Key::kCutEnd: cut(cursor_, text_.size()); break;
    case Key::kCutStart: cut(0, cursor_); break;
    case Key::kCutWord: {
      size_t begin = cursor_;
      while (begin > 0 && text_[begin - 1] == ' ') --begin;
      while (begin > 0 && text_[begin - 1] != ' ') --begin;
      cut(begin, cursor_);
      break;
    }
    case Key::kClear: write_output("\x1b[H\x1b[2J"); break;
    default: break;
  }
}

void LineEditor::recall(int step) {
  if (step < 0 ? recalled_ == 0 : recalled_ >= history_.size()) return;
  if (recalled_ == history_.size()) draft_ = text_;
  recalled_ = step < 0 ? recalled_ - 1 : recalled_ + 1;
  text_ = recalled_ == history_.size() ? draft_ : history_[recalled_];
  cursor_ = text_.size();
}

/// Redraws the line; the cursor goes back by as many characters as stand behind it.
void LineEditor::draw(std::string_view prompt) const {
  auto behind =
      std::count_if(text_.begin() + static_cast<std::ptrdiff_t>(cursor_), text_.end(), [](char c) { return !is_continuation(c); });
  std::string out = "\r" + std::string(prompt) + text_ + "\x1b[K";
  if (behind > 0) out += "\x1b[" + std::to_string(behind) + "D";
  write_output(out);
}

}  // namespace orus::tool
