// sequence_moves: orders moves that happen at once so that they can happen one after another.
#pragma once

#include <span>
#include <vector>

#include "jit/regalloc/regalloc.h"

namespace orus::jit::ra {

struct Transfer {
  VReg vreg;
  Allocation from, to;
};

/// Appends to `out` moves equivalent to reading every `from` before writing any `to`. Destinations must be distinct.
///
/// Cycles go through a scratch register, and so do moves between slots. A cycle that has both keeps the broken value
/// in the scratch of one class and copies slots through the other, which is why both classes must have one.
/// Rematerialisations come last; into a slot they pass through a scratch register.
void sequence_moves(const RaFunction& fn, const RaEnv& env, std::span<const Transfer> moves, std::vector<Transfer>& out);

}  // namespace orus::jit::ra
