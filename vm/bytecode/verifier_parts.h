// The parts of verify(), in the order in which they run. Each relies on what the ones before it have checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "vm/bytecode/module.h"
#include "vm/bytecode/verifier.h"

namespace orus {

/// Types, globals, constants, and everything of functions but their code. Errors name the item; `where` is "module".
Status check_module(const Module& module);

/// Instruction starts of one function, ascending.
using InstructionStarts = std::vector<uint32_t>;

/// Decodes a function; checks operands, kinds, jumps, loops and handlers. Errors: at function@pc.
Result<InstructionStarts> check_code(const Module& module, const Function& fn);

/// Blocks, definite assignment and liveness. Errors: a register that is read before it is assigned (at function@pc),
/// or a limit. Subtracts what it uses from `*fact_bits`.
Result<FunctionFacts> compute_facts(const Function& fn, const InstructionStarts& starts, uint64_t* fact_bits);

Error code_error(const Function& fn, uint32_t pc, std::string detail);

}  // namespace orus
