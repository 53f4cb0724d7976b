// build_ir: from verified bytecode to IR, in one forward walk that inlines small callees on the way.
#pragma once

#include <memory>

#include "jit/ir/ir.h"
#include "jit/pipeline.h"

namespace orus::jit {

/// What to compile: a whole function, entered by calls, or one natural loop, entered from the interpreter at its header.
struct Unit {
  uint32_t function = 0;
  bool is_loop = false;
  uint32_t loop = 0;  // number of the loop, when is_loop
  bool operator==(const Unit&) const = default;
};

/// Never declines: every opcode has a lowering. Returns null only for a loop without a back edge.
std::unique_ptr<Function> build_ir(const VerifiedModule& module, const Unit& unit, const CompileOptions& options);

/// Numbers of the loops that contain this one, innermost first.
std::vector<uint32_t> enclosing_loops(const FunctionFacts& facts, uint32_t loop);

}  // namespace orus::jit
