#include "jit/ir/ir_eval.h"

#include <limits>

#include "vm/runtime/ops.h"

namespace orus::jit {
namespace {

template <class T>
T get(Slot slot) {
  if constexpr (std::is_same_v<T, double>) {
    return slot_f64(slot);
  } else {
    return static_cast<T>(slot);
  }
}

template <class T>
Slot put(T value) {
  if constexpr (std::is_same_v<T, double>) {
    return f64_slot(value);
  } else {
    return static_cast<std::make_unsigned_t<T>>(value);
  }
}

Slot put_bool(bool value) { return value ? 1 : 0; }

template <class T>
bool overflowing(IrOp op, T a, T b, Slot* result) {
  T value;
  bool wrong = op == IrOp::add_ov   ? __builtin_add_overflow(a, b, &value)
               : op == IrOp::sub_ov ? __builtin_sub_overflow(a, b, &value)
                                    : __builtin_mul_overflow(a, b, &value);
  *result = put(value);
  return !wrong;
}

/// Integer ops of one width. S and U are the signed and unsigned type, W the signed type of twice the width.
template <class S, class U, class W, class UW>
Slot integer(IrOp op, Slot x, Slot y) {
  constexpr int kBits = std::numeric_limits<U>::digits;
  S a = get<S>(x), b = get<S>(y);
  U ua = get<U>(x), ub = get<U>(y);
  // Out of range only in a shift that was moved above its check: any value will do, and this one is not undefined.
  U count = static_cast<U>(y) & (kBits - 1);
  switch (op) {
    case IrOp::add: return put<U>(ua + ub);
    case IrOp::sub: return put<U>(ua - ub);
    case IrOp::mul: return put<U>(ua * ub);
    case IrOp::and_: return put<U>(ua & ub);
    case IrOp::or_: return put<U>(ua | ub);
    case IrOp::xor_: return put<U>(ua ^ ub);
    case IrOp::shl: return put<U>(ua << count);
    case IrOp::shr: return put<U>(ua >> count);
    case IrOp::sar: return put<S>(a >> count);
    case IrOp::mul_high: return put<S>(static_cast<S>((W{a} * W{b}) >> kBits));
    case IrOp::umul_high: return put<U>(static_cast<U>((UW{ua} * UW{ub}) >> kBits));
    case IrOp::sdiv:
    case IrOp::srem:
      ORUS_CHECK(b != 0 && !(a == std::numeric_limits<S>::min() && b == -1));
      return put<S>(op == IrOp::sdiv ? a / b : a % b);
    case IrOp::udiv:
    case IrOp::urem: ORUS_CHECK(ub != 0); return put<U>(op == IrOp::udiv ? ua / ub : ua % ub);
    default: break;
  }
  check_failed(__FILE__, __LINE__, "an integer op without a meaning");
}

Slot floating(IrOp op, double a, double b) {
  switch (op) {
    case IrOp::add: return put(a + b);
    case IrOp::sub: return put(a - b);
    case IrOp::mul: return put(a * b);
    case IrOp::fdiv: return put(a / b);
    case IrOp::fmod: return put(fmod_f64(a, b));
    case IrOp::neg: return put(-a);
    default: break;
  }
  check_failed(__FILE__, __LINE__, "an f64 op without a meaning");
}

template <class T>
bool compare(IrOp op, T a, T b) {
  switch (op) {
    case IrOp::eq: return a == b;
    case IrOp::ne: return a != b;
    case IrOp::lt: return a < b;
    case IrOp::le: return a <= b;
    case IrOp::gt: return a > b;
    case IrOp::ge: return a >= b;
    default: break;
  }
  check_failed(__FILE__, __LINE__, "a comparison without a meaning");
}

bool compare(IrOp op, IrType type, Slot a, Slot b) {
  if (op == IrOp::ult) return a < b;  // canonical slots compare like their values
  if (op == IrOp::ule) return a <= b;
  switch (type) {
    case IrType::kI32: return compare(op, get<int32_t>(a), get<int32_t>(b));
    case IrType::kF64: return compare(op, get<double>(a), get<double>(b));
    default: return compare(op, get<int64_t>(a), get<int64_t>(b));
  }
}

Slot convert(IrOp op, IrType type, IrType argument_type, Slot a) {
  bool from32 = argument_type == IrType::kI32;
  switch (op) {
    case IrOp::sext: return put(int64_t{get<int32_t>(a)});
    case IrOp::zext: return a;
    case IrOp::trunc: return put(get<uint32_t>(a));
    case IrOp::int_to_f64: return put(from32 ? static_cast<double>(get<int32_t>(a)) : static_cast<double>(get<int64_t>(a)));
    case IrOp::uint_to_f64: return put(static_cast<double>(a));
    case IrOp::f64_to_int: return type == IrType::kI32 ? put(f64_to_i32(get<double>(a))) : put(f64_to_i64(get<double>(a)));
    case IrOp::f64_to_uint: {
      // Out of range only when moved above its check.
      auto value = get<double>(a);
      return value > -1 && value < 18446744073709551616.0 ? static_cast<uint64_t>(value) : uint64_t{1} << 63;
    }
    default: break;
  }
  check_failed(__FILE__, __LINE__, "a conversion without a meaning");
}

}  // namespace

bool is_evaluable(IrOp op) {
  switch (op) {
    case IrOp::constant:
    case IrOp::param:
    case IrOp::slot:
    case IrOp::phi:
    case IrOp::pool: return false;
    default: return op < IrOp::load;
  }
}
static_assert(IrOp::pi < IrOp::load && IrOp::leave > IrOp::load, "is_evaluable relies on the order of ir_ops.def");

bool evaluate_ir(IrOp op, IrType type, IrType argument_type, const Slot* args, Slot* result) {
  switch (op) {
    case IrOp::guard: return args[0] != 0;
    case IrOp::bounds: *result = args[0]; return args[0] < args[1];
    case IrOp::pi: *result = args[0]; return true;
    case IrOp::not_: *result = 1 - args[0]; return true;
    case IrOp::select: *result = args[0] != 0 ? args[1] : args[2]; return true;
    case IrOp::add_ov:
    case IrOp::sub_ov:
    case IrOp::mul_ov:
      if (type == IrType::kI32) return overflowing(op, get<int32_t>(args[0]), get<int32_t>(args[1]), result);
      return overflowing(op, get<int64_t>(args[0]), get<int64_t>(args[1]), result);
    case IrOp::eq:
    case IrOp::ne:
    case IrOp::lt:
    case IrOp::le:
    case IrOp::gt:
    case IrOp::ge:
    case IrOp::ult:
    case IrOp::ule: *result = put_bool(compare(op, argument_type, args[0], args[1])); return true;
    case IrOp::sext:
    case IrOp::zext:
    case IrOp::trunc:
    case IrOp::int_to_f64:
    case IrOp::uint_to_f64:
    case IrOp::f64_to_int:
    case IrOp::f64_to_uint: *result = convert(op, type, argument_type, args[0]); return true;
    default: break;
  }
  if (type == IrType::kF64) {
    *result = floating(op, slot_f64(args[0]), info(op).args == 2 ? slot_f64(args[1]) : 0);
  } else if (type == IrType::kI64) {
    *result = integer<int64_t, uint64_t, __int128, unsigned __int128>(op, args[0], args[1]);
  } else {
    *result = integer<int32_t, uint32_t, int64_t, uint64_t>(op, args[0], args[1]);
  }
  return true;
}

}  // namespace orus::jit
