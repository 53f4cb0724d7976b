// The compiler without a back end: JitConfig::interpret_ir. Units are built and optimized as for machine code, then run
// in the IR interpreter (jit/ir/ir_tier.h).
#pragma once

#include "jit/jit_tier.h"

namespace orus::jit {

/// Borrows the VM and installs itself there, like JitTier::create. Compiles at once, never in the background.
std::unique_ptr<JitTier> create_ir_jit_tier(Vm& vm, const JitConfig& config);

}  // namespace orus::jit
