// Random IR for tests: arithmetic, branches, loops and block parameters. Every unit ends, and meets every condition
// that the ops demand to have been proved, so that it may run on any arguments before and after any pass.
#pragma once

#include "jit/ir/ir.h"

namespace orus::jit {

struct RandomIrConfig {
  uint64_t seed = 1;
  uint32_t statements = 40;   // roughly: instructions, branches and loops together
  bool exits = true;          // overflow checks, guards and bounds
  bool globals = true;        // loads and stores of the globals of random_ir_module
  bool polls = false;         // polls at loop headers, with the frame state of the header
  bool assigned = false;      // every global is assigned first
};

/// The module that random units belong to: function 0 takes two i32, two i64, an f64 and a bool and gives an i64; its
/// registers 6.. are one more of each kind, so that frame states can name them.
Module random_ir_module();
inline constexpr uint32_t kRandomParams = 6;

/// Same configuration, same unit. `module` is one made by random_ir_module; verified by construction.
Function random_ir(const Module& module, const RandomIrConfig& config);

}  // namespace orus::jit
