#include "api/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "api/heap_digest.h"
#include "api/host_thread.h"
#include "api/watchdog.h"

namespace orus::api {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t nanoseconds_since(Clock::time_point start) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

uint64_t process_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

int32_t threshold(OptionalCount given, bool eager, int32_t usual) {
  if (given.value >= 0) return static_cast<int32_t>(std::clamp<int64_t>(given.value, 1, INT32_MAX));
  return eager ? 1 : usual;
}

bool compiles_at_once(const RunConfig& config) { return config.jit == JitMode::kEager || config.jit == JitMode::kIr; }

VmConfig vm_config(const RunConfig& config, const RunHooks& hooks) {
  VmConfig vm;
  vm.heap.limit_bytes = config.heap.bytes;
  vm.heap.nursery_bytes = config.nursery.bytes;
  vm.heap.stress = config.stress.gc;
  vm.max_depth = config.stack.frames;
  vm.fuel = config.fuel.value;
  vm.count_ops = hooks.count_ops || config.stats != StatsFormat::kNone;
  vm.timeout_seconds = config.timeout.seconds;
  vm.loop_countdown = threshold(config.loop_threshold, compiles_at_once(config), vm.loop_countdown);
  vm.call_countdown = threshold(config.call_threshold, compiles_at_once(config), vm.call_countdown);
  return vm;
}

bool wants_compiler(const RunConfig& config) { return config.jit != JitMode::kOff && !config.no_exec_memory; }

lang::Diagnostic runtime_diagnostic(const Program& program, const Vm::ErrorReport& report) {
  lang::Diagnostic out;
  out.category = "RUNTIME PANIC";
  out.kind = report.kind + " error";
  out.message = report.message;
  out.file = program.name;
  out.line = report.position.line;
  out.column = report.position.column;
  if (report.function != "main" && !report.function.empty()) {
    out.notes.push_back({.message = "in function " + report.function});
  }
  return out;
}

lang::Diagnostic limit_diagnostic(const Program& program, const Vm::ErrorReport& report) {
  lang::Diagnostic out = runtime_diagnostic(program, report);
  out.kind = report.kind + " limit";
  return out;
}

void host_failure(const Program& program, const Error& error, RunResult* result) {
  result->exit_code = kExitLimit;
  result->limit = Limit::kStackMemory;
  result->diagnostic = lang::Diagnostic{.category = "RUNTIME PANIC", .kind = "memory limit", .message = error.detail, .file = program.name};
}

void describe_outcome(const Program& program, const Vm& vm, Outcome outcome, RunResult* result) {
  switch (outcome) {
    case Outcome::kReturned:
    case Outcome::kResume: break;
    case Outcome::kError:
      result->exit_code = kExitRuntime;
      result->diagnostic = runtime_diagnostic(program, vm.error_report());
      break;
    case Outcome::kLimit:
      result->exit_code = kExitLimit;
      result->limit = vm.limit();
      result->diagnostic = limit_diagnostic(program, vm.limit_report());
      break;
  }
}

std::vector<LoopReport> loop_reports(Vm& vm) {
  std::vector<LoopReport> out;
  for (size_t i = 0; i < vm.function_count(); ++i) {
    const FunctionRuntime& fn = vm.function(i);
    for (uint32_t loop = 0; loop < fn.loops.size(); ++loop) {
      uint32_t pc = fn.facts->loop_pc[loop];
      out.push_back({.function = fn.function->name,
                     .loop = loop,
                     .position = fn.function->positions[pc],
                     .compiled = fn.loops[loop].entry != nullptr,
                     .function_compiled = fn.native != nullptr,
                     .failures = fn.loops[loop].failures});
    }
  }
  return out;
}

/// The VM and the compiler that works for it; torn down in the right order.
struct Machine {
  std::unique_ptr<Vm> vm;
  std::unique_ptr<jit::JitTier> tier;
};

void attach_tier(Machine& machine, const RunConfig& config, const RunHooks& hooks, RunResult* result) {
  if (hooks.tier != nullptr) return machine.vm->set_tier(hooks.tier);
  if (!wants_compiler(config)) return;
  auto tier = jit::JitTier::create(*machine.vm, jit_config(config, machine.vm->counting()));
  if (tier.ok()) {
    machine.tier = std::move(tier).value();
    return;
  }
  result->stats.code_memory_refused = 1;
  if (config.trace.tiers) std::fprintf(stderr, "tiers: no machine code, interpreting: %s\n", tier.error().detail.c_str());
}

void trace_collections(const RunConfig& config, const HeapStats& heap) {
  if (!config.trace.gc) return;
  std::fprintf(stderr, "gc: %llu minor, %llu full, %llu bytes allocated, %llu copied, longest pause %llu ns\n",
               static_cast<unsigned long long>(heap.minor_collections), static_cast<unsigned long long>(heap.full_collections),
               static_cast<unsigned long long>(heap.allocated_bytes), static_cast<unsigned long long>(heap.copied_bytes),
               static_cast<unsigned long long>(heap.pause_ns_max));
}

void trace_loops(const RunConfig& config, const std::vector<LoopReport>& loops) {
  if (!config.trace.loops) return;
  for (const LoopReport& loop : loops) {
    const char* state = loop.compiled ? "compiled" : loop.function_compiled ? "compiled with its function" : "interpreted";
    std::fprintf(stderr, "loops: %s loop %u at line %u: %s, %u failures\n", loop.function.c_str(), loop.loop, loop.position.line, state,
                 loop.failures);
  }
}

void run_here(const Program& program, const RunConfig& config, Console& console, const RunHooks& hooks, char* stack_limit,
              RunResult* result) {
  auto vm = Vm::create(*program.module, vm_config(config, hooks), console);
  if (!vm.ok()) return host_failure(program, vm.error(), result);
  Machine machine{std::move(vm).value(), nullptr};
  machine.vm->context.host_stack_limit = stack_limit;
  attach_tier(machine, config, hooks, result);
  uint64_t cpu_start = process_cpu_ns();
  Clock::time_point start = Clock::now();
  Outcome outcome;
  {
    Watchdog watchdog(*machine.vm, config.timeout.seconds);
    outcome = machine.vm->run_main();
  }
  console.flush();
  RunStats& stats = result->stats;
  stats.run_ns = nanoseconds_since(start);
  stats.cpu_ns = process_cpu_ns() - cpu_start;
  stats.load_ns = program.load_ns;
  stats.counted = machine.vm->counting();
  if (stats.counted) stats.ops = machine.vm->counters();
  if (machine.tier != nullptr) stats.jit = machine.tier->stats();
  stats.heap = machine.vm->heap().stats();
  result->ops = stats.ops.interpreted_ops + stats.ops.native_ops;
  result->loops = loop_reports(*machine.vm);
  describe_outcome(program, *machine.vm, outcome, result);
  if (hooks.digest) result->heap_digest = heap_digest(*machine.vm);
  trace_collections(config, stats.heap);
  trace_loops(config, result->loops);
}

}  // namespace

jit::JitConfig jit_config(const RunConfig& config, bool counting) {
  jit::JitConfig out;
  out.compile.opt_level = config.opt.level;
  out.compile.counting = counting;
  out.compile.gc_stress = config.stress.gc;
  out.compile.verify_each = config.verify_each;
  out.compile.disabled_passes = config.disabled_passes;
  if (config.pass_fuel.value >= 0) {
    out.compile.pass_fuel = static_cast<int32_t>(std::min<int64_t>(config.pass_fuel.value, INT32_MAX));
  }
  out.background = !config.jit_sync && !compiles_at_once(config);
  out.interpret_ir = config.jit == JitMode::kIr;
  out.stress_exits = config.stress.deopt;
  out.stress_spill = config.stress.spill;
  out.compile.layout_seed = config.stress.layout ? config.seed + 1 : 0;
  out.stress_clobber = config.stress.clobber;
  out.baseline_isa = config.isa == Isa::kBaseline;
  out.seed = config.seed;
  out.check_allocation = config.check_allocation;
  out.perf_map = config.perf_map;
  out.trace_tiers = config.trace.tiers;
  out.trace_guards = config.trace.guards;
  out.code_bytes = config.code_bytes.bytes;
  return out;
}

RunResult run_program(const Program& program, const RunConfig& config, Console& console, const RunHooks& hooks) {
  RunResult result;
  Status status = run_on_large_stack(host_stack_bytes(config.stack.frames),
                                     [&](char* stack_limit) { run_here(program, config, console, hooks, stack_limit, &result); });
  if (!status.ok()) host_failure(program, status.error(), &result);
  return result;
}

std::string render_diagnostic(const lang::Diagnostic& diagnostic, const std::vector<SourceText>& texts, ErrorFormat format, bool colors) {
  std::string_view source;
  for (const SourceText& text : texts) {
    if (text.name == diagnostic.file) source = text.text;
  }
  static constexpr lang::DiagnosticFormat kFormats[] = {lang::DiagnosticFormat::kFriendly, lang::DiagnosticFormat::kJson,
                                                        lang::DiagnosticFormat::kMinimal};
  return lang::render(diagnostic, source, kFormats[static_cast<size_t>(format)], colors ? lang::ColorMode::kAnsi : lang::ColorMode::kPlain);
}

}  // namespace orus::api
