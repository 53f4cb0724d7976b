#include <fmt/format.h>

#include "tools/orus/output.h"

namespace orus::tool {
namespace {

constexpr size_t kFlagColumn = 34, kLineWidth = 100;

/// A flag and its description, wrapped to the line width.
template <class Config>
std::string option_lines(const api::OptionRow<Config>& row) {
  bool letter = row.glued() && row.flag != "-O";
  const char* joint = letter ? " " : row.glued() || row.value.empty() || row.value[0] == '[' ? "" : "=";
  std::string line = fmt::format("  {}{}{}", row.flag, joint, row.value);
  std::string out = line.size() + 2 > kFlagColumn ? line + "\n" : "";
  line.resize(kFlagColumn, ' ');
  if (!out.empty()) line.assign(kFlagColumn, ' ');
  std::string_view rest = row.help;
  while (!rest.empty()) {
    size_t take = rest.size();
    if (take > kLineWidth - kFlagColumn) take = rest.rfind(' ', kLineWidth - kFlagColumn);
    if (take == std::string_view::npos) take = rest.size();
    out += line + std::string(rest.substr(0, take)) + "\n";
    rest.remove_prefix(std::min(rest.size(), take + 1));
    line.assign(kFlagColumn, ' ');
  }
  return out;
}

std::string knob_lines(bool hidden) {
  std::string out;
  for (const auto& row : api::knobs()) {
    if (hidden == (row.visibility == api::Visibility::kHidden)) out += option_lines(row);
  }
  return out;
}

std::string general_help() {
  std::string out =
      "usage: orus [options] FILE [ARG...]      run a program\n"
      "       orus COMMAND [options] ...\n\ncommands:\n";
  for (const Command& command : commands()) out += fmt::format("  {:<9} {}\n", command.name, command.summary);
  out += "\noptions (of every command that runs programs):\n" + knob_lines(false);
  out +=
      "\nexit codes: 0 success; 64 usage; 65 compile or verification error; 66 file not found; 70 run-time error;\n"
      "71 limit reached (fuel, heap, time); 1 a difference, a missed threshold or a finding\n"
      "environment: ORUS_JIT is a default for --jit; ORUS_FLAGS holds further options, separated by spaces\n";
  return out;
}

std::string command_help(const Command& command) {
  std::string out = fmt::format("usage: orus {} [options] {}\n\n{}\n", command.name, command.operands, command.summary);
  std::string own;
  for (const CommandOptionRow& option : command_options()) {
    if (!option.commands.empty() && belongs_to(option, command.name)) own += option_lines(option.row);
  }
  if (!own.empty()) out += "\noptions of this command:\n" + own;
  return out + "\noptions of every command that runs programs:\n" + knob_lines(false);
}

}  // namespace

int help_command(const Invocation& invocation) {
  const Command* topic = invocation.command;
  bool general = topic->name == "help" || topic->name == "run" || topic->name == "repl";
  if (topic->name == "help" && !invocation.files.empty()) {
    topic = find_command(invocation.files[0]);
    if (topic == nullptr) return usage_error(invocation, "unknown command '" + invocation.files[0] + "'");
    general = topic->name == "help";
  }
  std::string text = general ? general_help() : command_help(*topic);
  if (invocation.options.hidden) text += "\nfor work on the compiler:\n" + knob_lines(true);
  write_output(text);
  return api::kExitOk;
}

}  // namespace orus::tool
