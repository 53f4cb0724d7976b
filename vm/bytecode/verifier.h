// verify: the only way to a runnable module. Checks every rule of docs/bytecode.md and computes, once, the facts that
// the collector (roots), the frame states and the IR builder share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bitset.h"
#include "base/result.h"
#include "vm/bytecode/module.h"

namespace orus {

/// Limits on what is worth analysing; past them a module is rejected.
inline constexpr uint64_t kMaxFactBits = uint64_t{1} << 30;  // blocks times registers, over all functions
inline constexpr uint32_t kMaxFactSweeps = 1024;             // passes over a function until its facts are stable
inline constexpr uint32_t kMaxArrayNesting = 64;             // arrays in arrays

/// Control-flow facts of one verified function. Block 0 starts at pc 0; blocks are in code order. A block starts at
/// every jump target, after every branch, at every `loop`, and where the covering handler may change.
struct FunctionFacts {
  struct Block {
    uint32_t start = 0, end = 0;       // words; `end` is one past the last instruction's last word
    std::vector<uint32_t> successors;  // block numbers: jump targets and fall-through (not handlers), no repeats
    std::vector<uint32_t> handlers;    // block of the handler that receives an error raised in this block: 0 or 1
    uint16_t error_register = kNoReg;  // of that handler
    uint32_t cost = 0;                 // fuel: instructions (not words) in the block
    BitSet live_in, live_out;          // registers; live_out excludes what only handlers need
    BitSet assigned_in;                // registers assigned on every path to the block; all if there is no path
    bool reachable = false;
  };
  std::vector<Block> blocks;
  std::vector<uint32_t> block_of;   // by code word: its block
  std::vector<uint32_t> loop_pc;    // by loop number: pc of its `loop` instruction
};

/// Registers that are live before the instruction at `pc`: they are assigned on every path and read on some path
/// (through handlers too). Walks one block backward; O(block length).
BitSet live_before(const Module& module, const Function& fn, const FunctionFacts& facts, uint32_t pc);
/// What must survive a call made by the instruction at `pc`: the registers that are live after it completes normally,
/// not counting its own result, and those that its handler needs if it raises.
BitSet live_across(const Module& module, const Function& fn, const FunctionFacts& facts, uint32_t pc);

/// Calls use(register) for each register that `insn` (in place in its code) reads and def(register) for each that it
/// writes. The one decoder of operand roles.
struct RegisterRoles {
  uint16_t uses[4];
  uint32_t use_count = 0;      // fixed operands only; listed registers come in addition
  uint16_t def = kNoReg;
  uint32_t listed = 0;         // listed registers, all of them uses
};
RegisterRoles register_roles(const Insn& insn);

/// May `insn` raise an error that a handler can catch? Every allocation may, because of the memory limit. A `loop` may
/// not: running out of fuel or time is final.
bool raises_to_handler(const Insn& insn);

/// Kind letter of opcodes.def / builtins.def that fixes a scalar or string type; an invalid id for other letters.
TypeId type_of_letter(char letter);

struct VerifiedModule {
  Module module;
  std::vector<FunctionFacts> facts;  // by function
};

/// Takes the module over. Errors: kBadBytecode with `where` = "function@pc" (or "module") and the rule that is broken.
/// Time and memory are linear in the module's size times the register words of its largest function.
Result<std::unique_ptr<const VerifiedModule>> verify(Module module);

}  // namespace orus
