// The integer encoding, and the questions put to the solver.
#include <algorithm>

#include <fmt/format.h>

#include "fuzz/proofs/encode.h"
#include "fuzz/proofs/walk.h"

namespace orus::proofs {
namespace {

/// 2^n as an integer.
z3::expr power(z3::context& c, unsigned n) {
  z3::expr result = c.int_val(1);
  for (unsigned done = 0; done < n; done += 32) result = result * c.int_val(uint64_t{1} << std::min(32u, n - done));
  return result.simplify();
}

/// i32 and i64 as signed numbers of unlimited size that are kept within their width; divisors, factors and shift counts
/// must be constants. Bounds of every value are known where they fit 127 bits, so that only what may wrap is reduced.
class Integers {
 public:
  explicit Integers(z3::context& c) : c_(c) {}

  z3::expr constant(IrType type, int64_t bits) {
    if (type == IrType::kBool) return c_.bool_val(bits != 0);
    if (type == IrType::kF64 || type == IrType::kRef) throw Unsupported();
    return c_.int_val(type == IrType::kI32 ? int64_t{static_cast<int32_t>(bits)} : bits);
  }
  z3::expr below(const z3::expr& a, const z3::expr& b) { return as_unsigned(a, 32) < as_unsigned(b, 32); }
  z3::expr overflows(IrOp op, IrType type, const z3::expr& a, const z3::expr& b) {
    z3::expr exact = arithmetic(op, a, b), half = power(c_, width(type) - 1);
    return exact < -half || exact >= half;
  }
  z3::expr wrapped(IrOp op, IrType type, const z3::expr& a, const z3::expr& b) { return wrap(arithmetic(op, a, b), width(type)); }

  z3::expr condition(IrOp op, IrType type, const std::vector<z3::expr>& a) {
    int64_t by = 0;
    switch (op) {
      case IrOp::sdiv:
      case IrOp::srem:
        if (!a[1].is_numeral_i64(by)) throw Unsupported();
        return by == -1 ? a[0] != -power(c_, width(type) - 1) : c_.bool_val(by != 0);
      case IrOp::udiv:
      case IrOp::urem: return a[1] != c_.int_val(0);
      default: return c_.bool_val(true);  // shifts: by constants only, checked where they are computed
    }
  }

  z3::expr compute(IrOp op, IrType type, IrType from, const std::vector<z3::expr>& a) {
    if (from == IrType::kF64 || type == IrType::kF64) throw Unsupported();
    unsigned w = width(from == IrType::kBool ? type : from);
    switch (op) {
      case IrOp::eq: return a[0] == a[1];
      case IrOp::ne: return a[0] != a[1];
      case IrOp::not_: return !a[0];
      case IrOp::lt: return a[0] < a[1];
      case IrOp::le: return a[0] <= a[1];
      case IrOp::gt: return a[0] > a[1];
      case IrOp::ge: return a[0] >= a[1];
      case IrOp::ult: return as_unsigned(a[0], w) < as_unsigned(a[1], w);
      case IrOp::ule: return as_unsigned(a[0], w) <= as_unsigned(a[1], w);
      case IrOp::add:
      case IrOp::sub:
      case IrOp::mul: return wrap(arithmetic(op, a[0], a[1]), w);
      case IrOp::sext: return a[0];
      case IrOp::zext: return from == IrType::kBool ? z3::ite(a[0], c_.int_val(1), c_.int_val(0)) : as_unsigned(a[0], 32);
      case IrOp::trunc: return wrap(a[0], 32);
      default: return divide_or_shift(op, w, a);
    }
  }

 private:
  z3::context& c_;

  z3::expr as_unsigned(const z3::expr& a, unsigned w) {
    int64_t known = 0;
    if (a.is_numeral_i64(known) && known >= 0) return a;
    return z3::ite(a < 0, a + power(c_, w), a);
  }
  z3::expr as_signed(const z3::expr& a, unsigned w) { return z3::ite(a >= power(c_, w - 1), a - power(c_, w), a); }
  z3::expr wrap(const z3::expr& a, unsigned w) {
    z3::expr half = power(c_, w - 1);
    return z3::ite(a >= -half && a < half, a, z3::mod(a + half, power(c_, w)) - half);
  }

  static bool numeral(const z3::expr& a) { return a.simplify().is_numeral(); }
  z3::expr product(const z3::expr& a, const z3::expr& b) {
    if (!numeral(a) && !numeral(b)) throw Unsupported();
    return a * b;
  }
  z3::expr arithmetic(IrOp op, const z3::expr& a, const z3::expr& b) {
    switch (op) {
      case IrOp::add:
      case IrOp::add_ov: return a + b;
      case IrOp::sub:
      case IrOp::sub_ov: return a - b;
      default: return product(a, b);
    }
  }

  /// Rounded towards zero. The solver's own division rounds so that the remainder is not negative.
  z3::expr truncated(const z3::expr& a, int64_t by) {
    z3::expr d = c_.int_val(by);
    if (by < 0) d = -d;
    z3::expr q = z3::ite(a >= 0, a / d, -((-a) / d));
    return by < 0 ? -q : q;
  }

  z3::expr divide_or_shift(IrOp op, unsigned w, const std::vector<z3::expr>& a) {
    int64_t by = 0;
    switch (op) {
      case IrOp::mul_high: return product(a[0], a[1]) / power(c_, w);
      case IrOp::umul_high: return as_signed(product(as_unsigned(a[0], w), as_unsigned(a[1], w).simplify()) / power(c_, w), w);
      default: break;
    }
    if (!a[1].is_numeral_i64(by)) throw Unsupported();
    bool shifts = op == IrOp::shl || op == IrOp::shr || op == IrOp::sar;
    if (shifts && (by < 0 || by >= w)) throw Unsupported();
    switch (op) {
      case IrOp::sdiv: return truncated(a[0], by);
      case IrOp::srem: return a[0] - c_.int_val(by) * truncated(a[0], by);
      case IrOp::udiv: return as_signed(as_unsigned(a[0], w) / as_unsigned(a[1], w).simplify(), w);
      case IrOp::urem: return as_signed(z3::mod(as_unsigned(a[0], w), as_unsigned(a[1], w).simplify()), w);
      case IrOp::shl: return wrap(a[0] * power(c_, static_cast<unsigned>(by)), w);
      case IrOp::sar: return a[0] / power(c_, static_cast<unsigned>(by));
      case IrOp::shr: return by == 0 ? a[0] : as_unsigned(a[0], w) / power(c_, static_cast<unsigned>(by));
      case IrOp::and_:
        // x & (2^k - 1) is the remainder by 2^k, for negative x too.
        if (by < 0 || (by & (by + 1)) != 0) throw Unsupported();
        return z3::mod(a[0], c_.int_val(by) + 1);
      default: throw Unsupported();
    }
  }
};

bool divides(const Function& fn) {
  for (BlockId block : fn.reverse_postorder()) {
    for (InstId id : fn.at(block).insts) {
      IrOp op = fn.at(id).op;
      if (op >= IrOp::sdiv && op <= IrOp::umul_high) return true;
    }
  }
  return false;
}

/// What must not be possible: that the two differ although `before` is defined.
z3::expr difference(z3::context& c, const Behaviour& before, const Behaviour& after, const z3::expr& assumed) {
  z3::expr same = after.defined && before.exit == after.exit;
  bool returns = before.value.get_sort().to_string() == after.value.get_sort().to_string();
  z3::expr equal_values = returns ? before.value == after.value : c.bool_val(false);
  same = same && z3::implies(before.exit == 0, equal_values);
  for (const auto& [pc, registers] : before.exits) {
    for (uint16_t reg : registers) {
      auto other = after.frame.find({pc, reg});
      z3::expr here = before.exit == c.int_val(pc + 1);
      z3::expr equal = other == after.frame.end() ? c.bool_val(false) : before.frame.at({pc, reg}) == other->second;
      same = same && z3::implies(here, equal);
    }
  }
  return assumed && before.defined && !same;
}

Answer equivalent_as(bool integers, const Function& before, const Function& after, unsigned milliseconds) {
  z3::context c;
  c.set_rounding_mode(z3::RNE);
  Inputs inputs(c, before, integers);
  auto encode = integers ? encode_integers : encode_bits;
  auto b = encode(c, before, inputs), a = encode(c, after, inputs);
  if (!b || !a) return {Verdict::kUnknown, "an op without encoding"};
  z3::expr wrong = difference(c, *b, *a, inputs.assumed());
  if (!integers || inputs.size() == 0 || !inputs[0].is_int()) return ask(c, wrong, milliseconds);
  // Rounding depends on the sign: two questions are easier than one.
  Answer positive = ask(c, wrong && inputs[0] >= 0, milliseconds);
  return positive.verdict == Verdict::kProved ? ask(c, wrong && inputs[0] < 0, milliseconds) : positive;
}

}  // namespace

Answer ask(z3::context& c, const z3::expr& wrong, unsigned milliseconds) {
  std::string reason;
  // What one order of decisions does not find in time another often does.
  for (unsigned seed : {0u, 7u, 31u}) {
    z3::solver solver(c);
    z3::params params(c);
    params.set("timeout", milliseconds);
    params.set("random_seed", seed);
    solver.set(params);
    solver.add(wrong);
    z3::check_result result = solver.check();
    if (result == z3::unsat) return {Verdict::kProved, ""};
    if (result == z3::sat) return {Verdict::kRefuted, fmt::format("for {}", solver.get_model().to_string())};
    reason = solver.reason_unknown();
  }
  return {Verdict::kUnknown, reason};
}

std::optional<Behaviour> encode_integers(z3::context& c, const Function& fn, const Inputs& inputs) {
  try {
    return Walk<Integers>(c, fn, inputs).run();
  } catch (const Unsupported&) {
    return std::nullopt;
  }
}

Answer equivalent(const Function& before, const Function& after, unsigned milliseconds) {
  for (const Function* fn : {&before, &after}) {
    for (IrType type : fn->param_types) {
      if (type == IrType::kF64 || type == IrType::kRef || !divides(before)) return equivalent_as(false, before, after, milliseconds);
    }
  }
  Answer answer = equivalent_as(true, before, after, milliseconds);
  return answer.verdict == Verdict::kUnknown ? equivalent_as(false, before, after, milliseconds) : answer;
}

}  // namespace orus::proofs
