// The tier: what to compile and when, running and leaving machine code, roots, unwinding, taking code back.
#include "jit/jit_tier.h"

#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cstdio>

#include "jit/code/code_cache.h"
#include "jit/code/native.h"
#include "jit/code/unit.h"
#include "jit/compile_queue.h"
#include "jit/ir_jit_tier.h"
#include "vm/runtime/ops.h"

namespace orus::jit {
namespace {

using EnterStub = void (*)(VmContext*, Slot* base, const void* entry);

// Machine frames, as the target lays them out (jit/target): words relative to the frame pointer.
uint64_t frame_unit(const uint64_t* frame) { return frame[-1]; }
Slot* frame_base(const uint64_t* frame) { return reinterpret_cast<Slot*>(frame[-2]); }
uint32_t& frame_site(uint64_t* frame) { return reinterpret_cast<uint32_t&>(frame[-3]); }
uint64_t* caller_frame(const uint64_t* frame) { return reinterpret_cast<uint64_t*>(frame[0]); }
const uint8_t* return_address(const uint64_t* frame) { return reinterpret_cast<const uint8_t*>(frame[1]); }

constexpr uint64_t kTrampoline = 0;  // unit ids below kFirstUnit: frames without a unit
constexpr uint32_t kFirstUnit = CodeCache::kFirstUnit;

/// Failures of one hoisted check before its loop is compiled without it.
constexpr uint32_t kHoistFailures = 3;
/// Checks of one unit that are compiled where they stand, before none is hoisted any more.
constexpr size_t kMaxKeptChecks = 8;

/// Interpreted iterations and calls between two looks at what the compiling thread has finished.
constexpr int32_t kWaitIterations = 64, kWaitCalls = 16;

void set_loop_countdown(Insn* insn, int32_t value) { *insn = make_insn_bc(Op::loop, insn->a, value); }

class JitTierImpl final : public JitTier {
 public:
  JitTierImpl(Vm& vm, const JitConfig& config) : vm_(vm), config_(config) {}
  ~JitTierImpl() override {
    queue_ = nullptr;
    if (config_.spare_memory == nullptr || cache_ == nullptr) return;
    *config_.spare_memory = cache_->take_memory();
    (*config_.spare_memory)->clear();
  }

  Status start() {
    if (host_target() == nullptr) return Error{ErrorCode::kUnsupportedTarget, "no back end for this machine"};
    Result<std::unique_ptr<CodeMemory>> memory = obtain_memory();
    if (!memory.ok()) return memory.error();
    cache_ = std::make_unique<CodeCache>(std::move(memory).value());
    const Target::Stubs& stubs = host_target()->stubs();
    const uint8_t* code = cache_->memory().install(stubs.bytes);
    if (code == nullptr) return Error{ErrorCode::kOutOfCodeMemory, "no room for the entry code"};
    enter_ = reinterpret_cast<EnterStub>(const_cast<uint8_t*>(code + stubs.enter));
    VmContext& ctx = vm_.context;
    ctx.exit_stub = code + stubs.leave;
    ctx.interpret_stub = code + stubs.interpret;
    ctx.barrier_stub = code + stubs.barrier;
    failures_.resize(vm_.function_count());
    for (size_t i = 0; i < vm_.function_count(); ++i) {
      ctx.entries[i] = const_cast<void*>(ctx.interpret_stub);
      addresses_.code.push_back(vm_.function(i).code);
      addresses_.functions.push_back(&vm_.function(i));
      failures_[i].resize(vm_.function(i).loops.size() + 1);
    }
    if (config_.background) {
      queue_ = std::make_unique<CompileQueue>([this](CompileJob& job, const std::atomic<bool>* cancelled) { run_job(job, cancelled); });
      if (!queue_->start()) queue_ = nullptr;  // no thread to be had: compile on this one
    }
    vm_.set_tier(this);
    return Ok{};
  }

  // ---- Tier

  void* loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) override {
    LoopRuntime& loop = fn.loops[pc->a];
    install_finished();
    if (loop.entry == nullptr && compile(Unit{fn.index, true, pc->a}) == Progress::kPending) {
      set_loop_countdown(const_cast<Insn*>(pc), kWaitIterations);
    }
    if (loop.entry == nullptr) return nullptr;
    const CompiledUnit& unit = cache_->at_entry(loop.entry);
    set_loop_countdown(const_cast<Insn*>(pc), 1);
    if (vm.context.depth + unit.inline_depth > vm.context.max_depth) return nullptr;
    return loop.entry;
  }

  void* function_entry(Vm& vm, FunctionRuntime& fn) override {
    (void)vm;
    install_finished();
    if (fn.native == nullptr && compile(Unit{fn.index, false, 0}) == Progress::kPending) fn.countdown = kWaitCalls;
    return fn.native;
  }

  Outcome enter_loop(Vm& vm, void* entry, Slot* base) override {
    FunctionRuntime* fn = frame_function(base);
    Outcome outcome = enter(vm, entry, base);
    if (outcome == Outcome::kReturned) take_result(vm, *fn);
    if (outcome != Outcome::kReturned && vm.resume_base == nullptr) vm.resume_base = base;
    return outcome;
  }

  Outcome enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) override {
    Slot* caller = frame_caller(base);
    Outcome outcome = enter(vm, entry, base);
    if (outcome == Outcome::kReturned) take_result(vm, fn);
    if (outcome != Outcome::kReturned && vm.resume_base == nullptr) vm.resume_base = caller;
    return outcome;
  }

  void visit_roots(void* fp, RootSink& sink) override {
    auto* frame = static_cast<uint64_t*>(fp);
    if (frame == nullptr || frame_unit(frame) == kTrampoline) return;
    const CallSite* site =
        frame_unit(frame) >= kFirstUnit ? find_site_by_number(cache_->at(frame_unit(frame)), frame_site(frame)) : nullptr;
    while (true) {
      if (site != nullptr) {
        for (uint32_t slot : site->slots) {
          sink.visit(reinterpret_cast<Object**>(reinterpret_cast<char*>(frame) + spill_offset(slot)));
        }
        Slot* base = frame_base(frame);
        for (uint32_t slot : site->frame_refs) sink.visit(reinterpret_cast<Object**>(&base[slot]));
      }
      const uint8_t* pc = return_address(frame);
      frame = caller_frame(frame);
      if (frame_unit(frame) == kTrampoline) return;
      site = cache_->at(frame_unit(frame)).find_site(pc);
    }
  }

  JitStats stats() const override {
    JitStats stats = stats_;
    for (uint32_t id = kFirstUnit; id < cache_->end(); ++id) {
      if (cache_->find(id) != nullptr) add_exits(*cache_->find(id), &stats);
    }
    stats.code_bytes = cache_->memory().used_bytes();
    return stats;
  }

  // ---- from the stubs

  uint64_t leave(const SavedRegisters* registers, uint32_t exit_number) {
    auto* frame = reinterpret_cast<uint64_t*>(registers->ints[5]);
    CompiledUnit& unit = cache_->at(frame_unit(frame));
    ExitRecord& exit = unit.exits[exit_number];
    ++exit.hits;
    Slot* bottom = frame_base(frame);
    Slot* top = write_frames(exit, registers, frame);
    vm_.context.depth += static_cast<uint32_t>(exit.frames.size()) - 1;
    note_exit(unit, exit, exit_number);
    if (config_.trace_guards) trace_exit(unit, exit);
    uint64_t* caller = caller_frame(frame);
    const uint8_t* pc = return_address(frame);
    if (exit.raise && vm_.limit() != Limit::kNone) {
      vm_.note_limit(*frame_function(top), frame_function(top)->pc_of(frame_pc(top)));
      return unwind_to_trampoline(caller, pc);
    }
    if (frame_unit(caller) == kTrampoline) {
      vm_.resume_base = top;
      vm_.resume_charged = exit.charged;
      vm_.context.native_outcome = static_cast<uint64_t>(exit.raise ? Outcome::kError : Outcome::kResume);
      return 0;
    }
    anchor(caller, pc);
    // From here on the unit may be evicted: nothing of it is on the stack.
    FunctionRuntime& fn = vm_.function(unit.unit.function);
    return finish(vm_.resume(top, bottom, exit.raise, exit.charged), fn, caller, pc);
  }

  uint64_t interpret(const SavedArguments* arguments, uint32_t function, uint64_t* frame) {
    FunctionRuntime& fn = vm_.function(function);
    Slot* base = frame_base(frame);
    uint32_t ints = 0, floats = 0;
    for (uint32_t i = 0; i < fn.params; ++i) {
      bool is_float = fn.function->registers[i] == kTypeF64;
      if (is_float && floats < 8) {
        base[i] = arguments->floats[floats++];
      } else if (!is_float && ints < 6) {
        base[i] = arguments->ints[ints++];
      }
    }
    uint64_t* caller = caller_frame(frame);
    const uint8_t* pc = return_address(frame);
    anchor(caller, pc);
    Outcome outcome;
    if (vm_.context.depth >= vm_.context.max_depth) {
      raise_overflow(caller, pc);
      outcome = vm_.limit() != Limit::kNone ? Outcome::kLimit : Outcome::kError;
    } else {
      if (fn.native == nullptr && --fn.countdown <= 0) {
        fn.countdown = INT32_MAX;
        base[-3] = base[-2] = 0;
        function_entry(vm_, fn);
      }
      outcome = vm_.call_function(fn, base);
    }
    return finish(outcome, fn, caller, pc);
  }

 private:
  Vm& vm_;
  JitConfig config_;
  std::unique_ptr<CodeCache> cache_;
  EnterStub enter_ = nullptr;
  std::vector<std::vector<std::vector<uint32_t>>> failures_;  // origins of failed checks by function: [0] whole, [1 + loop]
  CodeAddresses addresses_;
  JitStats stats_;
  std::vector<uint32_t> retired_;    // units whose code may still be on the stack
  std::vector<Unit> pending_;        // submitted and not collected
  std::vector<Unit> refused_;        // loops without a back edge
  uint32_t flushes_ = 0;             // times that the code memory was full
  std::unique_ptr<CompileQueue> queue_;  // last: its thread ends before anything else goes

  Result<std::unique_ptr<CodeMemory>> obtain_memory() {
    std::unique_ptr<CodeMemory>* spare = config_.spare_memory;
    if (spare != nullptr && *spare != nullptr && (*spare)->size() == CodeMemory::whole_pages(config_.code_bytes)) return std::move(*spare);
    return CodeMemory::create(config_.code_bytes);
  }

  Outcome enter(Vm& vm, void* entry, Slot* base) {
    Vm::Activation record{vm.activation, nullptr, vm.context.native_frame};
    vm.activation = &record;
    vm.context.native_frame = nullptr;
    vm.context.native_outcome = static_cast<uint64_t>(Outcome::kReturned);
    vm.resume_base = nullptr;
    enter_(&vm.context, base, entry);
    vm.activation = record.previous;
    vm.context.native_frame = record.native_frame;
    auto outcome = static_cast<Outcome>(vm.context.native_outcome);
    // An outer entry that is still running has not ended any other way yet.
    vm.context.native_outcome = static_cast<uint64_t>(Outcome::kReturned);
    return outcome;
  }

  static void take_result(Vm& vm, const FunctionRuntime& fn) {
    vm.result = fn.function->result == kTypeF64 ? f64_slot(vm.context.native_f64) : vm.context.native_int;
  }

  /// From now on the collector finds the machine frames from `caller` outwards.
  void anchor(uint64_t* caller, const uint8_t* pc) {
    if (frame_unit(caller) == kTrampoline) {
      vm_.context.native_frame = nullptr;
      return;
    }
    const CompiledUnit& unit = cache_->at(frame_unit(caller));
    const CallSite* site = unit.find_site(pc);
    frame_site(caller) = static_cast<uint32_t>(site->exit);
    vm_.context.native_frame = caller;
  }

  /// Sites are found by their raise exit's number, which is what machine code stores.
  static const CallSite* find_site_by_number(const CompiledUnit& unit, uint32_t exit) {
    for (const CallSite& site : unit.sites) {
      if (site.exit == exit) return &site;
    }
    ORUS_CHECK(false && "a call without a site");
    return nullptr;
  }

  /// After interpreting on behalf of machine code: back to its caller, or on to unwinding.
  uint64_t finish(Outcome outcome, const FunctionRuntime& fn, uint64_t* caller, const uint8_t* pc) {
    if (outcome == Outcome::kReturned) {
      vm_.context.native_int = vm_.result;
      vm_.context.native_f64 = slot_f64(vm_.result);
      (void)fn;
      return 0;
    }
    return outcome == Outcome::kLimit ? unwind_to_trampoline(caller, pc) : unwind(caller, pc);
  }

  /// An error is pending: the caller leaves at its call, where the interpreter looks for a handler.
  uint64_t unwind(uint64_t* frame, const uint8_t* pc) {
    VmContext& ctx = vm_.context;
    ctx.unwind_frame = frame;
    if (frame_unit(frame) == kTrampoline) {
      vm_.resume_base = nullptr;  // the frame that entered machine code
      ctx.native_outcome = static_cast<uint64_t>(Outcome::kError);
      ctx.unwind_stack = frame - 3;
      ctx.unwind_pc = pc;
      return 1;
    }
    const CompiledUnit& unit = cache_->at(frame_unit(frame));
    ctx.unwind_stack = reinterpret_cast<char*>(frame) - unit.frame_bytes;
    uint32_t exit = unit.find_site(pc)->exit;
    ctx.unwind_pc = unit.code + unit.exit_offsets[exit];
    // The call had counted the inlined frames around it; leave() counts those of every exit.
    ctx.depth -= static_cast<uint32_t>(unit.exits[exit].frames.size()) - 1;
    return 1;
  }

  uint64_t unwind_to_trampoline(uint64_t* frame, const uint8_t* pc) {
    while (frame_unit(frame) != kTrampoline) {
      // A limit runs no handler, but what a program has stored is stored. Values live across a call are on the stack.
      const CompiledUnit& unit = cache_->at(frame_unit(frame));
      write_globals(unit.exits[unit.find_site(pc)->exit], nullptr, frame);
      pc = return_address(frame);
      frame = caller_frame(frame);
    }
    VmContext& ctx = vm_.context;
    vm_.resume_base = nullptr;
    ctx.native_outcome = static_cast<uint64_t>(Outcome::kLimit);
    ctx.unwind_frame = frame;
    ctx.unwind_stack = frame - 3;
    ctx.unwind_pc = pc;
    return 1;
  }

  void raise_overflow(uint64_t* caller, const uint8_t* pc) {
    const CompiledUnit& unit = cache_->at(frame_unit(caller));
    const ExitFrame& frame = unit.exits[unit.find_site(pc)->exit].frames[0];
    FunctionRuntime& fn = vm_.function(frame.function);
    Slot header[kFrameHeader] = {0, 0, reinterpret_cast<Slot>(&fn)};
    vm_.raise(Trap::StackOverflow, header + kFrameHeader, fn.code + frame.pc);
  }

  template <class Value>
  static uint64_t read(const Value& value, const SavedRegisters* registers, const uint64_t* frame) {
    if (value.place.is_remat()) return value.bits;
    if (value.place.is_stack()) {
      return *reinterpret_cast<const uint64_t*>(reinterpret_cast<const char*>(frame) + spill_offset(value.place.slot()));
    }
    ORUS_CHECK(registers != nullptr);
    PReg reg = value.place.preg();
    return reg.cls == RegClass::kFloat ? registers->floats[reg.hw] : registers->ints[reg.hw];
  }

  /// Stores the globals that the exit's code keeps to itself. Without registers every one must be on the stack.
  void write_globals(const ExitRecord& exit, const SavedRegisters* registers, const uint64_t* frame) {
    for (const ExitGlobal& pending : exit.globals) {
      vm_.context.globals[pending.global] = read(pending, registers, frame);
      vm_.context.globals_assigned[pending.global] = 1;
    }
  }

  /// Writes the frames of an exit; gives the innermost base.
  Slot* write_frames(const ExitRecord& exit, const SavedRegisters* registers, const uint64_t* frame) {
    Slot* unit_base = frame_base(frame);
    write_globals(exit, registers, frame);
    for (size_t i = 0; i < exit.frames.size(); ++i) {
      const ExitFrame& state = exit.frames[i];
      Slot* base = unit_base + state.base_offset;
      FunctionRuntime& fn = vm_.function(state.function);
      base[-1] = reinterpret_cast<Slot>(&fn);
      base[-2] = reinterpret_cast<Slot>(fn.code + state.pc);
      if (i + 1 < exit.frames.size()) base[-3] = reinterpret_cast<Slot>(unit_base + exit.frames[i + 1].base_offset);
      for (uint32_t v = state.first; v < state.first + state.count; ++v) {
        base[exit.values[v].reg] = read(exit.values[v], registers, frame);
      }
    }
    return unit_base + exit.frames[0].base_offset;
  }

  // ---- policy

  /// Counts an exit and draws the consequences: cool-down, or recompilation without what failed.
  void note_exit(CompiledUnit& unit, ExitRecord& exit, uint32_t number) {
    if (unit.forced != nullptr) {
      // First, then second, then a later hit of the guard leaves; after that it is left alone.
      static constexpr int32_t kNext[] = {1, 37, 1000};
      if (unit.forced[number] == 0) unit.forced[number] = exit.hits <= 3 ? kNext[exit.hits - 1] : INT32_MAX;
    }
    FunctionRuntime& fn = vm_.function(unit.unit.function);
    if (exit.reason == ExitReason::loop_done) return;
    ++unit.failures;
    if (unit.unit.is_loop) {
      uint32_t pc = fn.facts->loop_pc[unit.unit.loop];
      set_loop_countdown(&fn.code[pc], 2 << std::min(unit.failures, 20u));
    }
    if (exit.reason == ExitReason::hoisted_check && exit.hits >= kHoistFailures && unit.checks_hoisted) {
      failures_of(unit.unit).push_back(exit.origin);
      ++stats_.recompiled;
      unit.checks_hoisted = false;
      retire(unit);
    }
  }

  /// Takes the unit out of service; the next trigger compiles it again.
  void retire(CompiledUnit& unit) {
    if (unit.retired) return;
    unit.retired = true;
    retired_.push_back(unit.id);
    FunctionRuntime& fn = vm_.function(unit.unit.function);
    if (unit.unit.is_loop) {
      if (fn.loops[unit.unit.loop].entry == unit.entry()) fn.loops[unit.unit.loop].entry = nullptr;
    } else if (fn.native == unit.code + unit.frame_entry_offset) {
      fn.native = nullptr;
      fn.countdown = 2;
      vm_.context.entries[fn.index] = const_cast<void*>(vm_.context.interpret_stub);
    }
  }

  // ---- compiling

  enum class Progress : uint8_t { kInstalled, kPending, kFailed };

  std::vector<uint32_t>& failures_of(const Unit& unit) { return failures_[unit.function][unit.is_loop ? unit.loop + 1 : 0]; }

  CompileOptions options_for(const Unit& unit) const {
    CompileOptions options = config_.compile;
    options.kept_checks = failures_[unit.function][unit.is_loop ? unit.loop + 1 : 0];
    const auto& kept = options.kept_checks;
    bool nameless = std::find(kept.begin(), kept.end(), 0u) != kept.end();
    options.hoist_checks = options.hoist_checks && !nameless && kept.size() <= kMaxKeptChecks;
    return options;
  }

  /// At once, or by the compiling thread: then a later look installs it.
  Progress compile(const Unit& unit) {
    auto among = [&](const std::vector<Unit>& units) { return std::find(units.begin(), units.end(), unit) != units.end(); };
    if (among(refused_)) return Progress::kFailed;
    if (among(pending_)) return Progress::kPending;
    CompileJob job{.unit = unit, .id = cache_->new_id(), .options = options_for(unit), .pass_ns = {}};
    if (queue_ == nullptr) {
      run_job(job, nullptr);
      return finish_job(job) ? Progress::kInstalled : Progress::kFailed;
    }
    pending_.push_back(unit);
    queue_->submit(std::move(job));
    return Progress::kPending;
  }

  /// On the compiling thread, if there is one: reads only what no run changes.
  void run_job(CompileJob& job, const std::atomic<bool>* cancelled) const {
    PassContext ctx{.module = vm_.verified(), .options = job.options, .cancelled = cancelled};
    ctx.after_pass = [&job](std::string_view pass, const Function&, bool, uint64_t ns) { job.pass_ns.emplace_back(pass, ns); };
    job.result = compile_unit(job.unit, config_, addresses_, job.id, ctx);
  }

  void install_finished() {
    if (queue_ == nullptr || !queue_->has_finished()) return;
    for (CompileJob& job : queue_->collect()) {
      std::erase(pending_, job.unit);
      finish_job(job);
    }
  }

  bool finish_job(CompileJob& job) {
    for (const auto& [pass, ns] : job.pass_ns) add_pass_time(pass, ns);
    if (!job.result.ok()) {
      const Error& error = job.result.error();
      if (error.code != ErrorCode::kUsage) {
        std::fprintf(stderr, "orus: internal compiler error: %s: %s\n", error.where.c_str(), error.detail.c_str());
        ORUS_CHECK(false && "compilation failed");
      }
      refused_.push_back(job.unit);
      return false;
    }
    if (!install(std::move(job.result).value())) return false;
    FunctionRuntime& fn = vm_.function(job.unit.function);
    if (!job.unit.is_loop) return true;
    // The loops around this one are hot too: compile each at its next iteration, so that the whole nest ends up in
    // one unit entered at its outermost header. The function follows at its next call.
    for (uint32_t outer : enclosing_loops(*fn.facts, job.unit.loop)) {
      Insn* insn = &fn.code[fn.facts->loop_pc[outer]];
      if (fn.loops[outer].entry == nullptr && insn->bc() > 2) set_loop_countdown(insn, 2);
    }
    fn.countdown = std::min(fn.countdown, 2);
    return true;
  }

  bool install(std::unique_ptr<CompiledUnit> made) {
    if (!retired_.empty()) release_retired();
    uint32_t id = made->id;
    if (!cache_->install(made)) {
      flush();
      if (!cache_->install(made)) {
        ++stats_.bailouts[0];
        return false;
      }
    }
    CompiledUnit& unit = cache_->at(id);
    stats_.compile_ns += unit.compile_ns;
    stats_.compiled_ops += unit.bytecode_ops;
    stats_.spills += unit.spills;
    ++(unit.unit.is_loop ? stats_.loops_compiled : stats_.functions_compiled);
    FunctionRuntime& fn = vm_.function(unit.unit.function);
    if (unit.unit.is_loop) {
      fn.loops[unit.unit.loop].entry = const_cast<void*>(unit.entry());
    } else {
      fn.native = const_cast<uint8_t*>(unit.code + unit.frame_entry_offset);
      vm_.context.entries[fn.index] = const_cast<void*>(unit.entry());
    }
    if (config_.trace_tiers) trace_tier(unit);
    if (config_.perf_map) write_perf_map(unit);
    return true;
  }

  // ---- eviction

  /// Which units have a frame on the stack, by id.
  std::vector<bool> units_on_stack() const {
    std::vector<bool> on_stack(cache_->end(), false);
    vm_.for_each_native_stretch([&](void* innermost) {
      for (auto* frame = static_cast<uint64_t*>(innermost); frame != nullptr && frame_unit(frame) != kTrampoline;
           frame = caller_frame(frame)) {
        on_stack[frame_unit(frame)] = true;
      }
    });
    return on_stack;
  }

  /// Gives back what is out of service and on no stack.
  void release_retired() {
    std::vector<bool> on_stack = units_on_stack();
    std::erase_if(retired_, [&](uint32_t id) {
      if (on_stack[id]) return false;
      add_exits(cache_->at(id), &stats_);
      cache_->release(id);
      ++stats_.evicted;
      return true;
    });
  }

  /// The code memory is full: everything goes that is not running, and comes back when it is hot again. Each time what
  /// went must be twice as hot, so that code which does not fit does not keep the compiler busy.
  void flush() {
    ++flushes_;
    int32_t calm = 1 << std::min(flushes_ + 6, 24u);
    for (uint32_t id = kFirstUnit; id < cache_->end(); ++id) {
      CompiledUnit* unit = cache_->find(id);
      if (unit == nullptr || unit->retired) continue;
      retire(*unit);
      FunctionRuntime& fn = vm_.function(unit->unit.function);
      if (unit->unit.is_loop) {
        set_loop_countdown(&fn.code[fn.facts->loop_pc[unit->unit.loop]], calm);
      } else {
        fn.countdown = calm;
      }
    }
    release_retired();
    if (config_.trace_tiers) std::fprintf(stderr, "[tier] code memory is full: %zu bytes stay\n", cache_->memory().used_bytes());
  }

  // ---- records

  static void add_exits(const CompiledUnit& unit, JitStats* stats) {
    for (const ExitRecord& exit : unit.exits) stats->exits[static_cast<size_t>(exit.reason)] += exit.hits;
  }

  void add_pass_time(std::string_view pass, uint64_t ns) {
    for (auto& [name, sum] : stats_.pass_ns) {
      if (name == pass) {
        sum += ns;
        return;
      }
    }
    stats_.pass_ns.emplace_back(pass, ns);
  }

  void trace_tier(const CompiledUnit& unit) {
    std::fprintf(stderr, "[tier] compiled %s%s: %zu bytes in %llu us\n", vm_.function(unit.unit.function).function->name.c_str(),
                 unit.unit.is_loop ? (" loop " + std::to_string(unit.unit.loop)).c_str() : "", unit.size,
                 static_cast<unsigned long long>(unit.compile_ns / 1000));
  }

  void write_perf_map(const CompiledUnit& unit) {
    std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
    if (std::FILE* file = std::fopen(path.c_str(), "a")) {
      std::fprintf(file, "%zx %zx orus:%s%s\n", reinterpret_cast<size_t>(unit.code), unit.size,
                   vm_.function(unit.unit.function).function->name.c_str(),
                   unit.unit.is_loop ? (":loop" + std::to_string(unit.unit.loop)).c_str() : "");
      std::fclose(file);
    }
  }

  void trace_exit(const CompiledUnit& unit, const ExitRecord& exit) {
    const auto& fn = *vm_.function(exit.frames[0].function).function;
    std::fprintf(stderr, "[exit] %s line %u: %s\n", fn.name.c_str(),
                 exit.frames[0].pc < fn.positions.size() ? fn.positions[exit.frames[0].pc].line : 0,
                 kExitReasons[static_cast<size_t>(exit.reason)].name.data());
    (void)unit;
  }
};

JitTierImpl* tier_of(VmContext* context) { return static_cast<JitTierImpl*>(context->vm->tier()); }

}  // namespace

extern "C" uint64_t leave_native(VmContext* context, const SavedRegisters* registers, uint32_t exit) {
  return tier_of(context)->leave(registers, exit);
}
extern "C" uint64_t call_interpreter(VmContext* context, const SavedArguments* arguments, uint32_t function, uint64_t* frame) {
  return tier_of(context)->interpret(arguments, function, frame);
}
extern "C" void native_barrier(VmContext* context, Object* object) { context->vm->heap().remember(object); }

Result<std::unique_ptr<JitTier>> JitTier::create(Vm& vm, const JitConfig& config) {
  if (config.interpret_ir) return create_ir_jit_tier(vm, config);
  auto tier = std::make_unique<JitTierImpl>(vm, config);
  Status status = tier->start();
  if (!status.ok()) return status.error();
  return std::unique_ptr<JitTier>(std::move(tier));
}

}  // namespace orus::jit
