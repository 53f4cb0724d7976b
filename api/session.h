// Session: one run of a program. Puts VM, compiler, limits and console together, and turns the outcome into an exit
// code, a diagnostic and statistics.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/knobs.h"
#include "api/program.h"
#include "api/stats.h"
#include "lang/diagnostics.h"
#include "vm/runtime/vm.h"

namespace orus::api {

/// What became of a loop during a run.
struct LoopReport {
  std::string function;
  uint32_t loop = 0;         // number within the function
  Position position;
  bool compiled = false;     // machine code exists for this header
  bool function_compiled = false;
  uint32_t failures = 0;
};

struct RunResult {
  int exit_code = kExitOk;
  std::optional<lang::Diagnostic> diagnostic;  // of an uncaught error or a limit
  Limit limit = Limit::kNone;
  RunStats stats;
  std::vector<LoopReport> loops;   // by function and number
  uint64_t heap_digest = 0;        // only when asked for
  uint64_t ops = 0;                // executed instructions, when counting
};

/// More than a configuration can say; for commands that look closer at a run.
struct RunHooks {
  Tier* tier = nullptr;         // used instead of the compiler; borrowed
  bool count_ops = false;       // as --stats does
  bool digest = false;
};

/// Runs the main function in a fresh VM on a thread of its own and flushes the console. Every failure, also of the host
/// to give memory, ends up in the result.
RunResult run_program(const Program& program, const RunConfig& config, Console& console, const RunHooks& hooks = {});

/// Writes `diagnostic` in the configured format; `texts` may hold the text of its file.
std::string render_diagnostic(const lang::Diagnostic& diagnostic, const std::vector<SourceText>& texts, ErrorFormat format, bool colors);

/// The configuration as the compiler sees it.
jit::JitConfig jit_config(const RunConfig& config, bool counting);

}  // namespace orus::api
