// What a compilation makes before it emits: optimized IR, LIR and register allocations. All of it is a function of the
// module, the unit and the options, so that who runs one module in many ways (the fuzzer) need not make it anew each time.
#pragma once

#include <memory>
#include <vector>

#include "jit/build/build_ir.h"
#include "jit/lower/lowering.h"
#include "jit/pipeline.h"
#include "jit/regalloc/regalloc.h"
#include "jit/target/target.h"

namespace orus::jit {

struct JitConfig;

/// One unit, selected; never changes again.
struct LoweredUnit {
  Unit unit;
  CompileOptions options;  // the lowering refers to it
  std::unique_ptr<Function> ir;
  std::unique_ptr<Lowering> lowering;
};

/// Finished stages of the compilations of one module, by all that they depend on.
///
/// Owns:    everything it returns, until it is destroyed.
/// Threads: one at a time; a tier that compiles in the background may not use it.
class StageCache {
 public:
  /// `unit` built, optimized and selected with `ctx.options`. `ctx` sees the passes only when they run.
  /// Errors: as compile_unit; nothing is kept then.
  Result<const LoweredUnit*> lower(const Unit& unit, const Target& target, PassContext& ctx);
  /// Registers for `lowered`, which is of this cache, as `config` wants them chosen.
  Result<const RaResult*> allocate(const LoweredUnit& lowered, const Target& target, const JitConfig& config);

 private:
  struct Allocated {
    const LoweredUnit* lowered;
    bool spill_everything;
    uint64_t random_seed;
    RaResult result;
  };
  std::vector<std::unique_ptr<LoweredUnit>> lowered_;
  std::vector<std::unique_ptr<Allocated>> allocated_;
};

}  // namespace orus::jit
