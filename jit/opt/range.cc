#include "jit/opt/range.h"

#include <algorithm>

namespace orus::jit {
namespace {

Int128 magnitude(Int128 value) { return value < 0 ? -value : value; }
Int128 largest_magnitude(Range r) { return std::max(magnitude(r.lo), magnitude(r.hi)); }

/// The smallest 2^k - 1 that is not below `value`.
Int128 all_ones(Int128 value) {
  Int128 ones = 0;
  while (ones < value) ones = ones * 2 + 1;
  return ones;
}

Range corners(std::initializer_list<Int128> values) { return {std::min(values), std::max(values)}; }

Range fit(Range exact, int bits) { return exact.within(Range::full(bits)) ? exact : Range::full(bits); }

/// Divisors nearest to 0 give the largest quotients; 0 itself is excluded by what dominates the division.
Range quotient(int bits, Range a, Range b) {
  Range result;
  for (Range part : {meet(b, {b.lo, -1}), meet(b, {1, b.hi})}) {
    if (part.empty()) continue;
    result = join(result, corners({a.lo / part.lo, a.lo / part.hi, a.hi / part.lo, a.hi / part.hi}));
  }
  // The minimum by -1 is excluded too.
  return meet(result, Range::full(bits));
}

/// Below the divisor in magnitude, not above the dividend, and of the dividend's sign.
Range remainder(Range a, Range b) {
  Int128 most = largest_magnitude(b) - 1;
  if (most < 0) return {};
  return {a.lo < 0 ? std::max(-most, a.lo) : 0, a.hi > 0 ? std::min(most, a.hi) : 0};
}

Range unsigned_division(IrOp op, int bits, Range a, Range b) {
  if (op == IrOp::urem && b.lo > 0) return {0, a.lo >= 0 ? std::min(a.hi, b.hi - 1) : b.hi - 1};
  if (op == IrOp::udiv && a.lo >= 0 && b.lo > 0) return quotient(bits, a, b);
  if (op == IrOp::udiv && b.lo >= 2) return {0, ((Int128{1} << bits) - 1) / b.lo};
  return Range::full(bits);
}

Range shifted(IrOp op, int bits, Range a, Range count) {
  if (!count.within({0, bits - 1})) count = {0, bits - 1};
  int least = static_cast<int>(count.lo), most = static_cast<int>(count.hi);
  switch (op) {
    case IrOp::shl: {
      Int128 low = Int128{1} << least, high = Int128{1} << most;
      return fit(corners({a.lo * low, a.lo * high, a.hi * low, a.hi * high}), bits);
    }
    case IrOp::sar: return corners({a.lo >> least, a.lo >> most, a.hi >> least, a.hi >> most});
    default:
      if (a.lo >= 0) return {a.lo >> most, a.hi >> least};
      if (least == 0) return Range::full(bits);
      return {0, ((Int128{1} << bits) - 1) >> least};
  }
}

Range bitwise(IrOp op, int bits, Range a, Range b) {
  if (op == IrOp::and_) {
    if (a.lo >= 0 && b.lo >= 0) return {0, std::min(a.hi, b.hi)};
    if (a.lo >= 0) return {0, a.hi};
    if (b.lo >= 0) return {0, b.hi};
    return Range::full(bits);
  }
  if (a.lo < 0 || b.lo < 0) return Range::full(bits);
  Int128 ones = all_ones(std::max(a.hi, b.hi));
  return {op == IrOp::or_ ? std::max(a.lo, b.lo) : 0, ones};
}

}  // namespace

Range join(Range a, Range b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

Range exact_range(IrOp op, Range a, Range b) {
  if (a.empty() || b.empty()) return {};
  switch (op) {
    case IrOp::add:
    case IrOp::add_ov: return {a.lo + b.lo, a.hi + b.hi};
    case IrOp::sub:
    case IrOp::sub_ov: return {a.lo - b.hi, a.hi - b.lo};
    default: return corners({a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi});
  }
}

Range range_of(IrOp op, int bits, Range a, Range b) {
  if (a.empty() || b.empty()) return {};
  switch (op) {
    case IrOp::add:
    case IrOp::sub:
    case IrOp::mul: return fit(exact_range(op, a, b), bits);
    case IrOp::add_ov:
    case IrOp::sub_ov:
    case IrOp::mul_ov: return meet(exact_range(op, a, b), Range::full(bits));
    case IrOp::sdiv: return quotient(bits, a, b);
    case IrOp::srem: return remainder(a, b);
    case IrOp::udiv:
    case IrOp::urem: return unsigned_division(op, bits, a, b);
    case IrOp::and_:
    case IrOp::or_:
    case IrOp::xor_: return bitwise(op, bits, a, b);
    case IrOp::shl:
    case IrOp::shr:
    case IrOp::sar: return shifted(op, bits, a, b);
    default: return Range::full(bits);
  }
}

Range refine(Range a, IrOp relation, Range b) {
  if (a.empty() || b.empty()) return {};
  switch (relation) {
    case IrOp::eq: return meet(a, b);
    case IrOp::ne:
      if (!b.is_point()) return a;
      if (a.lo == b.lo) ++a.lo;
      if (a.hi == b.lo) --a.hi;
      return a.empty() ? Range() : a;
    case IrOp::lt: return meet(a, {a.lo, b.hi - 1});
    case IrOp::le: return meet(a, {a.lo, b.hi});
    case IrOp::gt: return meet(a, {b.lo + 1, a.hi});
    case IrOp::ge: return meet(a, {b.lo, a.hi});
    // Below a number that is not negative, as unsigned numbers, are only numbers that are not negative either.
    case IrOp::ult: return b.lo >= 0 ? meet(a, {0, b.hi - 1}) : a;
    case IrOp::ule: return b.lo >= 0 ? meet(a, {0, b.hi}) : a;
    default: return a;
  }
}

IrOp negated(IrOp relation) {
  switch (relation) {
    case IrOp::eq: return IrOp::ne;
    case IrOp::ne: return IrOp::eq;
    case IrOp::lt: return IrOp::ge;
    case IrOp::le: return IrOp::gt;
    case IrOp::gt: return IrOp::le;
    default: return IrOp::lt;  // of ge; the unsigned ones are negated by swapping their arguments
  }
}

IrOp swapped(IrOp relation) {
  switch (relation) {
    case IrOp::lt: return IrOp::gt;
    case IrOp::le: return IrOp::ge;
    case IrOp::gt: return IrOp::lt;
    case IrOp::ge: return IrOp::le;
    default: return relation;  // eq, ne
  }
}

}  // namespace orus::jit
