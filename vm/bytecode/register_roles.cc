// Which registers an instruction reads and writes, and whether it may raise: derived from the table, one entry an op.
#include <array>

#include "vm/bytecode/verifier.h"

namespace orus {
namespace {

struct OpRoles {
  std::array<bool, 3> uses = {};   // by field
  int8_t pair = -1;                // field of a register pair
  int8_t def = -1;                 // field of the register written
  bool lists = false;
  bool raises = false;
};

constexpr std::array<OpRoles, kOpCount> op_roles() {
  std::array<OpRoles, kOpCount> table = {};
  for (size_t op = 0; op < kOpCount; ++op) {
    OpRoles& roles = table[op];
    for (size_t i = 0; i < kOps[op].format.size(); ++i) {
      char letter = kOps[op].format[i];
      roles.uses[i] = letter == 'r' || letter == 'x' || letter == 'w';
      if (letter == 'w') roles.pair = static_cast<int8_t>(i);
      if (letter == 'd' || letter == 'x') roles.def = static_cast<int8_t>(i);
      roles.lists |= letter == 'n' && static_cast<Op>(op) != Op::new_array;
    }
    roles.raises = (kOps[op].effects & (kMayRaise | kMayGc)) != 0;
  }
  return table;
}

constexpr std::array<OpRoles, kOpCount> kRoles = op_roles();

constexpr uint16_t field(const Insn& insn, size_t i) { return i == 0 ? insn.a : i == 1 ? insn.b : insn.c; }

}  // namespace

RegisterRoles register_roles(const Insn& insn) {
  const OpRoles& op = kRoles[insn.op];
  RegisterRoles roles;
  for (size_t i = 0; i < op.uses.size(); ++i) {
    if (op.uses[i]) roles.uses[roles.use_count++] = field(insn, i);
  }
  if (op.pair >= 0) {
    roles.uses[roles.use_count++] = static_cast<uint16_t>(field(insn, static_cast<size_t>(op.pair)) + 1);
  }
  if (op.def >= 0) roles.def = field(insn, static_cast<size_t>(op.def));
  if (op.lists) roles.listed = insn.c;
  return roles;
}

bool raises_to_handler(const Insn& insn) {
  if (insn.opcode() == Op::rt) return (info(static_cast<Builtin>(insn.b)).effects & (kMayRaise | kMayGc)) != 0;
  return kRoles[insn.op].raises;
}

TypeId type_of_letter(char letter) {
  switch (letter) {
    case 'i': return kTypeI32;
    case 'I': return kTypeI64;
    case 'u': return kTypeU32;
    case 'U': return kTypeU64;
    case 'f': return kTypeF64;
    case 'b': return kTypeBool;
    case 's': return kTypeString;
    case 'e': return kTypeError;
    case 'R': return kTypeRange;
    default: return TypeId();
  }
}

}  // namespace orus
