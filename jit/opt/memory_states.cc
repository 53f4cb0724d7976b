#include "jit/opt/memory_states.h"

#include <algorithm>

namespace orus::jit {
namespace {

bool accesses(IrOp op) {
  switch (op) {
    case IrOp::load:
    case IrOp::store:
    case IrOp::load_elem:
    case IrOp::store_elem:
    case IrOp::load_global:
    case IrOp::store_global:
    case IrOp::load_assigned: return true;
    default: return false;
  }
}

/// The index without what proves it in bounds.
InstId plain_index(const Function& fn, InstId id) {
  id = fn.resolve(id);
  while (fn.at(id).op == IrOp::bounds || fn.at(id).op == IrOp::pi) id = fn.resolve(fn.at(id).args[0]);
  return id;
}

}  // namespace

uint32_t MemoryStates::fresh(InstId store) {
  store_of_.push_back(store);
  return static_cast<uint32_t>(store_of_.size() - 1);
}

uint32_t MemoryStates::class_of(uint32_t alias) const { return class_number_.find(alias)->second; }

void MemoryStates::number_classes(const std::vector<BlockId>& order) {
  for (BlockId b : order) {
    for (InstId id : fn_.at(b).insts) {
      if (!accesses(fn_.at(id).op)) continue;
      uint32_t alias = fn_.at(id).aux;
      auto next = static_cast<uint32_t>(aliases_.size());
      if (!class_number_.try_emplace(alias, std::min(next, kMaxClasses - 1)).second) continue;
      if (next < kMaxClasses) {
        aliases_.push_back(alias);
      } else {
        overflow_.push_back(alias);
      }
    }
  }
}

/// New states for the classes that the instruction may write.
void MemoryStates::apply(InstId id, State* state) {
  const Inst& inst = fn_.at(id);
  if (MemoryEffects::is_plain_store(inst.op)) {
    uint32_t c = class_of(inst.aux);
    bool shared = c == kMaxClasses - 1 && !overflow_.empty();
    (*state)[c] = fresh(shared ? InstId() : id);
    return;
  }
  if (!effects_.writes(id)) return;
  for (uint32_t c = 0; c < aliases_.size(); ++c) {
    bool hit = effects_.may_write(id, aliases_[c]);
    if (c == kMaxClasses - 1) {
      for (uint32_t alias : overflow_) hit = hit || effects_.may_write(id, alias);
    }
    if (hit) (*state)[c] = fresh();
  }
}

void MemoryStates::walk_block(BlockId block, State* state) {
  for (InstId id : fn_.at(block).insts) {
    bool own = accesses(fn_.at(id).op);
    if (own) before_[id.index] = (*state)[class_of(fn_.at(id).aux)];
    apply(id, state);
    if (own) after_[id.index] = (*state)[class_of(fn_.at(id).aux)];
  }
}

MemoryStates::State MemoryStates::entry_state(BlockId block, const Dominators& dominators) {
  State state(aliases_.size());
  uint32_t loop = loop_of_header_[block.index];
  const State* first = nullptr;
  std::vector<bool> differs(aliases_.size(), false);
  for (uint32_t p : predecessors_[block.index]) {
    bool done = dominators.number[p] < dominators.number[block.index];
    if (!done) {
      // A back edge of a natural loop brings what the loop may write; any other retreating edge may bring anything.
      bool natural = loop != UINT32_MAX && dominators.dominates(block, BlockId(p));
      for (size_t c = 0; c < differs.size(); ++c) differs[c] = differs[c] || !natural || written_[loop][c];
      continue;
    }
    const State& from = out_[p];
    if (first == nullptr) {
      first = &from;
      state = from;
    }
    for (size_t c = 0; c < differs.size(); ++c) differs[c] = differs[c] || from[c] != state[c];
  }
  for (size_t c = 0; c < differs.size(); ++c) {
    if (differs[c] || first == nullptr) state[c] = fresh();
  }
  return state;
}

void MemoryStates::compute(const Dominators& dominators) {
  dominators_ = &dominators;
  number_classes(dominators.order);
  before_.assign(fn_.insts.size(), 0);
  after_.assign(fn_.insts.size(), 0);
  out_.assign(fn_.blocks.size(), {});
  predecessors_.assign(fn_.blocks.size(), {});
  loop_of_header_.assign(fn_.blocks.size(), UINT32_MAX);
  for (BlockId b : dominators.order) {
    for (const Edge& edge : fn_.at(b).successors) predecessors_[edge.target.index].push_back(b.index);
  }
  LoopForest forest = compute_loops(fn_, dominators);
  written_.assign(forest.loops.size(), std::vector<bool>(aliases_.size(), false));
  // What each block may write itself, added to every loop around it.
  for (BlockId b : dominators.order) {
    if (forest.innermost[b.index] == UINT32_MAX) continue;
    State marks(aliases_.size(), 0);
    store_of_.assign(1, InstId());
    for (InstId id : fn_.at(b).insts) apply(id, &marks);
    for (size_t c = 0; c < marks.size(); ++c) {
      if (marks[c] == 0) continue;
      for (uint32_t l = forest.innermost[b.index]; l != UINT32_MAX && !written_[l][c]; l = forest.loops[l].parent) written_[l][c] = true;
    }
  }
  for (uint32_t l = 0; l < forest.loops.size(); ++l) loop_of_header_[forest.loops[l].header.index] = l;
  store_of_.assign(1, InstId());
  for (BlockId b : dominators.order) {
    State state = entry_state(b, dominators);
    walk_block(b, &state);
    out_[b.index] = std::move(state);
  }
}

bool MemoryStates::distinct(InstId store, InstId access) const {
  const Inst& a = fn_.at(store);
  const Inst& b = fn_.at(access);
  if (a.dead) return true;  // a store of what was there
  // An object that was there before the other was allocated. No loop has come round between the store and the access:
  // its header would have started a new state.
  if (InstId object = fresh_objects_.accessed(store); object.valid() && b.arg_count > 0) {
    BlockId made = fn_.at(object).block, older = fn_.at(fn_.resolve(b.args[0])).block;
    if (older != made && dominators_->dominates(older, made)) return true;
  }
  // Elements of one class have one width: different indices are different memory, in one buffer or in two.
  if (a.op != IrOp::store_elem || b.op != IrOp::load_elem || a.width != b.width) return false;
  InstId i = plain_index(fn_, a.args[1]), j = plain_index(fn_, b.args[1]);
  return fn_.is_constant(i) && fn_.is_constant(j) && fn_.constant_value(i) != fn_.constant_value(j);
}

}  // namespace orus::jit
