// The bytecode vocabulary: opcodes, builtins, error kinds, traps. Everything is generated from the .def tables, so a
// new row reaches every user of the table or the build fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orus {

/// What an instruction may do beyond writing its destination. A bit set.
enum OpEffects : uint32_t {
  kPure = 0,
  kMayRaise = 1 << 0,     // may raise a language error; then it has changed nothing
  kMayGc = 1 << 1,        // may allocate, so every object may move
  kReadHeap = 1 << 2,
  kWriteHeap = 1 << 3,
  kReadGlobal = 1 << 4,
  kWriteGlobal = 1 << 5,
  kBranch = 1 << 6,       // may continue elsewhere than at the next instruction
  kTerminator = 1 << 7,   // never continues at the next instruction
  kCall = 1 << 8,
  kSafepoint = 1 << 9,    // may collect, be interrupted or run out of fuel
  kOutput = 1 << 10,
  kInput = 1 << 11,
};

enum class Op : uint16_t {
#define OP(name, ...) name,
#include "vm/bytecode/opcodes.def"
#undef OP
};

struct OpInfo {
  std::string_view name;
  std::string_view format;  // operand letters, see opcodes.def
  std::string_view kinds;
  uint32_t effects;
  std::string_view family;
  std::string_view semantics;
};

inline constexpr OpInfo kOps[] = {
#define OP(name, format, kinds, effects, family, semantics) {#name, format, kinds, effects, #family, semantics},
#include "vm/bytecode/opcodes.def"
#undef OP
};
inline constexpr size_t kOpCount = sizeof(kOps) / sizeof(kOps[0]);
constexpr const OpInfo& info(Op op) { return kOps[static_cast<size_t>(op)]; }
/// The opcode called `name`; false if there is none.
bool find_op(std::string_view name, Op* op);

enum class Builtin : uint16_t {
#define BUILTIN(name, ...) name,
#include "vm/bytecode/builtins.def"
#undef BUILTIN
};

struct BuiltinInfo {
  std::string_view name;
  std::string_view result;     // one kind letter, "-" for none
  std::string_view arguments;  // kind letters; a trailing '*' takes any number of any kind, "**" in assert_eq any two
  uint32_t effects;
  std::string_view semantics;
};

inline constexpr BuiltinInfo kBuiltins[] = {
#define BUILTIN(name, result, arguments, effects, semantics) {#name, result, arguments, effects, semantics},
#include "vm/bytecode/builtins.def"
#undef BUILTIN
};
inline constexpr size_t kBuiltinCount = sizeof(kBuiltins) / sizeof(kBuiltins[0]);
constexpr const BuiltinInfo& info(Builtin b) { return kBuiltins[static_cast<size_t>(b)]; }

enum class ErrorKind : uint8_t {
#define ERROR_KIND(name, word) name,
#include "vm/bytecode/error_kinds.def"
#undef ERROR_KIND
};
inline constexpr std::string_view kErrorKindWords[] = {
#define ERROR_KIND(name, word) word,
#include "vm/bytecode/error_kinds.def"
#undef ERROR_KIND
};
inline constexpr size_t kErrorKindCount = sizeof(kErrorKindWords) / sizeof(kErrorKindWords[0]);

enum class Trap : uint8_t {
#define TRAP(name, ...) name,
#include "vm/bytecode/traps.def"
#undef TRAP
};
struct TrapInfo {
  std::string_view name;
  ErrorKind kind;
  std::string_view message;
};
inline constexpr TrapInfo kTraps[] = {
#define TRAP(name, kind, message) {#name, ErrorKind::kind, message},
#include "vm/bytecode/traps.def"
#undef TRAP
};
constexpr const TrapInfo& info(Trap t) { return kTraps[static_cast<size_t>(t)]; }

/// One instruction word: opcode and three 16-bit operand fields. `call`, `rt` and `new_struct` are followed by operand
/// words that hold four register numbers each (unused ones are zero).
struct Insn {
  uint16_t op = 0;
  uint16_t a = 0;
  uint16_t b = 0;
  uint16_t c = 0;

  constexpr Op opcode() const { return static_cast<Op>(op); }
  /// Fields b and c as one 32-bit operand (letters K, J, G), low half in b.
  constexpr int32_t bc() const { return static_cast<int32_t>(uint32_t{b} | uint32_t{c} << 16); }
  constexpr int16_t sb() const { return static_cast<int16_t>(b); }
  constexpr int16_t sc() const { return static_cast<int16_t>(c); }
  bool operator==(const Insn&) const = default;
};
static_assert(sizeof(Insn) == 8);

constexpr Insn make_insn(Op op, uint16_t a = 0, uint16_t b = 0, uint16_t c = 0) { return Insn{static_cast<uint16_t>(op), a, b, c}; }
constexpr Insn make_insn_bc(Op op, uint16_t a, int32_t bc) {
  auto u = static_cast<uint32_t>(bc);
  return Insn{static_cast<uint16_t>(op), a, static_cast<uint16_t>(u), static_cast<uint16_t>(u >> 16)};
}

/// "No destination" in field a of `call` and `rt`.
inline constexpr uint16_t kNoReg = 0xFFFF;

/// Operand words that follow an instruction with `registers` listed registers.
constexpr uint32_t operand_words(uint32_t registers) { return (registers + 3) / 4; }
/// Length in words of the instruction at `insn`, operand words included.
constexpr uint32_t insn_length(const Insn& insn) {
  switch (insn.opcode()) {
    case Op::call:
    case Op::rt:
    case Op::new_struct: return 1 + operand_words(insn.c);
    default: return 1;
  }
}
/// Register number `i` listed after `insn` (which must be in place in its function's code).
constexpr uint16_t listed_register(const Insn* insn, uint32_t i) {
  const Insn& word = insn[1 + i / 4];
  switch (i % 4) {
    case 0: return word.op;
    case 1: return word.a;
    case 2: return word.b;
    default: return word.c;
  }
}

}  // namespace orus
