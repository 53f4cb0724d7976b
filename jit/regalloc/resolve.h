// resolve: turns intervals into the result: slots, places of operands, edits, safepoint maps.
#pragma once

#include "jit/regalloc/linear_scan.h"

namespace orus::jit::ra {

/// `assignment` must satisfy the invariants in linear_scan.h; everything follows from it.
RaResult resolve(const Analysis& analysis, const RaEnv& env, const RaOptions& options, const Assignment& assignment);

}  // namespace orus::jit::ra
