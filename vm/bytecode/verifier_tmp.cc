#include "vm/bytecode/verifier.h"
#include <algorithm>
#include <set>
namespace orus {
RegisterRoles register_roles(const Insn& insn) {
  RegisterRoles r; std::string_view f = info(insn.opcode()).format; uint16_t v[3] = {insn.a, insn.b, insn.c};
  for (size_t i = 0; i < f.size() && i < 3; ++i) {
    switch (f[i]) {
      case 'd': r.def = v[i]; break;
      case 'r': r.uses[r.use_count++] = v[i]; break;
      case 'x': r.uses[r.use_count++] = v[i]; r.def = v[i]; break;
      case 'w': r.uses[r.use_count++] = v[i]; r.uses[r.use_count++] = static_cast<uint16_t>(v[i] + 1); break;
      default: break;
    }
  }
  if (insn.opcode() == Op::call || insn.opcode() == Op::rt || insn.opcode() == Op::new_struct) r.listed = insn.c;
  return r;
}
static bool raises(const Insn& insn) {
  uint32_t e = info(insn.opcode()).effects;
  if (insn.opcode() == Op::rt) e |= info(static_cast<Builtin>(insn.b)).effects;
  return (e & (kMayRaise | kMayGc)) != 0;
}
static void handler_needs(const Function& fn, const FunctionFacts& facts, uint32_t pc, BitSet* live) {
  for (const Handler& h : fn.handlers) if (h.start <= pc && pc < h.end) {
    bool had = live->test(h.error_register);
    live->unite(facts.blocks[facts.block_of[h.target]].live_in);
    if (!had) live->reset(h.error_register);
  }
}
static void step_back(const Function& fn, const FunctionFacts& facts, uint32_t pc, BitSet* live) {
  const Insn* insn = &fn.code[pc]; RegisterRoles r = register_roles(*insn);
  if (r.def != kNoReg) live->reset(r.def);
  for (uint32_t i = 0; i < r.use_count; ++i) live->set(r.uses[i]);
  for (uint32_t i = 0; i < r.listed; ++i) live->set(listed_register(insn, i));
  if (raises(*insn)) handler_needs(fn, facts, pc, live);
}
static BitSet walk(const Function& fn, const FunctionFacts& facts, uint32_t pc, bool after) {
  const auto& b = facts.blocks[facts.block_of[pc]]; BitSet live = b.live_out; std::vector<uint32_t> pcs;
  for (uint32_t p = b.start; p < b.end; p += insn_length(fn.code[p])) pcs.push_back(p);
  for (size_t i = pcs.size(); i-- > 0;) { if (pcs[i] < pc || (after && pcs[i] == pc)) break; step_back(fn, facts, pcs[i], &live); }
  return live;
}
BitSet live_before(const Module&, const Function& fn, const FunctionFacts& facts, uint32_t pc) { return walk(fn, facts, pc, false); }
BitSet live_across(const Module&, const Function& fn, const FunctionFacts& facts, uint32_t pc) {
  BitSet live = walk(fn, facts, pc, true); RegisterRoles r = register_roles(fn.code[pc]);
  if (r.def != kNoReg) live.reset(r.def);
  handler_needs(fn, facts, pc, &live); return live;
}
Result<std::unique_ptr<const VerifiedModule>> verify(Module module) {
  auto vm = std::make_unique<VerifiedModule>(); vm->module = std::move(module);
  for (const Function& fn : vm->module.functions) {
    FunctionFacts facts; std::set<uint32_t> leaders{0}; facts.block_of.assign(fn.code.size(), 0); std::vector<uint32_t> starts;
    auto target = [&](uint32_t pc, const Insn& i) -> int64_t { auto f = info(i.opcode()).format; if (f.find('J') != f.npos) return int64_t{pc} + i.bc(); if (f.find('j') != f.npos) return int64_t{pc} + i.sc(); return -1; };
    for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
      const Insn& i = fn.code[pc]; uint32_t next = pc + insn_length(i); int64_t t = target(pc, i);
      if (t >= 0) { leaders.insert(static_cast<uint32_t>(t)); leaders.insert(next); }
      if (info(i.opcode()).effects & kTerminator) leaders.insert(next);
      if (i.opcode() == Op::loop) { leaders.insert(pc); facts.loop_pc.push_back(pc); }
    }
    for (const Handler& h : fn.handlers) { leaders.insert(h.target); leaders.insert(h.start); leaders.insert(h.end); }
    leaders.erase(leaders.lower_bound(static_cast<uint32_t>(fn.code.size())), leaders.end());
    std::vector<uint32_t> l(leaders.begin(), leaders.end());
    for (size_t b = 0; b < l.size(); ++b) {
      FunctionFacts::Block blk; blk.start = l[b]; blk.end = b + 1 < l.size() ? l[b + 1] : static_cast<uint32_t>(fn.code.size()); blk.cost = 0; blk.reachable = true;
      for (uint32_t pc = blk.start; pc < blk.end; ++pc) facts.block_of[pc] = static_cast<uint32_t>(b);
      facts.blocks.push_back(blk);
    }
    for (auto& blk : facts.blocks) {
      uint32_t last = blk.start;
      for (uint32_t pc = blk.start; pc < blk.end; pc += insn_length(fn.code[pc])) { last = pc; ++blk.cost;
        for (const Handler& h : fn.handlers) if (h.start <= pc && pc < h.end) blk.handlers.push_back(facts.block_of[h.target]); }
      const Insn& i = fn.code[last]; int64_t t = target(last, i);
      if (t >= 0) blk.successors.push_back(facts.block_of[static_cast<size_t>(t)]);
      if (!(info(i.opcode()).effects & kTerminator) && blk.end < fn.code.size()) { uint32_t n = facts.block_of[blk.end]; if (blk.successors.empty() || blk.successors[0] != n) blk.successors.push_back(n); }
      blk.live_in = blk.live_out = blk.assigned_in = BitSet(fn.registers.size());
    }
    for (bool changed = true; changed;) { changed = false;
      for (size_t b = facts.blocks.size(); b-- > 0;) { auto& blk = facts.blocks[b]; BitSet out(fn.registers.size());
        for (uint32_t s : blk.successors) out.unite(facts.blocks[s].live_in);
        blk.live_out = out; BitSet in = out; std::vector<uint32_t> pcs; for (uint32_t p = blk.start; p < blk.end; p += insn_length(fn.code[p])) pcs.push_back(p);
        for (size_t i = pcs.size(); i-- > 0;) step_back(fn, facts, pcs[i], &in);
        if (!(in == blk.live_in)) { blk.live_in = in; changed = true; } } }
    vm->facts.push_back(std::move(facts));
  }
  return std::unique_ptr<const VerifiedModule>(std::move(vm));
}

}  // namespace orus
