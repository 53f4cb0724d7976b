// What the ops without memory, control or calls compute. One definition for the IR interpreter and for tests; it shares
// no code with the folder or with lowering, which it judges.
#pragma once

#include "jit/ir/ir.h"
#include "vm/tier.h"

namespace orus::jit {

/// Whether evaluate_ir knows the op.
bool is_evaluable(IrOp op);
/// Computes `op` with result type `type` of arguments in slot form, the first of type `argument_type`. False: the op
/// leaves (overflow, guard, bounds). The result is canonical. Checks what the row of ir_ops.def says has been proved.
bool evaluate_ir(IrOp op, IrType type, IrType argument_type, const Slot* args, Slot* result);

}  // namespace orus::jit
