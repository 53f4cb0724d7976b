// Text form, verifier and interpreter of the IR. The grammar is in docs/ir.md.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "jit/ir/ir.h"

namespace orus::jit {

/// Canonical text: blocks in reverse postorder, values numbered in print order. Never an address.
std::string print_ir(const Function& fn);
/// parse(print(f)) prints the same text again. Errors: kBadIr with `where` = line:column.
Result<Function> parse_ir(std::string_view text, const Module& module);
/// Checks the invariants of ir.h and the types of every op. Errors: kBadIr with block, instruction and rule.
Status verify_ir(const Function& fn);

}  // namespace orus::jit
