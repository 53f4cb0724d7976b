// Builtins of the reference interpreter.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "fuzz/oracle/reference_machine.h"

namespace orus::fuzz::ref {
namespace {

constexpr size_t kMostElements = 4'000'000;

struct Call {
  Machine& m;
  const Insn* insn;
  Bits arg(uint32_t n) const { return m.reg(listed_register(insn, n)); }
  Object* object(uint32_t n) const { return reinterpret_cast<Object*>(arg(n)); }
  TypeId type(uint32_t n) const { return m.type_of(listed_register(insn, n)); }
  void give(Bits value) const {
    if (insn->a != kNoReg) m.reg(insn->a) = value;
  }
  void give_text(std::string text) const { give(m.make_string(std::move(text))); }
};

std::string trimmed(const std::string& text) {
  static constexpr char kSpace[] = " \t\n\v\f\r";
  size_t first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

void overflow(const Call& c, const char* what, const std::string& shown, const char* type) {
  c.m.raise(ErrorKind::kConversion, std::string(what) + " overflow: " + shown + " is out of range for " + type);
}

void int_from_string(const Call& c) {
  const std::string& original = c.object(0)->text;
  std::string text = trimmed(original);
  if (text.empty()) return c.give(0);
  bool negative = text[0] == '-';
  size_t first = negative || text[0] == '+' ? 1 : 0;
  bool digits = first < text.size() &&
                std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(), [](char ch) { return ch >= '0' && ch <= '9'; });
  if (!digits) {
    std::string hint =
        original.find_first_of(".eE") != std::string::npos ? " (decimals are not allowed). Use float() to parse decimal values" : "";
    return c.m.raise(ErrorKind::kConversion, "int() argument must be an integer string" + hint + ", got \"" + original + "\"");
  }
  size_t nonzero = text.find_first_not_of('0', first);
  std::string significant = nonzero == std::string::npos ? "0" : text.substr(nonzero);
  long long value = significant.size() > 10 ? 1LL << 40 : std::atoll(significant.c_str());
  if (value > 2147483647LL + negative) return overflow(c, "int()", "\"" + original + "\"", "i32");
  c.give(static_cast<uint32_t>(negative ? -value : value));
}

void float_from_string(const Call& c) {
  const std::string& original = c.object(0)->text;
  std::string text = trimmed(original);
  if (text.empty()) return c.give(bits(0.0));
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size())
    return c.m.raise(ErrorKind::kConversion, "float() argument must be a number, got \"" + original + "\"");
  if (!std::isfinite(value)) return overflow(c, "float()", "\"" + original + "\"", "f64");
  c.give(bits(value));
}

void int_from_f64(const Call& c) {
  double value = real(c.arg(0));
  bool whole = std::isinf(value) || std::floor(value) == value;
  if (!whole) return c.m.raise(ErrorKind::kConversion, "int() argument must be a whole number, got f64 " + short_real(value));
  if (!(value >= -2147483648.0 && value <= 2147483647.0)) return overflow(c, "int()", long_real(value), "i32");
  c.give(static_cast<uint32_t>(static_cast<int32_t>(value)));
}

void input(const Call& c, bool prompt) {
  if (prompt) c.m.output += c.object(0)->text;
  if (c.m.next_line == c.m.input.size()) return c.m.raise(Trap::InputEof);
  c.give_text(std::string(c.m.input[c.m.next_line++]));
}

/// Bounds of a slice of `length` items; an end equal to the length is exclusive, any other inclusive. False: raised.
bool slice(const Call& c, int64_t length, bool has_end, bool of_text, size_t* from, size_t* count) {
  auto start = static_cast<int64_t>(c.arg(1));
  int64_t end = has_end ? static_cast<int64_t>(c.arg(2)) : length;
  auto raise = [&](Trap array, Trap text) { c.m.raise(of_text ? text : array); };
  if (start < 0 || end < 0) return raise(Trap::SliceBoundNegative, Trap::StringSliceBoundNegative), false;
  if (start > length) return raise(Trap::SliceStartRange, Trap::StringSliceStartRange), false;
  if (end > length) return raise(Trap::SliceEndRange, Trap::StringSliceEndRange), false;
  if (end < start) return raise(Trap::SliceEndBeforeStart, Trap::StringSliceEndBeforeStart), false;
  *from = static_cast<size_t>(start);
  *count = static_cast<size_t>(end == length ? length - start : end + 1 - start);
  return true;
}

void array_slice(const Call& c, bool has_end) {
  size_t from, count;
  const Object* source = c.object(0);
  if (!slice(c, static_cast<int64_t>(source->values.size()), has_end, false, &from, &count)) return;
  Object* out = c.m.make(TypeKind::kArray, c.type(0));
  auto begin = source->values.begin() + static_cast<std::ptrdiff_t>(from);
  out->values.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  c.give(reinterpret_cast<Bits>(out));
}

void str_slice(const Call& c, bool has_end) {
  size_t from, count;
  const Object* source = c.object(0);
  if (!slice(c, static_cast<int64_t>(source->text.size()), has_end, true, &from, &count)) return;
  if (count == source->text.size()) return c.give(c.arg(0));
  c.give_text(source->text.substr(from, count));
}

void array_repeat(const Call& c) {
  const Object* source = c.object(0);
  auto count = static_cast<int64_t>(c.arg(1)), length = static_cast<int64_t>(source->values.size());
  if (count < 0 || (length > 0 && count > 0x7FFFFFF0 / length)) return c.m.raise(Trap::RepeatCount);
  if (length > 0 && static_cast<size_t>(count * length) > kMostElements) return void(c.m.too_big = true);
  Object* out = c.m.make(TypeKind::kArray, c.type(0));
  for (int64_t k = 0; k < count && length > 0; ++k) out->values.insert(out->values.end(), source->values.begin(), source->values.end());
  c.give(reinterpret_cast<Bits>(out));
}

bool sorts_before(TypeKind kind, Bits a, Bits b) {
  switch (kind) {
    case TypeKind::kI32: return static_cast<int32_t>(a) < static_cast<int32_t>(b);
    case TypeKind::kI64: return static_cast<int64_t>(a) < static_cast<int64_t>(b);
    case TypeKind::kF64: return real(a) < real(b) || (real(a) == real(a) && real(b) != real(b));
    case TypeKind::kString: return reinterpret_cast<Object*>(a)->text < reinterpret_cast<Object*>(b)->text;
    default: return a < b;
  }
}

void sorted(const Call& c) {
  const Object* source = c.object(0);
  TypeKind kind = c.m.element_kind(c.type(0));
  bool sortable = kind != TypeKind::kArray && kind != TypeKind::kStruct && kind != TypeKind::kError && kind != TypeKind::kRange;
  if (!sortable && !source->values.empty()) return c.m.raise(Trap::NotSortable);
  Object* out = c.m.make(TypeKind::kArray, c.type(0));
  out->values = source->values;
  std::stable_sort(out->values.begin(), out->values.end(), [kind](Bits a, Bits b) { return sorts_before(kind, a, b); });
  c.give(reinterpret_cast<Bits>(out));
}

void assert_eq(const Call& c) {
  MetPairs met;
  if (deeply_equal(c.m.module, c.type(1), c.arg(1), c.type(2), c.arg(2), &met)) return;
  std::string text = "assert_eq failed";
  if (!c.object(0)->text.empty()) text += " (" + c.object(0)->text + ")";
  text += "\n  expected: ";
  append_repr(c.m.module, c.type(2), c.arg(2), &text);
  text += "\n  actual:   ";
  append_repr(c.m.module, c.type(1), c.arg(1), &text);
  c.m.too_big |= text.size() > kLongestText;
  c.m.raise(ErrorKind::kRuntime, text);
}

void range_new(const Call& c) {
  if (c.arg(2) == 0) return c.m.raise(Trap::RangeArguments);
  Object* out = c.m.make(TypeKind::kRange);
  out->values = {c.arg(0), c.arg(1), c.arg(2)};
  c.give(reinterpret_cast<Bits>(out));
}

void int_from_wide(const Call& c, bool fits, const std::string& shown) {
  if (!fits) return overflow(c, "int()", shown, "i32");
  c.give(static_cast<uint32_t>(c.arg(0)));
}

void convert(const Call& c, Builtin builtin) {
  Bits a = c.arg(0);
  auto wide = static_cast<int64_t>(a);
  switch (builtin) {
    case Builtin::str_from_i32: return c.give_text(std::to_string(static_cast<int32_t>(a)));
    case Builtin::str_from_i64: return c.give_text(std::to_string(wide));
    case Builtin::str_from_u32:
    case Builtin::str_from_u64: return c.give_text(std::to_string(a));
    case Builtin::str_from_f64: return c.give_text(short_real(real(a)));
    case Builtin::str_from_bool: return c.give_text(a != 0 ? "true" : "false");
    case Builtin::int_from_i64: return int_from_wide(c, wide >= INT32_MIN && wide <= INT32_MAX, std::to_string(wide));
    case Builtin::int_from_u64: return int_from_wide(c, a <= INT32_MAX, std::to_string(a));
    case Builtin::float_check: return std::isfinite(real(a)) ? c.give(a) : overflow(c, "float()", long_real(real(a)), "f64");
    case Builtin::range_argument: return a > static_cast<Bits>(INT64_MAX) ? c.m.raise(Trap::RangeArguments) : c.give(a);
    case Builtin::error_message: return c.give(reinterpret_cast<Bits>(c.object(0)->message));
    case Builtin::error_type:
      return c.give_text(std::string(kErrorKindWords[c.object(0)->error_kind]) + " error " + c.object(0)->message->text);
    default: return;
  }
}

}  // namespace

void run_builtin(Machine& m, const Insn* insn) {
  Call c{m, insn};
  auto builtin = static_cast<Builtin>(insn->b);
  switch (builtin) {
    case Builtin::print:
      append_print(m, insn, m.frames.back(), &m.output);
      m.too_big |= m.output.size() > kLongestText;
      return;
    case Builtin::int_from_string: return int_from_string(c);
    case Builtin::int_from_f64: return int_from_f64(c);
    case Builtin::float_from_string: return float_from_string(c);
    case Builtin::assert_eq: return assert_eq(c);
    case Builtin::input: return input(c, false);
    case Builtin::input_prompt: return input(c, true);
    case Builtin::timestamp: return c.give(bits(1.0));  // nobody may look at it
    case Builtin::sorted: return sorted(c);
    case Builtin::array_slice: return array_slice(c, true);
    case Builtin::array_slice_from: return array_slice(c, false);
    case Builtin::array_repeat: return array_repeat(c);
    case Builtin::str_slice: return str_slice(c, true);
    case Builtin::str_slice_from: return str_slice(c, false);
    case Builtin::range_new: return range_new(c);
    case Builtin::str_from_i32:
    case Builtin::str_from_i64:
    case Builtin::str_from_u32:
    case Builtin::str_from_u64:
    case Builtin::str_from_f64:
    case Builtin::str_from_bool:
    case Builtin::error_message:
    case Builtin::error_type:
    case Builtin::int_from_i64:
    case Builtin::int_from_u64:
    case Builtin::float_check:
    case Builtin::range_argument: return convert(c, builtin);
  }
}

}  // namespace orus::fuzz::ref
