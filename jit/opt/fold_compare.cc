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
    // eq (int_to_f64 x), 0.0 -> eq x, 0   (no integer but 0 converts to 0)
    double c = 1;
    bool equality = inst.op == IrOp::eq || inst.op == IrOp::ne;
    if (!equality || op(inst.args[0]) != IrOp::int_to_f64 || !f64_constant(inst.args[1], &c) || c != 0) return {};
    InstId x = arg(inst.args[0], 0);
    return make(inst.op, BOOL, {x, number(type(x), 0)});
  }
  if (inst.args[0] == inst.args[1]) return compare_same(id);
  int64_t c = 0;
  if (constant(inst.args[1], &c)) return compare_constant(id, c);
  // ule 0, x -> true    ult 0, x -> ne x, 0
  if (constant(inst.args[0], &c) && c == 0 && is_integer(operands)) {
    if (inst.op == IrOp::ule) return truth(true);
    if (inst.op == IrOp::ult) return make(IrOp::ne, BOOL, {inst.args[1], inst.args[0]});
  }
  return compare_extended(id);
}

/// eq x, x -> true    lt x, x -> false   (not for f64: NaN)
InstId Folder::compare_same(InstId id) {
  switch (op(id)) {
    case IrOp::eq:
    case IrOp::le:
    case IrOp::ge:
    case IrOp::ule: return truth(true);
    default: return truth(false);
  }
}

InstId Folder::compare_constant(InstId id, int64_t c) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  IrType t = type(x);
  if (t == BOOL) {
    bool same = (inst.op == IrOp::eq) == (c != 0);
    // eq b, true -> b    eq b, false -> not b
    if (inst.op == IrOp::eq || inst.op == IrOp::ne) return same ? x : make(IrOp::not_, BOOL, {x});
    return {};
  }
  if (t == REF) {
    // ne x, null -> true, where x is never null
    bool equality = inst.op == IrOp::eq || inst.op == IrOp::ne;
    return equality && c == 0 && never_null(x) ? truth(inst.op == IrOp::ne) : InstId();
  }
  int64_t low = t == I64 ? INT64_MIN : INT32_MIN, high = t == I64 ? INT64_MAX : INT32_MAX;
  switch (inst.op) {
    case IrOp::lt:
      if (c == low) return truth(false);  // lt x, MIN -> false
      break;
    case IrOp::ge:
      if (c == low) return truth(true);   // ge x, MIN -> true
      break;
    case IrOp::gt:
      if (c == high) return truth(false);  // gt x, MAX -> false
      break;
    case IrOp::le:
      if (c == high) return truth(true);   // le x, MAX -> true
      break;
    case IrOp::ult:
      if (c == 0) return truth(false);                                  // ult x, 0 -> false
      if (c == 1) return make(IrOp::eq, BOOL, {x, number(t, 0)});       // ult x, 1 -> eq x, 0
      break;
    case IrOp::ule:
      if (c == -1) return truth(true);                                  // ule x, ~0 -> true
      if (c == 0) return make(IrOp::eq, BOOL, {x, inst.args[1]});       // ule x, 0 -> eq x, 0
      break;
    default: break;
  }
  return compare_extended_constant(id, c);
}

/// lt (sext a), (sext b) -> lt a, b    lt (zext a), (zext b) -> ult a, b, for i32 a and b
InstId Folder::compare_extended(InstId id) {
  const Inst inst = at(id);
  InstId a = inst.args[0], b = inst.args[1];
  if (op(a) != op(b) || (op(a) != IrOp::sext && op(a) != IrOp::zext)) return {};
  InstId x = arg(a, 0), y = arg(b, 0);
  if (type(x) != I32 || type(y) != I32) return {};
  // Both extensions keep the unsigned order of equal-signed operands; sext keeps the signed order and maps negative
  // numbers above all others, as they are in 32 bits, so that it keeps the unsigned order too.
  if (op(a) == IrOp::sext) return make(inst.op, BOOL, {x, y});
  switch (inst.op) {
    case IrOp::lt: return make(IrOp::ult, BOOL, {x, y});
    case IrOp::le: return make(IrOp::ule, BOOL, {x, y});
    case IrOp::gt: return make(IrOp::ult, BOOL, {y, x});
    case IrOp::ge: return make(IrOp::ule, BOOL, {y, x});
    default: return make(inst.op, BOOL, {x, y});
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
    if (c != 0 && c != 1) return truth(inst.op == IrOp::ne);             // eq (zext b), 7 -> false
    bool same = (inst.op == IrOp::eq) == (c == 1);
    return same ? b : make(IrOp::not_, BOOL, {b});                       // eq (zext b), 1 -> b
  }
  if (op(wide) != IrOp::sext || type(arg(wide, 0)) != I32) return {};
  InstId x = arg(wide, 0);
  bool fits = c >= INT32_MIN && c <= INT32_MAX;
  switch (inst.op) {
    case IrOp::eq:
    case IrOp::ne:
      // eq (sext x), c -> eq x, c, or false when no i32 is c
      return fits ? make(inst.op, BOOL, {x, number(I32, c)}) : truth(inst.op == IrOp::ne);
    case IrOp::lt:
    case IrOp::le:
      // lt (sext x), c -> lt x, c, or what every i32 gives
      return fits ? make(inst.op, BOOL, {x, number(I32, c)}) : truth(c > 0);
    case IrOp::gt:
    case IrOp::ge: return fits ? make(inst.op, BOOL, {x, number(I32, c)}) : truth(c < 0);
    default:
      // ult (sext x), c -> ult x, c for 0 <= c < 2^31: a negative x is above c in both widths
      return fits && c >= 0 ? make(inst.op, BOOL, {x, number(I32, c)}) : InstId();
  }
}

InstId Folder::select(InstId id) {
  const Inst inst = at(id);
  InstId c = inst.args[0], a = inst.args[1], b = inst.args[2];
  int64_t known = 0, x = 0, y = 0;
  if (a == b) return a;                                   // select c, x, x -> x
  if (constant(c, &known)) return known != 0 ? a : b;     // select true, x, y -> x
  if (op(c) == IrOp::not_) return make(IrOp::select, inst.type, {arg(c, 0), b, a});  // select (not c), x, y -> select c, y, x
  if (inst.type == BOOL && constant(a, &x) && constant(b, &y)) {
    return x != 0 ? c : make(IrOp::not_, BOOL, {c});      // select c, true, false -> c    (x != y: they are not one value)
  }
  return {};
}

InstId Folder::negate(InstId id) {
  InstId x = arg(id, 0);
  if (op(x) == IrOp::not_) return arg(x, 0);  // not (not x) -> x
  if (!is_comparison(op(x))) return {};
  InstId a = arg(x, 0), b = arg(x, 1);
  if (op(x) == IrOp::ult) return make(IrOp::ule, BOOL, {b, a});  // not (ult a, b) -> ule b, a
  if (op(x) == IrOp::ule) return make(IrOp::ult, BOOL, {b, a});
  bool equality = op(x) == IrOp::eq || op(x) == IrOp::ne;
  // not (lt a, b) -> ge a, b; for f64 only not (eq a, b) -> ne a, b: with a NaN both lt and ge are false
  if (type(a) == F64 && !equality) return {};
  return make(inverse_comparison(op(x)), BOOL, {a, b});
}

InstId Folder::convert(InstId id) {
  const Inst inst = at(id);
  InstId x = inst.args[0];
  switch (inst.op) {
    case IrOp::sext:
      // sext (zext.i32 b) -> zext.i64 b, for bool b
      if (op(x) == IrOp::zext) return make(IrOp::zext, I64, {arg(x, 0)});
      return {};
    case IrOp::zext:
      // zext.i64 (zext.i32 b) -> zext.i64 b
      if (op(x) == IrOp::zext) return make(IrOp::zext, I64, {arg(x, 0)});
      return {};
    case IrOp::int_to_f64:
      // int_to_f64 (sext x) -> int_to_f64 x
      if (op(x) == IrOp::sext) return make(IrOp::int_to_f64, F64, {arg(x, 0)});
      return {};
    case IrOp::uint_to_f64:
      // uint_to_f64 (zext x) -> int_to_f64 (zext x): the value is not negative
      if (op(x) == IrOp::zext) return make(IrOp::int_to_f64, F64, {x});
      return {};
    default: {
      // f64_to_int (int_to_f64 x) -> x, for i32 x: every i32 is an f64
      if (op(x) != IrOp::int_to_f64 || type(arg(x, 0)) != I32) return {};
      InstId source = arg(x, 0);
      return inst.type == I32 ? source : make(IrOp::sext, I64, {source});
    }
  }
}

InstId Folder::truncate(InstId id) {
  InstId x = arg(id, 0);
  if (op(x) == IrOp::sext || op(x) == IrOp::zext) {
    InstId narrow = arg(x, 0);
    return type(narrow) == I32 ? narrow : make(IrOp::zext, I32, {narrow});  // trunc (sext x) -> x    trunc (zext b) -> zext.i32 b
  }
  if (op(x) != IrOp::select) return {};
  auto shrinks = [&](InstId v) { return op(v) == IrOp::sext || op(v) == IrOp::zext || op(v) == IrOp::constant; };
  InstId c = arg(x, 0), a = arg(x, 1), b = arg(x, 2);
  if (!shrinks(a) || !shrinks(b)) return {};
  // trunc (select c, sext a, sext b) -> select c, a, b
  InstId low_a = make(IrOp::trunc, I32, {a}), low_b = make(IrOp::trunc, I32, {b});
  return make(IrOp::select, I32, {c, low_a, low_b});
}

InstId Folder::bounds(InstId id) {
  InstId index = arg(id, 0), length = arg(id, 1);
  // bounds (bounds i, n), n -> bounds i, n
  if (op(index) == IrOp::bounds && arg(index, 1) == length) return index;
  int64_t c = 0, zero = 1;
  if (op(index) != IrOp::select || !constant(arg(index, 1), &c) || c >= 0) return {};
  InstId test = arg(index, 0), x = arg(index, 2);
  if (op(test) != IrOp::lt || arg(test, 0) != x || !constant(arg(test, 1), &zero) || zero != 0) return {};
  // bounds (select (lt x, 0), -1, x), n -> bounds x, n: a negative index leaves either way
  fn_.set_arg(id, 0, x);
  ++ctx_.rewrites;
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
