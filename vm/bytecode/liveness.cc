// Liveness at a single pc, from the facts of its block.
#include <vector>

#include "vm/bytecode/verifier.h"

namespace orus {
namespace {

/// Live before `pc`, or across the instruction there if `across`.
BitSet live_at(const Function& fn, const FunctionFacts& facts, uint32_t pc, bool across) {
  ORUS_CHECK(pc < facts.block_of.size());
  const FunctionFacts::Block& block = facts.blocks[facts.block_of[pc]];
  std::vector<uint32_t> rest;  // instructions of the block from pc on
  for (uint32_t at = pc; at < block.end; at += insn_length(fn.code[at])) rest.push_back(at);
  BitSet live = block.live_out;
  BitSet handler;
  if (!block.handlers.empty()) {
    handler = facts.blocks[block.handlers[0]].live_in;
    handler.reset(block.error_register);
  }
  for (size_t i = rest.size(); i-- > 0;) {
    const Insn& insn = fn.code[rest[i]];
    RegisterRoles roles = register_roles(insn);
    if (roles.def != kNoReg) live.reset(roles.def);
    if (!block.handlers.empty() && raises_to_handler(insn)) live.unite(handler);
    if (i == 0 && across) break;
    for (uint32_t k = 0; k < roles.use_count; ++k) live.set(roles.uses[k]);
    for (uint32_t k = 0; k < roles.listed; ++k) live.set(listed_register(&insn, k));
  }
  return live;
}

}  // namespace

BitSet live_before(const Module& module, const Function& fn, const FunctionFacts& facts, uint32_t pc) {
  return live_at(fn, facts, pc, false);
}

BitSet live_across(const Module& module, const Function& fn, const FunctionFacts& facts, uint32_t pc) {
  return live_at(fn, facts, pc, true);
}

}  // namespace orus
