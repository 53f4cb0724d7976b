#include "tools/orus/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace orus::tool {
namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;  // nobody reads any more
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::unique_ptr<api::Program> reported(const Invocation& invocation, const std::string& path, api::LoadResult loaded, int* exit_code) {
  for (const lang::Diagnostic& diagnostic : loaded.diagnostics) report(invocation, diagnostic, loaded.texts);
  if (loaded.program == nullptr) {
    *exit_code = loaded.exit_code;
    if (loaded.exit_code == api::kExitCompile && invocation.config.error_format == api::ErrorFormat::kFriendly) {
      write_error(fmt::format("Compilation failed for \"{}\".\n", path));
    }
  }
  return std::move(loaded.program);
}

}  // namespace

bool colored(const api::RunConfig& config) {
  const char* terminal = std::getenv("TERM");
  return !config.no_color && terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb" && isatty(STDERR_FILENO) != 0;
}

void write_error(std::string_view text) { write_all(STDERR_FILENO, text); }
void write_output(std::string_view text) { write_all(STDOUT_FILENO, text); }

int usage_error(const Invocation& invocation, const std::string& message) {
  if (invocation.config.error_format == api::ErrorFormat::kJson) {
    report(invocation, {.category = "USAGE ERROR", .kind = "usage", .message = message}, {});
    return api::kExitUsage;
  }
  const Command& command = *invocation.command;
  write_error(fmt::format("orus: {}\nusage: orus {} [options] {}\n       orus help {} lists the options\n", message, command.name,
                          command.operands, command.name));
  return api::kExitUsage;
}

int plain_error(const Invocation& invocation, const std::string& file, const std::string& message, int exit_code) {
  const char* kind = exit_code == api::kExitNoFile ? "file" : "error";
  report(invocation, {.category = "FILE ERROR", .kind = kind, .message = message, .file = file}, {});
  return exit_code;
}

void report(const Invocation& invocation, const lang::Diagnostic& diagnostic, const std::vector<api::SourceText>& texts) {
  const api::RunConfig& config = invocation.config;
  write_error(render_diagnostic(diagnostic, texts, config.error_format, colored(config)));
}

void report(const Invocation& invocation, const api::Program& program, const api::RunResult& result) {
  if (result.diagnostic) report(invocation, *result.diagnostic, {{program.name, program.source}});
}

std::unique_ptr<api::Program> load_or_report(const Invocation& invocation, const std::string& path, int* exit_code) {
  return reported(invocation, path, api::load_file(path), exit_code);
}

std::unique_ptr<api::Program> load_or_report(const Invocation& invocation, const std::string& path, api::ProgramForm form, int* exit_code) {
  return reported(invocation, path, api::load_file(path, form), exit_code);
}

bool read_input(const Invocation& invocation, std::string* input) {
  if (invocation.options.input.empty()) return true;
  auto content = api::read_file(invocation.options.input);
  if (content.ok()) {
    *input = std::move(content).value();
    return true;
  }
  plain_error(invocation, invocation.options.input, content.error().detail, api::kExitNoFile);
  return false;
}

}  // namespace orus::tool
