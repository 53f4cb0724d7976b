// diff_module: runs one module in several modes and compares every one with the reference.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/oracle/runner.h"

namespace orus::fuzz {

/// Something that must not happen. `oracle` says who noticed, `mode` under which circumstances.
struct Failure {
  std::string oracle, mode, what, detail;
};

/// What a target learned from one input; the engine adds these up.
struct CaseStats {
  bool valid = false;          // the generator's module passed the verifier
  bool native = false;         // machine code was made and entered
  bool out_of_fuel = false;
  bool early = false;          // an error ended it before any loop or call was compiled
  std::bitset<kOpCount> opcodes;  // that the program has
  uint32_t modes = 0;          // bit set of the modes it ran in, by ModeId
};

/// Modes in `list` are run in order; the first failure ends it.
std::optional<Failure> diff_module(const VerifiedModule& module, std::span<const ModeId> list, const RunSettings& settings, CaseStats* stats);

}  // namespace orus::fuzz
