// IrTier: a tier that runs optimized IR in the IR interpreter instead of emitting machine code. `orus diff` judges the
// builder and the passes with it, apart from any back end.
#pragma once

#include <pthread.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "jit/build/build_ir.h"
#include "jit/ir/ir_interp.h"
#include "vm/tier.h"

namespace orus::jit {

struct IrTierConfig {
  /// Builds and optimizes a unit; null declines it for good. `hoist_checks` is false after a hoisted check failed.
  std::function<std::unique_ptr<Function>(const Unit& unit, bool hoist_checks)> compile;
  uint32_t force_one_in = 0;  // not 0: instructions that may leave do so once in so many times
  uint64_t seed = 1;          // of the forced exits
};

struct IrTierStats {
  uint32_t functions_compiled = 0, loops_compiled = 0, recompiled = 0;
  uint64_t entries = 0, steps = 0;
  std::array<uint64_t, kExitReasonCount> exits{};
};

/// Compiles when asked, at once. One tier serves one VM; destroy it after the last run and before the VM.
class IrTier final : public Tier {
 public:
  explicit IrTier(IrTierConfig config) : config_(std::move(config)), rng_(config_.seed) {}
  ~IrTier() override;

  void* loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) override;
  void* function_entry(Vm& vm, FunctionRuntime& fn) override;
  Outcome enter_loop(Vm& vm, void* entry, Slot* base) override;
  Outcome enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) override;
  void visit_roots(void* fp, RootSink& sink) override { visit_ir_roots(fp, sink); }

  const IrTierStats& stats() const { return stats_; }

 private:
  struct Code {
    Unit unit;
    std::unique_ptr<Function> fn;
    bool hoist_checks = true;
    bool stale = false;  // compile again at the next request
  };
  using Key = std::pair<uint32_t, uint32_t>;  // function; loop number or UINT32_MAX

  Code* request(Key key);
  Outcome enter(Vm& vm, Code& code, Slot* base);

  IrTierConfig config_;
  Rng rng_;
  IrTierStats stats_;
  bool own_limit_ = false;  // the host gave no VmContext::host_stack_limit, so it was found out
  pthread_t thread_{};      // whose stack it is about
  std::map<Key, std::unique_ptr<Code>> units_;
  std::vector<std::unique_ptr<Function>> retired_;  // may still run in an outer activation
};

}  // namespace orus::jit
