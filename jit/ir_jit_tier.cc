#include "jit/ir_jit_tier.h"

#include <chrono>
#include <cstdio>

#include "jit/build/build_ir.h"
#include "jit/ir/ir_text.h"
#include "jit/ir/ir_tier.h"

namespace orus::jit {
namespace {

constexpr uint32_t kForcedOneIn = 16;  // under stress_exits

class IrJitTier final : public JitTier {
 public:
  IrJitTier(Vm& vm, const JitConfig& config)
      : vm_(vm),
        config_(config),
        tier_({.compile = [this](const Unit& unit, bool hoist) { return compile(unit, hoist); },
               .force_one_in = config.stress_exits ? kForcedOneIn : 0,
               .seed = config.seed}) {}

  void* loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) override { return tier_.loop_entry(vm, fn, pc); }
  void* function_entry(Vm& vm, FunctionRuntime& fn) override { return tier_.function_entry(vm, fn); }
  Outcome enter_loop(Vm& vm, void* entry, Slot* base) override { return tier_.enter_loop(vm, entry, base); }
  Outcome enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) override {
    return tier_.enter_function(vm, entry, fn, base);
  }
  void visit_roots(void* fp, RootSink& sink) override { tier_.visit_roots(fp, sink); }

  JitStats stats() const override {
    JitStats stats = stats_;
    stats.functions_compiled = tier_.stats().functions_compiled;
    stats.loops_compiled = tier_.stats().loops_compiled;
    stats.recompiled = tier_.stats().recompiled;
    stats.exits = tier_.stats().exits;
    return stats;
  }

 private:
  std::unique_ptr<Function> compile(const Unit& unit, bool hoist_checks);
  void check(const Unit& unit, const Function& fn, const Status& status);

  Vm& vm_;
  JitConfig config_;
  JitStats stats_;
  IrTier tier_;
};

/// IR that the verifier refuses is a mistake of ours: show all of it.
void IrJitTier::check(const Unit& unit, const Function& fn, const Status& status) {
  if (status.ok()) return;
  const std::string& name = vm_.module().functions[unit.function].name;
  std::fprintf(stderr, "orus: internal compiler error: %s: %s: %s\n%s", name.c_str(), status.error().where.c_str(),
               status.error().detail.c_str(), print_ir(fn).c_str());
  ORUS_CHECK(false && "the IR is broken");
}

std::unique_ptr<Function> IrJitTier::compile(const Unit& unit, bool hoist_checks) {
  CompileOptions options = config_.compile;
  options.hoist_checks = options.hoist_checks && hoist_checks;
  auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Function> fn = build_ir(vm_.verified(), unit, options);
  if (fn == nullptr) return nullptr;
  if (options.verify_each) check(unit, *fn, verify_ir(*fn));
  PassContext ctx{.module = vm_.verified(), .options = options};
  ctx.after_pass = [this](std::string_view pass, const Function&, bool, uint64_t ns) {
    for (auto& [name, sum] : stats_.pass_ns) {
      if (name == pass) return void(sum += ns);
    }
    stats_.pass_ns.emplace_back(pass, ns);
  };
  check(unit, *fn, optimize(*fn, ctx));
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  stats_.compile_ns += static_cast<uint64_t>(ns);
  return fn;
}

}  // namespace

std::unique_ptr<JitTier> create_ir_jit_tier(Vm& vm, const JitConfig& config) {
  auto tier = std::make_unique<IrJitTier>(vm, config);
  vm.set_tier(tier.get());
  return tier;
}

}  // namespace orus::jit
