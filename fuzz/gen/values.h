// Where constants come from: boundaries of their kind, neighbours of constants and lengths the program already has,
// small numbers, random bits. Uniform values alone never reach about a third of the mistakes a compiler makes.
#pragma once

#include <vector>

#include "fuzz/gen/dna.h"
#include "fuzz/gen/facts.h"
#include "vm/bytecode/module.h"

namespace orus::fuzz {

class ValuePool {
 public:
  explicit ValuePool(Stream& stream) : stream_(stream) {}

  /// Bits in slot form of a constant of a scalar kind that has the facts.
  uint64_t constant(TypeKind kind, const Facts& facts);
  /// An integer half way between two f64, or beside it: where rounding is decided. `bits` > 54: the largest magnitude.
  uint64_t between_reals(uint32_t bits);
  /// The f64 nearest to a constant of an integer kind.
  double real_of(TypeKind integer_kind);
  /// A signed 16-bit immediate with |i| < 2^bits.
  int16_t immediate(const Facts& facts);
  /// A text for a string constant.
  std::string_view text();

  /// Remembers a number that the program contains.
  void harvest(int64_t number);

 private:
  int64_t integer(uint32_t width, bool is_signed, const Facts& facts);
  int64_t raw_integer(uint32_t width, bool is_signed, uint8_t bits);
  double real(const Facts& facts);

  Stream& stream_;
  std::vector<int64_t> harvested_;
};

/// Bits of magnitude of a kind: 31 and 63 for signed integers without their minimum, 32 and 64 for unsigned ones.
uint8_t magnitude_bits(TypeKind kind);

}  // namespace orus::fuzz
