#include "lang/orus/reporter.h"

#include <algorithm>
#include <tuple>

namespace orus::lang {
namespace {

/// More than any user reads: a bound on memory for sources that are nothing but errors.
constexpr size_t kMaxCollected = 4096;

struct ClassWords {
  std::string_view category, title, kind;
};
ClassWords words(ErrorClass what) {
  switch (what) {
    case ErrorClass::kName: return {"SYNTAX ERROR", "Unresolved or misused name", "name"};
    case ErrorClass::kType: return {"TYPE MISMATCH", "Types do not fit", "type"};
    case ErrorClass::kModule: return {"MODULE ERROR", "Module problem", "import"};
    case ErrorClass::kUnsupported: return {"SYNTAX ERROR", "Not supported yet", "unimplemented"};
    case ErrorClass::kLimit: return {"SYNTAX ERROR", "Program too large", "limit"};
    default: return {"SYNTAX ERROR", "Invalid syntax", "syntax"};
  }
}

auto order(const Diagnostic& d) { return std::tie(d.line, d.column, d.message); }

}  // namespace

std::string_view describe(Tok kind) {
  static constexpr std::string_view kTexts[] = {
#define TOKEN(name, text) text,
#include "lang/orus/tokens.def"
  };
  return kTexts[static_cast<size_t>(kind)];
}

void Reporter::error(ErrorClass what, Pos pos, std::string message, std::string help) {
  dropped_ = list_.size() >= kMaxCollected;
  if (dropped_) return;
  ClassWords w = words(what);
  list_.push_back(Diagnostic{.category = std::string(w.category),
                             .title = std::string(w.title),
                             .kind = std::string(w.kind),
                             .message = std::move(message),
                             .help = std::move(help),
                             .file = file_,
                             .line = pos.line,
                             .column = pos.column,
                             .length = std::max(pos.length, 1u)});
}

void Reporter::note(std::string message, Pos pos) {
  if (dropped_ || list_.empty()) return;
  list_.back().notes.push_back(DiagnosticNote{std::move(message), pos.line, pos.column});
}

std::vector<Diagnostic> Reporter::take(size_t limit) {
  std::sort(list_.begin(), list_.end(), [](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
  auto same = [](const Diagnostic& a, const Diagnostic& b) { return order(a) == order(b); };
  list_.erase(std::unique(list_.begin(), list_.end(), same), list_.end());
  if (list_.size() > limit) list_.resize(limit);
  return std::move(list_);
}

}  // namespace orus::lang
