// Vm: one isolate. Loads a verified module, owns its heap, globals and stack, and runs it in the interpreter and
// through the Tier it was given. One thread at a time; interrupt() may be called from any.
//
// Frames (C4). A frame is a run of 64-bit slots on the VM stack, the same in every tier:
//
//     base[-3]  caller's base          (the bottom frame of an activation: its entry frame)
//     base[-2]  pc of this frame       (const Insn*; current whenever the frame can be looked at: at calls, safepoints,
//                                       errors)
//     base[-1]  FunctionRuntime*
//     base[0..] registers, canonical: i32 and u32 zero-extended, bool 0 or 1, references as pointers
//
// Which registers hold live references at a pc comes from the verifier (live_before); others are never looked at.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "vm/bytecode/verifier.h"
#include "vm/runtime/heap.h"
#include "vm/runtime/object.h"
#include "vm/tier.h"

namespace orus {

inline constexpr uint32_t kFrameHeader = 3;  // slots below base

struct LoopRuntime {
  void* entry = nullptr;  // machine code for this header
  uint32_t failures = 0;  // for the tier's policy
};

/// A function as one VM runs it.
struct FunctionRuntime {
  Insn* code = nullptr;           // the VM's own copy: `loop` instructions hold their countdown in bc
  void* native = nullptr;         // machine code; null: interpret
  int32_t countdown = 0;          // calls until the tier is asked
  uint32_t register_count = 0;
  uint32_t params = 0;
  uint32_t index = 0;
  const Function* function = nullptr;
  const FunctionFacts* facts = nullptr;
  const uint32_t* block_cost = nullptr;  // by code word; 0 where no block starts
  std::vector<LoopRuntime> loops;
  Slot* frame_base(Slot* caller_base, const FunctionRuntime& caller) const;
  uint32_t pc_of(const Insn* insn) const { return static_cast<uint32_t>(insn - code); }
};

enum class Limit : uint8_t { kNone, kFuel, kHeap, kTimeout, kInterrupt, kStackMemory };

struct VmConfig {
  HeapConfig heap;
  uint32_t max_depth = 20000;         // frames
  int64_t fuel = -1;                  // bytecode instructions; -1: unlimited
  bool count_ops = false;             // keep Vm::counters().*_ops (implied by fuel)
  double timeout_seconds = 0;         // 0: none
  int32_t loop_countdown = 1000;      // iterations of a loop before the tier is asked; 1: at once
  int32_t call_countdown = 500;
};

/// State that machine code reads and writes; offsets are asserted where they are used.
struct VmContext {
  AllocationWindow window;
  std::atomic<uint32_t> interrupt{0};   // nonzero: stop at the next poll
  uint32_t depth = 0;                   // frames in use
  uint32_t max_depth = 0;
  uint32_t pad = 0;
  int64_t fuel = 0;                     // only meaningful when counting
  uint64_t* globals = nullptr;          // by GlobalId
  uint8_t* globals_assigned = nullptr;  // by GlobalId: 1 once stored to
  uint64_t* constants = nullptr;        // by ConstantId, canonical; strings as references
  FunctionRuntime* functions = nullptr;
  void** entries = nullptr;             // by function: machine code or the tier's stub that interprets
  void* native_frame = nullptr;         // innermost machine-code frame when C++ runs on its behalf
  char* host_stack_limit = nullptr;     // machine code with large frames may not push below this
  Vm* vm = nullptr;
  // Machine code's own cells: results of the entered function, how it ended, where unwinding goes on.
  uint64_t native_int = 0;
  double native_f64 = 0;
  uint64_t native_outcome = 0;
  void* unwind_frame = nullptr;
  void* unwind_stack = nullptr;
  const void* unwind_pc = nullptr;
  const void* exit_stub = nullptr;       // shared code that leaves machine code
  const void* interpret_stub = nullptr;  // shared code that calls a function without machine code
  const void* barrier_stub = nullptr;    // shared code of the write barrier's slow path
};

struct VmCounters {
  uint64_t interpreted_ops = 0;
  uint64_t native_ops = 0;
};

/// Stops collection bookkeeping from losing C++ locals: a reference that is a root while in scope.
template <class T>
class Rooted;

struct PendingError {
  ErrorObject* object = nullptr;
};

/// Where print and input go. Default: buffered standard output and standard input.
class Console {
 public:
  virtual ~Console() = default;
  virtual void write(std::string_view text) = 0;
  virtual void flush() = 0;
  /// Reads one line without its terminator; false at end of input.
  virtual bool read_line(std::string* line) = 0;
};

class Vm final : public RootSource {
 public:
  /// Borrows the module, console and tier; all must outlive the VM. `tier` may be null: interpreter only.
  static Result<std::unique_ptr<Vm>> create(const VerifiedModule& module, const VmConfig& config, Console& console);
  ~Vm() override;
  void set_tier(Tier* tier) { tier_ = tier; }

  /// Runs the module's main function. kReturned, kError or kLimit.
  Outcome run_main();
  /// Interprets `fn` with the arguments already in registers 0.. of `base` (a frame position above every frame in
  /// use); nests on the C stack. The value, if any, is left in result.
  Outcome call_function(FunctionRuntime& fn, Slot* base);
  /// Continues the frames from `base` (innermost) until the one at `bottom` returns. With `raise`, a pending error is
  /// first raised at the pc of `base`. `charged`: the block at that pc has been paid for.
  Outcome resume(Slot* base, Slot* bottom, bool raise, bool charged);

  /// Thread-safe. The VM stops with Limit::kInterrupt at its next poll.
  void interrupt();

  // State, for the tiers.
  VmContext context;
  Slot result = 0;
  Slot* resume_base = nullptr;
  bool resume_charged = false;
  Trap trap{};           // interpreter scratch: the trap that a handler is about to raise
  Outcome outcome{};     // interpreter scratch: how the running activation ended

  const Module& module() const { return verified_.module; }
  const VerifiedModule& verified() const { return verified_; }
  const VmConfig& config() const { return config_; }
  bool counting() const { return counting_; }
  Heap& heap() { return *heap_; }
  Console& console() { return console_; }
  Tier* tier() { return tier_; }
  FunctionRuntime& function(size_t i) { return functions_[i]; }
  size_t function_count() const { return functions_.size(); }
  VmCounters counters() const;
  int64_t fuel_left() const { return context.fuel; }
  void charge_native(uint64_t ops) { native_ops_ += ops; }

  // Errors. raise() makes the error object and records where; always returns false so that runtime functions can
  // `return vm.raise(...)`. False with a Limit set when memory for it ran out.
  bool raise(Trap trap, const Slot* base, const Insn* pc);
  bool raise(ErrorKind kind, std::string_view message, const Slot* base, const Insn* pc);
  bool raise_again(ErrorObject* error);
  /// A user error with `message` (a root of the frame), for `raise`.
  bool raise_string(String* message, const Slot* base, const Insn* pc);
  bool reach(Limit limit) {
    limit_ = limit;
    return false;
  }
  ErrorObject* pending_error() { return pending_; }
  void clear_pending() { pending_ = nullptr; }
  Limit limit() const { return limit_; }
  /// After kError: kind word, message and position of the uncaught error.
  struct ErrorReport {
    std::string kind, message;
    Position position;
    std::string function;
  };
  ErrorReport error_report() const;
  /// After kLimit: position where execution stopped.
  ErrorReport limit_report() const;

  bool is_reference_global(uint32_t g) const { return globals_reference_[g] != 0; }

  /// Polls at a safepoint: interrupt and time-out flags. False: a limit was reached.
  bool poll();

  /// Allocates, or reaches Limit::kHeap and returns null.
  Object* allocate(ObjectKind kind, uint32_t type, size_t bytes) {
    Object* object = heap_->allocate(kind, type, bytes);
    if (object == nullptr) [[unlikely]]
      reach(Limit::kHeap);
    return object;
  }

  /// Handler that catches an error raised at `pc` of `fn`, or null.
  const Handler* find_handler(const FunctionRuntime& fn, uint32_t pc) const;

  /// Registers that hold live references at `pc`: before the instruction, or across it (a call in progress). Cached.
  enum class Liveness : uint8_t { kBefore, kAcross };
  const std::vector<uint16_t>& live_references(const FunctionRuntime& fn, uint32_t pc, Liveness at);

  // Activations: what the collector walks. Innermost first.
  struct Activation {
    Activation* previous;
    Slot* top;          // interpreter: innermost frame when it is not running; null for machine code
    void* native_frame; // machine code: innermost frame when it is not running
    bool top_in_tier = false;  // `top` was entered at a loop: the tier holds its registers, the slots are stale
  };
  Activation* activation = nullptr;
  /// Calls visit(frame) with the innermost machine frame of every stretch of machine code on the stack, innermost first.
  template <class Visit>
  void for_each_native_stretch(Visit visit) const {
    void* frame = context.native_frame;
    for (const Activation* a = activation; a != nullptr; a = a->previous) {
      if (a->top != nullptr) continue;
      visit(frame);
      frame = a->native_frame;
    }
  }

 private:
  friend struct Interpreter;
  template <class T>
  friend class Rooted;
  explicit Vm(const VerifiedModule& module, const VmConfig& config, Console& console);
  Status load();
  void* map_stack();
  void unmap_stack();
  bool make_error(ErrorKind kind, String* message, const Slot* base, const Insn* pc);
  void visit_frames(const Activation& record, RootSink& sink);

  const VerifiedModule& verified_;
  VmConfig config_;
  Console& console_;
  Tier* tier_ = nullptr;
  std::unique_ptr<Heap> heap_;
  std::vector<FunctionRuntime> functions_;
  std::vector<std::vector<Insn>> code_;
  std::vector<std::vector<uint32_t>> costs_;
  std::vector<uint64_t> globals_, constants_;
  std::vector<uint8_t> globals_assigned_, globals_reference_;
  std::vector<void*> entries_;
  std::vector<uint32_t> reference_globals_, reference_constants_;
  std::vector<std::unordered_map<uint32_t, std::vector<uint16_t>>> live_cache_;
  Slot* stack_ = nullptr;
  size_t stack_bytes_ = 0;
  ErrorObject* pending_ = nullptr;
  Limit limit_ = Limit::kNone;
  uint32_t limit_function_ = 0, limit_pc_ = 0;
  bool counting_ = false;
  uint64_t interpreted_ops_ = 0, native_ops_ = 0;
  const Insn* charged_pc_ = nullptr;
  Object** root_list_[64];
  uint32_t root_count_ = 0;
  std::chrono::steady_clock::time_point deadline_;

 public:
  /// For the collector.
  void visit_roots(RootSink& sink) override;
  /// Stores the error or limit position; used by the interpreter when a limit stops it.
  void note_limit(const FunctionRuntime& fn, uint32_t pc) {
    limit_function_ = fn.index;
    limit_pc_ = pc;
  }
  void add_interpreted(uint64_t ops) { interpreted_ops_ += ops; }
};

template <class T>
class Rooted {
 public:
  Rooted(Vm& vm, T* object) : vm_(vm), object_(object) {
    ORUS_CHECK(vm.root_count_ < 64);
    vm.root_list_[vm.root_count_++] = &object_;
  }
  ~Rooted() { --vm_.root_count_; }
  Rooted(const Rooted&) = delete;
  Rooted& operator=(const Rooted&) = delete;
  T* operator->() const { return static_cast<T*>(object_); }
  T* get() const { return static_cast<T*>(object_); }
  void set(T* object) { object_ = object; }

 private:
  Vm& vm_;
  Object* object_;
};

/// The frame's function and pc.
inline FunctionRuntime* frame_function(const Slot* base) { return reinterpret_cast<FunctionRuntime*>(base[-1]); }
inline const Insn* frame_pc(const Slot* base) { return reinterpret_cast<const Insn*>(base[-2]); }
inline Slot* frame_caller(const Slot* base) { return reinterpret_cast<Slot*>(base[-3]); }
inline void set_frame_pc(Slot* base, const Insn* pc) { base[-2] = reinterpret_cast<Slot>(pc); }
inline Slot* FunctionRuntime::frame_base(Slot* caller_base, const FunctionRuntime& caller) const {
  return caller_base + caller.register_count + kFrameHeader;
}

template <class T>
T* slot_ref(Slot slot) {
  return reinterpret_cast<T*>(slot);
}
inline Slot ref_slot(const Object* object) { return reinterpret_cast<Slot>(object); }
inline double slot_f64(Slot slot) { return __builtin_bit_cast(double, slot); }
inline Slot f64_slot(double value) { return __builtin_bit_cast(Slot, value); }

}  // namespace orus
