#include "tools/orus/modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

namespace orus::tool {
namespace {

constexpr Patience kImpatient = Patience::kImpatient, kPatient = Patience::kPatient;
constexpr Mode kModes[] = {
#define MODE(name, flags, patience, purpose) {name, flags, patience, purpose},
#include "tools/orus/modes.def"
#undef MODE
};

constexpr double kDefaultTimeout = 60;
constexpr size_t kShownBytes = 100;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

/// Knobs that the modes decide themselves.
bool decided_by_mode(std::string_view flag) {
  static constexpr std::string_view kDecided[] = {"--jit",    "-O",       "--jit-sync",     "--stats",    "--stats-file",
                                                  "--trace",  "--stress", "--error-format", "--no-color", "--digest-file",
                                                  "--timeout"};
  return std::find(std::begin(kDecided), std::end(kDecided), flag) != std::end(kDecided);
}

std::string stress_words(const api::StressSet& stress) {
  std::string out;
  for (auto [name, on] : {std::pair{"gc", stress.gc},
                          {"deopt", stress.deopt},
                          {"spill", stress.spill},
                          {"clobber", stress.clobber},
                          {"layout", stress.layout}}) {
    if (on) out += (out.empty() ? "" : ",") + std::string(name);
  }
  return out;
}

/// Flags of a run: those of the mode first, so that what the user gave (--fuel, --seed, ...) wins.
std::vector<std::string> flags_of(const Invocation& invocation, const Mode& mode, const std::vector<std::string>& more) {
  std::vector<std::string> out = split(mode.flags, ' ');
  if (mode.name == "combined" && invocation.config.stress.any()) out.back() = "--stress=" + stress_words(invocation.config.stress);
  for (const GivenKnob& given : invocation.given) {
    if (!decided_by_mode(given.flag)) out.insert(out.end(), given.words.begin(), given.words.end());
  }
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (char c : text.substr(0, kShownBytes)) {
    auto byte = static_cast<unsigned char>(c);
    out += byte >= 0x20 && byte < 0x7F && c != '"' ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return out + (text.size() > kShownBytes ? "...\"" : "\"");
}

std::string ending(const Observation& run) {
  if (run.child.timed_out) return "did not end in time";
  if (run.child.signal == 0) return fmt::format("exit {}", run.child.exit_code);
  std::string out = fmt::format("killed by signal {} ({})", run.child.signal, strsignal(run.child.signal));
  std::vector<std::string> lines = split(run.child.err, '\n');
  return lines.empty() ? out : out + ", last words " + shown(lines.back());
}

std::optional<std::string> text_difference(const char* what, std::string_view a, std::string_view b) {
  if (a == b) return std::nullopt;
  size_t line = 1;
  while (true) {
    size_t end_a = std::min(a.find('\n'), a.size()), end_b = std::min(b.find('\n'), b.size());
    std::string_view line_a = a.substr(0, end_a), line_b = b.substr(0, end_b);
    if (line_a != line_b || end_a == a.size() || end_b == b.size()) {
      auto name = [](std::string_view rest, std::string_view l) { return rest.empty() ? "nothing" : shown(l); };
      return fmt::format("{} line {}: {} instead of {}", what, line, name(b, line_b), name(a, line_a));
    }
    a.remove_prefix(end_a + 1);
    b.remove_prefix(end_b + 1);
    ++line;
  }
}

bool memory_limit(const Observation& run) {
  return run.child.exit_code == api::kExitLimit &&
         (run.child.err.find("\"heap limit\"") != std::string::npos || run.child.err.find("\"memory limit\"") != std::string::npos);
}

}  // namespace

std::span<const Mode> modes() { return kModes; }

const Mode* find_mode(std::string_view name) {
  for (const Mode& mode : kModes) {
    if (mode.name == name) return &mode;
  }
  return nullptr;
}

Result<Observation> observe(const Invocation& invocation, const Mode& mode, const std::string& file, const std::string& input,
                            const RunRequest& request) {
  ChildRequest child_request;
  child_request.arguments = flags_of(invocation, mode, request.flags);
  // The parent watches the time, so that no run ends in the middle by itself.
  child_request.arguments.insert(child_request.arguments.end(),
                                 {"--timeout=0", "--error-format=json", std::string("--digest-file=") + kReportPath, "run", "--", file});
  child_request.input = input;
  double given = invocation.config.timeout.seconds;
  child_request.timeout_seconds = request.timeout_seconds > 0 ? request.timeout_seconds : given > 0 ? given : kDefaultTimeout;
  child_request.wants_report = true;
  auto start = std::chrono::steady_clock::now();
  ORUS_TRY(child, run_child(child_request));
  Observation out{std::move(child)};
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  auto report = nlohmann::json::parse(out.child.report, nullptr, false);
  if (report.is_object()) {
    out.heap_digest = report.value("heap_digest", "");
    out.ops = report.value("ops", uint64_t{0});
  }
  return out;
}

std::string describe_run(const Invocation& invocation, const Mode& mode, const std::string& file) {
  std::string out = "orus";
  for (const std::string& flag : flags_of(invocation, mode, {})) out += " " + flag;
  return out + " " + file;
}

std::optional<std::string> first_difference(const Observation& reference, const Observation& other) {
  if (memory_limit(reference) && memory_limit(other)) return std::nullopt;
  if (other.child.timed_out)
    return fmt::format("did not end within {:.0f} s instead of {} after {:.1f} s", other.seconds, ending(reference), reference.seconds);
  if (reference.child.signal != other.child.signal || reference.child.exit_code != other.child.exit_code) {
    auto text = text_difference("output", reference.child.out, other.child.out);
    std::string out = fmt::format("{} instead of {}", ending(other), ending(reference));
    return text ? out + "; " + *text : out;
  }
  if (auto text = text_difference("output", reference.child.out, other.child.out)) return text;
  if (auto text = text_difference("diagnostics", reference.child.err, other.child.err)) return text;
  if (reference.heap_digest != other.heap_digest) return "heap: other values in globals or objects at the end";
  if (reference.ops != 0 && other.ops != 0 && reference.ops != other.ops) {
    return fmt::format("counted {} instructions instead of {}", other.ops, reference.ops);
  }
  return std::nullopt;
}

}  // namespace orus::tool
