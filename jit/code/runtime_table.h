// runtime_function: the C++ function behind an instruction that machine code and the IR interpreter call out for.
#pragma once

#include "vm/runtime/ops.h"

namespace orus::jit {

/// Never null for the opcodes that the builder lowers with Builder::runtime().
RuntimeOp runtime_function(const Insn& insn);

}  // namespace orus::jit
