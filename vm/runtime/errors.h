// Errors whose message is made at run time.
#pragma once

#include "vm/runtime/vm.h"

namespace orus {

/// Raises with a message that may quote program text of any length; StringTooLong when no string can hold it.
inline bool raise_text(Vm& vm, ErrorKind kind, std::string_view message, const Slot* base, const Insn* pc) {
  if (message.size() > kMaxStringLength) return vm.raise(Trap::StringTooLong, base, pc);
  return vm.raise(kind, message, base, pc);
}

}  // namespace orus
