// bench: how much faster machine code is than the interpreter, measured inside this process. Runs of the two tiers take
// turns, each in a fresh VM with its output captured; a difference between outputs is an error, not a figure.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/orus/output.h"
#include "tools/orus/statistics.h"
#include "vm/runtime/console.h"

namespace orus::tool {
namespace {

using Json = nlohmann::ordered_json;

struct Samples {
  std::vector<double> wall_ns, cpu_ns;

  void add(const api::RunStats& stats) {
    wall_ns.push_back(static_cast<double>(stats.run_ns));
    cpu_ns.push_back(static_cast<double>(stats.cpu_ns));
  }
};

struct Figures {
  std::string file;
  Samples interpreted, native;
  std::vector<double> compile_ns;
  double coverage = 0;
  uint64_t ops = 0, code_bytes = 0;
  std::string difference;  // empty: all runs showed the same
};

/// What a run shows to its user.
struct Shown {
  std::string output;
  int exit_code = 0;
  std::string error;
  bool operator==(const Shown&) const = default;
};

class Measurement {
 public:
  Measurement(const Invocation& invocation, const api::Program& program, std::string input)
      : program_(program), input_(std::move(input)), runs_(invocation.options.runs.runs) {
    interpreted_ = native_ = invocation.config;
    interpreted_.jit = api::JitMode::kOff;
    if (native_.jit == api::JitMode::kOff) native_.jit = api::JitMode::kOn;
    interpreted_.stats = native_.stats = api::StatsFormat::kNone;
  }

  Figures measure() {
    Figures out;
    out.file = program_.name;
    for (int64_t run = 0; run < runs_ && out.difference.empty(); ++run) {
      out.interpreted.add(run_once(interpreted_, {}, &out).stats);
      api::RunStats stats = run_once(native_, {}, &out).stats;
      out.native.add(stats);
      out.compile_ns.push_back(static_cast<double>(stats.jit.compile_ns));
      out.code_bytes = stats.jit.code_bytes;
    }
    if (!out.difference.empty()) return out;
    api::RunResult counted = run_once(native_, {.count_ops = true}, &out);
    out.coverage = counted.stats.native_coverage();
    out.ops = counted.ops;
    return out;
  }

 private:
  api::RunResult run_once(const api::RunConfig& config, const api::RunHooks& hooks, Figures* out) {
    CaptureConsole console(input_);
    api::RunResult result = run_program(program_, config, console, hooks);
    Shown shown{console.output(), result.exit_code, result.diagnostic ? lang::render_json(*result.diagnostic) : ""};
    if (!first_) {
      first_ = std::move(shown);
    } else if (shown != *first_) {
      const char* tier = config.jit == api::JitMode::kOff ? "interpreted" : "native";
      const char* what = shown.output != first_->output ? "output" : shown.exit_code != first_->exit_code ? "exit code" : "error";
      out->difference = fmt::format("{} of the {} run differs from the first run; see orus diff", what, tier);
    }
    return result;
  }

  const api::Program& program_;
  std::string input_;
  int64_t runs_;
  api::RunConfig interpreted_, native_;
  std::optional<Shown> first_;
};

double milliseconds(double ns) { return ns / 1e6; }
double uplift(const Figures& f) {
  double native = median(f.native.cpu_ns);
  return native > 0 ? median(f.interpreted.cpu_ns) / native : 0;
}

Json samples_json(const Samples& samples) {
  return {{"wall_ns_median", median(samples.wall_ns)},
          {"cpu_ns_median", median(samples.cpu_ns)},
          {"wall_ns", samples.wall_ns},
          {"cpu_ns", samples.cpu_ns}};
}

Json figures_json(const Figures& f) {
  if (!f.difference.empty()) return {{"file", f.file}, {"difference", f.difference}};
  Interval interval = ratio_interval(f.interpreted.cpu_ns, f.native.cpu_ns);
  return {{"file", f.file},
          {"difference", ""},
          {"interpreter", samples_json(f.interpreted)},
          {"native", samples_json(f.native)},
          {"uplift", uplift(f)},
          {"uplift_ci95", {interval.low, interval.high}},
          {"native_coverage", f.coverage},
          {"ops", f.ops},
          {"compile_ns", median(f.compile_ns)},
          {"code_bytes", f.code_bytes}};
}

std::string header_line(size_t width) {
  return fmt::format("{:<{}} {:>12} {:>12} {:>9} {:>17} {:>10} {:>12}\n", "program", width, "interp ms", "native ms", "uplift", "95 %",
                     "coverage", "compile ms");
}

std::string figures_line(const Figures& f, size_t width) {
  if (!f.difference.empty()) return fmt::format("{:<{}} {}\n", f.file, width, f.difference);
  Interval interval = ratio_interval(f.interpreted.cpu_ns, f.native.cpu_ns);
  return fmt::format("{:<{}} {:>12.2f} {:>12.2f} {:>8.2f}x {:>8.2f}-{:<8.2f} {:>8.2f} % {:>12.2f}\n", f.file, width,
                     milliseconds(median(f.interpreted.cpu_ns)), milliseconds(median(f.native.cpu_ns)), uplift(f), interval.low,
                     interval.high, 100 * f.coverage, milliseconds(median(f.compile_ns)));
}

}  // namespace

int bench_command(const Invocation& invocation) {
  std::string input;
  if (!read_input(invocation, &input)) return api::kExitNoFile;
  size_t width = 8;
  std::vector<std::unique_ptr<api::Program>> programs;
  for (const std::string& file : invocation.files) {
    int exit_code = api::kExitOk;
    programs.push_back(load_or_report(invocation, file, &exit_code));
    if (programs.back() == nullptr) return exit_code;
    width = std::max(width, file.size());
  }
  bool json = invocation.options.json;
  if (!json) write_output(header_line(width));
  int exit_code = api::kExitOk;
  Json all = Json::array();
  for (const auto& program : programs) {
    Figures figures = Measurement(invocation, *program, input).measure();
    if (!figures.difference.empty()) exit_code = api::kExitDifference;
    json ? all.push_back(figures_json(figures)) : write_output(figures_line(figures, width));
  }
  if (json) write_output(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return exit_code;
}

}  // namespace orus::tool
