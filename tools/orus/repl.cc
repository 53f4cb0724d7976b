// repl: entries are statements that extend one growing program. Every entry re-executes that program from the start in
// a fresh VM; what earlier entries printed is not shown again, and input() gets the answers it got before. An entry
// that fails is forgotten with all it did.
#include <fmt/format.h>

#include <algorithm>

#include "tools/orus/line_editor.h"
#include "tools/orus/output.h"

namespace orus::tool {
namespace {

constexpr std::string_view kHelp =
    "Type statements; variables, functions and structs of earlier entries stay visible.\n"
    "A line that ends in ':' or inside brackets goes on; a blank line ends a block.\n"
    "  :help   this text            :list   the program so far\n"
    "  :undo   forget the last entry  :reset  forget everything\n"
    "  :quit   leave (also end of input)\n"
    "Every entry runs the whole program again from its start, in a fresh machine: output that was already shown is\n"
    "left out, input() gets the answers given before, but timestamp() gives the time of each run. An entry that\n"
    "fails is forgotten together with everything it changed.\n";

/// Leaves out the output of earlier entries and replays the answers to their questions.
class ReplConsole final : public Console {
 public:
  ReplConsole(LineEditor& editor, std::vector<std::string> answers, size_t shown_bytes)
      : editor_(editor), answers_(std::move(answers)), skip_(shown_bytes) {}

  void write(std::string_view text) override {
    written_ += text.size();
    size_t old = std::min(skip_, text.size());
    skip_ -= old;
    pending_ += text.substr(old);
    if (pending_.size() > kBufferBytes) flush();
  }
  void flush() override {
    write_output(pending_);
    pending_.clear();
  }
  bool read_line(std::string* line) override {
    if (next_ == answers_.size()) {
      flush();
      std::string answer;
      if (!editor_.read("", &answer)) return false;
      answers_.push_back(answer);
    }
    *line = answers_[next_++];
    return true;
  }

  const std::vector<std::string>& answers() const { return answers_; }
  size_t written() const { return written_; }

 private:
  static constexpr size_t kBufferBytes = 1 << 16;
  LineEditor& editor_;
  std::vector<std::string> answers_;
  size_t skip_, next_ = 0, written_ = 0;
  std::string pending_;
};

/// Whether an entry is complete: brackets outside strings and comments, and a ':' at the end of a line.
class EntryShape {
 public:
  void add(std::string_view line) {
    char last = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      char c = line[i];
      if (c == '"') {
        for (++i; i < line.size() && line[i] != '"'; ++i) i += line[i] == '\\' ? 1 : 0;
      } else if (c == '/' && i + 1 < line.size() && line[i + 1] == '/') {
        break;
      } else if (c == '(' || c == '[' || c == '{') {
        ++depth_;
      } else if (c == ')' || c == ']' || c == '}') {
        depth_ = std::max(depth_ - 1, 0);
      }
      if (c != ' ' && c != '\t') last = c;
    }
    block_ = block_ || (last == ':' && depth_ == 0);
  }
  bool wants_more() const { return depth_ > 0 || block_; }

 private:
  int depth_ = 0;
  bool block_ = false;
};

class Repl {
 public:
  explicit Repl(const Invocation& invocation) : invocation_(invocation) {}

  void run() {
    if (editor_.interactive()) write_output("orus 0.1.0; :help explains, :quit leaves\n");
    std::string entry;
    while (read_entry(&entry)) {
      std::string_view word = trimmed(entry);
      if (word.empty()) continue;
      if (word[0] == ':') {
        if (!obey(word)) return;
      } else {
        execute(entry);
      }
    }
  }

 private:
  struct Accepted {
    std::string text;
    size_t written, answers;  // totals of the whole program up to here
  };

  static std::string_view trimmed(std::string_view text) {
    size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    size_t end = text.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view() : text.substr(begin, end + 1 - begin);
  }

  bool read_entry(std::string* entry) {
    entry->clear();
    std::string line;
    EntryShape shape;
    while (editor_.read(entry->empty() ? ">> " : ".. ", &line)) {
      editor_.remember(line);
      if (entry->empty() && trimmed(line).empty()) continue;
      *entry += line + "\n";
      shape.add(line);
      if (!shape.wants_more() || trimmed(line).empty()) return true;
    }
    return !entry->empty();
  }

  /// False: leave.
  bool obey(std::string_view word) {
    if (word == ":quit" || word == ":q" || word == ":exit") return false;
    if (word == ":help" || word == ":h") {
      write_output(kHelp);
    } else if (word == ":list") {
      write_output(program_text());
    } else if (word == ":reset") {
      accepted_.clear();
      answers_.clear();
    } else if (word == ":undo") {
      if (!accepted_.empty()) accepted_.pop_back();
      answers_.resize(accepted_.empty() ? 0 : accepted_.back().answers);
    } else {
      write_error(fmt::format("unknown command {}; :help lists them\n", word));
    }
    return true;
  }

  std::string program_text() const {
    std::string out;
    for (const Accepted& entry : accepted_) out += entry.text;
    return out;
  }

  void execute(const std::string& entry) {
    std::string before = program_text();
    auto lines = static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n'));
    api::LoadResult loaded = api::load_text("<repl>", before + entry, api::ProgramForm::kSource);
    for (lang::Diagnostic& diagnostic : loaded.diagnostics) show(std::move(diagnostic), lines, entry);
    if (loaded.program == nullptr) return;
    size_t shown = accepted_.empty() ? 0 : accepted_.back().written;
    ReplConsole console(editor_, answers_, shown);
    api::RunResult result = run_program(*loaded.program, invocation_.config, console);
    if (result.diagnostic) return show(*result.diagnostic, lines, entry);
    answers_ = console.answers();
    accepted_.push_back({entry, console.written(), answers_.size()});
  }

  /// Positions count from the start of the entry; an error in an earlier entry is shown without its text.
  void show(lang::Diagnostic diagnostic, uint32_t lines_before, const std::string& entry) const {
    auto shift = [&](uint32_t line) { return line > lines_before ? line - lines_before : 0; };
    if (diagnostic.line != 0 && diagnostic.line <= lines_before) {
      diagnostic.notes.push_back({.message = "in an earlier entry, on line " + std::to_string(diagnostic.line) + " of :list"});
    }
    diagnostic.line = shift(diagnostic.line);
    for (lang::DiagnosticNote& note : diagnostic.notes) {
      if (note.line != 0 && note.line <= lines_before) note.message += fmt::format(" (line {} of :list)", note.line);
      note.line = shift(note.line);
    }
    report(invocation_, diagnostic, {{"<repl>", entry}});
  }

  const Invocation& invocation_;
  LineEditor editor_;
  std::vector<Accepted> accepted_;
  std::vector<std::string> answers_;
};

}  // namespace

int repl_command(const Invocation& invocation) {
  Repl(invocation).run();
  return api::kExitOk;
}

}  // namespace orus::tool
