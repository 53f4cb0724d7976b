// diff_module: runs one module in several modes and compares every one with the reference.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/oracle/runner.h"

namespace orus::fuzz {

/// Something that must not happen. `oracle` says who noticed; `mode` and `settings` repeat it with check_mode().
struct Failure {
  std::string oracle, mode, what, detail;
  RunSettings settings = {};
};

/// What a target learned from one input; the engine adds these up.
struct CaseStats {
  bool valid = false;              // the generator's module passed the verifier
  bool native = false;             // machine code was made and entered
  bool out_of_fuel = false;
  bool early = false;              // an error ended it before any loop or call was compiled
  std::bitset<kOpCount> opcodes;   // that were executed, by the reference
  uint32_t modes = 0;              // bit set of the modes it ran in, by ModeId
  std::vector<uint32_t> features;  // what happened, as numbers: an input with a new one is worth keeping
  /// Told about every run before it starts, so that a crash has a name.
  void (*before_run)(std::string_view mode, const RunSettings& settings, void* context) = nullptr;
  void* context = nullptr;

  void announce(std::string_view mode, const RunSettings& settings) const {
    if (before_run != nullptr) before_run(mode, settings, context);
  }
};

/// Runs the program in the interpreter and in one mode, both with the same settings, and compares.
std::optional<Failure> check_mode(const VerifiedModule& module, std::string_view mode, const RunSettings& settings, CaseStats* stats);

/// Modes in `list` are run in order and compared with one reference run; the first failure ends it.
std::optional<Failure> diff_module(const VerifiedModule& module, std::span<const ModeId> list, const RunSettings& settings,
                                   CaseStats* stats);

}  // namespace orus::fuzz
