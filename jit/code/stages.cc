#include "jit/code/stages.h"

#include "jit/ir/ir_text.h"
#include "jit/jit_tier.h"
#include "jit/regalloc/checker.h"

namespace orus::jit {

Result<const LoweredUnit*> StageCache::lower(const Unit& unit, const Target& target, PassContext& ctx) {
  for (const auto& known : lowered_) {
    if (known->unit == unit && known->options == ctx.options) return known.get();
  }
  auto fresh = std::make_unique<LoweredUnit>(LoweredUnit{unit, ctx.options, build_ir(ctx.module, unit, ctx.options), nullptr});
  if (fresh->ir == nullptr) return Error{ErrorCode::kUsage, "the loop has no back edge"};
  if (ctx.options.verify_each) {
    Status status = verify_ir(*fresh->ir);
    if (!status.ok()) return Error{status.error().code, status.error().detail, "build: " + status.error().where};
  }
  if (Status status = optimize(*fresh->ir, ctx); !status.ok()) return status.error();
  fresh->lowering = std::make_unique<Lowering>(*fresh->ir, ctx.module, fresh->options);
  target.select(*fresh->lowering);
  lowered_.push_back(std::move(fresh));
  return lowered_.back().get();
}

Result<const RaResult*> StageCache::allocate(const LoweredUnit& lowered, const Target& target, const JitConfig& config) {
  RaOptions options;
  options.spill_everything = config.stress_spill;
  options.random_seed = config.stress_spill ? 0 : config.seed;
  for (const auto& known : allocated_) {
    bool same = known->lowered == &lowered && known->spill_everything == options.spill_everything;
    if (same && known->random_seed == options.random_seed) return &known->result;
  }
  const RaFunction& fn = lowered.lowering->out.ra;
  Result<RaResult> result = allocate_linear_scan(fn, target.registers(), options);
  if (!result.ok()) return result.error();
  if (config.check_allocation && !kChecksAllocations) {
    if (Status status = check_allocation(fn, target.registers(), *result); !status.ok()) return status.error();
  }
  allocated_.push_back(
      std::make_unique<Allocated>(Allocated{&lowered, options.spill_everything, options.random_seed, std::move(result).value()}));
  return &allocated_.back()->result;
}

}  // namespace orus::jit
