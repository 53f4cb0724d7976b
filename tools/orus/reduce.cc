// reduce: shrink a program for which a shell command succeeds.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "tools/orus/child.h"
#include "tools/orus/output.h"
#include "tools/orus/reducer.h"

namespace orus::tool {
namespace {

constexpr int64_t kDefaultTries = 20000;
constexpr double kDefaultTimeout = 30;

/// A folder of our own for candidates; gone at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code none;
    std::string pattern = (std::filesystem::temp_directory_path(none) / "orus-reduce-XXXXXX").string();
    if (!none && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }  // empty: the host refused one

 private:
  std::string path_;
};

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// `command` with the path in place of every {}, or behind it.
std::string with_file(const std::string& command, const std::string& path) {
  std::string out, quoted = shell_quoted(path);
  size_t at = 0;
  for (size_t hit = command.find("{}"); hit != std::string::npos; hit = command.find("{}", at)) {
    out += command.substr(at, hit - at) + quoted;
    at = hit + 2;
  }
  return at == 0 ? command + " " + quoted : out + command.substr(at);
}

class ShellCheck {
 public:
  ShellCheck(const Invocation& invocation, std::string path, std::string input)
      : path_(std::move(path)), input_(std::move(input)), command_(with_file(invocation.options.check, path_)) {
    timeout_ = invocation.config.timeout.seconds > 0 ? invocation.config.timeout.seconds : kDefaultTimeout;
  }

  bool operator()(const std::string& text) const {
    if (!api::write_file(path_, text).ok()) return false;
    ChildRequest request;
    request.program = "/bin/sh";
    request.arguments = {"-c", command_};
    request.input = input_;
    request.timeout_seconds = timeout_;
    auto result = run_child(request);
    return result.ok() && !result->timed_out && result->signal == 0 && result->exit_code == 0;
  }

 private:
  std::string path_, input_, command_;
  double timeout_;
};

std::string base_name(const std::string& path) { return path == "-" ? "stdin.orus" : std::filesystem::path(path).filename().string(); }

}  // namespace

int reduce_command(const Invocation& invocation) {
  const CommandOptions& options = invocation.options;
  const std::string& file = invocation.files[0];
  if (options.check.empty()) return usage_error(invocation, "missing --check='COMMAND'");
  auto content = api::read_file(file);
  if (!content.ok()) return plain_error(invocation, file, content.error().detail, api::kExitNoFile);
  if (api::form_of(file, *content) == api::ProgramForm::kBytecode) {
    return usage_error(invocation, "reduce works on text; disassemble '" + file + "' first");
  }
  std::string input;
  if (!read_input(invocation, &input)) return api::kExitNoFile;
  ScratchFolder folder;
  if (folder.path().empty()) return plain_error(invocation, file, "there is no place for temporary files", api::kExitNoFile);
  ShellCheck check(invocation, folder.path() + "/" + base_name(file), std::move(input));
  if (!check(*content)) {
    return plain_error(invocation, file, "the check does not succeed on the file itself", api::kExitDifference);
  }
  int64_t tries = options.tries.value >= 0 ? options.tries.value : kDefaultTries;
  Reducer reducer(check, tries);
  std::string reduced = reducer.reduce(*content);
  write_error(fmt::format("orus: {} bytes of {} left, {} checks{}\n", reduced.size(), content->size(), tries - reducer.tries_left(),
                          reducer.tries_left() == 0 ? " (all that --tries allows)" : ""));
  if (options.output.empty()) {
    write_output(reduced);
    return api::kExitOk;
  }
  Status written = api::write_file(options.output, reduced);
  return written.ok() ? api::kExitOk : plain_error(invocation, options.output, written.error().detail, api::kExitNoFile);
}

}  // namespace orus::tool
