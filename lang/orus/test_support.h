// Helpers of the front end's unit tests.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <string_view>

#include "lang/orus/compile.h"
#include "vm/bytecode/module.h"

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
  return result.module.has_value() ? std::move(*result.module) : Module();
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

/// One instruction: mnemonic, registers as rN, immediates and constants as values, jumps as @target.
inline std::string instruction_text(const Module& module, const Function& f, uint32_t pc) {
  const Insn& insn = f.code[pc];
  const OpInfo& row = info(insn.opcode());
  const uint16_t fields[] = {insn.a, insn.b, insn.c};
  std::string out(row.name);
  for (size_t i = 0; i < row.format.size(); ++i) {
    switch (row.format[i]) {
      case '-': break;
      case 'i': out += fmt::format(" {}", static_cast<int16_t>(fields[i])); break;
      case 'j': out += fmt::format(" @{}", static_cast<int>(pc) + static_cast<int16_t>(fields[i])); break;
      case 'h': out += ' ' + constant_text(module, fields[i]); break;
      case 'B': out += fmt::format(" {}", info(static_cast<Builtin>(fields[i])).name); break;
      case 'F': out += fmt::format(" {}", module.functions[fields[i]].name); break;
      case 'q': out += fmt::format(" {}", kErrorKindWords[fields[i]]); break;
      case 'n':
      case 'L':
      case 'f': out += fmt::format(" {}", fields[i]); break;
      case 'J': return out + fmt::format(" @{}", static_cast<int>(pc) + insn.bc());
      case 'K': return out + ' ' + constant_text(module, static_cast<uint32_t>(insn.bc()));
      case 'G': return out + ' ' + module.globals[static_cast<uint32_t>(insn.bc())].name;
      default: out += fields[i] == kNoReg ? " -" : fmt::format(" r{}", fields[i]); break;
    }
  }
  for (uint32_t i = 0; insn_length(insn) > 1 && i < insn.c; ++i) {
    out += fmt::format("{}r{}", i == 0 ? " (" : " ", listed_register(&insn, i));
  }
  return insn_length(insn) > 1 && insn.c > 0 ? out + ")" : out;
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
