// Dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001); natural loops.
#include <algorithm>

#include "jit/ir/ir.h"

namespace orus::jit {

bool Dominators::dominates(BlockId a, BlockId b) const {
  while (depth[b.index] > depth[a.index]) b = idom[b.index];
  return a == b;
}

namespace {

void collect_edges(const Function& fn, Dominators& result) {
  auto& first = result.first_source;
  first.assign(fn.blocks.size() + 1, 0);
  for (BlockId b : result.order) {
    for (const Edge& edge : fn.at(b).successors) ++first[edge.target.index];
  }
  uint32_t sum = 0;
  for (uint32_t& n : first) n = sum += n;  // the end of each block's edges, moved to their beginning below
  result.sources.resize(sum);
  for (size_t i = result.order.size(); i-- > 0;) {
    BlockId b = result.order[i];
    const auto& successors = fn.at(b).successors;
    for (size_t s = successors.size(); s-- > 0;) result.sources[--first[successors[s].target.index]] = b;
  }
}

}  // namespace

Dominators compute_dominators(const Function& fn) {
  Dominators result;
  result.order = fn.reverse_postorder();
  collect_edges(fn, result);
  size_t n = fn.blocks.size();
  result.number.assign(n, UINT32_MAX);
  result.idom.assign(n, BlockId());
  result.depth.assign(n, 0);
  for (uint32_t i = 0; i < result.order.size(); ++i) result.number[result.order[i].index] = i;
  result.idom[0] = BlockId(0u);
  auto meet = [&](BlockId a, BlockId b) {
    while (a != b) {
      while (result.number[a.index] > result.number[b.index]) a = result.idom[a.index];
      while (result.number[b.index] > result.number[a.index]) b = result.idom[b.index];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 1; i < result.order.size(); ++i) {
      BlockId b = result.order[i];
      BlockId idom;
      for (BlockId p : result.predecessors(b)) {
        if (!result.idom[p.index].valid()) continue;
        idom = idom.valid() ? meet(idom, p) : p;
      }
      if (result.idom[b.index] != idom) {
        result.idom[b.index] = idom;
        changed = true;
      }
    }
  }
  for (size_t i = 1; i < result.order.size(); ++i) {
    BlockId b = result.order[i];
    result.depth[b.index] = result.depth[result.idom[b.index].index] + 1;
  }
  return result;
}

namespace {

/// All blocks that reach a latch without passing the header.
void collect_body(const Dominators& dominators, Loop& loop) {
  std::vector<bool> in(dominators.number.size(), false);
  in[loop.header.index] = true;
  loop.blocks = {loop.header};
  std::vector<BlockId> work = loop.latches;
  while (!work.empty()) {
    BlockId b = work.back();
    work.pop_back();
    if (in[b.index]) continue;
    in[b.index] = true;
    loop.blocks.push_back(b);
    for (BlockId p : dominators.predecessors(b)) work.push_back(p);
  }
}

}  // namespace

LoopForest compute_loops(const Function& fn, const Dominators& dominators) {
  LoopForest forest;
  forest.innermost.assign(fn.blocks.size(), UINT32_MAX);
  // Reverse postorder meets an outer header before the headers inside it.
  for (BlockId header : dominators.order) {
    Loop loop;
    loop.header = header;
    for (BlockId p : dominators.predecessors(header)) {
      if (dominators.dominates(header, p) && (loop.latches.empty() || loop.latches.back() != p)) loop.latches.push_back(p);
    }
    if (loop.latches.empty()) continue;
    collect_body(dominators, loop);
    std::sort(loop.blocks.begin() + 1, loop.blocks.end(),
              [&](BlockId a, BlockId b) { return dominators.number[a.index] < dominators.number[b.index]; });
    loop.parent = forest.innermost[header.index];
    loop.depth = loop.parent == UINT32_MAX ? 1 : forest.loops[loop.parent].depth + 1;
    BlockId outside;
    uint32_t entries = 0;
    for (BlockId p : dominators.predecessors(header)) {
      if (!dominators.dominates(header, p)) {
        outside = p;
        ++entries;
      }
    }
    if (entries == 1 && fn.at(outside).successors.size() == 1) loop.preheader = outside;
    auto number = static_cast<uint32_t>(forest.loops.size());
    for (BlockId b : loop.blocks) forest.innermost[b.index] = number;
    forest.loops.push_back(std::move(loop));
  }
  return forest;
}

bool insert_preheaders(Function& fn, Dominators* dominators_out, LoopForest* forest_out) {
  Dominators dominators = compute_dominators(fn);
  LoopForest forest = compute_loops(fn, dominators);
  bool changed = false;
  for (const Loop& loop : forest.loops) {
    if (loop.preheader.valid()) continue;
    BlockId preheader = fn.add_block();
    changed = true;
    std::vector<InstId> params;
    for (InstId phi : std::vector<InstId>(fn.at(loop.header).phis)) params.push_back(fn.add_phi(preheader, fn.at(phi).type));
    for (BlockId b : dominators.order) {
      if (dominators.dominates(loop.header, b)) continue;
      for (Edge& edge : fn.at(b).successors) {
        if (edge.target == loop.header) edge.target = preheader;
      }
    }
    fn.append(preheader, IrOp::jump, IrType::kVoid, {});
    fn.at(preheader).successors.push_back({loop.header, params});
    fn.at(preheader).pc = fn.at(loop.header).pc;
  }
  if (changed) {
    fn.rebuild_predecessors();
    if (dominators_out != nullptr || forest_out != nullptr) dominators = compute_dominators(fn);
    if (forest_out != nullptr) forest = compute_loops(fn, dominators);
  }
  if (dominators_out != nullptr) *dominators_out = std::move(dominators);
  if (forest_out != nullptr) *forest_out = std::move(forest);
  return changed;
}

}  // namespace orus::jit
