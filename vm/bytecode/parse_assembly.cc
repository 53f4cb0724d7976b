// parse_assembly: everything of the text form but function bodies (parse_function.cc). Grammar in docs/bytecode.md.
#include <bit>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "vm/bytecode/assembly_parser.h"
#include "vm/bytecode/names.h"
#include "vm/bytecode/text.h"

namespace orus {
namespace {

constexpr size_t kNoLine = SIZE_MAX;
constexpr uint32_t kMaxNesting = 64;  // brackets of an array type
constexpr uint64_t kCanonicalNan = 0x7FF8000000000000u;

}  // namespace

bool AssemblyModule::parse() {
  if (!scan_names()) return false;
  for (uint32_t i = 0; i < array_lines_.size(); ++i) {
    if (array_lines_[i] != kNoLine && !array_declaration(array_lines_[i], kFirstUserType + i)) return false;
  }
  cursor_.seek(0);
  if (!module_line()) return false;
  while (!cursor_.at_end()) {
    if (!declaration()) return false;
  }
  return true;
}

// First pass: numbers of types, globals and functions, so that the text may use them before their declarations.
// It skips what it does not understand; the last pass reports it.
bool AssemblyModule::scan_names() {
  uint32_t globals = 0, functions = 0;
  for (; !cursor_.at_end(); cursor_.skip_line()) {
    if (cursor_.accept("struct")) {
      if (!scan_type(true)) return false;
    } else if (cursor_.accept("type")) {
      if (!scan_type(false)) return false;
    } else if (cursor_.accept("global")) {
      if (!scan_name(&globals, 'g', globals_)) return false;
    } else if (cursor_.accept("func")) {
      if (!scan_name(&functions, 'f', functions_)) return false;
      while (!cursor_.at_end() && !cursor_.is("}")) cursor_.skip_line();
    }
  }
  return true;
}

bool AssemblyModule::scan_name(uint32_t* counter, char prefix, std::map<std::string, uint32_t>& names) {
  if (cursor_.is_indexed(prefix)) cursor_.advance();
  std::string name;
  if (!cursor_.string(&name)) return false;
  names.try_emplace(name, (*counter)++);
  return true;
}

bool AssemblyModule::scan_type(bool is_struct) {
  auto index = static_cast<uint32_t>(module_.types.size());
  size_t line = cursor_.at();
  if (!own_type_index(index)) return false;
  Type type;
  if (is_struct) {
    type.kind = TypeKind::kStruct;
    if (!cursor_.name(&type.name)) return false;
    structs_.try_emplace(type.name, index);
    struct_indexes_.push_back(index);
  }
  array_lines_.push_back(is_struct ? kNoLine : line);
  module_.types.push_back(std::move(type));
  return true;
}

// Second pass: `type #12 = [element]`, or `= i32` for a (never valid) copy of a builtin type.
bool AssemblyModule::array_declaration(size_t at, uint32_t index) {
  cursor_.seek(at);
  if (!own_type_index(index) || !cursor_.expect("=")) return false;
  Type& type = module_.types[index];
  if (!cursor_.is("[")) {
    TypeId same;
    if (!type_reference(&same)) return false;
    if (same.index >= kFirstUserType) return cursor_.fail("expected an array or a builtin type");
    type.kind = static_cast<TypeKind>(same.index);
    return cursor_.end_line();
  }
  cursor_.advance();
  if (cursor_.is("[")) return cursor_.fail("the element of a declared array type is a name or #number");
  TypeId element;
  if (!type_reference(&element) || !cursor_.expect("]")) return false;
  type.kind = TypeKind::kArray;
  type.element = element;
  arrays_.try_emplace(element.index, index);
  return cursor_.end_line();
}

bool AssemblyModule::own_type_index(uint32_t next) {
  if (!cursor_.accept("#")) return true;
  const Token& token = cursor_.peek();
  uint64_t index;
  if (!cursor_.number(UINT32_MAX, &index)) return false;
  return index == next || cursor_.fail(token, fmt::format("the next type is #{}", next));
}

bool AssemblyModule::own_index(char prefix, size_t next) {
  if (!cursor_.is_indexed(prefix)) return true;
  const Token& token = cursor_.peek();
  uint32_t index;
  if (!cursor_.indexed(prefix, UINT32_MAX, &index)) return false;
  return index == next || cursor_.fail(token, fmt::format("the next one is {}{}", prefix, next));
}

TypeId AssemblyModule::array_of(TypeId element) {
  auto [it, inserted] = arrays_.try_emplace(element.index, static_cast<uint32_t>(module_.types.size()));
  if (inserted) module_.types.push_back(Type{.kind = TypeKind::kArray, .element = element});
  return TypeId(it->second);
}

bool AssemblyModule::type_reference(TypeId* out) {
  uint32_t brackets = 0;
  for (; cursor_.accept("["); ++brackets) {
    if (brackets == kMaxNesting) return cursor_.fail("array type nested too deeply");
  }
  uint64_t number;
  if (cursor_.accept("#")) {
    if (!cursor_.number(UINT32_MAX, &number)) return false;
    *out = TypeId(number);
  } else {
    const Token& token = cursor_.peek();
    std::string_view name;
    if (!cursor_.identifier(&name)) return false;
    *out = TypeId();
    for (uint32_t i = 0; i < kFirstUserType; ++i) {
      if (builtin_type_name(i) == name) *out = TypeId(i);
    }
    if (!out->valid()) {
      auto it = structs_.find(std::string(name));
      if (it == structs_.end()) return cursor_.fail(token, "unknown type");
      *out = TypeId(it->second);
    }
  }
  for (; brackets > 0; --brackets) {
    if (!cursor_.expect("]")) return false;
    *out = array_of(*out);
  }
  return true;
}

bool AssemblyModule::module_line() { return cursor_.expect("module") && cursor_.string(&module_.file) && cursor_.end_line(); }

bool AssemblyModule::declaration() {
  if (cursor_.accept("main")) return main_line();
  if (cursor_.accept("struct")) return struct_line();
  if (cursor_.accept("global")) return global_line();
  if (cursor_.accept("const")) return constant_line();
  if (cursor_.accept("func")) return function_lines();
  if (!cursor_.is("type")) return cursor_.fail("expected main, type, struct, global, const or func");
  cursor_.skip_line();
  return true;
}

bool AssemblyModule::main_line() {
  uint32_t index;
  if (!function_reference(&index)) return false;
  module_.main = FunctionId(index);
  return cursor_.end_line();
}

bool AssemblyModule::struct_line() {
  if (next_struct_ == struct_indexes_.size()) return cursor_.fail("struct inside a function");
  uint32_t index = struct_indexes_[next_struct_++];
  if (!own_type_index(index)) return false;
  std::string name;
  if (!cursor_.name(&name) || !cursor_.expect("{")) return false;
  std::vector<Field> fields;
  while (!cursor_.accept("}")) {
    if (!fields.empty() && !cursor_.expect(",")) return false;
    Field field;
    if (!cursor_.name(&field.name) || !cursor_.expect(":") || !type_reference(&field.type)) return false;
    fields.push_back(std::move(field));
  }
  module_.types[index].fields = std::move(fields);
  return cursor_.end_line();
}

bool AssemblyModule::global_line() {
  Global global;
  if (!own_index('g', module_.globals.size()) || !cursor_.string(&global.name) || !cursor_.expect(":")) return false;
  if (!type_reference(&global.type)) return false;
  module_.globals.push_back(std::move(global));
  return cursor_.end_line();
}

bool AssemblyModule::constant_line() {
  Constant constant;
  if (!own_index('k', module_.constants.size())) return false;
  if (!cursor_.expect("=") || !type_reference(&constant.type) || !literal(constant.type, &constant)) return false;
  constants_.try_emplace({constant.type.index, constant.bits, constant.text}, static_cast<uint32_t>(module_.constants.size()));
  module_.constants.push_back(std::move(constant));
  return cursor_.end_line();
}

bool AssemblyModule::literal(TypeId type, Constant* out) {
  out->type = type;
  if (cursor_.accept("bits")) return cursor_.number(UINT64_MAX, &out->bits);
  if (type == kTypeString) return cursor_.string(&out->text);
  if (type.index >= kFirstUserType) return cursor_.fail("a constant of this type is written as bits");
  return scalar_literal(static_cast<TypeKind>(type.index), &out->bits);
}

bool AssemblyModule::scalar_literal(TypeKind kind, uint64_t* bits) {
  int64_t value;
  switch (kind) {
    case TypeKind::kI32:
      if (!cursor_.signed_number(INT32_MIN, INT32_MAX, &value)) return false;
      *bits = static_cast<uint32_t>(value);
      return true;
    case TypeKind::kI64:
      if (!cursor_.signed_number(INT64_MIN, INT64_MAX, &value)) return false;
      *bits = static_cast<uint64_t>(value);
      return true;
    case TypeKind::kU32: return cursor_.number(UINT32_MAX, bits);
    case TypeKind::kU64: return cursor_.number(UINT64_MAX, bits);
    case TypeKind::kF64: return f64_literal(bits);
    case TypeKind::kBool:
      *bits = cursor_.is("true") ? 1 : 0;
      return cursor_.accept("true") || cursor_.accept("false") || cursor_.fail("expected true or false");
    default: return cursor_.fail("a constant of this type is written as bits");
  }
}

bool AssemblyModule::f64_literal(uint64_t* bits) {
  uint64_t sign = cursor_.accept("-") ? uint64_t{1} << 63 : 0;
  if (sign == 0 && cursor_.accept("nan")) {
    *bits = kCanonicalNan;
    return true;
  }
  double value = std::numeric_limits<double>::infinity();
  if (!cursor_.accept("inf")) {
    std::string_view text = cursor_.peek().text;
    if (cursor_.peek().kind != TokenKind::kNumber) return cursor_.fail("expected a number");
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return cursor_.fail("not a number that f64 can hold");
    cursor_.advance();
  }
  *bits = std::bit_cast<uint64_t>(value) | sign;
  return true;
}

uint32_t AssemblyModule::add_constant(Constant constant) {
  auto [it, inserted] =
      constants_.try_emplace({constant.type.index, constant.bits, constant.text}, static_cast<uint32_t>(module_.constants.size()));
  if (inserted) module_.constants.push_back(std::move(constant));
  return it->second;
}

bool AssemblyModule::constant_reference(uint32_t max, uint32_t* out) {
  if (cursor_.is_indexed('k')) return cursor_.indexed('k', max, out);
  const Token& token = cursor_.peek();
  TypeId type;
  Constant constant;
  if (!type_reference(&type) || !literal(type, &constant)) return false;
  *out = add_constant(std::move(constant));
  return *out <= max || cursor_.fail(token, "too many constants for this instruction");
}

bool AssemblyModule::named_reference(char prefix, uint32_t max, const std::map<std::string, uint32_t>& names, uint32_t* out) {
  if (cursor_.peek().kind != TokenKind::kString) return cursor_.indexed(prefix, max, out);
  const Token& token = cursor_.peek();
  std::string name;
  if (!cursor_.string(&name)) return false;
  auto it = names.find(name);
  if (it == names.end() || it->second > max) return cursor_.fail(token, "unknown name");
  *out = it->second;
  return true;
}

bool AssemblyModule::global_reference(uint32_t* out) { return named_reference('g', UINT32_MAX, globals_, out); }

bool AssemblyModule::function_reference(uint32_t* out) { return named_reference('f', UINT16_MAX, functions_, out); }

bool AssemblyModule::function_lines() {
  Function fn;
  uint64_t params;
  if (!own_index('f', module_.functions.size()) || !cursor_.string(&fn.name)) return false;
  if (!cursor_.expect("params") || !cursor_.number(UINT32_MAX, &params)) return false;
  if (!cursor_.expect("->") || !type_reference(&fn.result) || !cursor_.expect("{") || !cursor_.end_line()) return false;
  fn.params = static_cast<uint32_t>(params);
  if (!parse_function_body(cursor_, *this, &fn)) return false;
  module_.functions.push_back(std::move(fn));
  return true;
}

Result<Module> parse_assembly(std::string_view text, std::string_view file_name) {
  ORUS_TRY(tokens, lex_assembly(text, file_name));
  AssemblyCursor cursor(tokens, file_name);
  AssemblyModule module(cursor);
  if (!module.parse()) return *cursor.error();
  return module.take();
}

}  // namespace orus
