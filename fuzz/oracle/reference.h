// The reference: a second interpreter, written from the semantics column of opcodes.def and docs/bytecode.md alone. It
// shares no code with vm/interp and vm/runtime (only the tables and the module's data), caches nothing and collects
// nothing, so that a mistake of the production interpreter cannot hide in both.
#pragma once

#include <bitset>

#include "fuzz/oracle/runner.h"

namespace orus::fuzz {

struct ReferenceReport {
  Observation seen;
  std::bitset<kOpCount> executed;
};

/// Charges fuel like a counting mode. Does not know limits of memory.
ReferenceReport run_reference(const Module& module, const RunSettings& settings, std::span<const std::string_view> input_lines);

}  // namespace orus::fuzz
