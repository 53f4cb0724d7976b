#include "fuzz/gen/renumber.h"

#include <algorithm>

#include "vm/bytecode/opcode.h"

namespace orus::fuzz {
namespace {

bool has_list(Op op) { return op == Op::call || op == Op::rt || op == Op::new_struct; }

uint16_t* field(Insn& insn, size_t i) { return i == 0 ? &insn.a : i == 1 ? &insn.b : &insn.c; }

/// Calls use(register, is_pair) for every register that the code names.
template <class Use>
void each_register(Function* fn, Use use) {
  for (uint32_t pc = 0; pc < fn->code.size(); pc += insn_length(fn->code[pc])) {
    Insn& insn = fn->code[pc];
    std::string_view format = info(insn.opcode()).format;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] == 'd' || format[i] == 'r' || format[i] == 'x' || format[i] == 'w') use(field(insn, i), format[i] == 'w');
    }
    for (uint32_t n = 0; has_list(insn.opcode()) && n < insn.c; ++n) {
      Insn& word = fn->code[pc + 1 + n / 4];
      use(n % 4 == 0 ? &word.op : field(word, n % 4 - 1), false);
    }
  }
  for (Handler& handler : fn->handlers) use(&handler.error_register, false);
}

}  // namespace

bool rotate_registers(Function* fn, uint32_t by) {
  uint32_t first = fn->params, count = static_cast<uint32_t>(fn->registers.size()) - first;
  if (count < 2 || by % count == 0) return false;
  auto moved = [&](uint16_t r) { return r == kNoReg || r < first ? r : static_cast<uint16_t>(first + (r - first + by) % count); };
  bool torn = false;
  each_register(
      fn, [&](const uint16_t* r, bool is_pair) { torn = torn || (is_pair && moved(static_cast<uint16_t>(*r + 1)) != moved(*r) + 1); });
  if (torn) return false;
  each_register(fn, [&](uint16_t* r, bool) { *r = moved(*r); });
  std::rotate(fn->registers.begin() + first, fn->registers.end() - static_cast<std::ptrdiff_t>(by % count), fn->registers.end());
  return true;
}

bool swap_registers(Function* fn, uint16_t x, uint16_t y) {
  bool torn = false;
  each_register(fn,
                [&](const uint16_t* r, bool is_pair) { torn = torn || (is_pair && (*r == x || *r == y || *r + 1 == x || *r + 1 == y)); });
  if (torn) return false;
  each_register(fn, [&](uint16_t* r, bool) { *r = *r == x ? y : *r == y ? x : *r; });
  std::swap(fn->registers[x], fn->registers[y]);
  return true;
}

}  // namespace orus::fuzz
