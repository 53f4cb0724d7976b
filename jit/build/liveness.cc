#include "jit/build/liveness.h"

namespace orus::jit {

/// Registers that the block's handler needs, its error register left out.
BitSet LiveWalk::handler_needs() const {
  BitSet needs = facts_.blocks[block_.handlers[0]].live_in;
  needs.reset(block_.error_register);
  return needs;
}

LiveWalk::LiveWalk(const orus::Function& fn, const FunctionFacts& facts, uint32_t block)
    : fn_(fn), facts_(facts), block_(facts.blocks[block]), live_(block_.live_out) {
  std::vector<uint32_t> pcs;
  for (uint32_t pc = block_.start; pc < block_.end; pc += insn_length(fn.code[pc])) pcs.push_back(pc);
  for (size_t i = pcs.size(); i-- > 0;) {
    const Insn* insn = &fn.code[pcs[i]];
    auto first = static_cast<uint32_t>(changes_.size());
    auto toggle = [&](uint16_t reg, bool value) {
      if (live_.test(reg) == value) return;
      changes_.push_back(reg);
      value ? live_.set(reg) : live_.reset(reg);
    };
    RegisterRoles roles = register_roles(*insn);
    if (roles.def != kNoReg) toggle(roles.def, false);
    for (uint32_t u = 0; u < roles.use_count; ++u) toggle(roles.uses[u], true);
    for (uint32_t u = 0; u < roles.listed; ++u) toggle(listed_register(insn, u), true);
    if (!block_.handlers.empty() && raises_to_handler(*insn)) {
      handler_needs().for_each([&](size_t reg) { toggle(static_cast<uint16_t>(reg), true); });
    }
    steps_.push_back({pcs[i], pcs[i] + insn_length(*insn), first, static_cast<uint32_t>(changes_.size()) - first});
  }
  at_ = steps_.size();
}

const BitSet& LiveWalk::before(uint32_t pc) {
  if (at_ == steps_.size()) --at_;
  while (steps_[at_].pc != pc) {
    ORUS_DCHECK(at_ > 0);
    // A register may appear twice (read and written by one instruction): the second toggle undoes the first.
    const Step& step = steps_[at_];
    for (uint32_t c = step.first_change + step.change_count; c-- > step.first_change;) {
      uint16_t reg = changes_[c];
      live_.test(reg) ? live_.reset(reg) : live_.set(reg);
    }
    --at_;
  }
  return live_;
}

BitSet LiveWalk::across() const {
  BitSet after = live_;
  const Step& step = steps_[at_];
  for (uint32_t c = step.first_change + step.change_count; c-- > step.first_change;) {
    uint16_t reg = changes_[c];
    after.test(reg) ? after.reset(reg) : after.set(reg);
  }
  RegisterRoles roles = register_roles(fn_.code[step.pc]);
  if (roles.def != kNoReg) after.reset(roles.def);
  if (!block_.handlers.empty() && raises_to_handler(fn_.code[step.pc])) after.unite(handler_needs());
  return after;
}

}  // namespace orus::jit
