// Reporter: collects the compile-time diagnostics of one source file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lang/diagnostics.h"
#include "lang/orus/token.h"

namespace orus::lang {

/// What a compile-time error is about; decides category and title.
enum class ErrorClass : uint8_t { kSyntax, kName, kType, kModule, kUnsupported, kLimit };

class Reporter {
 public:
  explicit Reporter(std::string_view file) : file_(file) {}

  void error(ErrorClass what, Pos pos, std::string message, std::string help = {});
  /// Adds a remark to the error reported last.
  void note(std::string message, Pos pos);
  bool has_errors() const { return !list_.empty(); }
  /// Sorted by position, without repetitions, at most `limit`.
  std::vector<Diagnostic> take(size_t limit);

 private:
  std::string file_;
  std::vector<Diagnostic> list_;
  bool dropped_ = false;  // the last error was over the collection limit, so its notes go too
};

}  // namespace orus::lang
