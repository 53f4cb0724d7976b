// Builtins that talk to the outside: print, input, timestamp, assert_eq.
#include <chrono>
#include <vector>

#include "vm/runtime/allocate.h"
#include "vm/runtime/errors.h"
#include "vm/runtime/format.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

bool read_input(Vm& vm, Slot* base, const Insn* pc) {
  vm.console().flush();
  std::string line;
  if (!vm.console().read_line(&line)) return vm.raise(Trap::InputEof, base, pc);
  if (line.size() > kMaxStringLength) return vm.raise(Trap::StringTooLong, base, pc);
  return set_result(base, pc, new_string(vm, line));
}

}  // namespace

bool builtin_print(Vm& vm, Slot* base, const Insn* pc) {
  constexpr uint32_t kInline = 8;
  uint32_t count = pc->c;
  TypeId inline_types[kInline];
  Slot inline_values[kInline];
  std::vector<TypeId> many_types;
  std::vector<Slot> many_values;
  TypeId* types = inline_types;
  Slot* values = inline_values;
  if (count > kInline) {
    many_types.resize(count);
    many_values.resize(count);
    types = many_types.data();
    values = many_values.data();
  }
  for (uint32_t i = 0; i < count; ++i) {
    types[i] = rt_type(base, pc, i);
    values[i] = rt_arg(base, pc, i);
  }
  std::string text;
  format_print(vm.module(), types, values, count, &text);
  vm.console().write(text);
  return true;
}

bool builtin_assert_eq(Vm& vm, Slot* base, const Insn* pc) {
  const Module& module = vm.module();
  TypeId actual_type = rt_type(base, pc, 1), expected_type = rt_type(base, pc, 2);
  Slot actual = rt_arg(base, pc, 1), expected = rt_arg(base, pc, 2);
  if (deep_equal(module, actual_type, actual, expected_type, expected)) return true;
  std::string message = "assert_eq failed";
  std::string_view label = slot_ref<String>(rt_arg(base, pc, 0))->view();
  if (!label.empty()) message.append(" (").append(label).append(")");
  message += "\n  expected: ";
  format_repr(module, expected_type, expected, &message);
  message += "\n  actual:   ";
  format_repr(module, actual_type, actual, &message);
  return raise_text(vm, ErrorKind::kRuntime, message, base, pc);
}

bool builtin_input(Vm& vm, Slot* base, const Insn* pc) { return read_input(vm, base, pc); }

bool builtin_input_prompt(Vm& vm, Slot* base, const Insn* pc) {
  vm.console().write(slot_ref<String>(rt_arg(base, pc, 0))->view());
  return read_input(vm, base, pc);
}

bool builtin_timestamp(Vm& vm, Slot* base, const Insn* pc) {
  std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
  return set_result(base, pc, f64_slot(now.count()));
}

}  // namespace orus
