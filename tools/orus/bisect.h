// Bisecting a difference between tiers down to the optimizer pass that causes it.
#pragma once

#include <string>

#include "tools/orus/modes.h"

namespace orus::tool {

/// Names the guilty pass, or says that no pass is to blame. Runs `file` in `mode` once for each pass and a few times
/// more. `reference` is what the run should show.
std::string find_guilty_pass(const Invocation& invocation, const Mode& mode, const std::string& file, const std::string& input,
                             const Observation& reference);

}  // namespace orus::tool
