// RunConfig: how a program is to be run. One field a row of knobs.def; flags, ORUS_FLAGS and ORUS_JIT all end up here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace orus::api {

#if defined(ORUS_CHECKED)
inline constexpr bool kCheckedBuild = true;
#else
inline constexpr bool kCheckedBuild = false;
#endif

// The types of knobs. Each has a parse_value overload (knobs.cc) and is a type of its own, so that the row's type says
// which texts are legal.
enum class JitMode : uint8_t { kOff, kOn, kEager, kIr };
enum class Isa : uint8_t { kHost, kBaseline };
enum class StatsFormat : uint8_t { kNone, kText, kJson };
enum class ErrorFormat : uint8_t { kFriendly, kJson, kMinimal };
struct OptLevel {
  int level = 2;
};
struct TraceSet {
  bool tiers = false, guards = false, loops = false, gc = false;
};
struct StressSet {
  bool gc = false, deopt = false, spill = false, clobber = false, layout = false;
  bool any() const { return gc || deopt || spill || clobber || layout; }
};
struct OptionalCount {
  int64_t value = -1;
};  // -1: not given
struct ByteSize {
  uint64_t bytes = 0;
};
struct FrameCount {
  uint32_t frames = 0;
};
struct Seconds {
  double seconds = 0;
};
struct FfiPermission {
  bool allowed = false;
  std::string libraries = {};
};
using NameList = std::vector<std::string>;

struct RunConfig {
#define KNOB(field, type, default_value, ...) type field = default_value;
#include "api/knobs.def"
#undef KNOB
};

enum class Visibility : uint8_t { kShown, kHidden };
enum class Argument : uint8_t { kNone, kOptional, kRequired };

/// A row of an options table whose values land in a `Config`.
template <class Config>
struct OptionRow {
  std::string_view flag, value;
  Visibility visibility;
  std::string_view help;
  bool (*parse)(std::string_view text, Config* config);  // false: `text` is not a legal value

  bool glued() const { return flag.size() == 2 && !value.empty(); }  // -O2, but also -O 2
  Argument argument() const {
    if (value.empty()) return Argument::kNone;
    return value[0] == '[' ? Argument::kOptional : Argument::kRequired;
  }
};

std::span<const OptionRow<RunConfig>> knobs();

// One overload a type; `text` is the value, empty when a flag has none. False: not a legal value.
bool parse_value(std::string_view text, bool* out);
bool parse_value(std::string_view text, std::string* out);
bool parse_value(std::string_view text, uint64_t* out);
bool parse_value(std::string_view text, JitMode* out);
bool parse_value(std::string_view text, Isa* out);
bool parse_value(std::string_view text, StatsFormat* out);
bool parse_value(std::string_view text, ErrorFormat* out);
bool parse_value(std::string_view text, OptLevel* out);
bool parse_value(std::string_view text, TraceSet* out);
bool parse_value(std::string_view text, StressSet* out);
bool parse_value(std::string_view text, OptionalCount* out);
bool parse_value(std::string_view text, ByteSize* out);
bool parse_value(std::string_view text, FrameCount* out);
bool parse_value(std::string_view text, Seconds* out);
bool parse_value(std::string_view text, FfiPermission* out);
bool parse_value(std::string_view text, NameList* out);

enum class Match : uint8_t { kNo, kYes };

/// Takes the option at words[*at] if it is in `rows`, and moves *at past it and its value.
/// Errors: kUsage naming the option and what it wants.
template <class Config>
Result<Match> take_option(std::span<const OptionRow<Config>> rows, std::span<const std::string_view> words, size_t* at, Config* config);

/// Applies ORUS_JIT, then the options in ORUS_FLAGS (separated by spaces), as found in the environment.
/// Errors: kUsage naming the variable and the option.
Status apply_environment(RunConfig* config);
/// The words of ORUS_FLAGS.
std::vector<std::string_view> split_flags(const char* orus_flags);
/// The same for given texts; null: not set.
Status apply_environment(const char* orus_jit, const char* orus_flags, RunConfig* config);

// ---- template bodies

Error option_error(std::string_view flag, std::string_view value_shape, std::string_view text);
Error missing_value(std::string_view flag, std::string_view value_shape);
Error unwanted_value(std::string_view flag);

template <class Config>
Result<Match> take_option(std::span<const OptionRow<Config>> rows, std::span<const std::string_view> words, size_t* at, Config* config) {
  std::string_view word = words[*at];
  size_t equals = word.find('=');
  std::string_view name = word.substr(0, equals);
  for (const OptionRow<Config>& row : rows) {
    if (row.glued() ? !word.starts_with(row.flag) : name != row.flag) continue;
    std::string_view text;
    bool has_text = true;
    if (row.glued() && word != row.flag) {
      text = word.substr(row.flag.size() + (word[row.flag.size()] == '=' ? 1 : 0));
    } else if (equals != std::string_view::npos) {
      text = word.substr(equals + 1);
    } else if (row.argument() == Argument::kRequired && *at + 1 < words.size()) {
      text = words[++*at];
    } else {
      has_text = false;
    }
    if (has_text && row.argument() == Argument::kNone) return unwanted_value(row.flag);
    if (!has_text && row.argument() == Argument::kRequired) return missing_value(row.flag, row.value);
    if (!row.parse(text, config)) return option_error(row.glued() ? word : row.flag, row.value, text);
    ++*at;
    return Match::kYes;
  }
  return Match::kNo;
}

}  // namespace orus::api
