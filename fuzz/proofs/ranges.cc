// Claims of the range analysis at full width: for ranges between boundary values, what range_of says about each op is
// put to the solver. All ranges of a small width are tried in jit/opt/range_test.cc.
#include "fuzz/proofs/ranges.h"

#include <fmt/format.h>

#include "fuzz/proofs/walk.h"
#include "jit/opt/range.h"

namespace orus::proofs {
namespace {

using jit::Int128;
using jit::Range;

std::vector<Range> pool(int bits) {
  Int128 low = -(Int128{1} << (bits - 1)), high = (Int128{1} << (bits - 1)) - 1, root = Int128{1} << (bits / 2);
  return {{low, high}, {0, high}, {low, -1},     {low, low}, {high, high},     {-1, -1},         {0, 0},         {1, 1},
          {-1, 1},     {0, 100},  {1, bits - 1}, {-7, 12},   {root, root + 5}, {high - 1, high}, {low, low + 1}, {-root, root}};
}

z3::expr number(z3::context& c, Int128 value, bool integers, int bits) {
  if (integers) return c.int_val(fmt::format("{}", value).c_str());
  return c.bv_val(static_cast<int64_t>(value), static_cast<unsigned>(bits));
}

struct Question {
  z3::expr result, defined;
};

/// Linear integer reasoning does not do products; bit vectors do, as long as nobody asks for a division of them.
Question divide(z3::context& c, IrOp op, const z3::expr& x, const z3::expr& y, int bits) {
  z3::expr half = number(c, Int128{1} << (bits - 1), true, bits), zero = c.int_val(0);
  z3::expr quotient = z3::ite(x >= 0, z3::ite(y > 0, x / y, -(x / -y)), z3::ite(y > 0, -(-x / y), -x / -y));
  z3::expr defined = y != zero && !(x == -half && y == -1);
  return {op == IrOp::sdiv ? quotient : x - quotient * y, defined};
}

Question apply(z3::context& c, IrOp op, const z3::expr& x, const z3::expr& y, int bits) {
  z3::expr always = c.bool_val(true);
  auto w = static_cast<unsigned>(bits);
  auto checked = [&](const z3::expr& wide) {
    z3::expr narrow = wide.extract(w - 1, 0);
    return Question{narrow, z3::sext(narrow, w) == wide};
  };
  switch (op) {
    case IrOp::add: return {x + y, always};
    case IrOp::sub: return {x - y, always};
    case IrOp::mul: return {x * y, always};
    case IrOp::add_ov: return checked(z3::sext(x, w) + z3::sext(y, w));
    case IrOp::sub_ov: return checked(z3::sext(x, w) - z3::sext(y, w));
    case IrOp::mul_ov: return checked(z3::sext(x, w) * z3::sext(y, w));
    case IrOp::and_: return {x & y, always};
    case IrOp::or_: return {x | y, always};
    case IrOp::xor_: return {x ^ y, always};
    case IrOp::udiv: return {z3::udiv(x, y), y != c.bv_val(0, w)};
    case IrOp::urem: return {z3::urem(x, y), y != c.bv_val(0, w)};
    case IrOp::shl: return {z3::shl(x, y), z3::ult(y, c.bv_val(w, w))};
    case IrOp::shr: return {z3::lshr(x, y), z3::ult(y, c.bv_val(w, w))};
    default: return {z3::ashr(x, y), z3::ult(y, c.bv_val(w, w))};
  }
}

}  // namespace

std::vector<RangeClaim> range_claims() {
  std::vector<RangeClaim> claims;
  for (int bits : {32, 64}) {
    for (IrOp op : {IrOp::add, IrOp::sub, IrOp::mul, IrOp::add_ov, IrOp::sub_ov, IrOp::mul_ov, IrOp::sdiv, IrOp::srem, IrOp::udiv,
                    IrOp::urem, IrOp::and_, IrOp::or_, IrOp::xor_, IrOp::shl, IrOp::shr, IrOp::sar}) {
      for (Range a : pool(bits)) {
        for (Range b : pool(bits)) {
          Range claimed = jit::range_of(op, bits, a, b);
          if (claimed == Range::full(bits)) continue;  // says nothing
          claims.push_back({op, bits, a.lo, a.hi, b.lo, b.hi, claimed.lo, claimed.hi});
        }
      }
    }
  }
  return claims;
}

std::string group_of(const RangeClaim& claim) { return fmt::format("ranges/{}.i{}", jit::info(claim.op).name, claim.bits); }

std::string text_of(const RangeClaim& q) {
  return fmt::format("{}.i{} [{}, {}] [{}, {}] in [{}, {}]", jit::info(q.op).name, q.bits, q.a_lo, q.a_hi, q.b_lo, q.b_hi, q.lo, q.hi);
}

Answer prove(const RangeClaim& claim, unsigned milliseconds) {
  z3::context c;
  bool integers = claim.op == IrOp::sdiv || claim.op == IrOp::srem;
  auto w = static_cast<unsigned>(claim.bits);
  z3::expr x = integers ? c.int_const("x") : c.bv_const("x", w), y = integers ? c.int_const("y") : c.bv_const("y", w);
  auto within = [&](const z3::expr& v, Int128 lo, Int128 hi) {
    return v >= number(c, lo, integers, claim.bits) && v <= number(c, hi, integers, claim.bits);
  };
  Question question = integers ? divide(c, claim.op, x, y, claim.bits) : apply(c, claim.op, x, y, claim.bits);
  z3::expr given = within(x, claim.a_lo, claim.a_hi) && within(y, claim.b_lo, claim.b_hi) && question.defined;
  // An empty claim says that nothing comes out.
  z3::expr holds = claim.lo > claim.hi ? c.bool_val(false) : within(question.result, claim.lo, claim.hi);
  return ask(c, given && !holds, milliseconds);
}

}  // namespace orus::proofs
