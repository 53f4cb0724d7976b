// The command line of `orus`: which command, its options, the run configuration, the files.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/knobs.h"
#include "base/result.h"

namespace orus::tool {

enum class Stage : uint8_t { kBytecode, kIr, kLir, kAsm };
struct RunCount {
  int64_t runs = 5;
};

struct CommandOptions {
#define OPTION(field, type, default_value, ...) type field = default_value;
#include "tools/orus/options.def"
#undef OPTION
};

struct Invocation;
using CommandEntry = int (*)(const Invocation&);

struct Command {
  std::string_view name;
  CommandEntry entry;
  std::string_view operands;
  int least_files, most_files;  // -1: any number
  std::string_view summary;
};

/// A knob as it was given, for child processes.
struct GivenKnob {
  std::string flag;                // as in knobs.def
  std::vector<std::string> words;  // on the command line
};

struct Invocation {
  const Command* command = nullptr;
  api::RunConfig config;
  CommandOptions options;
  std::vector<std::string> files;
  std::vector<GivenKnob> given;
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);
struct CommandOptionRow {
  api::OptionRow<CommandOptions> row;
  std::string_view commands;  // names separated by spaces; empty: every command
};
std::span<const CommandOptionRow> command_options();
bool belongs_to(const CommandOptionRow& option, std::string_view command);

/// Reads the arguments of main, without the program's name, on top of the environment. What was understood before a
/// mistake is left in `out`. Errors: kUsage.
Status parse_command_line(std::span<const std::string_view> words, Invocation* out);

// The commands; each returns the exit code.
#define COMMAND(name, entry, ...) int entry(const Invocation& invocation);
#include "tools/orus/commands.def"
#undef COMMAND

}  // namespace orus::tool
