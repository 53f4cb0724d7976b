// The compiler's middle: runs the passes of kPipeline (pipeline.cc) over one function.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jit/ir/ir.h"
#include "vm/bytecode/verifier.h"

namespace orus::jit {

/// What one compilation may do and know. Read by passes; a copy travels to the compiling thread.
struct CompileOptions {
  int opt_level = 2;
  bool counting = false;            // charge fuel in machine code
  bool poll = true;                 // interrupt polls in loops
  bool gc_stress = false;           // collect at loop headers too
  bool verify_each = false;         // verify the IR after every pass
  bool hoist_checks = true;         // checks in front of loops that exit
  std::vector<uint32_t> kept_checks;  // bytecode pcs + 1 whose checks stay where they are: hoisted, they failed
  int32_t pass_fuel = INT32_MAX;    // passes that may still change something: for bisecting
  std::vector<std::string> disabled_passes;
  uint64_t layout_seed = 0;         // not 0: blocks are emitted in a random order
  uint32_t inline_budget = 200;     // bytecode words inlined into one unit
  uint32_t inline_depth = 3;

  bool operator==(const CompileOptions&) const = default;
};

struct PassContext {
  const VerifiedModule& module;
  const CompileOptions& options;
  /// Called after each pass that ran, with its name, whether it changed anything, and its nanoseconds.
  std::function<void(std::string_view pass, const Function& fn, bool changed, uint64_t ns)> after_pass = {};
  /// Set from another thread: the compilation ends soon, with kCancelled.
  const std::atomic<bool>* cancelled = nullptr;
  uint64_t rewrites = 0;  // counted by passes: local rewrites done
  /// Called at each rewrite by a named rule, "before -> after". The proofs in fuzz/proofs demand that every name is seen.
  std::function<void(std::string_view rule)> on_rewrite = {};

  void rewrote(std::string_view rule) {
    ++rewrites;
    if (on_rewrite) on_rewrite(rule);
  }
};

struct Pass {
  std::string_view name;  // also its file's name and its --pass= spelling
  bool (*run)(Function& fn, PassContext& ctx);
  int min_opt;            // first -O level that runs it
  std::string_view purpose;
};

std::span<const Pass> pipeline();
const Pass* find_pass(std::string_view name);

/// Runs the whole pipeline. Errors: kBadIr when verify_each finds a pass that broke the IR; `where` names it. kCancelled.
Status optimize(Function& fn, PassContext& ctx);

}  // namespace orus::jit
