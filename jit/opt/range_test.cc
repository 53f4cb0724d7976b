#include <gtest/gtest.h>

#include <vector>

#include "jit/opt/range.h"

namespace orus::jit {
namespace {

constexpr int kBits = 5;  // wide enough for every corner, small enough to try every pair of ranges
constexpr int kLow = -(1 << (kBits - 1)), kHigh = (1 << (kBits - 1)) - 1;

int wrap(int value) {
  int low = value & ((1 << kBits) - 1);
  return low > kHigh ? low - (1 << kBits) : low;
}
unsigned bits(int value) { return static_cast<unsigned>(value) & ((1u << kBits) - 1); }

/// The result of the op on two numbers; false when it leaves or is excluded by what dominates it.
bool run(IrOp op, int a, int b, int* result) {
  bool checked = op == IrOp::add_ov || op == IrOp::sub_ov || op == IrOp::mul_ov;
  bool divides = op == IrOp::sdiv || op == IrOp::srem || op == IrOp::udiv || op == IrOp::urem;
  bool shifts = op == IrOp::shl || op == IrOp::shr || op == IrOp::sar;
  if (divides && (b == 0 || (a == kLow && b == -1 && (op == IrOp::sdiv || op == IrOp::srem)))) return false;
  if (shifts && (b < 0 || b >= kBits)) return false;
  int exact = 0;
  switch (op) {
    case IrOp::add:
    case IrOp::add_ov: exact = a + b; break;
    case IrOp::sub:
    case IrOp::sub_ov: exact = a - b; break;
    case IrOp::mul:
    case IrOp::mul_ov: exact = a * b; break;
    case IrOp::sdiv: exact = a / b; break;
    case IrOp::srem: exact = a % b; break;
    case IrOp::udiv: exact = static_cast<int>(bits(a) / bits(b)); break;
    case IrOp::urem: exact = static_cast<int>(bits(a) % bits(b)); break;
    case IrOp::and_: exact = a & b; break;
    case IrOp::or_: exact = a | b; break;
    case IrOp::xor_: exact = a ^ b; break;
    case IrOp::shl: exact = static_cast<int>(bits(a) << b); break;
    case IrOp::shr: exact = static_cast<int>(bits(a) >> b); break;
    default: exact = a >> b; break;
  }
  if (checked && exact != wrap(exact)) return false;
  *result = wrap(exact);
  return true;
}

bool holds(IrOp relation, int a, int b) {
  switch (relation) {
    case IrOp::eq: return a == b;
    case IrOp::ne: return a != b;
    case IrOp::lt: return a < b;
    case IrOp::le: return a <= b;
    case IrOp::gt: return a > b;
    case IrOp::ge: return a >= b;
    case IrOp::ult: return bits(a) < bits(b);
    default: return bits(a) <= bits(b);
  }
}

std::vector<Range> all_ranges() {
  std::vector<Range> result;
  for (int lo = kLow; lo <= kHigh; ++lo) {
    for (int hi = lo; hi <= kHigh; ++hi) result.push_back({lo, hi});
  }
  return result;
}

/// Hulls of the results of op on [a] x [lo..hi], built up from single numbers so that all pairs of ranges stay cheap.
void check_op(IrOp op) {
  std::vector<Range> ranges = all_ranges();
  for (Range a : ranges) {
    for (int lo = kLow; lo <= kHigh; ++lo) {
      Range hull;
      for (int hi = lo; hi <= kHigh; ++hi) {
        for (int x = static_cast<int>(a.lo); x <= static_cast<int>(a.hi); ++x) {
          int value;
          if (run(op, x, hi, &value)) hull = join(hull, Range::point(value));
        }
        Range claimed = range_of(op, kBits, a, {lo, hi});
        ASSERT_TRUE(hull.within(claimed)) << info(op).name << " [" << int(a.lo) << ", " << int(a.hi) << "] [" << lo << ", " << hi
                                          << "] gives [" << int(hull.lo) << ", " << int(hull.hi) << "], claimed [" << int(claimed.lo)
                                          << ", " << int(claimed.hi) << "]";
        ASSERT_TRUE(claimed.within(Range::full(kBits))) << info(op).name;
      }
    }
  }
}

TEST(Range, ContainsEveryResult) {
  for (IrOp op : {IrOp::add, IrOp::sub, IrOp::mul, IrOp::add_ov, IrOp::sub_ov, IrOp::mul_ov, IrOp::sdiv, IrOp::srem, IrOp::udiv, IrOp::urem,
                  IrOp::and_, IrOp::or_, IrOp::xor_, IrOp::shl, IrOp::shr, IrOp::sar}) {
    check_op(op);
  }
}

TEST(Range, RefinementKeepsWhatHolds) {
  for (IrOp relation : {IrOp::eq, IrOp::ne, IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge, IrOp::ult, IrOp::ule}) {
    for (Range a : all_ranges()) {
      for (Range b : all_ranges()) {
        Range left = refine(a, relation, b);
        for (int x = static_cast<int>(a.lo); x <= static_cast<int>(a.hi); ++x) {
          if (left.contains(x)) continue;
          for (int y = static_cast<int>(b.lo); y <= static_cast<int>(b.hi); ++y)
            ASSERT_FALSE(holds(relation, x, y)) << info(relation).name << " " << x << " " << y;
        }
      }
    }
  }
}

TEST(Range, NegationAndSwap) {
  for (IrOp relation : {IrOp::eq, IrOp::ne, IrOp::lt, IrOp::le, IrOp::gt, IrOp::ge}) {
    for (int x : {-1, 0, 1}) {
      for (int y : {-1, 0, 1}) {
        EXPECT_NE(holds(relation, x, y), holds(negated(relation), x, y));
        EXPECT_EQ(holds(relation, x, y), holds(swapped(relation), y, x));
      }
    }
  }
}

TEST(Range, SixtyFourBitExtremesStayExact) {
  Range all = Range::full(64);
  EXPECT_EQ(range_of(IrOp::add, 64, all, Range::point(1)), all);
  EXPECT_EQ(range_of(IrOp::mul, 64, all, all), all);
  Range product = exact_range(IrOp::mul, all, all);
  EXPECT_EQ(product.hi, Int128{1} << 126);
  EXPECT_EQ(product.lo, -(Int128{1} << 126) + (Int128{1} << 63));
  // The minimum by -1 never happens.
  EXPECT_EQ(range_of(IrOp::sdiv, 64, all, Range::point(-1)), (Range{all.lo + 1, all.hi}));
}

}  // namespace
}  // namespace orus::jit
