#include "fuzz/oracle/observation.h"

#include <fmt/format.h>

#include <algorithm>

namespace orus::fuzz {
namespace {

std::string describe(const Observation& o) {
  switch (o.outcome) {
    case Outcome::kReturned:
    case Outcome::kResume: return "a normal end";
    case Outcome::kError: return fmt::format("error {} '{}' at {}@{}", kErrorKindWords[o.error_kind], o.message, o.function, o.pc);
    case Outcome::kLimit:
      return fmt::format("limit {} at {}:{}", static_cast<int>(o.limit), o.limit_position.line, o.limit_position.column);
  }
  return "?";
}

/// How much is garbage when memory runs out is no part of the language, so neither is what was done before.
bool memory_limit(const Observation& o) {
  return o.outcome == Outcome::kLimit && (o.limit == Limit::kHeap || o.limit == Limit::kStackMemory);
}

}  // namespace

std::optional<Difference> compare(const Observation& reference, const Observation& other) {
  if (reference.refused || other.refused) return std::nullopt;
  if (memory_limit(reference) && memory_limit(other)) return std::nullopt;
  // Close to the limit it depends on what each tier still holds whether a collection frees enough.
  if (reference.small_heap && (memory_limit(reference) || memory_limit(other))) return std::nullopt;
  std::string expected = describe(reference), actual = describe(other);
  if (expected != actual) {
    bool same_ending = reference.outcome == other.outcome && reference.limit == other.limit && reference.message == other.message;
    return Difference{same_ending ? "position" : "ending", actual + " instead of " + expected};
  }
  if (reference.output != other.output) {
    auto at = std::mismatch(reference.output.begin(), reference.output.end(), other.output.begin(), other.output.end()).first -
              reference.output.begin();
    auto from = static_cast<size_t>(std::max<std::ptrdiff_t>(0, at - 20));
    return Difference{"output",
                      fmt::format("output differs at byte {}: '{}' instead of '{}'", at,
                                  other.output.substr(std::min(from, other.output.size()), 60), reference.output.substr(from, 60))};
  }
  if (reference.digest != other.digest) return Difference{"heap", "other values in globals or objects at the end"};
  if (reference.depth != other.depth)
    return Difference{"depth", fmt::format("{} frames counted at the end instead of {}", other.depth, reference.depth)};
  if (reference.machine_state != 0 && other.machine_state != 0 && reference.machine_state != other.machine_state) {
    return Difference{"machine-state", fmt::format("floating-point control and direction flag are {:#x} afterwards instead of {:#x}",
                                                   other.machine_state, reference.machine_state)};
  }
  if (reference.counted && other.counted && reference.ops != other.ops) {
    return Difference{"fuel", fmt::format("{} instructions charged instead of {}", other.ops, reference.ops)};
  }
  return std::nullopt;
}

}  // namespace orus::fuzz
