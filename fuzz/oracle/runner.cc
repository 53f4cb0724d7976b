#include "fuzz/oracle/runner.h"

#include <pthread.h>
#include <unistd.h>

#include <fstream>

#include "api/heap_digest.h"
#include "fuzz/oracle/machine_state.h"
#include "jit/code/code_memory.h"
#include "jit/code/stages.h"
#include "vm/runtime/spare_pages.h"

namespace orus::fuzz {
namespace {

constexpr Mode kModes[] = {
#define MODE(name, engine, level, flags, purpose) {#name, Engine::engine, level, flags, purpose},
#include "fuzz/oracle/modes.def"
#undef MODE
};

constexpr std::string_view kInputLines[] = {"7", "", "text", "-12"};

/// Keeps what is written; gives a few lines, then the end of input.
class Recorder final : public Console {
 public:
  void write(std::string_view text) override { output += text; }
  void flush() override {}
  bool read_line(std::string* line) override {
    if (next_ == std::size(kInputLines)) return false;
    *line = kInputLines[next_++];
    return true;
  }
  std::string output;

 private:
  size_t next_ = 0;
};

/// Lowest address of this thread's stack that machine code may use.
char* stack_limit() {
  thread_local char* limit = [] {
    constexpr size_t kReserve = 512 * 1024;
    pthread_attr_t attributes;
    void* low = nullptr;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    return static_cast<char*>(low) + kReserve;
  }();
  return limit;
}

/// Code memory that outlives a run: making and unmapping it costs more than most programs. A child of fork() has its
/// parent's pointers but not the pages, so it starts anew.
std::unique_ptr<jit::CodeMemory>* spare_memory() {
  thread_local std::unique_ptr<jit::CodeMemory> spare;
  thread_local pid_t owner = 0;
  if (owner != getpid()) {
    (void)spare.release();
    owner = getpid();
  }
  return &spare;
}

/// Pages of stacks and heaps, likewise. With sanitizers a pointer into a VM that is gone should rather fault.
SparePages* spare_pages() {
#if defined(ORUS_CHECKED)
  return nullptr;
#else
  thread_local SparePages spare;
  return &spare;
#endif
}

constinit thread_local jit::StageCache* shared_stages = nullptr;

/// The line of /proc/self/maps of a page that is writable and executable; empty when there is none.
std::string writable_code() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    size_t rights = line.find(' ');
    if (rights != std::string::npos && line.size() > rights + 3 && line[rights + 2] == 'w' && line[rights + 3] == 'x') return line;
  }
  return {};
}

VmConfig vm_config(const Mode& mode, const RunSettings& settings) {
  VmConfig config;
  config.heap.limit_bytes = settings.heap_bytes;
  config.heap.nursery_bytes = settings.nursery_bytes;
  config.heap.fail_allocation = settings.fail_allocation;
  config.heap.spare_pages = spare_pages();
  config.heap.stress = (mode.flags & kGc) != 0;
  config.max_depth = settings.max_depth;
  if ((mode.flags & kCount) != 0) config.fuel = settings.fuel;
  bool hot = (mode.flags & kHot) != 0;
  config.loop_countdown = hot ? settings.hot : 1;
  config.call_countdown = hot ? settings.hot : 1;
  return config;
}

jit::JitConfig jit_config(const Mode& mode, const RunSettings& settings, bool counting) {
  jit::JitConfig config;
  config.compile.opt_level = mode.level;
  config.compile.counting = counting;
  config.compile.gc_stress = (mode.flags & kGc) != 0;
  config.compile.disabled_passes = settings.disabled_passes;
  config.compile.pass_fuel = settings.pass_fuel;
#if defined(ORUS_CHECKED)
  config.compile.verify_each = true;
  config.check_allocation = true;
#endif
  config.background = false;
  config.interpret_ir = mode.engine == Engine::kIr;
  config.stress_exits = (mode.flags & kExits) != 0;
  config.stress_spill = (mode.flags & kSpill) != 0;
  config.seed = (mode.flags & (kRandom | kExits)) != 0 ? settings.seed : 0;
  config.compile.layout_seed = (mode.flags & kRandom) != 0 ? settings.seed : 0;
  config.stress_clobber = (mode.flags & kRandom) != 0;
  config.baseline_isa = config.stress_clobber && settings.seed % 2 != 0;
  config.code_bytes = settings.code_bytes;
  config.spare_memory = spare_memory();
  config.stages = shared_stages;
  return config;
}

void observe_ending(Vm& vm, Outcome outcome, Observation* seen) {
  seen->outcome = outcome;
  if (outcome == Outcome::kError) {
    const ErrorObject& error = *vm.pending_error();
    seen->error_kind = error.error_kind;
    seen->function = error.function;
    seen->pc = error.pc;
    seen->message = error.message->view();
  } else if (outcome == Outcome::kLimit) {
    seen->limit = vm.limit();
    seen->limit_position = vm.limit_report().position;
  } else {
    seen->depth = vm.context.depth;
  }
  seen->small_heap = vm.config().heap.limit_bytes < (size_t{1} << 20) || vm.config().heap.fail_allocation != 0;
  seen->digest = api::heap_digest(vm);
  seen->counted = vm.counting();
  VmCounters counters = vm.counters();
  seen->ops = counters.interpreted_ops + counters.native_ops;
}

}  // namespace

std::span<const std::string_view> input_lines() { return kInputLines; }

std::span<const Mode> modes() { return kModes; }

const Mode* find_mode(std::string_view name) {
  for (const Mode& mode : kModes) {
    if (mode.name == name) return &mode;
  }
  return nullptr;
}

SharedCompilations::SharedCompilations() : stages_(std::make_unique<jit::StageCache>()) { shared_stages = stages_.get(); }
SharedCompilations::~SharedCompilations() { shared_stages = nullptr; }

RunReport run_program(const VerifiedModule& module, const Mode& mode, const RunSettings& settings) {
  RunReport report;
  Recorder console;
  auto vm = Vm::create(module, vm_config(mode, settings), console);
  if (!vm.ok()) {
    report.seen.refused = true;
    return report;
  }
  (*vm)->context.host_stack_limit = stack_limit();
  std::unique_ptr<jit::JitTier> tier;
  if (mode.engine != Engine::kInterpreter) {
    auto created = jit::JitTier::create(**vm, jit_config(mode, settings, (*vm)->counting()));
    if (!created.ok()) {
      report.seen.refused = true;
      return report;
    }
    tier = std::move(created).value();
  }
  uint64_t before = machine_state();
  Outcome outcome = (*vm)->run_main();
  report.seen.machine_state = machine_state();
  restore_machine_state(before);
  observe_ending(**vm, outcome, &report.seen);
  report.seen.output = std::move(console.output);
  if (tier != nullptr) {
    constexpr uint64_t kLookOneIn = 128;
    report.jit = tier->stats();
    if (settings.seed % kLookOneIn == 0) report.writable_code = writable_code();
  }
  report.collections = (*vm)->heap().stats().full_collections;
  report.allocations = (*vm)->heap().stats().allocations;
  if (settings.fail_allocation != 0) report.broken_heap = (*vm)->heap().walk();
  return report;
}

}  // namespace orus::fuzz
