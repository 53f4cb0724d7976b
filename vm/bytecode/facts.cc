// Blocks, definite assignment and liveness of one function, all linear in its size for code that a compiler emits:
// both analyses sweep over the blocks in (reverse) reverse postorder until nothing changes, touching only blocks whose
// input changed. A sweep more than the nesting of loops is never needed for reducible code; the number of sweeps is
// limited for the rest.
//
// Errors and handlers. An error that an instruction raises leaves its destination alone and goes to the first handler
// that covers it. So at a handler exactly the error register and what was assigned before the first raising
// instruction of a covered block are assigned; and before every raising instruction all is live that is live into the
// handler, but for the error register.
//
// range_next writes its destination only when it does not jump. Where it jumps the register counts as unassigned, so it
// is never live there, and a backward walk may treat the instruction like any other that writes a register.
#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "vm/bytecode/verifier_parts.h"

namespace orus {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
using Block = FunctionFacts::Block;

/// What the analyses need to know of a block besides the facts: its instructions and their summary.
struct Summary {
  uint32_t first, last;  // instructions, as indexes of the starts; inclusive
  BitSet defs;           // assigned in the block, whatever way it is left
  BitSet early_defs;     // assigned before its first instruction that may raise; only if there is a handler
  BitSet uses;           // read before they are assigned in the block
  uint16_t edge_def = kNoReg;  // destination of a range_next that ends the block
  uint32_t taken = kNone, next = kNone;  // successor blocks, kNone if there is none
};

class FactsBuilder {
 public:
  FactsBuilder(const Function& fn, const InstructionStarts& starts) : fn_(fn), starts_(starts) {}

  Result<FunctionFacts> build(uint64_t* fact_bits) {
    find_blocks();
    uint64_t bits = uint64_t{blocks().size()} * fn_.registers.size();
    if (bits > *fact_bits) return code_error(fn_, 0, "too many blocks times registers");
    *fact_bits -= bits;
    link_blocks();
    assign_handlers();
    order_blocks();
    summarize();
    if (!solve_assignment() || !solve_liveness()) return code_error(fn_, 0, "control flow too tangled to analyse");
    if (!check_uses()) return *error_;
    return std::move(facts_);
  }

 private:
  std::vector<Block>& blocks() { return facts_.blocks; }
  uint32_t block_count() const { return static_cast<uint32_t>(facts_.blocks.size()); }
  const Insn& insn_at(uint32_t index) const { return fn_.code[starts_[index]]; }

  static bool jumps(const Insn& insn, int32_t* displacement) {
    char last = info(insn.opcode()).format.back();
    if (last != 'j' && last != 'J') return false;
    *displacement = last == 'j' ? insn.sc() : insn.bc();
    return true;
  }

  void find_blocks() {
    auto size = static_cast<uint32_t>(fn_.code.size());
    std::vector<bool> leads(size + 1, false);
    leads[0] = leads[size] = true;
    for (uint32_t pc : starts_) {
      const Insn& insn = fn_.code[pc];
      int32_t displacement;
      if (jumps(insn, &displacement)) leads[static_cast<uint32_t>(static_cast<int32_t>(pc) + displacement)] = true;
      if (info(insn.opcode()).effects & (kBranch | kTerminator)) leads[pc + insn_length(insn)] = true;
      if (insn.opcode() == Op::loop) {
        leads[pc] = true;
        facts_.loop_pc.push_back(pc);
      }
    }
    for (const Handler& h : fn_.handlers) leads[h.start] = leads[h.end] = leads[h.target] = true;
    facts_.block_of.resize(size);
    uint32_t block = 0;
    for (uint32_t pc = 0; pc < size; ++pc) {
      if (leads[pc] && pc != 0) ++block;
      facts_.block_of[pc] = block;
    }
    make_blocks(block + 1);
  }

  void make_blocks(uint32_t count) {
    blocks().resize(count);
    summaries_.resize(count);
    for (uint32_t i = 0; i < starts_.size(); ++i) {
      uint32_t b = facts_.block_of[starts_[i]];
      Block& block = blocks()[b];
      if (block.cost++ == 0) {
        block.start = starts_[i];
        summaries_[b].first = i;
      }
      block.end = starts_[i] + insn_length(insn_at(i));
      summaries_[b].last = i;
    }
  }

  void link_blocks() {
    for (uint32_t b = 0; b < block_count(); ++b) {
      Block& block = blocks()[b];
      Summary& summary = summaries_[b];
      uint32_t pc = starts_[summary.last];
      const Insn& insn = fn_.code[pc];
      int32_t displacement;
      if (jumps(insn, &displacement)) {
        summary.taken = facts_.block_of[static_cast<uint32_t>(static_cast<int32_t>(pc) + displacement)];
        block.successors.push_back(summary.taken);
      }
      if ((info(insn.opcode()).effects & kTerminator) == 0) {
        summary.next = b + 1;
        if (summary.next != summary.taken) block.successors.push_back(summary.next);
      }
      if (insn.opcode() == Op::range_next) summary.edge_def = insn.a;
    }
  }

  /// The first handler in the list that covers a block gets it. Handlers paint their blocks in list order, skipping
  /// painted ones by union-find.
  void assign_handlers() {
    std::vector<uint32_t> unpainted(block_count() + 1);
    std::iota(unpainted.begin(), unpainted.end(), 0);
    auto find = [&](uint32_t b) {
      while (unpainted[b] != b) b = unpainted[b] = unpainted[unpainted[b]];
      return b;
    };
    for (const Handler& h : fn_.handlers) {
      uint32_t end = h.end < fn_.code.size() ? facts_.block_of[h.end] : block_count();
      for (uint32_t b = find(facts_.block_of[h.start]); b < end; b = find(b)) {
        unpainted[b] = b + 1;
        if (!raises(b)) continue;
        blocks()[b].handlers.push_back(facts_.block_of[h.target]);
        blocks()[b].error_register = h.error_register;
      }
    }
  }

  bool raises(uint32_t b) const {
    for (uint32_t i = summaries_[b].first; i <= summaries_[b].last; ++i) {
      if (raises_to_handler(insn_at(i))) return true;
    }
    return false;
  }

  template <class F>
  void for_each_target(uint32_t b, F f) {
    for (uint32_t s : blocks()[b].successors) f(s);
    for (uint32_t h : blocks()[b].handlers) f(h);
  }

  uint32_t target_count(uint32_t b) const {
    return static_cast<uint32_t>(facts_.blocks[b].successors.size() + facts_.blocks[b].handlers.size());
  }
  uint32_t target(uint32_t b, uint32_t i) const {
    const Block& block = facts_.blocks[b];
    return i < block.successors.size() ? block.successors[i] : block.handlers[i - block.successors.size()];
  }

  /// Reverse postorder of the reachable blocks, and predecessors (handler edges included).
  void order_blocks() {
    struct Visit {
      uint32_t block, next;
    };
    std::vector<Visit> stack = {{0, 0}};
    blocks()[0].reachable = true;
    while (!stack.empty()) {
      auto [b, next] = stack.back();
      if (next == target_count(b)) {
        order_.push_back(b);
        stack.pop_back();
        continue;
      }
      ++stack.back().next;
      uint32_t to = target(b, next);
      if (blocks()[to].reachable) continue;
      blocks()[to].reachable = true;
      stack.push_back({to, 0});
    }
    std::reverse(order_.begin(), order_.end());
    rank_.assign(block_count(), kNone);
    for (uint32_t i = 0; i < order_.size(); ++i) rank_[order_[i]] = i;
    // Unreachable blocks come last. They influence no reachable one but have liveness too.
    for (uint32_t b = 0; b < block_count(); ++b) {
      if (rank_[b] != kNone) continue;
      rank_[b] = static_cast<uint32_t>(order_.size());
      order_.push_back(b);
    }
    predecessors_.resize(block_count());
    for (uint32_t b = 0; b < block_count(); ++b) {
      for_each_target(b, [&](uint32_t to) { predecessors_[to].push_back(b); });
    }
  }

  void summarize() {
    for (uint32_t b = 0; b < block_count(); ++b) {
      Summary& s = summaries_[b];
      size_t registers = fn_.registers.size();
      s.defs = s.uses = BitSet(registers);
      bool wants_early = !blocks()[b].handlers.empty();
      for (uint32_t i = s.first; i <= s.last; ++i) {
        const Insn& insn = insn_at(i);
        RegisterRoles roles = register_roles(insn);
        auto use = [&](uint16_t r) {
          if (!s.defs.test(r)) s.uses.set(r);
        };
        for (uint32_t k = 0; k < roles.use_count; ++k) use(roles.uses[k]);
        for (uint32_t k = 0; k < roles.listed; ++k) use(listed_register(&insn, k));
        if (wants_early && raises_to_handler(insn)) {
          s.early_defs = s.defs;
          wants_early = false;
        }
        if (roles.def != kNoReg) s.defs.set(roles.def);
      }
    }
  }

  /// Sweeps over the dirty blocks by ascending priority until none is left; `visit(block, mark)` calls mark(other) for
  /// each block that must be looked at again. False if that takes too many sweeps.
  template <class Visit>
  bool sweep(uint32_t count, bool backward, Visit visit) {
    BitSet dirty(count, true);
    auto priority = [&](uint32_t rank) { return backward ? count - 1 - rank : rank; };
    for (uint32_t sweeps = 0; sweeps < kMaxFactSweeps; ++sweeps) {
      bool again = false;
      for (uint32_t p = 0; p < count; ++p) {
        if (!dirty.test(p)) continue;
        dirty.reset(p);
        visit(order_[priority(p)], [&](uint32_t other) {
          uint32_t q = priority(rank_[other]);
          dirty.set(q);
          again |= q <= p;
        });
      }
      if (!again) return true;
    }
    return false;
  }

  bool solve_assignment() {
    size_t registers = fn_.registers.size();
    for (Block& block : blocks()) block.assigned_in = BitSet(registers, true);
    blocks()[0].assigned_in = BitSet(registers);
    for (uint32_t r = 0; r < fn_.params; ++r) blocks()[0].assigned_in.set(r);
    auto reachable =
        static_cast<uint32_t>(std::count_if(blocks().begin(), blocks().end(), [](const Block& block) { return block.reachable; }));
    return sweep(reachable, false, [&](uint32_t b, auto mark) {
      const Summary& s = summaries_[b];
      BitSet out = blocks()[b].assigned_in;
      out.unite(s.defs);
      if (s.next != kNone && blocks()[s.next].assigned_in.intersect(out)) mark(s.next);
      if (s.edge_def != kNoReg) out.reset(s.edge_def);
      if (s.taken != kNone && blocks()[s.taken].assigned_in.intersect(out)) mark(s.taken);
      for (uint32_t h : blocks()[b].handlers) {
        BitSet raised = blocks()[b].assigned_in;
        raised.unite(s.early_defs);
        raised.set(blocks()[b].error_register);
        if (blocks()[h].assigned_in.intersect(raised)) mark(h);
      }
    });
  }

  bool solve_liveness() {
    size_t registers = fn_.registers.size();
    for (Block& block : blocks()) block.live_in = block.live_out = BitSet(registers);
    return sweep(block_count(), true, [&](uint32_t b, auto mark) {
      Block& block = blocks()[b];
      const Summary& s = summaries_[b];
      for (uint32_t to : block.successors) block.live_out.unite(blocks()[to].live_in);
      BitSet live = block.live_out;
      live.subtract(s.defs);
      for (uint32_t h : block.handlers) {
        BitSet needed = blocks()[h].live_in;
        needed.reset(block.error_register);
        needed.subtract(s.early_defs);
        live.unite(needed);
      }
      live.unite(s.uses);
      if (!block.live_in.unite(live)) return;
      for (uint32_t from : predecessors_[b]) mark(from);
    });
  }

  bool check_uses() {
    for (uint32_t b = 0; b < block_count(); ++b) {
      if (!blocks()[b].reachable) continue;
      BitSet missing = summaries_[b].uses;
      missing.subtract(blocks()[b].assigned_in);
      if (missing.count() == 0) continue;
      report_use(b, missing);
      return false;
    }
    return true;
  }

  void report_use(uint32_t b, const BitSet& missing) {
    const Summary& s = summaries_[b];
    for (uint32_t i = s.first; i <= s.last && !error_; ++i) {
      const Insn& insn = insn_at(i);
      RegisterRoles roles = register_roles(insn);
      auto use = [&](uint16_t r) {
        if (error_ || !missing.test(r)) return;
        error_ = code_error(fn_, starts_[i], fmt::format("r{} is read before it is assigned", r));
      };
      for (uint32_t k = 0; k < roles.use_count; ++k) use(roles.uses[k]);
      for (uint32_t k = 0; k < roles.listed; ++k) use(listed_register(&insn, k));
    }
  }

  const Function& fn_;
  const InstructionStarts& starts_;
  FunctionFacts facts_;
  std::vector<Summary> summaries_;
  std::vector<uint32_t> order_, rank_;
  std::vector<std::vector<uint32_t>> predecessors_;
  std::optional<Error> error_;
};

}  // namespace

Result<FunctionFacts> compute_facts(const Function& fn, const InstructionStarts& starts, uint64_t* fact_bits) {
  return FactsBuilder(fn, starts).build(fact_bits);
}

}  // namespace orus
