// The rules of a module outside code. See "Rules of a module" in docs/bytecode.md.
#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "vm/bytecode/names.h"
#include "vm/bytecode/verifier_parts.h"

namespace orus {
namespace {

constexpr uint64_t kCanonicalNan = 0x7FF8000000000000u;
constexpr uint64_t kExponentBits = 0x7FF0000000000000u;

template <class... Args>
Error module_error(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kBadBytecode, fmt::format(format, std::forward<Args>(args)...), "module"};
}

bool is_value_type(const Module& module, TypeId type) { return type.index < module.types.size() && type != kTypeVoid; }

Status check_array(const Module& module, uint32_t i, std::map<uint32_t, uint32_t>& by_element) {
  const Type& type = module.types[i];
  if (!is_value_type(module, type.element)) return module_error("type #{}: no such element type", i);
  if (!type.name.empty() || !type.fields.empty()) return module_error("type #{}: an array has no name or fields", i);
  if (!by_element.try_emplace(type.element.index, i).second) return module_error("type #{}: array type repeated", i);
  uint32_t nesting = 1;
  for (TypeId t = type.element; t.index < module.types.size() && module.kind(t) == TypeKind::kArray; ++nesting) {
    if (nesting == kMaxArrayNesting) return module_error("type #{}: more than {} arrays nested", i, kMaxArrayNesting);
    t = module.type(t).element;
  }
  return Ok{};
}

Status check_struct(const Module& module, uint32_t i) {
  const Type& type = module.types[i];
  if (!is_valid_name(type.name)) return module_error("type #{}: invalid name", i);
  if (type.element.valid()) return module_error("type #{}: a struct has no element type", i);
  if (type.fields.size() > UINT16_MAX) return module_error("type #{}: too many fields", i);
  std::vector<std::string_view> names;
  for (const Field& field : type.fields) {
    if (!is_valid_name(field.name)) return module_error("type #{}: invalid field name", i);
    if (!is_value_type(module, field.type)) {
      return module_error("type #{}: no such type for field {}", i, quoted(field.name));
    }
    names.push_back(field.name);
  }
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return module_error("type #{}: field {} repeated", i, quoted(*twice));
  return Ok{};
}

Status check_types(const Module& module) {
  const Module empty;
  const auto& types = module.types;
  if (types.size() < kFirstUserType || !std::equal(empty.types.begin(), empty.types.end(), types.begin())) {
    return module_error("the builtin types are not in place");
  }
  std::map<uint32_t, uint32_t> by_element;
  for (uint32_t i = kFirstUserType; i < types.size(); ++i) {
    TypeKind kind = types[i].kind;
    if (kind != TypeKind::kArray && kind != TypeKind::kStruct) {
      return module_error("type #{}: neither an array nor a struct", i);
    }
    Status status = kind == TypeKind::kArray ? check_array(module, i, by_element) : check_struct(module, i);
    if (!status.ok()) return status;
  }
  return Ok{};
}

/// One bit pattern a value, so that constants can be compared by bits.
bool is_canonical(const Constant& constant) {
  uint64_t bits = constant.bits;
  if (constant.type == kTypeString) return bits == 0;
  if (!constant.text.empty()) return false;
  if (constant.type == kTypeI32 || constant.type == kTypeU32) return bits >> 32 == 0;
  if (constant.type == kTypeBool) return bits <= 1;
  if (constant.type == kTypeF64) return bits == kCanonicalNan || (bits & ~(uint64_t{1} << 63)) <= kExponentBits;
  return true;
}

Status check_constants(const Module& module) {
  for (size_t i = 0; i < module.constants.size(); ++i) {
    const Constant& constant = module.constants[i];
    if (constant.type.index < kTypeI32.index || constant.type.index > kTypeString.index) {
      return module_error("constant k{}: neither a scalar nor a string", i);
    }
    if (!is_canonical(constant)) return module_error("constant k{}: not in canonical form", i);
  }
  return Ok{};
}

Status check_globals(const Module& module) {
  for (size_t i = 0; i < module.globals.size(); ++i) {
    if (!is_valid_name(module.globals[i].name)) return module_error("global g{}: invalid name", i);
    if (!is_value_type(module, module.globals[i].type)) return module_error("global g{}: no such type", i);
  }
  return Ok{};
}

Status check_function(const Module& module, size_t i) {
  const Function& fn = module.functions[i];
  if (!is_valid_name(fn.name)) return module_error("function f{}: invalid name", i);
  if (fn.registers.size() > kMaxRegisters) {
    return module_error("function f{}: more than {} registers", i, kMaxRegisters);
  }
  for (size_t r = 0; r < fn.registers.size(); ++r) {
    if (!is_value_type(module, fn.registers[r])) return module_error("function f{}: no such type for r{}", i, r);
  }
  if (fn.params > fn.registers.size()) return module_error("function f{}: more parameters than registers", i);
  if (fn.result.index >= module.types.size()) return module_error("function f{}: no such result type", i);
  if (fn.code.empty()) return module_error("function f{}: no code", i);
  if (fn.code.size() > kMaxCode) return module_error("function f{}: more than {} words of code", i, kMaxCode);
  if (fn.positions.size() != fn.code.size()) return module_error("function f{}: not one position a word", i);
  return Ok{};
}

Status check_functions(const Module& module) {
  if (module.functions.size() > kMaxFunctions) return module_error("more than {} functions", kMaxFunctions);
  for (size_t i = 0; i < module.functions.size(); ++i) {
    ORUS_TRY(checked, check_function(module, i));
    static_cast<void>(checked);
  }
  if (module.main.index >= module.functions.size()) return module_error("no main function");
  const Function& main = module.functions[module.main.index];
  if (main.params != 0 || main.result != kTypeVoid) return module_error("main has parameters or a result");
  return Ok{};
}

}  // namespace

Status check_module(const Module& module) {
  for (auto check : {check_types, check_constants, check_globals, check_functions}) {
    Status status = check(module);
    if (!status.ok()) return status;
  }
  return Ok{};
}

}  // namespace orus
