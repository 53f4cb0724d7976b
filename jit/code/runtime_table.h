// Runtime functions by bytecode: what the IR op `runtime` calls, in the IR interpreter and in machine code alike.
#pragma once

#include "vm/runtime/ops.h"

namespace orus::jit {

/// The runtime function of an opcode; null when the IR expresses the opcode itself, and for `rt`, whose function depends
/// on its builtin.
RuntimeOp runtime_function(Op op);
/// The same for an instruction, `rt` included.
RuntimeOp runtime_function(const Insn& insn);

}  // namespace orus::jit
