// Findings on disk: DIR/<key>/ with the input, the module and a report that says how to run it again.
#pragma once

#include "fuzz/driver/campaign.h"

namespace orus::fuzz {

/// Reduces and bisects the finding (unless switched off) and writes its folder.
void record_finding(const Options& options, Shared* shared, Finding* finding);

}  // namespace orus::fuzz
