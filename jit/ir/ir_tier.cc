#include "jit/ir/ir_tier.h"

namespace orus::jit {
namespace {

constexpr size_t kStackReserve = 256 * 1024;  // left for runtime functions and the collector

/// The address that the host stack of this thread must not pass.
char* stack_limit() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return nullptr;
  void* start = nullptr;
  size_t bytes = 0;
  pthread_attr_getstack(&attributes, &start, &bytes);
  pthread_attr_destroy(&attributes);
  return static_cast<char*>(start) + kStackReserve;
}

/// Executions of the `loop` instruction until the tier is asked again.
void set_countdown(FunctionRuntime& fn, uint32_t pc, int32_t value) { fn.code[pc] = make_insn_bc(Op::loop, fn.code[pc].a, value); }

}  // namespace

IrTier::~IrTier() = default;

IrTier::Code* IrTier::request(Key key) {
  std::unique_ptr<Code>& code = units_[key];
  bool first = code == nullptr;
  if (!first && !code->stale) return code.get();
  if (first) {
    code = std::make_unique<Code>();
    code->unit = Unit{.function = key.first, .is_loop = key.second != UINT32_MAX, .loop = key.second != UINT32_MAX ? key.second : 0};
  }
  if (code->fn != nullptr) retired_.push_back(std::move(code->fn));
  code->stale = false;
  code->fn = config_.compile(code->unit, code->hoist_checks);
  uint32_t& count = !first ? stats_.recompiled : code->unit.is_loop ? stats_.loops_compiled : stats_.functions_compiled;
  count += code->fn != nullptr ? 1 : 0;
  return code.get();
}

void* IrTier::loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) {
  Code* code = request({fn.index, pc->a});
  if (code->fn == nullptr) return nullptr;
  fn.loops[pc->a].entry = code;
  set_countdown(fn, fn.pc_of(pc), 1);
  return code;
}

void* IrTier::function_entry(Vm& vm, FunctionRuntime& fn) {
  Code* code = request({fn.index, UINT32_MAX});
  fn.native = code->fn != nullptr ? code : nullptr;
  return fn.native;
}

Outcome IrTier::enter(Vm& vm, Code& code, Slot* base) {
  bool unknown = vm.context.host_stack_limit == nullptr;
  if (unknown || (own_limit_ && pthread_equal(thread_, pthread_self()) == 0)) {
    own_limit_ = true;
    thread_ = pthread_self();
    vm.context.host_stack_limit = stack_limit();
  }
  IrRun run;
  run.forced_exits = &rng_;
  run.force_one_in = config_.force_one_in;
  Vm::Activation record{vm.activation, nullptr, vm.context.native_frame};
  vm.activation = &record;
  const Function& fn = *code.fn;
  Outcome outcome = interpret_ir(vm, fn, base, &run);
  vm.activation = record.previous;
  ++stats_.entries;
  stats_.steps += run.steps;
  if (run.exit.valid()) {
    ExitReason reason = run.forced ? ExitReason::forced : fn.at(run.exit).reason;
    ++stats_.exits[static_cast<size_t>(reason)];
    if (reason == ExitReason::hoisted_check) {
      code.hoist_checks = false;
      code.stale = true;
    }
  }
  return outcome;
}

Outcome IrTier::enter_loop(Vm& vm, void* entry, Slot* base) {
  Code& code = *static_cast<Code*>(entry);
  FunctionRuntime& fn = vm.function(code.unit.function);
  uint32_t header = code.fn->entry_pc;
  Outcome outcome = enter(vm, code, base);
  // Entering again where nothing was done would never end: the interpreter runs at least one iteration.
  bool stuck = outcome == Outcome::kResume && vm.resume_base == base && frame_pc(base) == fn.code + header;
  if (stuck) set_countdown(fn, header, 2);
  return outcome;
}

Outcome IrTier::enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) {
  Code& code = *static_cast<Code*>(entry);
  Outcome outcome = enter(vm, code, base);
  if (code.stale) {
    fn.native = nullptr;
    fn.countdown = 1;
  }
  return outcome;
}

}  // namespace orus::jit
