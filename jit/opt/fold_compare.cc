// The Folder's rules for comparisons, selects and conversions.
#include <climits>

#include "jit/opt/fold.h"

namespace orus::jit {
namespace {

constexpr IrType I32 = IrType::kI32, I64 = IrType::kI64, F64 = IrType::kF64, BOOL = IrType::kBool, REF = IrType::kRef;

bool is_integer(IrType type) { return type == I32 || type == I64; }

}  // namespace

IrOp swapped_comparison(IrOp op) {
  switch (op) {
    case IrOp::lt: return IrOp::gt;
    case IrOp::le: return IrOp::ge;
    case IrOp::gt: return IrOp::lt;
    case IrOp::ge: return IrOp::le;
    default: return op;
  }
}

IrOp inverse_comparison(IrOp op) {
  switch (op) {
    case IrOp::eq: return IrOp::ne;
    case IrOp::ne: return IrOp::eq;
    case IrOp::lt: return IrOp::ge;
    case IrOp::le: return IrOp::gt;
    case IrOp::gt: return IrOp::le;
    case IrOp::ge: return IrOp::lt;
    default: return op;
  }
}

InstId Folder::comparison(InstId id) {
  const Inst inst = at(id);
  IrType operands = type(inst.args[0]);
  if (operands == F64) {
    // no integer but 0 converts to 0
    double c = 1;
    bool equality = inst.op == IrOp::eq || inst.op == IrOp::ne;
    if (!equality || op(inst.args[0]) != IrOp::int_to_f64 || !f64_constant(inst.args[1], &c) || c != 0) return {};
    InstId x = arg(inst.args[0], 0);
    return by("eq (int_to_f64 x), 0.0 -> eq x, 0", make(inst.op, BOOL, {x, number(type(x), 0)}));
  }
  if (inst.args[0] == inst.args[1]) return compare_same(id);
  int64_t c = 0;
  if (constant(inst.args[1], &c)) return compare_constant(id, c);
  if (constant(inst.args[0], &c) && c == 0 && is_integer(operands)) {
    if (inst.op == IrOp::ule) return by("ule 0, x -> true", truth(true));
    if (inst.op == IrOp::ult) return by("ult 0, x -> ne x, 0", make(IrOp::ne, BOOL, {inst.args[1], inst.args[0]}));
  }
  return compare_extended(id);
}

/// Not for f64: NaN.
InstId Folder::compare_same(InstId id) {
  switch (op(id)) {
    case IrOp::eq:
    case IrOp::le:
    case IrOp::ge:
    case IrOp::ule: return by("eq x, x -> true", truth(true));
    default: return by("lt x, x -> false", truth(false));
  }
}

InstId Folder::compare_constant(InstId id, int64_t c) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  IrType t = type(x);
  if (t == BOOL) {
    bool same = (inst.op == IrOp::eq) == (c != 0);
    if (inst.op != IrOp::eq && inst.op != IrOp::ne) return {};
    return same ? by("eq b, true -> b", x) : by("eq b, false -> not b", make(IrOp::not_, BOOL, {x}));
  }
  if (t == REF) {
    bool equality = inst.op == IrOp::eq || inst.op == IrOp::ne;
    return equality && c == 0 && never_null(x) ? by("ne x, null -> true, for x that is never null", truth(inst.op == IrOp::ne)) : InstId();
  }
  int64_t low = t == I64 ? INT64_MIN : INT32_MIN, high = t == I64 ? INT64_MAX : INT32_MAX;
  switch (inst.op) {
    case IrOp::lt:
      if (c == low) return by("lt x, MIN -> false", truth(false));
      break;
    case IrOp::ge:
      if (c == low) return by("ge x, MIN -> true", truth(true));
      break;
    case IrOp::gt:
      if (c == high) return by("gt x, MAX -> false", truth(false));
      break;
    case IrOp::le:
      if (c == high) return by("le x, MAX -> true", truth(true));
      break;
    case IrOp::ult:
      if (c == 0) return by("ult x, 0 -> false", truth(false));
      if (c == 1) return by("ult x, 1 -> eq x, 0", make(IrOp::eq, BOOL, {x, number(t, 0)}));
      break;
    case IrOp::ule:
      if (c == -1) return by("ule x, ~0 -> true", truth(true));
      if (c == 0) return by("ule x, 0 -> eq x, 0", make(IrOp::eq, BOOL, {x, inst.args[1]}));
      break;
    default: break;
  }
  return compare_extended_constant(id, c);
}

/// Comparisons of two extended i32, done on the narrow values.
InstId Folder::compare_extended(InstId id) {
  const Inst inst = at(id);
  InstId a = inst.args[0], b = inst.args[1];
  if (op(a) != op(b) || (op(a) != IrOp::sext && op(a) != IrOp::zext)) return {};
  InstId x = arg(a, 0), y = arg(b, 0);
  if (type(x) != I32 || type(y) != I32) return {};
  // Both extensions keep the unsigned order of equal-signed operands; sext keeps the signed order and maps negative
  // numbers above all others, as they are in 32 bits, so that it keeps the unsigned order too.
  if (op(a) == IrOp::sext) return by("lt (sext x), (sext y) -> lt x, y", make(inst.op, BOOL, {x, y}));
  switch (inst.op) {
    case IrOp::lt: return by("lt (zext x), (zext y) -> ult x, y", make(IrOp::ult, BOOL, {x, y}));
    case IrOp::le: return by("le (zext x), (zext y) -> ule x, y", make(IrOp::ule, BOOL, {x, y}));
    case IrOp::gt: return by("gt (zext x), (zext y) -> ult y, x", make(IrOp::ult, BOOL, {y, x}));
    case IrOp::ge: return by("ge (zext x), (zext y) -> ule y, x", make(IrOp::ule, BOOL, {y, x}));
    default: return by("eq (zext x), (zext y) -> eq x, y", make(inst.op, BOOL, {x, y}));
  }
}

/// Comparisons of an extended value with a constant, done on the narrow value.
InstId Folder::compare_extended_constant(InstId id, int64_t c) {
  const Inst inst = at(id);
  InstId wide = inst.args[0];
  bool equality = inst.op == IrOp::eq || inst.op == IrOp::ne;
  if (op(wide) == IrOp::zext && type(arg(wide, 0)) == BOOL) {
    InstId b = arg(wide, 0);
    if (!equality) return {};
    if (c != 0 && c != 1) return by("eq (zext b), 7 -> false", truth(inst.op == IrOp::ne));
    bool same = (inst.op == IrOp::eq) == (c == 1);
    return same ? by("eq (zext b), 1 -> b", b) : by("eq (zext b), 0 -> not b", make(IrOp::not_, BOOL, {b}));
  }
  if (op(wide) != IrOp::sext || type(arg(wide, 0)) != I32) return {};
  InstId x = arg(wide, 0);
  bool fits = c >= INT32_MIN && c <= INT32_MAX;
  switch (inst.op) {
    case IrOp::eq:
    case IrOp::ne:
      return fits ? by("eq (sext x), c -> eq x, c", make(inst.op, BOOL, {x, number(I32, c)}))
                  : by("eq (sext x), c -> false, where no i32 is c", truth(inst.op == IrOp::ne));
    case IrOp::lt:
    case IrOp::le:
      return fits ? by("lt (sext x), c -> lt x, c", make(inst.op, BOOL, {x, number(I32, c)}))
                  : by("lt (sext x), c -> what every i32 gives", truth(c > 0));
    case IrOp::gt:
    case IrOp::ge:
      return fits ? by("gt (sext x), c -> gt x, c", make(inst.op, BOOL, {x, number(I32, c)}))
                  : by("gt (sext x), c -> what every i32 gives", truth(c < 0));
    default:
      // for 0 <= c < 2^31: a negative x is above c in both widths
      return fits && c >= 0 ? by("ult (sext x), c -> ult x, c", make(inst.op, BOOL, {x, number(I32, c)})) : InstId();
  }
}

InstId Folder::select(InstId id) {
  const Inst inst = at(id);
  InstId c = inst.args[0], a = inst.args[1], b = inst.args[2];
  int64_t known = 0, x = 0, y = 0;
  if (a == b) return by("select c, x, x -> x", a);
  if (constant(c, &known)) return known != 0 ? by("select true, x, y -> x", a) : by("select false, x, y -> y", b);
  if (op(c) == IrOp::not_) return by("select (not c), x, y -> select c, y, x", make(IrOp::select, inst.type, {arg(c, 0), b, a}));
  if (inst.type == BOOL && constant(a, &x) && constant(b, &y)) {
    // x != y: they are not one value
    return x != 0 ? by("select c, true, false -> c", c) : by("select c, false, true -> not c", make(IrOp::not_, BOOL, {c}));
  }
  return {};
}

InstId Folder::negate(InstId id) {
  InstId x = arg(id, 0);
  if (op(x) == IrOp::not_) return by("not (not x) -> x", arg(x, 0));
  if (!is_comparison(op(x))) return {};
  InstId a = arg(x, 0), b = arg(x, 1);
  if (op(x) == IrOp::ult) return by("not (ult a, b) -> ule b, a", make(IrOp::ule, BOOL, {b, a}));
  if (op(x) == IrOp::ule) return by("not (ule a, b) -> ult b, a", make(IrOp::ult, BOOL, {b, a}));
  bool equality = op(x) == IrOp::eq || op(x) == IrOp::ne;
  // for f64 only not (eq a, b) -> ne a, b: with a NaN both lt and ge are false
  if (type(a) == F64 && !equality) return {};
  return by("not (lt a, b) -> ge a, b", make(inverse_comparison(op(x)), BOOL, {a, b}));
}

InstId Folder::convert(InstId id) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  switch (inst.op) {
    case IrOp::sext:
      if (op(x) == IrOp::zext) return by("sext (zext.i32 b) -> zext.i64 b", make(IrOp::zext, I64, {arg(x, 0)}));
      return {};
    case IrOp::zext:
      if (op(x) == IrOp::zext) return by("zext (zext.i32 b) -> zext.i64 b", make(IrOp::zext, I64, {arg(x, 0)}));
      return {};
    case IrOp::int_to_f64:
      if (op(x) == IrOp::sext) return by("int_to_f64 (sext x) -> int_to_f64 x", make(IrOp::int_to_f64, F64, {arg(x, 0)}));
      return {};
    case IrOp::uint_to_f64:
      // the value is not negative
      if (op(x) == IrOp::zext) return by("uint_to_f64 (zext x) -> int_to_f64 (zext x)", make(IrOp::int_to_f64, F64, {x}));
      return {};
    default: {
      // every i32 is an f64
      if (op(x) != IrOp::int_to_f64 || type(arg(x, 0)) != I32) return {};
      InstId source = arg(x, 0);
      return inst.type == I32 ? by("f64_to_int.i32 (int_to_f64 x) -> x", source)
                              : by("f64_to_int.i64 (int_to_f64 x) -> sext x", make(IrOp::sext, I64, {source}));
    }
  }
}

InstId Folder::truncate(InstId id) {
  InstId x = arg(id, 0);
  if (op(x) == IrOp::sext || op(x) == IrOp::zext) {
    InstId narrow = arg(x, 0);
    return type(narrow) == I32 ? by("trunc (sext x) -> x", narrow) : by("trunc (zext b) -> zext.i32 b", make(IrOp::zext, I32, {narrow}));
  }
  if (op(x) != IrOp::select) return {};
  auto shrinks = [&](InstId v) { return op(v) == IrOp::sext || op(v) == IrOp::zext || op(v) == IrOp::constant; };
  InstId c = arg(x, 0), a = arg(x, 1), b = arg(x, 2);
  if (!shrinks(a) || !shrinks(b)) return {};
  InstId low_a = make(IrOp::trunc, I32, {a}), low_b = make(IrOp::trunc, I32, {b});
  return by("trunc (select c, sext a, sext b) -> select c, a, b", make(IrOp::select, I32, {c, low_a, low_b}));
}

InstId Folder::bounds(InstId id) {
  InstId index = arg(id, 0), length = arg(id, 1);
  if (op(index) == IrOp::bounds && arg(index, 1) == length) return by("bounds (bounds i, n), n -> bounds i, n", index);
  int64_t c = 0, zero = 1;
  if (op(index) != IrOp::select || !constant(arg(index, 1), &c) || c >= 0) return {};
  InstId test = arg(index, 0), x = arg(index, 2);
  if (op(test) != IrOp::lt || arg(test, 0) != x || !constant(arg(test, 1), &zero) || zero != 0) return {};
  // a negative index leaves either way
  fn_.set_arg(id, 0, x);
  ctx_.rewrote("bounds (select (lt x, 0), -1, x), n -> bounds x, n");
  return {};
}

/// Whether a reference is never null. A phi is what its arguments are; a global may be unassigned, a buffer of an
/// empty array does not exist; what was checked is a pi.
bool Folder::never_null(InstId id) {
  if (!maybe_null_.empty()) return id.index < maybe_null_.size() && !maybe_null_[id.index];
  maybe_null_.assign(fn_.insts.size(), false);
  std::vector<std::vector<uint32_t>> users(fn_.insts.size());
  std::vector<uint32_t> work;
  auto source = [&](uint32_t i) {
    const Inst& inst = fn_.insts[i];
    bool may = inst.op == IrOp::constant || inst.op == IrOp::new_object || inst.op == IrOp::load_global || inst.op == IrOp::select ||
               (inst.op == IrOp::load && inst.aux == kAliasArrayBuffer);
    if (may && inst.type == REF) work.push_back(i);
  };
  for (uint32_t i = 0; i < fn_.insts.size(); ++i) source(i);
  for (const Block& block : fn_.blocks) {
    for (const Edge& edge : block.successors) {
      const auto& phis = fn_.at(edge.target).phis;
      for (size_t i = 0; i < phis.size(); ++i) {
        if (type(phis[i]) == REF) users[fn_.resolve(edge.args[i]).index].push_back(phis[i].index);
      }
    }
  }
  while (!work.empty()) {
    uint32_t i = work.back();
    work.pop_back();
    if (maybe_null_[i]) continue;
    maybe_null_[i] = true;
    for (uint32_t user : users[i]) work.push_back(user);
  }
  return !maybe_null_[id.index];
}

}  // namespace orus::jit
