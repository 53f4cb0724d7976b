// profile: where a program spends its instructions and what the compiler made of it. Two runs: one counts loops and
// calls in the interpreter, the other runs natively and counts instructions. The program's own output is not shown.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/counting_tier.h"
#include "tools/orus/output.h"
#include "vm/runtime/console.h"

namespace orus::tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownLoops = 20;

struct HotLoop {
  api::LoopReport report;
  uint64_t iterations = 0, ops = 0;
};

struct Profile {
  api::RunResult native;
  std::vector<api::GroupCount> families, kinds;
  std::vector<HotLoop> loops;
  uint64_t estimated_ops = 0;
};

const api::LoopReport& report_of(const std::vector<api::LoopReport>& reports, const Module& module, const api::LoopCount& loop) {
  size_t at = 0;
  for (uint32_t f = 0; f < loop.function; ++f) at += module.functions[f].loops;
  return reports[at + loop.loop];
}

Profile make_profile(const Invocation& invocation, const api::Program& program, const std::string& input) {
  Profile out;
  api::RunConfig config = invocation.config;
  api::CountingTier counts(*program.module);
  api::RunConfig counting = config;
  counting.jit = api::JitMode::kOff;
  counting.loop_threshold = counting.call_threshold = {1};
  CaptureConsole ignored(input), console(input);
  run_program(program, counting, ignored, {.tier = &counts});
  out.native = run_program(program, config, console, {.count_ops = true});
  api::WorkEstimate estimate = estimate_work(*program.module, counts);
  out.families = estimate.families;
  out.kinds = estimate.kinds;
  for (const api::GroupCount& family : estimate.families) out.estimated_ops += family.ops;
  for (const api::LoopCount& loop : estimate.loops) {
    if (loop.iterations == 0 || out.native.loops.empty()) continue;
    out.loops.push_back({report_of(out.native.loops, program.module->module, loop), loop.iterations, loop.ops});
  }
  return out;
}

const char* state_of(const api::LoopReport& loop) {
  return loop.compiled ? "compiled" : loop.function_compiled ? "with function" : "interpreted";
}

double share(uint64_t part, uint64_t all) { return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all); }

Json groups_json(const std::vector<api::GroupCount>& groups) {
  Json out = Json::object();
  for (const api::GroupCount& group : groups) out[std::string(group.group)] = group.ops;
  return out;
}

Json profile_json(const Profile& profile) {
  Json loops = Json::array();
  for (const HotLoop& loop : profile.loops) {
    loops.push_back({{"function", loop.report.function},
                     {"loop", loop.report.loop},
                     {"line", loop.report.position.line},
                     {"column", loop.report.position.column},
                     {"iterations", loop.iterations},
                     {"estimated_ops", loop.ops},
                     {"state", state_of(loop.report)},
                     {"failures", loop.report.failures}});
  }
  return {{"stats", Json::parse(stats_json(profile.native.stats), nullptr, false)},
          {"estimated_families", groups_json(profile.families)},
          {"estimated_kinds", groups_json(profile.kinds)},
          {"estimated_ops", profile.estimated_ops},
          {"loops", loops}};
}

std::string tier_lines(const Profile& profile) {
  const api::RunStats& stats = profile.native.stats;
  uint64_t all = stats.ops.interpreted_ops + stats.ops.native_ops;
  std::string out = "instructions\n";
  out += fmt::format("  {:<14} {:>16} {:>7.2f} %\n", "native", stats.ops.native_ops, 100 * share(stats.ops.native_ops, all));
  return out +
         fmt::format("  {:<14} {:>16} {:>7.2f} %\n", "interpreted", stats.ops.interpreted_ops, 100 * share(stats.ops.interpreted_ops, all));
}

std::string group_lines(const char* title, const std::vector<api::GroupCount>& groups, uint64_t all) {
  std::string out = fmt::format("by {} (estimated from loop and call counts)\n", title);
  for (const api::GroupCount& group : groups) {
    out += fmt::format("  {:<14} {:>16} {:>7.2f} %\n", group.group, group.ops, 100 * share(group.ops, all));
  }
  return out;
}

std::string loop_lines(const Profile& profile, const std::string& file) {
  std::string out = "hot loops (instructions in blocks of which the loop is the innermost)\n";
  for (size_t i = 0; i < std::min(profile.loops.size(), kShownLoops); ++i) {
    const HotLoop& loop = profile.loops[i];
    out += fmt::format("  {:<32} {:>14} iterations {:>7.2f} %  {}",
                       fmt::format("{}:{} {}", file, loop.report.position.line, loop.report.function), loop.iterations,
                       100 * share(loop.ops, profile.estimated_ops), state_of(loop.report));
    out += loop.report.failures == 0 ? "\n" : fmt::format(", {} failed exits\n", loop.report.failures);
  }
  return out;
}

std::string compiler_lines(const Profile& profile) {
  const jit::JitStats& jit = profile.native.stats.jit;
  std::string out = fmt::format("compiler\n  {} loops and {} functions, {} again; {} bytes; {:.2f} ms\n", jit.loops_compiled,
                                jit.functions_compiled, jit.recompiled, jit.code_bytes, static_cast<double>(jit.compile_ns) / 1e6);
  for (const auto& [name, ns] : jit.pass_ns) out += fmt::format("  {:<24} {:>10.3f} ms\n", name, static_cast<double>(ns) / 1e6);
  out += "exits\n";
  for (size_t i = 0; i < jit::kExitReasonCount; ++i) {
    if (jit.exits[i] != 0) out += fmt::format("  {:<14} {:>12}  {}\n", jit::kExitReasons[i].name, jit.exits[i], jit::kExitReasons[i].text);
  }
  return out;
}

std::string profile_text(const Profile& profile, const std::string& file) {
  return tier_lines(profile) + group_lines("opcode family", profile.families, profile.estimated_ops) +
         group_lines("value kind", profile.kinds, profile.estimated_ops) + loop_lines(profile, file) + compiler_lines(profile);
}

}  // namespace

int profile_command(const Invocation& invocation) {
  std::string input;
  if (!read_input(invocation, &input)) return api::kExitNoFile;
  int exit_code = api::kExitOk;
  auto program = load_or_report(invocation, invocation.files[0], &exit_code);
  if (program == nullptr) return exit_code;
  Profile profile = make_profile(invocation, *program, input);
  report(invocation, *program, profile.native);
  write_output(invocation.options.json ? profile_json(profile).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                                       : profile_text(profile, program->name));
  return profile.native.exit_code;
}

}  // namespace orus::tool
