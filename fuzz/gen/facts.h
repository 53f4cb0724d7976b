// Facts: what a generated program keeps true of a register, global or parameter at every point where it is assigned.
// They let the generator choose operands that do not raise, so that programs live long enough to be interesting, and
// raise on purpose elsewhere. They are a heuristic: a program that breaks one raises an error, which is fine too.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace orus::fuzz {

struct Facts {
  static constexpr uint8_t kAny = 255;
  uint8_t bits = kAny;     // numbers: |value| < 2^bits
  bool nonneg = false;
  bool nonzero = false;
  uint8_t elem = kAny;     // arrays: bits of every element
  uint16_t min_len = 0;    // arrays: never shorter; 0 also allows pops

  bool operator==(const Facts&) const = default;
};

/// A value with the facts `have` serves where `need` is asked for.
inline bool serves(const Facts& have, const Facts& need) {
  return have.bits <= need.bits && (have.nonneg || !need.nonneg) && (have.nonzero || !need.nonzero) && have.elem <= need.elem &&
         have.min_len >= need.min_len;
}

/// A value with the facts `have` may be put where `slot` is promised. Arrays are shared, so theirs must be equal.
inline bool storable(const Facts& have, const Facts& slot) {
  return have.elem == slot.elem && have.min_len == slot.min_len && serves(have, slot);
}

inline uint8_t bits_of(int64_t value) {
  uint64_t magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return static_cast<uint8_t>(std::bit_width(magnitude));
}

inline Facts facts_of(int64_t value) { return {.bits = bits_of(value), .nonneg = value >= 0, .nonzero = value != 0}; }

inline constexpr Facts kNoFacts = {};
inline constexpr Facts kIndexFacts = {.bits = 4, .nonneg = true};

}  // namespace orus::fuzz
