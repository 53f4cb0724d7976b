// print_allocation: a function and its allocation as text, for people reading a failure.
#pragma once

#include <string>

#include "jit/regalloc/regalloc.h"

namespace orus::jit {

/// `result` may be null: prints the vreg program alone. Stable: depends on the arguments only.
///
///   b1 (v3 v4) depth 1:                      block, parameters
///          r1 := s0                          edits, slot 0 to int register 1 (f1: float register 1)
///     5    use v3@r1  def v5=0@r1  cold v4@s0
///     6    -> b1 (v5 v4)  -> b2
std::string print_allocation(const RaFunction& fn, const RaResult* result);

}  // namespace orus::jit
