// Module: types, globals, constants and functions of one program, as the front end builds them and the loader reads
// them. Plain data; only verify() (verifier.h) makes it runnable. Immutable once verified.
//
// Invariants of a verified module:
//  1. A register has one type for the whole function; parameters are registers 0 .. params-1.
//  2. Every register is assigned on every path before it is read.
//  3. Backward jumps go to `loop` instructions; jump targets and handler bounds are instruction starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "vm/bytecode/opcode.h"

namespace orus {

using TypeId = Id<struct TypeTag>;
using FunctionId = Id<struct FunctionTag>;
using GlobalId = Id<struct GlobalTag>;
using ConstantId = Id<struct ConstantTag>;

enum class TypeKind : uint8_t { kVoid, kI32, kI64, kU32, kU64, kF64, kBool, kString, kError, kRange, kArray, kStruct };

/// The types every module starts with, in this order.
inline constexpr TypeId kTypeVoid{0}, kTypeI32{1}, kTypeI64{2}, kTypeU32{3}, kTypeU64{4}, kTypeF64{5}, kTypeBool{6}, kTypeString{7},
    kTypeError{8}, kTypeRange{9};
inline constexpr uint32_t kFirstUserType = 10;

constexpr bool is_reference(TypeKind kind) { return kind >= TypeKind::kString; }
constexpr bool is_numeric(TypeKind kind) { return kind >= TypeKind::kI32 && kind <= TypeKind::kF64; }

struct Field {
  std::string name;
  TypeId type;
  bool operator==(const Field&) const = default;
};

struct Type {
  TypeKind kind = TypeKind::kVoid;
  TypeId element = {};            // kArray
  std::string name = {};          // kStruct
  std::vector<Field> fields = {};  // kStruct, in declaration order
  bool operator==(const Type&) const = default;
};

struct Constant {
  TypeId type;
  uint64_t bits = 0;      // scalars, in canonical slot form (i32 and u32 zero-extended)
  std::string text = {};  // kTypeString
  bool operator==(const Constant&) const = default;
};

struct Global {
  std::string name;
  TypeId type;
  bool operator==(const Global&) const = default;
};

/// 1-based; line 0 is "unknown".
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
  bool operator==(const Position&) const = default;
};

/// An error raised at start <= pc < end stores the error value in `error_register` and continues at `target`.
/// Of several handlers that cover a pc the first in the list wins: inner ones come first.
struct Handler {
  uint32_t start, end, target;
  uint16_t error_register;
  bool operator==(const Handler&) const = default;
};

struct Function {
  std::string name;
  uint32_t params = 0;
  TypeId result = kTypeVoid;
  std::vector<TypeId> registers;  // at most kMaxRegisters
  std::vector<Insn> code;
  std::vector<Position> positions;  // one a code word
  std::vector<Handler> handlers;
  uint32_t loops = 0;  // `loop` instructions are numbered 0 .. loops-1 in code order
  bool operator==(const Function&) const = default;
};

inline constexpr uint32_t kMaxRegisters = 0x4000;
inline constexpr uint32_t kMaxFunctions = 0xFFFF;
inline constexpr uint32_t kMaxCode = 1u << 28;

struct Module {
  std::string file;  // source file, for messages
  std::vector<Type> types;
  std::vector<Global> globals;
  std::vector<Constant> constants;
  std::vector<Function> functions;
  FunctionId main;  // no parameters, no result

  Module();
  const Type& type(TypeId id) const { return types[id.index]; }
  TypeKind kind(TypeId id) const { return types[id.index].kind; }
  /// The array type with this element type, added if new.
  TypeId array_of(TypeId element);
  /// Text of a type: i32, [[f64]], struct name.
  std::string type_name(TypeId id) const;
  bool operator==(const Module&) const = default;
};

/// Bytes that an element of this kind takes in array storage: 1, 4 or 8.
uint32_t element_bytes(TypeKind kind);

}  // namespace orus
