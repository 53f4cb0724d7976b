// int() and float(), and the conversions to text.
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "vm/runtime/allocate.h"
#include "vm/runtime/errors.h"
#include "vm/runtime/format.h"
#include "vm/runtime/numbers.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

constexpr double kMinI32 = std::numeric_limits<int32_t>::min();
constexpr double kMaxI32 = std::numeric_limits<int32_t>::max();

template <class T>
bool integer_text(Vm& vm, Slot* base, const Insn* pc, T value) {
  char text[24];
  char* end = std::to_chars(text, text + sizeof text, value).ptr;
  return set_result(base, pc, new_string(vm, {text, static_cast<size_t>(end - text)}));
}

bool raise_conversion(Vm& vm, Slot* base, const Insn* pc, const std::string& message) {
  return raise_text(vm, ErrorKind::kConversion, message, base, pc);
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

/// `shown`: the value as the message quotes it.
bool raise_overflow(Vm& vm, Slot* base, const Insn* pc, const char* function, const std::string& shown, const char* type) {
  return raise_conversion(vm, base, pc, std::string(function) + " overflow: " + shown + " is out of range for " + type);
}

}  // namespace

bool builtin_str_from_i32(Vm& vm, Slot* base, const Insn* pc) { return integer_text(vm, base, pc, slot_i32(rt_arg(base, pc, 0))); }

bool builtin_str_from_i64(Vm& vm, Slot* base, const Insn* pc) {
  return integer_text(vm, base, pc, static_cast<int64_t>(rt_arg(base, pc, 0)));
}

bool builtin_str_from_u32(Vm& vm, Slot* base, const Insn* pc) {
  return integer_text(vm, base, pc, static_cast<uint32_t>(rt_arg(base, pc, 0)));
}

bool builtin_str_from_u64(Vm& vm, Slot* base, const Insn* pc) { return integer_text(vm, base, pc, rt_arg(base, pc, 0)); }

bool builtin_str_from_f64(Vm& vm, Slot* base, const Insn* pc) {
  return set_result(base, pc, new_string(vm, format_f64_short(slot_f64(rt_arg(base, pc, 0)))));
}

bool builtin_str_from_bool(Vm& vm, Slot* base, const Insn* pc) {
  return set_result(base, pc, new_string(vm, rt_arg(base, pc, 0) != 0 ? "true" : "false"));
}

bool builtin_int_from_string(Vm& vm, Slot* base, const Insn* pc) {
  std::string_view text = slot_ref<String>(rt_arg(base, pc, 0))->view();
  int32_t value;
  switch (parse_i32(text, &value)) {
    case NumberText::kOk: return set_result(base, pc, i32_slot(value));
    case NumberText::kOutOfRange: return raise_overflow(vm, base, pc, "int()", quoted(text), "i32");
    case NumberText::kMalformed: break;
  }
  std::string message = "int() argument must be an integer string";
  if (text.find_first_of(".eE") != std::string_view::npos) {
    message += " (decimals are not allowed). Use float() to parse decimal values";
  }
  return raise_conversion(vm, base, pc, message + ", got " + quoted(text));
}

bool builtin_int_from_i64(Vm& vm, Slot* base, const Insn* pc) {
  auto value = static_cast<int64_t>(rt_arg(base, pc, 0));
  auto narrow = static_cast<int32_t>(value);
  if (narrow != value) return raise_overflow(vm, base, pc, "int()", std::to_string(value), "i32");
  return set_result(base, pc, i32_slot(narrow));
}

bool builtin_int_from_u64(Vm& vm, Slot* base, const Insn* pc) {
  uint64_t value = rt_arg(base, pc, 0);
  if (value > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
    return raise_overflow(vm, base, pc, "int()", std::to_string(value), "i32");
  }
  return set_result(base, pc, value);
}

bool builtin_int_from_f64(Vm& vm, Slot* base, const Insn* pc) {
  double value = slot_f64(rt_arg(base, pc, 0));
  if (!std::isinf(value) && value != std::trunc(value)) {  // NaN is not whole
    return raise_conversion(vm, base, pc, "int() argument must be a whole number, got f64 " + format_f64_short(value));
  }
  if (value < kMinI32 || value > kMaxI32) return raise_overflow(vm, base, pc, "int()", format_f64(value), "i32");
  return set_result(base, pc, i32_slot(static_cast<int32_t>(value)));
}

bool builtin_float_from_string(Vm& vm, Slot* base, const Insn* pc) {
  std::string_view text = slot_ref<String>(rt_arg(base, pc, 0))->view();
  double value;
  switch (parse_f64(text, &value)) {
    case NumberText::kOk: return set_result(base, pc, f64_slot(value));
    case NumberText::kOutOfRange: return raise_overflow(vm, base, pc, "float()", quoted(text), "f64");
    case NumberText::kMalformed: break;
  }
  return raise_conversion(vm, base, pc, "float() argument must be a number, got " + quoted(text));
}

bool builtin_float_check(Vm& vm, Slot* base, const Insn* pc) {
  Slot slot = rt_arg(base, pc, 0);
  if (!std::isfinite(slot_f64(slot))) {
    return raise_overflow(vm, base, pc, "float()", format_f64(slot_f64(slot)), "f64");
  }
  return set_result(base, pc, slot);
}

}  // namespace orus
