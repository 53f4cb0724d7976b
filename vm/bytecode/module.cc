#include "vm/bytecode/module.h"

namespace orus {

Module::Module() {
  for (TypeKind kind : {TypeKind::kVoid, TypeKind::kI32, TypeKind::kI64, TypeKind::kU32, TypeKind::kU64, TypeKind::kF64, TypeKind::kBool,
                        TypeKind::kString, TypeKind::kError, TypeKind::kRange}) {
    types.push_back(Type{.kind = kind});
  }
}

TypeId Module::array_of(TypeId element) {
  for (uint32_t i = kFirstUserType; i < types.size(); ++i) {
    if (types[i].kind == TypeKind::kArray && types[i].element == element) return TypeId(i);
  }
  types.push_back(Type{.kind = TypeKind::kArray, .element = element});
  return TypeId(types.size() - 1);
}

std::string Module::type_name(TypeId id) const {
  static constexpr std::string_view kNames[] = {"void", "i32", "i64", "u32", "u64", "f64", "bool", "string", "error", "range"};
  const Type& t = type(id);
  if (t.kind == TypeKind::kArray) return "[" + type_name(t.element) + "]";
  if (t.kind == TypeKind::kStruct) return t.name;
  return std::string(kNames[static_cast<size_t>(t.kind)]);
}

uint32_t element_bytes(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool: return 1;
    case TypeKind::kI32:
    case TypeKind::kU32: return 4;
    default: return 8;
  }
}

}  // namespace orus
