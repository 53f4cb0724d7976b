// run and check.
#include <fmt/format.h>

#include "api/session.h"
#include "tools/orus/output.h"
#include "vm/runtime/console.h"

namespace orus::tool {
namespace {

int write_stats(const Invocation& invocation, const api::RunStats& stats) {
  const api::RunConfig& config = invocation.config;
  bool json = config.stats == api::StatsFormat::kJson;
  std::string text = json ? stats_json(stats) : stats_text(stats);
  if (config.stats_file.empty()) {
    write_error(text);
    return api::kExitOk;
  }
  Status written = api::write_file(config.stats_file, text);
  if (written.ok()) return api::kExitOk;
  return plain_error(invocation, config.stats_file, written.error().detail, api::kExitNoFile);
}

int write_digest(const Invocation& invocation, const api::RunResult& result) {
  std::string text = fmt::format("{{\"heap_digest\":\"{:016x}\",\"ops\":{}}}\n", result.heap_digest, result.ops);
  Status written = api::write_file(invocation.config.digest_file, text);
  if (written.ok()) return api::kExitOk;
  return plain_error(invocation, invocation.config.digest_file, written.error().detail, api::kExitNoFile);
}

}  // namespace

int run_command(const Invocation& invocation) {
  int exit_code = api::kExitOk;
  auto program = load_or_report(invocation, invocation.files[0], &exit_code);
  if (program == nullptr) return exit_code;
  const api::RunConfig& config = invocation.config;
  StdConsole console;
  api::RunResult result = run_program(*program, config, console, {.digest = !config.digest_file.empty()});
  report(invocation, *program, result);
  int written = api::kExitOk;
  if (config.stats != api::StatsFormat::kNone) written = write_stats(invocation, result.stats);
  if (!config.digest_file.empty()) written = std::max(written, write_digest(invocation, result));
  return result.exit_code != api::kExitOk ? result.exit_code : written;
}

int check_command(const Invocation& invocation) {
  int exit_code = api::kExitOk;
  for (const std::string& file : invocation.files) load_or_report(invocation, file, &exit_code);
  return exit_code;
}

}  // namespace orus::tool
