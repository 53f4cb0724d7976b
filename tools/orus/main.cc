// orus: the command. Parses the command line and hands over to the command; nothing else decides exit codes.
#include <csignal>
#include <exception>
#include <string_view>
#include <vector>

#include "tools/orus/command_line.h"
#include "tools/orus/output.h"

namespace orus::tool {
namespace {

int run_tool(std::span<const std::string_view> words) {
  Invocation invocation;
  Status status = parse_command_line(words, &invocation);
  if (!status.ok()) return usage_error(invocation, status.error().detail);
  const CommandOptions& options = invocation.options;
  if (options.version || options.version_letter) {
    write_output("orus 0.1.0\n");
    return api::kExitOk;
  }
  if (options.help || options.help_letter) return help_command(invocation);
  return invocation.command->entry(invocation);
}

}  // namespace
}  // namespace orus::tool

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed output is noticed by write
  std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  try {
    return orus::tool::run_tool(words);
  } catch (const std::exception& error) {
    orus::tool::write_error("orus: " + std::string(error.what()) + "\n");
    return orus::api::kExitLimit;  // only the host's refusal of memory gets here
  }
}
