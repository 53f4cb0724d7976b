// Frame states for checks in front of a loop.
//
// A check that moved out of a loop must not leave with the frame state it had inside: the interpreter would skip the
// iterations before it. It leaves to the loop's header instead, with the values that the header would have received,
// and the interpreter runs the loop with its own checks.
#pragma once

#include "jit/ir/ir.h"

namespace orus::jit {

/// The frame state of the end of `loop`'s preheader: the state that the poll at the loop's header carries, with the
/// header's block parameters replaced by what the preheader passes. Every use adds a new frame state.
///
/// Returns: none when the loop has no preheader, no poll (CompileOptions.poll), or a poll whose state cannot be
///          expressed there. The caller's instruction takes reason hoisted_check.
/// Needs:   fn.at(loop.header).predecessors and loop.preheader up to date.
FrameId preheader_frame(Function& fn, const Loop& loop);

/// Where the program makes a check, for the tier to name one that keeps failing in front of its loop: its pc + 1, which a
/// hoisted check keeps in `aux`.
inline uint32_t check_origin(const Function& fn, InstId check) {
  const Inst& inst = fn.at(check);
  return inst.reason == ExitReason::hoisted_check || !inst.frame.valid() ? inst.aux : fn.at(inst.frame).pc + 1;
}

}  // namespace orus::jit
