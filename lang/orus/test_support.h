// Helpers of the front end's unit tests.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <string_view>

#include "lang/orus/compile.h"
#include "vm/bytecode/module.h"
#include "vm/bytecode/verifier.h"

namespace orus::lang::testing {

/// "line:column message" for each diagnostic, one a line.
inline std::string errors_of(std::string_view source) {
  std::string out;
  for (const Diagnostic& d : compile_orus(source, "t.orus").diagnostics) {
    out += fmt::format("{}:{} {}\n", d.line, d.column, d.message);
  }
  return out;
}

inline Module compile_ok(std::string_view source) {
  CompileResult result = compile_orus(source, "t.orus");
  EXPECT_EQ(errors_of(source), "");
  EXPECT_TRUE(result.module.has_value());
  if (!result.module.has_value()) return Module();
  auto verified = verify(*result.module);
  EXPECT_TRUE(verified.ok()) << verified.error().where << ": " << verified.error().detail;
  return std::move(*result.module);
}

inline const Function* find_function(const Module& module, std::string_view name) {
  for (const Function& f : module.functions) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

inline std::string constant_text(const Module& module, uint32_t index) {
  const Constant& k = module.constants[index];
  switch (module.kind(k.type)) {
    case TypeKind::kString: return '"' + k.text + '"';
    case TypeKind::kF64: return fmt::format("{}", std::bit_cast<double>(k.bits));
    case TypeKind::kI32: return fmt::format("{}", static_cast<int32_t>(k.bits));
    case TypeKind::kI64: return fmt::format("{}", static_cast<int64_t>(k.bits));
    case TypeKind::kBool: return k.bits != 0 ? "true" : "false";
    default: return fmt::format("{}", k.bits);
  }
}

/// Operand `i` of the instruction at `pc` as text with a space in front; `done` when it takes the other fields too.
inline std::string operand_text(const Module& module, const Insn& insn, uint32_t pc, size_t i, bool* done) {
  const uint16_t value = i == 0 ? insn.a : i == 1 ? insn.b : insn.c;
  char letter = info(insn.opcode()).format[i];
  *done = letter == 'J' || letter == 'K' || letter == 'G';
  switch (letter) {
    case '-': return "";
    case 'i': return fmt::format(" {}", static_cast<int16_t>(value));
    case 'j': return fmt::format(" @{}", static_cast<int>(pc) + static_cast<int16_t>(value));
    case 'h': return ' ' + constant_text(module, value);
    case 'B': return fmt::format(" {}", info(static_cast<Builtin>(value)).name);
    case 'F': return fmt::format(" {}", module.functions[value].name);
    case 'q': return fmt::format(" {}", kErrorKindWords[value]);
    case 'J': return fmt::format(" @{}", static_cast<int>(pc) + insn.bc());
    case 'K': return ' ' + constant_text(module, static_cast<uint32_t>(insn.bc()));
    case 'G': return ' ' + module.globals[static_cast<uint32_t>(insn.bc())].name;
    case 'n':
    case 'L':
    case 'f': return fmt::format(" {}", value);
    default: return value == kNoReg ? " -" : fmt::format(" r{}", value);
  }
}

/// One instruction: mnemonic, registers as rN, immediates and constants as values, jumps as @target.
inline std::string instruction_text(const Module& module, const Function& f, uint32_t pc) {
  const Insn& insn = f.code[pc];
  std::string out(info(insn.opcode()).name);
  bool done = false;
  for (size_t i = 0; i < info(insn.opcode()).format.size() && !done; ++i) {
    out += operand_text(module, insn, pc, i, &done);
  }
  if (insn_length(insn) == 1) return out;  // also a call without arguments
  for (uint32_t i = 0; i < insn.c; ++i) out += fmt::format("{}r{}", i == 0 ? " (" : " ", listed_register(&insn, i));
  return out + ")";
}

/// The code of one function, one instruction a line, each after its pc.
inline std::string code_of(std::string_view source, std::string_view function) {
  Module module = compile_ok(source);
  const Function* f = find_function(module, function);
  if (f == nullptr) return "no such function";
  std::string out;
  for (uint32_t pc = 0; pc < f->code.size(); pc += insn_length(f->code[pc])) {
    out += fmt::format("{} {}\n", pc, instruction_text(module, *f, pc));
  }
  return out;
}

}  // namespace orus::lang::testing
