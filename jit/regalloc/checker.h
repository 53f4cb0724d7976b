// Checker: judges a register allocation without trusting, or sharing code with, whoever made it.
//
// Abstract interpretation. At every point each place (register or slot) maps to the set of vregs whose current value
// it certainly holds: edits copy sets, instructions kill what they clobber and define their outputs, joins intersect.
// A use is right if the place it was given holds its vreg. A safepoint moves objects, so afterwards a reference
// survives only in the slots its map lists. Source: the checker of regalloc2 (Fallin), after Rideau and Leroy's idea.
#pragma once

#include "jit/regalloc/regalloc.h"

namespace orus::jit {

/// Whether `result` implements `fn`. `fn` must pass validate_ra_function.
///
/// Checks:  every use and cold use finds its vreg; kReg, kFixed and kReuse hold; no two outputs, and no output and
///          live late input, share a place; clobbers; scratch use; safepoint maps list exactly slots with references
///          live across and all of them; slot ranges; edits are ordered, within a block and well-formed.
/// Errors:  kBadIr, `where` = "b<block> i<inst>", `detail` names operand, expected vreg and what was found instead.
Status check_allocation(const RaFunction& fn, const RaEnv& env, const RaResult& result);

}  // namespace orus::jit
