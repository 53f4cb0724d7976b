// The one door between the VM and a compiler. The interpreter reports hot code through it and enters machine code
// through it; vm/ never includes jit/.
#pragma once

#include <cstdint>

#include "vm/bytecode/opcode.h"
#include "vm/runtime/heap.h"

namespace orus {

class Vm;
struct FunctionRuntime;
using Slot = uint64_t;

/// How a stretch of execution ended, in any tier.
enum class Outcome : uint8_t {
  kReturned,  // the function returned; its value, if any, is in Vm::result
  kResume,    // machine code left: continue interpreting at Vm::resume_base, whose frame holds the pc
  kError,     // a language error is pending in Vm (pending_error())
  kLimit,     // a limit was reached (Vm::limit()); nothing can catch it
};

class Tier {
 public:
  virtual ~Tier() = default;

  /// The loop at `pc` (a `loop` instruction of `fn`) ran out of its countdown. May compile; sets the next countdown.
  /// Returns machine code to enter at this loop header, or null to go on interpreting.
  virtual void* loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) = 0;
  /// The same for a call of `fn`.
  virtual void* function_entry(Vm& vm, FunctionRuntime& fn) = 0;

  /// Runs machine code from loop_entry on the interpreter frame `base`: kReturned, kResume, kError or kLimit.
  virtual Outcome enter_loop(Vm& vm, void* entry, Slot* base) = 0;
  /// Runs machine code of a function whose arguments are in place in registers 0.. of `base`.
  virtual Outcome enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) = 0;

  /// Visits the references that machine-code frames hold, from the innermost frame anchor `fp` outwards to the
  /// trampoline that entered it.
  virtual void visit_roots(void* fp, RootSink& sink) = 0;
};

}  // namespace orus
