// Multipliers that stand for a division by a constant.
//
// Source: Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994), theorems 4.2 and
// 5.1, with the smallest shift that satisfies them. With m = ceil(2^p / d) and e = m * d - 2^p:
//   signed,   -2^(w-1) <= n < 2^(w-1):  e <= 2^(p-w+1) implies trunc(n / d) = floor(m * n / 2^p) + (n < 0)
//   unsigned, 0 <= n < 2^w:             e <= 2^(p-w)   implies floor(n / d) = floor(m * n / 2^p)
#pragma once

#include <cstdint>

namespace orus::jit {

using Unsigned128 = unsigned __int128;

struct Magic {
  Unsigned128 multiplier = 0;
  int shift = 0;  // p
};

namespace magic_internal {
/// The smallest p >= width whose error is at most 2^(p - slack_bits).
constexpr Magic search(uint64_t divisor, int width, int slack_bits) {
  for (int p = width;; ++p) {
    Unsigned128 power = Unsigned128{1} << p;
    Unsigned128 multiplier = power / divisor + 1;  // the divisor is no power of two: never exact
    if (multiplier * divisor - power <= Unsigned128{1} << (p - slack_bits)) return {multiplier, p};
  }
}
}  // namespace magic_internal

/// For a divisor that is at least 3, below 2^(width-1) and no power of two. The multiplier is below 2^width.
constexpr Magic signed_magic(uint64_t divisor, int width) { return magic_internal::search(divisor, width, width - 1); }

/// For a divisor that is at least 3, below 2^(width-1), no power of two, and dividends below 2^dividend_bits. The
/// multiplier is below 2^(width+1).
constexpr Magic unsigned_magic(uint64_t divisor, int width, int dividend_bits) {
  return magic_internal::search(divisor, width, dividend_bits);
}

}  // namespace orus::jit
