#include "jit/opt/fold.h"

#include <bit>
#include <climits>
#include <cmath>

#include "jit/ir/ir_eval.h"

namespace orus::jit {
namespace {

constexpr IrType I64 = IrType::kI64, F64 = IrType::kF64, BOOL = IrType::kBool;

int bits_of(IrType type) { return type == I64 ? 64 : 32; }
int64_t minimum(IrType type) { return type == I64 ? INT64_MIN : INT32_MIN; }

}  // namespace

bool is_commutative(IrOp op) {
  switch (op) {
    case IrOp::add:
    case IrOp::mul:
    case IrOp::add_ov:
    case IrOp::mul_ov:
    case IrOp::and_:
    case IrOp::or_:
    case IrOp::xor_:
    case IrOp::mul_high:
    case IrOp::umul_high: return true;
    default: return false;
  }
}

bool Folder::constant(InstId id, int64_t* value) const {
  const Inst& inst = at(id);
  if (inst.op != IrOp::constant || inst.type == F64) return false;
  *value = inst.type == IrType::kI32 ? static_cast<int32_t>(inst.imm) : inst.imm;
  return true;
}

bool Folder::f64_constant(InstId id, double* value) const {
  if (op(id) != IrOp::constant || type(id) != F64) return false;
  *value = std::bit_cast<double>(at(id).imm);
  return true;
}

InstId Folder::make(IrOp op, IrType type, std::initializer_list<InstId> args) {
  InstId id = fn_.create(op, type, args);
  fn_.at(id).block = block_;
  InstId folded = fold(id);
  if (folded.valid()) {
    fn_.at(id).dead = true;
    return folded;
  }
  fn_.at(block_).insts.push_back(id);
  return id;
}

/// Constants to the right, so that the rules below and value numbering see one form.
void Folder::canonical_order(InstId id) {
  Inst& inst = fn_.at(id);
  if (inst.arg_count != 2 || !fn_.is_constant(inst.args[0]) || fn_.is_constant(inst.args[1])) return;
  if (is_commutative(inst.op)) {
    std::swap(inst.args[0], inst.args[1]);
    ctx_.rewrote("add c, x -> add x, c");
  } else if (is_comparison(inst.op) && inst.op != IrOp::ult && inst.op != IrOp::ule) {
    std::swap(inst.args[0], inst.args[1]);
    inst.op = swapped_comparison(inst.op);
    ctx_.rewrote("lt c, x -> gt x, c");
  }
}

InstId Folder::fold(InstId id) {
  canonical_order(id);
  InstId result = evaluate(id);
  if (!result.valid()) {
    switch (op(id)) {
      case IrOp::add:
      case IrOp::sub:
      case IrOp::mul: result = type(id) == F64 ? floating(id) : integer(id); break;
      case IrOp::and_:
      case IrOp::or_:
      case IrOp::xor_: result = type(id) == BOOL ? bool_logic(id) : integer(id); break;
      case IrOp::shl:
      case IrOp::shr:
      case IrOp::sar:
      case IrOp::sdiv:
      case IrOp::srem:
      case IrOp::udiv:
      case IrOp::urem: result = integer(id); break;
      case IrOp::add_ov:
      case IrOp::sub_ov:
      case IrOp::mul_ov: result = checked(id); break;
      case IrOp::fdiv:
      case IrOp::neg: result = floating(id); break;
      case IrOp::select: result = select(id); break;
      case IrOp::not_: result = negate(id); break;
      case IrOp::bounds: result = bounds(id); break;
      case IrOp::trunc: result = truncate(id); break;
      case IrOp::sext:
      case IrOp::zext:
      case IrOp::int_to_f64:
      case IrOp::uint_to_f64:
      case IrOp::f64_to_int: result = convert(id); break;
      default:
        if (is_comparison(op(id))) result = comparison(id);
    }
  }
  return result;
}

/// Whether the op has a meaning for its constant operands; those that have none stand where they are never executed.
bool Folder::may_evaluate(const Inst& inst) const {
  int64_t b = 0;
  switch (inst.op) {
    case IrOp::guard:
    case IrOp::pi: return false;
    case IrOp::sdiv:
    case IrOp::srem: {
      int64_t a = 0;
      constant(inst.args[0], &a);
      constant(inst.args[1], &b);
      return b != 0 && !(b == -1 && a == minimum(inst.type));
    }
    case IrOp::udiv:
    case IrOp::urem: constant(inst.args[1], &b); return b != 0;
    case IrOp::shl:
    case IrOp::shr:
    case IrOp::sar: constant(inst.args[1], &b); return b >= 0 && b < bits_of(inst.type);
    case IrOp::f64_to_uint: {
      double value = 0;
      f64_constant(inst.args[0], &value);
      return value > -1 && value < 18446744073709551616.0;
    }
    default: return true;
  }
}

/// op constants -> constant; add_ov and bounds only when they do not leave
InstId Folder::evaluate(InstId id) {
  const Inst inst = at(id);
  if (!is_evaluable(inst.op) || inst.type == IrType::kVoid || inst.arg_count == 0) return {};
  Slot args[3] = {};
  for (uint32_t i = 0; i < inst.arg_count; ++i) {
    if (!fn_.is_constant(inst.args[i])) return {};
    args[i] = static_cast<Slot>(fn_.constant_value(inst.args[i]));
  }
  if (!may_evaluate(inst)) return {};
  Slot result = 0;
  if (!evaluate_ir(inst.op, inst.type, type(inst.args[0]), args, &result)) return {};
  return by("op constants -> constant", fn_.constant(inst.type, static_cast<int64_t>(result)));
}

InstId Folder::integer(InstId id) {
  const Inst inst = at(id);
  InstId a = inst.args[0], b = inst.args[1];
  int64_t c = 0;
  if (a == b) {
    switch (inst.op) {
      case IrOp::sub: return by("sub x, x -> 0", number(inst.type, 0));
      case IrOp::xor_: return by("xor x, x -> 0", number(inst.type, 0));
      case IrOp::and_: return by("and x, x -> x", a);
      case IrOp::or_: return by("or x, x -> x", a);
      default: break;
    }
  }
  if (constant(b, &c)) return integer_constant(id, c);
  if (constant(a, &c) && c == 0) {
    switch (inst.op) {
      case IrOp::shl:
      case IrOp::shr:
      case IrOp::sar: return by("shift 0, x -> 0", a);
      default: break;
    }
  }
  return {};
}

/// x op c
InstId Folder::integer_constant(InstId id, int64_t c) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  int64_t inner = 0;
  auto wrap = [](int64_t left, int64_t right) { return static_cast<int64_t>(static_cast<uint64_t>(left) + static_cast<uint64_t>(right)); };
  bool nested = op(x) == inst.op && at(x).arg_count == 2 && constant(arg(x, 1), &inner);
  switch (inst.op) {
    case IrOp::add:
      if (c == 0) return by("add x, 0 -> x", x);
      // both wrap
      if (nested)
        return by("add (add x, c1), c2 -> add x, c1 + c2", make(IrOp::add, inst.type, {arg(x, 0), number(inst.type, wrap(inner, c))}));
      return {};
    case IrOp::sub: return by("sub x, c -> add x, -c", make(IrOp::add, inst.type, {x, number(inst.type, wrap(~c, 1))}));
    case IrOp::mul: {
      if (c == 0) return by("mul x, 0 -> 0", inst.args[1]);
      if (c == 1) return by("mul x, 1 -> x", x);
      if (c == -1) return by("mul x, -1 -> sub 0, x", make(IrOp::sub, inst.type, {number(inst.type, 0), x}));
      auto u = inst.type == I64 ? static_cast<uint64_t>(c) : static_cast<uint32_t>(c);
      if (!std::has_single_bit(u)) return {};
      return by("mul x, 2^k -> shl x, k", make(IrOp::shl, inst.type, {x, number(IrType::kI32, std::countr_zero(u))}));
    }
    case IrOp::and_:
      if (c == 0) return by("and x, 0 -> 0", inst.args[1]);
      if (c == -1) return by("and x, ~0 -> x", x);
      if (nested)
        return by("and (and x, c1), c2 -> and x, c1 & c2", make(IrOp::and_, inst.type, {arg(x, 0), number(inst.type, inner & c)}));
      return {};
    case IrOp::or_:
      if (c == 0) return by("or x, 0 -> x", x);
      if (c == -1) return by("or x, ~0 -> ~0", inst.args[1]);
      return {};
    case IrOp::xor_:
      if (c == 0) return by("xor x, 0 -> x", x);
      if (nested)
        return by("xor (xor x, c1), c2 -> xor x, c1 ^ c2", make(IrOp::xor_, inst.type, {arg(x, 0), number(inst.type, inner ^ c)}));
      return {};
    case IrOp::shl:
    case IrOp::shr:
    case IrOp::sar: return c == 0 ? by("shift x, 0 -> x", x) : InstId();
    default: return divide(id, c);
  }
}

/// x / c and x % c
InstId Folder::divide(InstId id, int64_t c) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  auto u = inst.type == I64 ? static_cast<uint64_t>(c) : static_cast<uint32_t>(c);
  switch (inst.op) {
    case IrOp::sdiv:
      if (c == 1) return by("sdiv x, 1 -> x", x);
      // x is not the minimum: the op's own condition
      if (c == -1) return by("sdiv x, -1 -> sub 0, x", make(IrOp::sub, inst.type, {number(inst.type, 0), x}));
      return {};
    case IrOp::srem: return c == 1 || c == -1 ? by("srem x, 1 -> 0", number(inst.type, 0)) : InstId();
    case IrOp::udiv:
      if (!std::has_single_bit(u)) return {};
      return by("udiv x, 2^k -> shr x, k", make(IrOp::shr, inst.type, {x, number(IrType::kI32, std::countr_zero(u))}));
    case IrOp::urem:
      if (!std::has_single_bit(u)) return {};
      return by("urem x, 2^k -> and x, 2^k - 1", make(IrOp::and_, inst.type, {x, number(inst.type, static_cast<int64_t>(u - 1))}));
    default: return {};
  }
}

/// The ops that leave on overflow: only rewrites that leave for exactly the same inputs.
InstId Folder::checked(InstId id) {
  Inst& inst = fn_.at(id);
  InstId a = inst.args[0], b = inst.args[1];
  int64_t c = 0;
  if (inst.op == IrOp::sub_ov && a == b) return by("sub_ov x, x -> 0", number(inst.type, 0));
  if (!constant(b, &c)) return {};
  switch (inst.op) {
    case IrOp::add_ov: return c == 0 ? by("add_ov x, 0 -> x", a) : InstId();
    case IrOp::sub_ov:
      if (c == 0) return by("sub_ov x, 0 -> x", a);
      if (c == minimum(inst.type)) return {};
      // c is not the minimum, so -c exists and both leave when x - c does not fit
      {
        IrType type = inst.type;
        InstId negated = number(type, -c);
        fn_.at(id).op = IrOp::add_ov;
        fn_.at(id).args[1] = negated;
        ctx_.rewrote("sub_ov x, c -> add_ov x, -c");
      }
      return {};
    default:
      if (c == 0) return by("mul_ov x, 0 -> 0", b);
      if (c == 1) return by("mul_ov x, 1 -> x", a);
      return {};
  }
}

InstId Folder::floating(InstId id) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  if (inst.op == IrOp::neg) return op(x) == IrOp::neg ? by("neg (neg x) -> x", arg(x, 0)) : InstId();
  double c = 0;
  if (!f64_constant(inst.args[1], &c)) return {};
  switch (inst.op) {
    case IrOp::add: return c == 0 && std::signbit(c) ? by("add x, -0.0 -> x", x) : InstId();  // x + 0.0 is not x for -0.0
    case IrOp::sub: return c == 0 && !std::signbit(c) ? by("sub x, 0.0 -> x", x) : InstId();  // x - -0.0 is not x for -0.0
    case IrOp::mul:
      if (c == 1) return by("mul x, 1.0 -> x", x);
      if (c == -1) return by("mul x, -1.0 -> neg x", make(IrOp::neg, F64, {x}));
      return {};
    default: {
      if (c == 1) return by("fdiv x, 1.0 -> x", x);
      if (c == -1) return by("fdiv x, -1.0 -> neg x", make(IrOp::neg, F64, {x}));
      int exponent = 0;
      double reciprocal = 1 / c;
      bool power = std::isnormal(c) && std::isnormal(reciprocal) && std::abs(std::frexp(c, &exponent)) == 0.5;
      if (!power) return {};
      // both round the same real number
      return by("fdiv x, 2^k -> mul x, 2^-k", make(IrOp::mul, F64, {x, number(F64, std::bit_cast<int64_t>(reciprocal))}));
    }
  }
}

InstId Folder::bool_logic(InstId id) {
  const Inst inst = at(id);
  InstId a = inst.args[0], b = inst.args[1];
  if (a == b) return inst.op == IrOp::xor_ ? by("xor b, b -> false", truth(false)) : by("and b, b -> b", a);
  int64_t c = 0;
  if (!constant(b, &c)) return {};
  if (inst.op == IrOp::and_) return c != 0 ? by("and b, true -> b", a) : by("and b, false -> false", b);
  if (inst.op == IrOp::or_) return c != 0 ? by("or b, true -> true", b) : by("or b, false -> b", a);
  return c != 0 ? by("xor b, true -> not b", make(IrOp::not_, BOOL, {a})) : by("xor b, false -> b", a);
}

}  // namespace orus::jit
