// The verifier's own dominators: Lengauer and Tarjan, "A Fast Algorithm for Finding Dominators in a Flowgraph" (1979),
// with path compression only: O(edges * log blocks) whatever the graph. It shares nothing with dominators.cc, whose
// mistakes it is meant to see.
#include <algorithm>

#include "jit/ir/verify_internal.h"

namespace orus::jit {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

/// Works on preorder numbers of a depth-first walk.
class LengauerTarjan {
 public:
  explicit LengauerTarjan(const Function& fn) : number_(fn.blocks.size(), kNone) {
    walk(fn);
    size_t n = block_.size();
    predecessors_.resize(n);
    for (uint32_t v = 0; v < n; ++v) {
      for (const Edge& edge : fn.blocks[block_[v]].successors) predecessors_[number_[edge.target.index]].push_back(v);
    }
    semi_.resize(n);
    label_.resize(n);
    for (uint32_t v = 0; v < n; ++v) semi_[v] = label_[v] = v;
    ancestor_.assign(n, kNone);
    idom_.assign(n, 0);
    solve();
  }
  std::vector<uint32_t> idom_by_block(size_t blocks) const {
    std::vector<uint32_t> result(blocks, kNone);
    for (uint32_t v = 0; v < block_.size(); ++v) result[block_[v]] = block_[idom_[v]];
    return result;
  }

 private:
  void walk(const Function& fn) {
    std::vector<std::pair<uint32_t, uint32_t>> stack{{0, 0}};  // block, number of its parent
    while (!stack.empty()) {
      auto [b, parent] = stack.back();
      stack.pop_back();
      if (number_[b] != kNone) continue;
      number_[b] = static_cast<uint32_t>(block_.size());
      block_.push_back(b);
      parent_.push_back(parent);
      for (const Edge& edge : fn.blocks[b].successors) stack.emplace_back(edge.target.index, number_[b]);
    }
  }

  void solve() {
    std::vector<std::vector<uint32_t>> bucket(block_.size());
    for (auto w = static_cast<uint32_t>(block_.size()); w-- > 1;) {
      for (uint32_t v : predecessors_[w]) semi_[w] = std::min(semi_[w], semi_[evaluate(v)]);
      bucket[semi_[w]].push_back(w);
      ancestor_[w] = parent_[w];
      for (uint32_t v : bucket[parent_[w]]) {
        uint32_t u = evaluate(v);
        idom_[v] = semi_[u] < semi_[v] ? u : parent_[w];
      }
      bucket[parent_[w]].clear();
    }
    for (uint32_t w = 1; w < block_.size(); ++w) {
      if (idom_[w] != semi_[w]) idom_[w] = idom_[idom_[w]];
    }
  }

  /// The vertex with the least semidominator on the path from `v` up to the root of its tree in the forest.
  uint32_t evaluate(uint32_t v) {
    if (ancestor_[v] == kNone) return v;
    path_.clear();
    for (uint32_t u = v; ancestor_[ancestor_[u]] != kNone; u = ancestor_[u]) path_.push_back(u);
    for (size_t i = path_.size(); i-- > 0;) {
      uint32_t u = path_[i], above = ancestor_[u];
      if (semi_[label_[above]] < semi_[label_[u]]) label_[u] = label_[above];
      ancestor_[u] = ancestor_[above];
    }
    return label_[v];
  }

  std::vector<uint32_t> number_;  // by block
  std::vector<uint32_t> block_, parent_, semi_, label_, ancestor_, idom_;
  std::vector<std::vector<uint32_t>> predecessors_;
  std::vector<uint32_t> path_;
};

}  // namespace

DominatorTree::DominatorTree(const Function& fn) {
  std::vector<uint32_t> idom = LengauerTarjan(fn).idom_by_block(fn.blocks.size());
  std::vector<std::vector<uint32_t>> children(fn.blocks.size());
  for (uint32_t b = 1; b < idom.size(); ++b) {
    if (idom[b] != kNone) children[idom[b]].push_back(b);
  }
  enter_.assign(fn.blocks.size(), 0);
  leave_.assign(fn.blocks.size(), 0);
  std::vector<std::pair<uint32_t, size_t>> stack{{0, 0}};
  uint32_t clock = 1;
  enter_[0] = clock++;
  while (!stack.empty()) {
    auto& [b, next] = stack.back();
    if (next < children[b].size()) {
      uint32_t child = children[b][next++];
      enter_[child] = clock++;
      stack.emplace_back(child, 0);
    } else {
      leave_[b] = clock;
      stack.pop_back();
    }
  }
}

}  // namespace orus::jit
