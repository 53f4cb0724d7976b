// diff: the tiers must agree on everything that can be observed. One line a file.
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tools/orus/bisect.h"
#include "tools/orus/modes.h"
#include "tools/orus/output.h"

namespace orus::tool {
namespace {

using Json = nlohmann::ordered_json;

struct Verdict {
  explicit Verdict(std::string name) : file(std::move(name)) {}

  std::string file;
  std::string status = "ok";  // ok, DIFF, unstable (differs from itself), timeout, failed
  size_t compared = 0;
  std::vector<std::string> skipped;  // modes that ran out of time although nothing says they are wrong
  int exit_code = api::kExitOk;      // of the reference
  std::string mode, difference, guilty, rerun;

  bool good() const { return status == "ok"; }
};

Result<std::vector<const Mode*>> chosen_modes(const Invocation& invocation) {
  std::vector<const Mode*> out;
  for (const std::string& list : invocation.options.modes) {
    for (size_t at = 0; at <= list.size();) {
      size_t end = std::min(list.find(',', at), list.size());
      const Mode* mode = find_mode(list.substr(at, end - at));
      if (mode == nullptr)
        return Error{ErrorCode::kUsage, "--modes: '" + list.substr(at, end - at) + "' is no mode; --modes=list names them"};
      out.push_back(mode);
      at = end + 1;
    }
  }
  if (out.empty()) {
    for (const Mode& mode : modes()) out.push_back(&mode);
  }
  return out;
}

class Comparison {
 public:
  Comparison(const Invocation& invocation, const std::vector<const Mode*>& modes, std::string input)
      : invocation_(invocation), modes_(modes), input_(std::move(input)) {}

  Verdict compare(const std::string& file) const {
    Verdict verdict(file);
    const Mode& reference_mode = modes()[0];
    auto reference = observe(invocation_, reference_mode, file, input_);
    if (!reference.ok()) return failed(std::move(verdict), reference.error());
    if (reference->child.timed_out) {
      verdict.status = "timeout";
      verdict.difference = "the interpreter did not end in time; nothing was compared";
      verdict.rerun = describe_run(invocation_, reference_mode, file);
      return verdict;
    }
    verdict.exit_code = reference->child.exit_code;
    for (const Mode* mode : modes_) {
      if (mode != &reference_mode && !compare_mode(*mode, *reference, &verdict)) return verdict;
      ++verdict.compared;
    }
    if (reference->child.crashed()) {
      verdict.status = "failed";
      verdict.difference = "every mode crashes alike, signal " + std::to_string(reference->child.signal);
    }
    return verdict;
  }

 private:
  static std::span<const Mode> modes() { return tool::modes(); }

  static Verdict failed(Verdict verdict, const Error& error) {
    verdict.status = "failed";
    verdict.difference = error.detail;
    return verdict;
  }

  /// False: they differ, and the verdict says how.
  bool compare_mode(const Mode& mode, const Observation& reference, Verdict* verdict) const {
    auto run = observe(invocation_, mode, verdict->file, input_);
    if (!run.ok()) {
      *verdict = failed(std::move(*verdict), run.error());
      return false;
    }
    if (run->child.timed_out && mode.patience == Patience::kPatient) {
      verdict->skipped.emplace_back(mode.name);
      --verdict->compared;
      return true;
    }
    auto difference = first_difference(reference, *run);
    if (!difference) return true;
    verdict->mode = mode.name;
    verdict->difference = *difference;
    verdict->rerun = describe_run(invocation_, mode, verdict->file);
    verdict->status = agrees_with_itself(verdict->file, reference) ? "DIFF" : "unstable";
    if (verdict->status == "DIFF" && !invocation_.options.no_bisect) {
      verdict->guilty = find_guilty_pass(invocation_, mode, verdict->file, input_, reference);
    }
    return false;
  }

  /// Programs that ask for the time differ from run to run; no tier is to blame.
  bool agrees_with_itself(const std::string& file, const Observation& reference) const {
    auto again = observe(invocation_, modes()[0], file, input_);
    return again.ok() && !first_difference(reference, *again);
  }

  const Invocation& invocation_;
  const std::vector<const Mode*>& modes_;
  std::string input_;
};

std::string verdict_line(const Verdict& v) {
  if (v.good()) {
    std::string out = fmt::format("ok {} ({} modes", v.file, v.compared);
    if (v.exit_code != api::kExitOk) out += fmt::format("; exit {}", v.exit_code);
    for (size_t i = 0; i < v.skipped.size(); ++i) out += (i == 0 ? "; out of time: " : ", ") + v.skipped[i];
    return out + ")\n";
  }
  std::string out = fmt::format("{} {}", v.status, v.file);
  if (!v.mode.empty()) out += " mode=" + v.mode;
  out += ": " + v.difference + "\n";
  if (!v.guilty.empty()) out += "    guilty: " + v.guilty + "\n";
  if (!v.rerun.empty()) out += "    rerun: " + v.rerun + "\n";
  return out;
}

Json verdict_json(const Verdict& v) {
  return {{"file", v.file}, {"status", v.status},         {"modes", v.compared}, {"exit_code", v.exit_code}, {"out_of_time", v.skipped},
          {"mode", v.mode}, {"difference", v.difference}, {"guilty", v.guilty},  {"rerun", v.rerun}};
}

int list_modes() {
  for (const Mode& mode : modes()) {
    write_output(fmt::format("{:<15} {:<50} {}\n", mode.name, mode.flags, mode.purpose));
  }
  return api::kExitOk;
}

}  // namespace

int diff_command(const Invocation& invocation) {
  const auto& names = invocation.options.modes;
  if (names.size() == 1 && names[0] == "list") return list_modes();
  auto chosen = chosen_modes(invocation);
  if (!chosen.ok()) return usage_error(invocation, chosen.error().detail);
  std::string input;
  if (!read_input(invocation, &input)) return api::kExitNoFile;
  // The children get what these said as options.
  unsetenv("ORUS_FLAGS");
  unsetenv("ORUS_JIT");
  for (const std::string& file : invocation.files) {
    if (file == "-") return usage_error(invocation, "diff needs files; standard input can be read only once");
    auto content = api::read_file(file);
    if (!content.ok()) return plain_error(invocation, file, content.error().detail, api::kExitNoFile);
  }
  Comparison comparison(invocation, *chosen, std::move(input));
  int exit_code = api::kExitOk;
  Json all = Json::array();
  for (const std::string& file : invocation.files) {
    Verdict verdict = comparison.compare(file);
    if (!verdict.good()) exit_code = api::kExitDifference;
    invocation.options.json ? all.push_back(verdict_json(verdict)) : write_output(verdict_line(verdict));
  }
  if (invocation.options.json) write_output(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return exit_code;
}

}  // namespace orus::tool
