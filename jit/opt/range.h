// Range: the integers between two bounds, and what operations and comparisons do to them.
//
// Bounds are 128 bits wide, so that the sum or product of any two 64-bit numbers is exact: no transfer function can
// overflow by itself. Values are taken as signed numbers of their width, whatever their type in the language.
#pragma once

#include <algorithm>

#include "jit/ir/ir.h"

namespace orus::jit {

using Int128 = __int128;

struct Range {
  Int128 lo = 1, hi = 0;  // lo > hi: no value reaches here

  static constexpr Range point(Int128 value) { return {value, value}; }
  /// All signed numbers of this many bits.
  static constexpr Range full(int bits) { return {-(Int128{1} << (bits - 1)), (Int128{1} << (bits - 1)) - 1}; }

  constexpr bool empty() const { return lo > hi; }
  constexpr bool is_point() const { return lo == hi; }
  constexpr bool contains(Int128 value) const { return lo <= value && value <= hi; }
  constexpr bool within(const Range& outer) const { return empty() || (outer.lo <= lo && hi <= outer.hi); }
  friend constexpr bool operator==(const Range&, const Range&) = default;
};

Range join(Range a, Range b);
inline Range meet(Range a, Range b) {
  Range result{std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
  return result.empty() ? Range() : result;
}

/// Bits of an integer or bool type; 0 for the others.
inline int range_bits(IrType type) {
  switch (type) {
    case IrType::kI32: return 32;
    case IrType::kI64: return 64;
    case IrType::kBool: return 2;  // 0 and 1, as signed numbers
    default: return 0;
  }
}

/// The exact sum, difference or product, for add, sub, mul and their *_ov forms: not cut to any width.
Range exact_range(IrOp op, Range a, Range b);

/// Results of an op with integer arguments of `bits` bits and a result of the same width. The result of an *_ov op
/// fits, because it leaves otherwise; a wrapping op whose exact result may not fit can give anything.
Range range_of(IrOp op, int bits, Range a, Range b);

/// What is left of `a` where `a relation b` holds. Relations: eq ne lt le gt ge ult ule.
Range refine(Range a, IrOp relation, Range b);

/// The comparison that holds when this one does not; and the one with its arguments swapped.
IrOp negated(IrOp relation);
IrOp swapped(IrOp relation);

}  // namespace orus::jit
