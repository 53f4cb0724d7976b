#include "jit/regalloc/demote.h"

namespace orus::jit::ra {
namespace {

constexpr int kRounds = 4;  // one demotion can make another one pay

class Demoter {
 public:
  Demoter(const Analysis& a, Assignment& assignment) : a_(a), fn_(a.function()), assignment_(assignment) {}

  void run() {
    find_candidates();
    if (candidates_ == 0) return;
    base_.assign(assignment_.intervals.size(), 0);
    pinned_.assign(assignment_.intervals.size(), false);
    weigh_uses();
    find_cuts();
    find_edges();
    for (int round = 0; round < kRounds && demote(); ++round) {
    }
    assignment_.work += transitions_.size() * kRounds;
  }

 private:
  struct Transition {
    uint32_t from, to;  // intervals
    int64_t frequency;
  };

  void find_candidates() {
    ids_.begin.reserve(fn_.vregs.size() + 1);
    ids_.begin.push_back(0);
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      size_t first = ids_.items.size();
      bool in_memory = false;
      for (uint32_t id = assignment_.first[v]; id != kNone; id = assignment_.intervals[id].next) {
        ids_.items.push_back(id);
        in_memory |= assignment_.intervals[id].reg == kInMemory;
      }
      if (!in_memory || ids_.items.size() - first < 2) ids_.items.resize(first);
      candidates_ += ids_.items.size() != first;
      ids_.begin.push_back(static_cast<uint32_t>(ids_.items.size()));
    }
  }
  bool is_candidate(uint32_t v) const { return ids_.begin[v] != ids_.begin[v + 1]; }

  uint32_t interval_at(uint32_t v, Pos pos) const {
    auto list = ids_[v];
    auto it = std::upper_bound(list.begin(), list.end(), pos, [&](Pos p, uint32_t id) { return p < assignment_.intervals[id].start; });
    return it == list.begin() ? kNone : *(it - 1);
  }

  void weigh_uses() {
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      if (!is_candidate(v)) continue;
      for (const Use& use : a_.uses[v]) {
        uint32_t id = interval_at(v, use.pos);
        if (id == kNone) continue;
        base_[id] += static_cast<int64_t>(a_.frequency[a_.block_of(use.pos)]);
        if (use.kind == UseKind::kMust) pinned_[id] = true;
      }
      uint32_t home = interval_at(v, a_.defs[v].pos);
      if (home != kNone) pinned_[home] = true;
    }
  }

  void find_cuts() {
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      auto list = ids_[v];
      for (size_t k = 1; k < list.size(); ++k) {
        Pos pos = assignment_.intervals[list[k]].start;
        if (a_.is_block_start(pos) || !a_.covers(v, pos) || !a_.covers(v, pos - 1)) continue;
        transitions_.push_back({list[k - 1], list[k], static_cast<int64_t>(a_.frequency[a_.block_of(pos)])});
      }
    }
  }

  void find_edges() {
    for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
      for (const RaEdge& edge : fn_.edges_of(fn_.blocks[b])) {
        int64_t frequency = static_cast<int64_t>(std::min(a_.frequency[b], a_.frequency[edge.target]));
        for (uint32_t v : a_.live_in[edge.target]) {
          if (!is_candidate(v)) continue;
          uint32_t from = interval_at(v, a_.block_start[b + 1] - 1), to = interval_at(v, a_.block_start[edge.target]);
          if (from != to) transitions_.push_back({from, to, frequency});
        }
      }
    }
  }

  bool demote() {
    auto& intervals = assignment_.intervals;
    std::vector<int64_t> balance = base_;
    for (const Transition& t : transitions_) {
      if (intervals[t.to].reg == kInMemory) continue;
      if (intervals[t.from].reg == kInMemory) {
        balance[t.to] -= t.frequency;
      } else {
        balance[t.from] += t.frequency;
      }
    }
    bool any = false;
    for (uint32_t id : ids_.items) {
      if (pinned_[id] || intervals[id].reg == kInMemory || balance[id] >= 0) continue;
      intervals[id].reg = kInMemory;
      any = true;
    }
    return any;
  }

  const Analysis& a_;
  const RaFunction& fn_;
  Assignment& assignment_;
  uint32_t candidates_ = 0;
  Grouped<uint32_t> ids_;  // per vreg that is in memory somewhere: its intervals
  std::vector<Transition> transitions_;
  std::vector<int64_t> base_;  // per interval: what its uses save
  std::vector<bool> pinned_;   // needs its register, or holds the definition
};

}  // namespace

void demote_unprofitable(const Analysis& analysis, Assignment& assignment) { Demoter(analysis, assignment).run(); }

}  // namespace orus::jit::ra
