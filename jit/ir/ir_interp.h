// The interpreter of the IR: runs one unit on a real VM frame, as machine code made from it would. The judge of the
// builder, of every pass and of the back ends; plain, and sharing nothing with them.
//
// 1. Values live in an environment, never in the frame: what the frame holds between entry and exit means nothing.
// 2. References in the environment are roots through visit_ir_roots; the chain of environments hangs off
//    VmContext::native_frame while a unit runs.
// 3. An exit writes the frames of its frame state, and nothing else, before it returns.
#pragma once

#include "base/rng.h"
#include "jit/ir/ir.h"
#include "vm/runtime/vm.h"

namespace orus::jit {

/// What one run is asked and tells.
struct IrRun {
  Rng* forced_exits = nullptr;  // with force_one_in: instructions that may leave do so once in so many times
  uint32_t force_one_in = 0;
  InstId exit;                  // the instruction that left; none after a return or when the unit was not entered
  bool forced = false;          // it left although it did not have to
  uint64_t steps = 0;           // instructions run
};

/// What a register that is not live holds after an exit, in checked builds; references hold null in every build.
inline constexpr Slot kPoison = 0xDEADDEADDEADDEAD;

/// Runs `fn` on the frame `base`, whose header is set: a function with its arguments in registers 0.., a loop with the
/// frame that the interpreter has at its header. Depth counts a function's frame from entry to return, as the
/// interpreter does, and inlined frames from the exit on that makes them.
///
/// Returns: kReturned (value in vm.result); kResume (frames written, vm.resume_base and vm.resume_charged set); kError
/// and kLimit (the same, with the error or limit pending at vm.resume_base's pc).
/// Instead of overflowing the host's stack, or the VM's by inlined frames, it leaves before the first instruction.
/// Verified IR only.
Outcome interpret_ir(Vm& vm, const Function& fn, Slot* base, IrRun* run = nullptr);

/// Visits the references of the environment at `anchor` (a value of VmContext::native_frame).
void visit_ir_roots(void* anchor, RootSink& sink);

}  // namespace orus::jit
