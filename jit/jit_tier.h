// JitTier: the optimizing compiler as a tier of one VM. Decides what to compile and when, owns the machine code, runs
// it, and takes it back when it keeps leaving.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "jit/pipeline.h"
#include "vm/runtime/vm.h"
#include "vm/tier.h"

namespace orus::jit {

class CodeMemory;
class StageCache;

struct JitConfig {
  CompileOptions compile;
  bool background = true;        // compile on a worker thread; false: synchronous and deterministic
  bool interpret_ir = false;     // run the optimized IR in the IR interpreter instead of emitting machine code
  bool stress_exits = false;     // force guards to exit: the first hit of each, then by seed
  bool stress_spill = false;     // every value lives on the stack
  bool stress_clobber = false;   // overwrite after every call into C++ what such a call may destroy
  bool baseline_isa = false;     // only instructions that every machine of the target has
  uint64_t seed = 0;             // not 0: random register choices and forced exits
  bool check_allocation = false; // run the symbolic checker on every register allocation
  bool perf_map = false;         // write /tmp/perf-PID.map
  bool trace_tiers = false, trace_guards = false;  // one line an event on stderr
  size_t code_bytes = size_t{64} << 20;  // reserved address space for machine code
  /// For those who make thousands of tiers a second: used instead of new memory if there is one of the right size, and
  /// gets the tier's memory back, empty. Must outlive the tier; not across fork().
  std::unique_ptr<CodeMemory>* spare_memory = nullptr;
  /// For those who run one module in many ways: what earlier tiers of the module made up to the emission of bytes is
  /// used again (jit/code/stages.h). Must outlive the tier, which may not compile in the background.
  StageCache* stages = nullptr;
};

struct JitStats {
  uint32_t functions_compiled = 0, loops_compiled = 0, recompiled = 0;
  uint64_t compile_ns = 0;       // whole compilations, on whatever thread
  uint64_t compiled_ops = 0;     // bytecode instructions translated, inlined ones included
  uint64_t code_bytes = 0;       // in use
  uint32_t evicted = 0;          // units whose code was given back
  uint64_t spills = 0;           // values that got a stack slot
  std::array<uint64_t, kExitReasonCount> exits{};
  std::array<uint64_t, 8> bailouts{};   // by BailoutReason
  std::vector<std::pair<std::string, uint64_t>> pass_ns;  // by pass, summed
};

class JitTier : public Tier {
 public:
  /// Borrows the VM and installs itself there; destroy it after the last run and before the VM.
  /// Errors: kOutOfCodeMemory (no executable memory to be had), kUnsupportedTarget (no back end for this machine).
  static Result<std::unique_ptr<JitTier>> create(Vm& vm, const JitConfig& config);
  virtual JitStats stats() const = 0;
};

/// Text of one unit at a stage: "ir" (after all passes, or after the pass `after`), "lir", "asm".
struct DumpRequest {
  std::string stage, after;
  uint32_t function = 0;
  int32_t loop = -1;             // loop number; -1: the function
  bool baseline_isa = false;
};
struct JudgeRequest {
  uint32_t function = 0;
  int32_t loop = -1;             // loop number; -1: the function
  bool spill = false;            // every value lives on the stack
  bool baseline_isa = false;
  uint64_t seed = 0;             // random register choices when not 0
  std::function<void(std::vector<uint8_t>&)> damage = {};  // done to the code first, to test the judge
};
/// Compiles a unit without running it and holds its code against the allocation it came from (Target::judge); looks for
/// element loads without a check after every pass.
/// Errors: kBadIr, what the judge says; kUsage, no such unit.
Status judge_unit(const VerifiedModule& module, const CompileOptions& options, const JudgeRequest& request);

Result<std::string> dump_unit(const VerifiedModule& module, const CompileOptions& options, const DumpRequest& request);

}  // namespace orus::jit
