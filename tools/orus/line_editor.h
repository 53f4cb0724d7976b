// LineEditor: lines from a terminal, with editing and history, or plainly from a pipe or file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vm/runtime/console.h"

namespace orus::tool {

class LineEditor {
 public:
  LineEditor();

  bool interactive() const { return interactive_; }
  /// One line without its terminator; false at end of input. The prompt is written to terminals only.
  bool read(std::string_view prompt, std::string* line);
  /// Adds a line to what the up and down keys bring back.
  void remember(const std::string& line);

 private:
  enum class Key : uint8_t {
    kText,
    kLeft,
    kRight,
    kUp,
    kDown,
    kHome,
    kEnd,
    kDelete,
    kBackspace,
    kCutEnd,
    kCutStart,
    kCutWord,
    kClear,
    kCancel,
    kEndOfInput,
    kEnter,
    kNone
  };
  bool edit(std::string_view prompt, std::string* line);
  Key read_key(std::string* text);
  Key read_escape();
  void apply(Key key, const std::string& text);
  void recall(int step);
  void draw(std::string_view prompt) const;
  size_t before(size_t at) const;
  size_t after(size_t at) const;

  bool interactive_;
  StdConsole plain_;
  std::vector<std::string> history_;
  // The line being edited.
  std::string text_, draft_;  // draft_: what stood there before history was recalled
  size_t cursor_ = 0;         // in bytes, between characters
  size_t recalled_ = 0;       // index into history_; its size: the draft
};

}  // namespace orus::tool
