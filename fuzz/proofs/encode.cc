#include "fuzz/proofs/encode.h"

#include <bit>

#include "fuzz/proofs/walk.h"

namespace orus::proofs {
namespace {

/// Bit vectors and floats. bool is a truth value, a reference 64 bits.
class Bits {
 public:
  explicit Bits(z3::context& c) : c_(c) {}

  z3::expr constant(IrType type, int64_t bits) {
    auto u = static_cast<uint64_t>(bits);
    if (type == IrType::kBool) return c_.bool_val(bits != 0);
    if (type == IrType::kF64) return c_.bv_val(u, 64).mk_from_ieee_bv(c_.fpa_sort<64>());
    return type == IrType::kI32 ? c_.bv_val(static_cast<unsigned>(u), 32) : c_.bv_val(u, 64);
  }
  z3::expr below(const z3::expr& a, const z3::expr& b) { return z3::ult(a, b); }

  z3::expr overflows(IrOp op, IrType type, const z3::expr& a, const z3::expr& b) {
    unsigned w = width(type);
    z3::expr wide = arithmetic(op, z3::sext(a, w), z3::sext(b, w));
    return wide != z3::sext(wrapped(op, type, a, b), w);
  }
  z3::expr wrapped(IrOp op, IrType, const z3::expr& a, const z3::expr& b) { return arithmetic(op, a, b); }

  z3::expr condition(IrOp op, IrType type, const std::vector<z3::expr>& a) {
    switch (op) {
      case IrOp::sdiv:
      case IrOp::srem: {
        z3::expr zero = constant(type, 0), least = constant(type, type == IrType::kI32 ? INT32_MIN : INT64_MIN);
        return a[1] != zero && !(a[0] == least && a[1] == constant(type, -1));
      }
      case IrOp::udiv:
      case IrOp::urem: return a[1] != constant(type, 0);
      case IrOp::shl:
      case IrOp::shr:
      case IrOp::sar: return z3::ult(a[1], c_.bv_val(width(type), 32));
      case IrOp::f64_to_uint: return a[0] > number(-1.0) && a[0] < number(18446744073709551616.0);
      default: return c_.bool_val(true);
    }
  }

  z3::expr compute(IrOp op, IrType type, IrType from, const std::vector<z3::expr>& a) {
    if (from == IrType::kF64 && (type == IrType::kF64 || type == IrType::kBool)) return floating(op, a);
    switch (op) {
      case IrOp::eq: return a[0] == a[1];
      case IrOp::ne: return a[0] != a[1];
      case IrOp::not_: return !a[0];
      default: break;
    }
    if (from == IrType::kBool && op != IrOp::zext) return truth(op, a);
    switch (op) {
      case IrOp::lt: return a[0] < a[1];
      case IrOp::le: return a[0] <= a[1];
      case IrOp::gt: return a[0] > a[1];
      case IrOp::ge: return a[0] >= a[1];
      case IrOp::ult: return z3::ult(a[0], a[1]);
      case IrOp::ule: return z3::ule(a[0], a[1]);
      default: return op >= IrOp::sext && op <= IrOp::f64_to_uint ? convert(op, type, from, a[0]) : integer(op, type, a);
    }
  }

 private:
  z3::context& c_;

  z3::expr number(double value) { return constant(IrType::kF64, std::bit_cast<int64_t>(value)); }

  z3::expr arithmetic(IrOp op, const z3::expr& a, const z3::expr& b) {
    switch (op) {
      case IrOp::add:
      case IrOp::add_ov: return a + b;
      case IrOp::sub:
      case IrOp::sub_ov: return a - b;
      default: return a * b;
    }
  }

  z3::expr integer(IrOp op, IrType type, const std::vector<z3::expr>& a) {
    unsigned w = width(type);
    auto count = [&] { return w == 32 ? a[1] : z3::zext(a[1], 32); };
    switch (op) {
      case IrOp::add:
      case IrOp::sub:
      case IrOp::mul: return arithmetic(op, a[0], a[1]);
      case IrOp::sdiv: return a[0] / a[1];
      case IrOp::srem: return z3::srem(a[0], a[1]);
      case IrOp::udiv: return z3::udiv(a[0], a[1]);
      case IrOp::urem: return z3::urem(a[0], a[1]);
      case IrOp::mul_high: return (z3::sext(a[0], w) * z3::sext(a[1], w)).extract(2 * w - 1, w);
      case IrOp::umul_high: return (z3::zext(a[0], w) * z3::zext(a[1], w)).extract(2 * w - 1, w);
      case IrOp::and_: return a[0] & a[1];
      case IrOp::or_: return a[0] | a[1];
      case IrOp::xor_: return a[0] ^ a[1];
      case IrOp::shl: return z3::shl(a[0], count());
      case IrOp::shr: return z3::lshr(a[0], count());
      case IrOp::sar: return z3::ashr(a[0], count());
      default: throw Unsupported();
    }
  }

  z3::expr truth(IrOp op, const std::vector<z3::expr>& a) {
    switch (op) {
      case IrOp::and_: return a[0] && a[1];
      case IrOp::or_: return a[0] || a[1];
      case IrOp::xor_: return a[0] != a[1];
      default: throw Unsupported();
    }
  }

  z3::expr floating(IrOp op, std::vector<z3::expr> a) {
    // IEEE addition and multiplication commute by definition (the payload of a NaN is nobody's business); the solver
    // would have to find that out from two adders.
    if ((op == IrOp::add || op == IrOp::mul) && a[1].id() < a[0].id()) std::swap(a[0], a[1]);
    switch (op) {
      case IrOp::add: return a[0] + a[1];
      case IrOp::sub: return a[0] - a[1];
      case IrOp::mul: return a[0] * a[1];
      case IrOp::fdiv: return a[0] / a[1];
      case IrOp::neg: return -a[0];
      case IrOp::eq: return z3::fp_eq(a[0], a[1]);
      case IrOp::ne: return !z3::fp_eq(a[0], a[1]);
      case IrOp::lt: return a[0] < a[1];
      case IrOp::le: return a[0] <= a[1];
      case IrOp::gt: return a[0] > a[1];
      case IrOp::ge: return a[0] >= a[1];
      default: throw Unsupported();
    }
  }

  z3::expr convert(IrOp op, IrType type, IrType from, const z3::expr& a) {
    z3::sort f64 = c_.fpa_sort<64>();
    switch (op) {
      case IrOp::sext: return z3::sext(a, 32);
      case IrOp::zext: return from == IrType::kBool ? z3::ite(a, constant(type, 1), constant(type, 0)) : z3::zext(a, 32);
      case IrOp::trunc: return a.extract(31, 0);
      case IrOp::int_to_f64: return z3::sbv_to_fpa(a, f64);
      case IrOp::uint_to_f64: return z3::ubv_to_fpa(a, f64);
      default: break;
    }
    double limit = op == IrOp::f64_to_uint ? 18446744073709551616.0 : type == IrType::kI32 ? 2147483648.0 : 9223372036854775808.0;
    c_.set_rounding_mode(z3::RTZ);
    z3::expr cut = op == IrOp::f64_to_uint ? z3::fpa_to_ubv(a, 64) : z3::fpa_to_sbv(a, width(type));
    c_.set_rounding_mode(z3::RNE);
    if (op == IrOp::f64_to_uint) return cut;
    // Below the minimum by less than one truncates to the minimum, which is what out of range gives too.
    z3::expr fits = a >= number(-limit) && a < number(limit);
    return z3::ite(fits, cut, constant(type, type == IrType::kI32 ? INT32_MIN : INT64_MIN));
  }
};

}  // namespace

Inputs::Inputs(z3::context& c, const Function& fn, bool integers) : assumed_(c.bool_val(true)) {
  for (size_t i = 0; i < fn.param_types.size(); ++i) {
    IrType type = fn.param_types[i];
    std::string name = "p" + std::to_string(i);
    if (type == IrType::kBool) {
      params_.push_back(c.bool_const(name.c_str()));
    } else if (integers) {
      params_.push_back(c.int_const(name.c_str()));
      z3::expr half = c.int_val(type == IrType::kI32 ? "2147483648" : "9223372036854775808");
      assumed_ = assumed_ && params_.back() >= -half && params_.back() < half;
    } else if (type == IrType::kF64) {
      params_.push_back(c.fpa_const<64>(name.c_str()));
    } else {
      params_.push_back(c.bv_const(name.c_str(), width(type)));
      if (type == IrType::kRef) assumed_ = assumed_ && params_.back() != c.bv_val(0, 64);
    }
  }
}

std::optional<Behaviour> encode_bits(z3::context& c, const Function& fn, const Inputs& inputs) {
  try {
    return Walk<Bits>(c, fn, inputs).run();
  } catch (const Unsupported&) {
    return std::nullopt;
  }
}

}  // namespace orus::proofs
