// Observation: everything about a run that must be equal in every tier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vm/runtime/vm.h"

namespace orus::fuzz {

struct Observation {
  Outcome outcome = Outcome::kReturned;
  Limit limit = Limit::kNone;
  // An uncaught error: what and where it was raised.
  uint32_t error_kind = 0, function = 0;
  uint64_t pc = 0;
  std::string message;
  Position limit_position;
  std::string output;
  uint64_t digest = 0;    // globals and everything they reach
  uint32_t depth = 0;     // frames still counted at the end; the same everywhere after a normal end
  uint64_t ops = 0;       // instructions charged; only when `counted`
  bool counted = false;
  uint64_t machine_state = 0;  // left behind (machine_state.h); 0: not looked at
  bool small_heap = false;  // running out of memory was asked for
  bool refused = false;   // the host gave no memory: nothing to compare
};

/// What differs first: one word for the kind of difference, and a sentence. The reference counts.
struct Difference {
  std::string what;
  std::string detail;
};
std::optional<Difference> compare(const Observation& reference, const Observation& other);

}  // namespace orus::fuzz
