#include "api/counting_tier.h"

#include <algorithm>
#include <utility>

namespace orus::api {
namespace {

constexpr uint32_t kNoLoop = UINT32_MAX;

/// The innermost loop of each block: of the loops whose body holds the block, the one with the fewest blocks. A body is
/// the header and what reaches a backward jump to it without passing through it.
class LoopNest {
 public:
  explicit LoopNest(const FunctionFacts& facts) : facts_(facts), predecessors_(facts.blocks.size()) {
    for (uint32_t b = 0; b < facts.blocks.size(); ++b) {
      for (uint32_t successor : facts.blocks[b].successors) predecessors_[successor].push_back(b);
      for (uint32_t handler : facts.blocks[b].handlers) predecessors_[handler].push_back(b);
    }
  }

  std::vector<uint32_t> innermost() const {
    std::vector<uint32_t> loop_of(facts_.blocks.size(), kNoLoop);
    std::vector<size_t> size_of(facts_.blocks.size(), SIZE_MAX);
    for (uint32_t loop = 0; loop < facts_.loop_pc.size(); ++loop) {
      std::vector<uint32_t> body = body_of(facts_.block_of[facts_.loop_pc[loop]]);
      for (uint32_t b : body) {
        if (body.size() >= size_of[b]) continue;
        size_of[b] = body.size();
        loop_of[b] = loop;
      }
    }
    return loop_of;
  }

 private:
  std::vector<uint32_t> body_of(uint32_t header) const {
    std::vector<uint32_t> body{header};
    std::vector<bool> seen(facts_.blocks.size());
    seen[header] = true;
    for (uint32_t b : predecessors_[header]) {
      if (b >= header && !seen[b]) body.push_back(b), seen[b] = true;
    }
    for (size_t i = 1; i < body.size(); ++i) {
      for (uint32_t b : predecessors_[body[i]]) {
        if (!seen[b]) body.push_back(b), seen[b] = true;
      }
    }
    return body;
  }

  const FunctionFacts& facts_;
  std::vector<std::vector<uint32_t>> predecessors_;
};

/// The kind that an opcode works on: that of its first operand which is more than a flag (letters of opcodes.def).
std::string_view value_kind(const OpInfo& op) {
  static constexpr std::pair<std::string_view, std::string_view> kGroups[] = {
      {"i", "i32"},   {"I", "i64"},   {"u", "u32"}, {"U", "u64"},        {"f", "f64"},    {"s", "string"},
      {"e", "error"}, {"R", "range"}, {"W", "i32"}, {"EAPpqo", "array"}, {"SM", "struct"}};
  for (char letter : op.kinds) {
    for (auto [letters, name] : kGroups) {
      if (letters.find(letter) != std::string_view::npos) return name;
    }
  }
  return op.kinds.find('b') != std::string_view::npos ? "bool" : "any";
}

class Estimator {
 public:
  Estimator(const VerifiedModule& module, const CountingTier& counts) : module_(module), counts_(counts) {}

  WorkEstimate run() {
    for (uint32_t f = 0; f < module_.module.functions.size(); ++f) add_function(f);
    // Ties keep the order of families and loops in the program, so that output does not change from run to run.
    for (auto* groups : {&out_.families, &out_.kinds}) {
      std::sort(groups->begin(), groups->end(),
                [](const GroupCount& a, const GroupCount& b) { return a.ops != b.ops ? a.ops > b.ops : a.group < b.group; });
    }
    std::sort(out_.loops.begin(), out_.loops.end(), [](const LoopCount& a, const LoopCount& b) {
      if (a.ops != b.ops) return a.ops > b.ops;
      return a.function != b.function ? a.function < b.function : a.loop < b.loop;
    });
    return std::move(out_);
  }

 private:
  void add_function(uint32_t f) {
    const FunctionFacts& facts = module_.facts[f];
    const Function& fn = module_.module.functions[f];
    std::vector<uint32_t> loop_of = LoopNest(facts).innermost();
    size_t first = out_.loops.size();
    for (uint32_t loop = 0; loop < facts.loop_pc.size(); ++loop) {
      out_.loops.push_back({.function = f, .loop = loop, .iterations = counts_.iterations(f, loop)});
    }
    for (size_t b = 0; b < facts.blocks.size(); ++b) {
      const auto& block = facts.blocks[b];
      LoopCount* loop = loop_of[b] == kNoLoop ? nullptr : &out_.loops[first + loop_of[b]];
      uint64_t times = loop != nullptr ? loop->iterations : counts_.calls(f);
      if (times == 0) continue;
      if (loop != nullptr) loop->ops += times * block.cost;
      for (uint32_t pc = block.start; pc < block.end; pc += insn_length(fn.code[pc])) {
        const OpInfo& op = info(fn.code[pc].opcode());
        add(op.family, times, &out_.families);
        add(value_kind(op), times, &out_.kinds);
      }
    }
  }

  static void add(std::string_view group, uint64_t times, std::vector<GroupCount>* out) {
    for (GroupCount& count : *out) {
      if (count.group != group) continue;
      count.ops += times;
      return;
    }
    out->push_back({group, times});
  }

  const VerifiedModule& module_;
  const CountingTier& counts_;
  WorkEstimate out_;
};

}  // namespace

CountingTier::CountingTier(const VerifiedModule& module) : calls_(module.module.functions.size()) {
  for (const Function& fn : module.module.functions) iterations_.emplace_back(fn.loops);
  calls_[module.module.main.index] = 1;
}

void* CountingTier::loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) {
  Insn& loop = fn.code[fn.pc_of(pc)];
  ++iterations_[fn.index][loop.a];
  loop = make_insn_bc(Op::loop, loop.a, 1);
  return nullptr;
}

void* CountingTier::function_entry(Vm& vm, FunctionRuntime& fn) {
  ++calls_[fn.index];
  fn.countdown = 1;
  return nullptr;
}

Outcome CountingTier::enter_loop(Vm& vm, void* entry, Slot* base) { return Outcome::kResume; }
Outcome CountingTier::enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) { return Outcome::kResume; }
void CountingTier::visit_roots(void* fp, RootSink& sink) {}

WorkEstimate estimate_work(const VerifiedModule& module, const CountingTier& counts) { return Estimator(module, counts).run(); }

}  // namespace orus::api
