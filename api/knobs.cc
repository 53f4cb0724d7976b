#include "api/knobs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace orus::api {
namespace {

constexpr Visibility kShown = Visibility::kShown, kHidden = Visibility::kHidden;

constexpr OptionRow<RunConfig> kKnobs[] = {
#define KNOB(field, type, default_value, flag, value, visibility, help) \
  {flag, value, visibility, help, [](std::string_view text, RunConfig* config) { return parse_value(text, &config->field); }},
#include "api/knobs.def"
#undef KNOB
};

/// A whole decimal number, or false.
template <class T>
bool parse_number(std::string_view text, T* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

template <class T>
bool parse_word(std::string_view text, std::initializer_list<std::pair<std::string_view, T>> words, T* out) {
  for (const auto& [word, value] : words) {
    if (text == word) {
      *out = value;
      return true;
    }
  }
  return false;
}

/// Sets a flag for each word of a list separated by commas.
bool parse_set(std::string_view text, std::initializer_list<std::pair<std::string_view, bool*>> flags) {
  while (true) {
    size_t comma = text.find(',');
    bool* flag = nullptr;
    if (!parse_word(text.substr(0, comma), flags, &flag)) return false;
    *flag = true;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

/// Bytes that are no printable ASCII are shown as \xHH.
std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : text.substr(0, 200)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out + (text.size() > 200 ? "...'" : "'");
}

}  // namespace

std::span<const OptionRow<RunConfig>> knobs() { return kKnobs; }

bool parse_value(std::string_view, bool* out) { return *out = true; }

bool parse_value(std::string_view text, std::string* out) {
  *out = text;
  return !text.empty() && text.find('\0') == std::string_view::npos;
}

bool parse_value(std::string_view text, uint64_t* out) { return parse_number(text, out); }

bool parse_value(std::string_view text, JitMode* out) {
  return parse_word(text, {{"off", JitMode::kOff}, {"on", JitMode::kOn}, {"eager", JitMode::kEager}, {"ir", JitMode::kIr}}, out);
}

bool parse_value(std::string_view text, Isa* out) { return parse_word(text, {{"host", Isa::kHost}, {"baseline", Isa::kBaseline}}, out); }

bool parse_value(std::string_view text, StatsFormat* out) {
  return parse_word(text, {{"", StatsFormat::kText}, {"text", StatsFormat::kText}, {"json", StatsFormat::kJson}}, out);
}

bool parse_value(std::string_view text, ErrorFormat* out) {
  return parse_word(text, {{"friendly", ErrorFormat::kFriendly}, {"json", ErrorFormat::kJson}, {"minimal", ErrorFormat::kMinimal}}, out);
}

bool parse_value(std::string_view text, OptLevel* out) {
  return parse_word(text, {{"0", OptLevel{0}}, {"1", OptLevel{1}}, {"2", OptLevel{2}}}, out);
}

bool parse_value(std::string_view text, TraceSet* out) {
  return parse_set(text, {{"tiers", &out->tiers}, {"guards", &out->guards}, {"loops", &out->loops}, {"gc", &out->gc}});
}

bool parse_value(std::string_view text, StressSet* out) {
  return parse_set(
      text, {{"gc", &out->gc}, {"deopt", &out->deopt}, {"spill", &out->spill}, {"clobber", &out->clobber}, {"layout", &out->layout}});
}

bool parse_value(std::string_view text, OptionalCount* out) { return parse_number(text, &out->value) && out->value >= 0; }

bool parse_value(std::string_view text, ByteSize* out) {
  static constexpr std::pair<char, int> kSuffixes[] = {{'K', 10}, {'M', 20}, {'G', 30}};
  int shift = 0;
  for (auto [letter, bits] : kSuffixes) {
    if (!text.empty() && (text.back() & ~0x20) == letter) shift = bits;
  }
  if (shift != 0) text.remove_suffix(1);
  uint64_t number = 0;
  if (!parse_number(text, &number) || number > (uint64_t{1} << 47) >> shift) return false;
  out->bytes = number << shift;
  return true;
}

bool parse_value(std::string_view text, FrameCount* out) {
  return parse_number(text, &out->frames) && out->frames >= 1 && out->frames <= 100'000'000;
}

bool parse_value(std::string_view text, Seconds* out) {
  return parse_number(text, &out->seconds) && std::isfinite(out->seconds) && out->seconds >= 0;
}

bool parse_value(std::string_view text, FfiPermission* out) {
  *out = {true, std::string(text)};
  return true;
}

bool parse_value(std::string_view text, NameList* out) {
  out->emplace_back(text);
  return !text.empty();
}

Error option_error(std::string_view flag, std::string_view value_shape, std::string_view text) {
  return {ErrorCode::kUsage, std::string(flag) + ": " + quoted(text) + " is not " + std::string(value_shape)};
}

Error missing_value(std::string_view flag, std::string_view value_shape) {
  return {ErrorCode::kUsage, std::string(flag) + " needs a value: " + std::string(value_shape)};
}

Error unwanted_value(std::string_view flag) { return {ErrorCode::kUsage, std::string(flag) + " takes no value"}; }

std::vector<std::string_view> split_flags(const char* orus_flags) {
  std::string_view text = orus_flags == nullptr ? "" : orus_flags;
  std::vector<std::string_view> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

Status apply_environment(const char* orus_jit, const char* orus_flags, RunConfig* config) {
  if (orus_jit != nullptr && *orus_jit != '\0' && !parse_value(orus_jit, &config->jit)) {
    return Error{ErrorCode::kUsage, "environment variable ORUS_JIT: " + quoted(orus_jit) + " is not off|on|eager"};
  }
  std::vector<std::string_view> words = split_flags(orus_flags);
  for (size_t at = 0; at < words.size();) {
    std::string_view word = words[at];
    Result<Match> match = take_option(knobs(), std::span<const std::string_view>(words), &at, config);
    if (!match.ok()) return Error{ErrorCode::kUsage, "environment variable ORUS_FLAGS: " + match.error().detail};
    if (*match == Match::kNo) {
      return Error{ErrorCode::kUsage, "environment variable ORUS_FLAGS: unknown option " + quoted(word)};
    }
  }
  return Ok{};
}

Status apply_environment(RunConfig* config) { return apply_environment(std::getenv("ORUS_JIT"), std::getenv("ORUS_FLAGS"), config); }

}  // namespace orus::api
