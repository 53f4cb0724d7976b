#include "tools/orus/command_line.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace orus::tool {

using api::Match;

namespace {

using api::parse_value;

constexpr Command kCommands[] = {
#define COMMAND(name, entry, operands, least, most, summary) {name, entry, operands, least, most, summary},
#include "tools/orus/commands.def"
#undef COMMAND
};

bool parse_value(std::string_view text, Stage* out) {
  static constexpr std::pair<std::string_view, Stage> kStages[] = {
      {"bytecode", Stage::kBytecode}, {"ir", Stage::kIr}, {"lir", Stage::kLir}, {"asm", Stage::kAsm}};
  for (auto [name, stage] : kStages) {
    if (name != text) continue;
    *out = stage;
    return true;
  }
  return false;
}

bool parse_value(std::string_view text, RunCount* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out->runs);
  return error == std::errc() && end == text.data() + text.size() && out->runs >= 1 && out->runs <= 10000;
}

constexpr CommandOptionRow kOptions[] = {
#define OPTION(field, type, default_value, flag, value, commands, help)                                 \
  {{flag, value, api::Visibility::kShown, help,                                                         \
    [](std::string_view text, CommandOptions* options) { return parse_value(text, &options->field); }}, \
   commands},
#include "tools/orus/options.def"
#undef OPTION
};

std::vector<api::OptionRow<CommandOptions>> rows_of(std::string_view command) {
  std::vector<api::OptionRow<CommandOptions>> rows;
  for (const CommandOptionRow& option : kOptions) {
    if (belongs_to(option, command)) rows.push_back(option.row);
  }
  return rows;
}

bool is_option(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

Error unknown_option(std::string_view word) { return {ErrorCode::kUsage, "unknown option '" + std::string(word) + "'"}; }

/// Moves past an option of any command and its value; stays where it is at anything else.
void skip_option(std::span<const std::string_view> words, size_t* at) {
  api::RunConfig config;
  auto knob = take_option(api::knobs(), words, at, &config);
  if (!knob.ok() || *knob == Match::kYes) return;
  CommandOptions options;
  std::vector<api::OptionRow<CommandOptions>> rows;
  for (const CommandOptionRow& option : kOptions) rows.push_back(option.row);
  (void)take_option(std::span<const api::OptionRow<CommandOptions>>(rows), words, at, &options).ok();
}

/// The command is the first word that is no option and no option's value, if it names one.
const Command* find_invoked(std::span<const std::string_view> words) {
  for (size_t at = 0; at < words.size();) {
    if (words[at] == "--") return find_command("run");
    if (!is_option(words[at])) {
      const Command* named = find_command(words[at]);
      return named != nullptr ? named : find_command("run");
    }
    size_t before = at;
    skip_option(words, &at);
    at = std::max(at, before + 1);
  }
  return nullptr;
}

/// Takes a knob and notes it down.
Status take_knob(std::span<const std::string_view> words, size_t* at, Invocation* out) {
  size_t before = *at;
  ORUS_TRY(match, take_option(api::knobs(), words, at, &out->config));
  if (match == Match::kNo) return unknown_option(words[before]);
  std::string_view flag = words[before].substr(0, words[before].find('='));
  GivenKnob given{std::string(flag.starts_with("-O") ? "-O" : flag), {}};
  for (size_t i = before; i < *at; ++i) given.words.emplace_back(words[i]);
  out->given.push_back(std::move(given));
  return Ok{};
}

/// An option: a knob or one of the command's own.
Status take_any_option(std::span<const std::string_view> words, size_t* at, std::span<const api::OptionRow<CommandOptions>> own,
                       Invocation* out) {
  ORUS_TRY(own_match, take_option(own, words, at, &out->options));
  if (own_match == Match::kYes) return Ok{};
  return take_knob(words, at, out);
}

/// The environment, with its knobs noted down like those of the command line.
Status take_environment(Invocation* out) {
  Status status = apply_environment(&out->config);
  if (!status.ok()) return status;
  const char* flags = std::getenv("ORUS_FLAGS");
  Invocation scratch;
  std::vector<std::string_view> words = api::split_flags(flags);
  for (size_t at = 0; at < words.size();) {
    status = take_knob(words, &at, &scratch);
    if (!status.ok()) return status;
  }
  out->given = std::move(scratch.given);
  return Ok{};
}

Status check_file_count(const Invocation& invocation) {
  auto count = static_cast<int>(invocation.files.size());
  const Command& command = *invocation.command;
  if (count < command.least_files) return Error{ErrorCode::kUsage, "missing file"};
  if (command.most_files >= 0 && count > command.most_files) {
    return Error{ErrorCode::kUsage, "unexpected argument '" + invocation.files[static_cast<size_t>(command.most_files)] + "'"};
  }
  return Ok{};
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

std::span<const CommandOptionRow> command_options() { return kOptions; }

bool belongs_to(const CommandOptionRow& option, std::string_view command) {
  std::string_view list = option.commands;
  if (list.empty()) return true;
  while (!list.empty()) {
    size_t space = list.find(' ');
    if (list.substr(0, space) == command) return true;
    list.remove_prefix(space == std::string_view::npos ? list.size() : space + 1);
  }
  return false;
}

Status parse_command_line(std::span<const std::string_view> words, Invocation* out) {
  const Command* invoked = find_invoked(words);
  out->command = invoked != nullptr ? invoked : find_command("repl");
  Status environment = take_environment(out);
  if (!environment.ok()) return environment;
  auto own = rows_of(out->command->name);
  bool options_end = false, command_seen = false;
  for (size_t at = 0; at < words.size();) {
    std::string_view word = words[at];
    if (!options_end && word == "--") {
      options_end = true;
      ++at;
    } else if (!options_end && is_option(word)) {
      Status status = take_any_option(words, &at, own, out);
      if (!status.ok()) return status;
    } else {
      bool is_command = !options_end && !command_seen && find_command(word) != nullptr;
      command_seen = true;
      if (!is_command) out->files.emplace_back(word);
      ++at;
    }
  }
  if (!out->config.stats_file.empty() && out->config.stats == api::StatsFormat::kNone) {
    out->config.stats = api::StatsFormat::kText;
  }
  const CommandOptions& o = out->options;
  bool asks = o.help || o.help_letter || o.version || o.version_letter || (o.modes.size() == 1 && o.modes[0] == "list");
  if (asks) return Ok{};
  return check_file_count(*out);
}

}  // namespace orus::tool
