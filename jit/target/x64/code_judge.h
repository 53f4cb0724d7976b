// judge_code: reads emitted bytes back through a decoder that shares nothing with the emitter (Zydis) and holds them
// against the LIR and the allocation they came from. For tests and fuzzing; the compiler never calls it.
//
// What it finds: bytes that do not decode; jumps into the middle of an instruction or out of the unit; constants read
// outside the pool; registers touched that neither the allocation nor the conventions give to that instruction; a wrong
// operation, width, immediate, condition, displacement or access size; jumps and falls to other blocks than those that follow.
// What it leaves to execution: whether the operation is the right one for the IR, and the order of operands.
#pragma once

#include "base/result.h"
#include "jit/lower/lowering.h"
#include "jit/target/target.h"

namespace orus::jit::x64 {

/// Errors: kBadIr; `where` gives the offset and the LIR instruction, the detail what is wrong.
Status judge_code(const Lowering& lowering, const RaResult& allocation, const EmittedUnit& unit);

}  // namespace orus::jit::x64
