#include "jit/regalloc/linear_scan.h"

#include <string>

#include "base/rng.h"

namespace orus::jit::ra {
namespace {

// Bounds that keep every step constant-time; each only makes the answer more cautious.
constexpr int kMaxSteps = 48;         // looking for the first conflict of two range lists
constexpr size_t kMaxResidents = 10;  // intervals that share a register by fitting into each other's holes
constexpr int kMaxUsesScanned = 16;
constexpr uint32_t kMaxHintDepth = 3;

class LinearScan {
 public:
  LinearScan(const Analysis& a, const RaEnv& env, const RaOptions& options)
      : a_(a), fn_(a.function()), options_(options), rng_(options.random_seed), clobber_cursor_(a.clobbers.size(), 0) {
    for (int c = 0; c < kNumRegClasses; ++c) {
      size_t n = env.allocatable[c].size();
      size_t keep = options.reserve < n ? n - options.reserve : 1;
      order_[c].assign(env.allocatable[c].begin(), env.allocatable[c].begin() + static_cast<ptrdiff_t>(keep));
    }
    spill_everything_ = options.spill_everything || fn_.insts.size() > options.spill_above_insts;
    family_reg_.assign(fn_.vregs.size(), kInMemory);
    weight_.assign(fn_.vregs.size(), 0);
  }

  Result<Assignment> run() {
    create_intervals();
    while (!heap_.empty()) {
      uint32_t id = pop();
      if (auto s = place(id); !s.ok()) return s.error();
    }
    out_.work = work_;
    return std::move(out_);
  }

 private:
  Interval& at(uint32_t id) { return out_.intervals[id]; }
  const RaVReg& info(uint32_t vreg) const { return fn_.vregs[vreg]; }
  const std::vector<PReg>& order(uint32_t vreg) const { return order_[static_cast<int>(info(vreg).cls)]; }
  bool randomly(uint32_t one_in) { return options_.random_seed != 0 && rng_.chance(one_in); }

  // ---------------------------------------------------------------------------------------------- the queue

  void create_intervals() {
    out_.first.assign(fn_.vregs.size(), kNone);
    for (uint32_t v = 0; v < fn_.vregs.size(); ++v) {
      auto ranges = a_.ranges[v];
      if (ranges.empty()) continue;
      for (const Use& use : a_.uses[v]) weight_[v] += a_.frequency[a_.block_of(use.pos)];
      out_.first[v] = static_cast<uint32_t>(out_.intervals.size());
      Interval it;
      it.vreg = v;
      it.start = ranges.front().from;
      it.end = ranges.back().to;
      it.range = a_.ranges.begin[v];
      out_.intervals.push_back(it);
      push(out_.first[v]);
    }
  }
  /// An interval in the queue, with what orders it: an interval's start and its vreg's weight never change.
  struct Waiting {
    Pos start;
    uint32_t id;
    uint64_t weight;
  };
  static bool later(const Waiting& x, const Waiting& y) {
    if (x.start != y.start) return x.start > y.start;
    if (x.weight != y.weight) return x.weight < y.weight;
    return x.id > y.id;
  }
  void push(uint32_t id) {
    heap_.push_back({at(id).start, id, weight_[at(id).vreg]});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  uint32_t pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    uint32_t id = heap_.back().id;
    heap_.pop_back();
    return id;
  }

  // ------------------------------------------------------------------------------------------- uses and ranges

  /// First use of `vreg` at or after `pos`.
  const Use* use_at_or_after(uint32_t vreg, Pos pos) const {
    constexpr size_t kFew = 8;
    auto uses = a_.uses[vreg];
    const Use *use = uses.data(), *end = use + uses.size();
    if (uses.size() > kFew) return std::lower_bound(use, end, pos, [](const Use& u, Pos p) { return u.pos < p; });
    while (use != end && use->pos < pos) ++use;
    return use;
  }
  const Use* uses_end(uint32_t vreg) const { return a_.uses[vreg].data() + a_.uses[vreg].size(); }

  /// End of the register need that starts exactly at `pos`, or `pos` if there is none.
  Pos need_at(uint32_t vreg, Pos pos) const {
    Pos end = pos;
    for (const Use* u = use_at_or_after(vreg, pos); u != uses_end(vreg) && u->pos == pos; ++u) {
      if (u->kind == UseKind::kMust) end = std::max(end, u->end);
    }
    return end;
  }
  /// End of the last use in [from, before), or `from`.
  Pos last_use_end(uint32_t vreg, Pos from, Pos before) const {
    const Use* first = use_at_or_after(vreg, from);
    const Use* u = use_at_or_after(vreg, before);
    Pos end = from;
    for (Pos at = kNever; u != first && (at == kNever || (u - 1)->pos == at);) {
      --u;
      at = u->pos;
      end = std::max(end, u->end);
    }
    // An early use and a late one of the same instruction have the same pos; a definition may begin one earlier.
    if (u != first) end = std::max(end, (u - 1)->end);
    return end;
  }
  /// True if some need for a register covers `pos`.
  bool needed_at(const Interval& it, Pos pos) const {
    if (need_at(it.vreg, pos) > pos) return true;
    return pos > it.start && need_at(it.vreg, pos - 1) > pos;
  }

  /// Moves the interval's cursor to the first range that ends after `pos`; true if it contains `pos`.
  bool seek(Interval& it, Pos pos) {
    uint32_t last = a_.ranges.begin[it.vreg + 1];
    while (it.range + 1 < last && a_.ranges.items[it.range].to <= pos) {
      ++it.range;
      ++work_;
    }
    const Range& r = a_.ranges.items[it.range];
    return r.from <= pos && pos < r.to;
  }
  /// First range of `vreg` from index `from` on that ends after `pos`.
  uint32_t range_after(uint32_t vreg, uint32_t from, Pos pos) const {
    auto first = a_.ranges.items.begin() + from, last = a_.ranges.items.begin() + a_.ranges.begin[vreg + 1];
    if (first != last && first->to > pos) return from;
    auto it = std::upper_bound(first, last, pos, [](Pos p, const Range& r) { return p < r.to; });
    return static_cast<uint32_t>(it - a_.ranges.items.begin());
  }

  // ------------------------------------------------------------------------------------------------- conflicts

  /// First position of `cur` at which another interval is live too; kNever if none before either ends.
  Pos conflict_with(const Interval& cur, Interval& other) {
    if (seek(other, cur.start) && cur.start < other.end) return cur.start;
    Pos end = std::min(cur.end, other.end);
    uint32_t i = cur.range, j = other.range;
    uint32_t i_end = a_.ranges.begin[cur.vreg + 1], j_end = a_.ranges.begin[other.vreg + 1];
    Pos reached = cur.start;
    for (int steps = 0; i < i_end && j < j_end; ++steps) {
      ++work_;
      const Range &a = a_.ranges.items[i], &b = a_.ranges.items[j];
      Pos from = std::max(std::max(a.from, b.from), cur.start);
      if (from >= end) return kNever;
      if (from < std::min(a.to, b.to)) return from;
      if (steps >= kMaxSteps && reached > cur.start) return reached;
      reached = std::max(reached, std::min(a.to, b.to));
      if (a.to <= b.from)
        i = range_after(cur.vreg, i, b.from);
      else
        j = range_after(other.vreg, j, a.from);
    }
    return kNever;
  }

  Pos conflict_with_fixed(const Interval& cur, uint32_t preg) {
    const auto& list = a_.fixed[preg];
    auto entry = list.begin() + fixed_cursor_[preg];
    uint32_t i = cur.range, i_end = a_.ranges.begin[cur.vreg + 1];
    Pos reached = cur.start;
    for (int steps = 0; entry != list.end() && i < i_end; ++steps) {
      ++work_;
      const Range& r = a_.ranges.items[i];
      Pos from = std::max(std::max(r.from, entry->from), cur.start);
      if (from >= cur.end) return kNever;
      if (from < std::min(r.to, entry->to) && entry->owner != cur.vreg) return from;
      if (steps >= kMaxSteps && reached > cur.start) return reached;
      reached = std::max(reached, std::min(r.to, entry->to));
      if (entry->to <= r.from) {
        entry = std::upper_bound(entry, list.end(), r.from, [](Pos p, const FixedRange& f) { return p < f.to; });
      } else if (r.to <= entry->from) {
        i = range_after(cur.vreg, i, entry->from);
      } else {
        ++entry;  // our own reservation
      }
    }
    return kNever;
  }

  /// First of `points`, from `cursor` on and other than `exempt`, at which `cur` is live.
  Pos conflict_with_points(const Interval& cur, const std::vector<Pos>& points, size_t cursor, Pos exempt) {
    uint32_t i = cur.range, i_end = a_.ranges.begin[cur.vreg + 1];
    auto point = points.begin() + static_cast<ptrdiff_t>(cursor);
    Pos reached = cur.start;
    for (int steps = 0; i < i_end; ++steps) {
      ++work_;
      const Range& r = a_.ranges.items[i];
      point = std::lower_bound(point, points.end(), std::max(r.from, cur.start));
      if (point != points.end() && *point == exempt) ++point;
      if (point == points.end() || *point >= cur.end) return kNever;
      if (*point < r.to) return *point;
      if (steps >= kMaxSteps && reached > cur.start) return reached;
      reached = std::max(reached, r.to);
      i = range_after(cur.vreg, i, *point);
    }
    return kNever;
  }

  /// A register taken from `limit` on is no use to a need that begins before it and ends after it.
  Pos before_need(const Interval& cur, Pos limit) const {
    return limit > cur.start && limit < cur.end && need_at(cur.vreg, limit - 1) > limit ? limit - 1 : limit;
  }

  /// Fills fixed_limit_ with what safepoints and clobbers leave of each register of cur's class.
  void find_clobbers(const Interval& cur) {
    Pos everywhere = kNever;
    if (info(cur.vreg).is_ref) {
      const Def& def = a_.defs[cur.vreg];
      Pos exempt = def.inst == kNone ? kNever : a_.early(def.inst, def.block) + 1;
      everywhere = conflict_with_points(cur, a_.safepoints, safepoint_cursor_, exempt);
    }
    for (PReg r : order(cur.vreg)) fixed_limit_[r.index()] = everywhere;
    for (size_t k = 0; k < a_.clobbers.size(); ++k) {
      Pos hit = conflict_with_points(cur, a_.clobbers[k].points, clobber_cursor_[k], kNever);
      if (hit == kNever) continue;
      for (PReg r : order(cur.vreg)) {
        if ((a_.clobbers[k].mask & bit(r)) != 0) fixed_limit_[r.index()] = std::min(fixed_limit_[r.index()], hit);
      }
    }
  }
  /// After find_clobbers: adds reservations to fixed_limit_ and gives limit_, with intervals too; both are the first
  /// position at which the register is taken.
  void find_limit(const Interval& cur, uint32_t k) {
    fixed_limit_[k] = std::min(fixed_limit_[k], conflict_with_fixed(cur, k));
    limit_[k] = fixed_limit_[k];
    for (uint32_t id : residents_[k]) limit_[k] = std::min(limit_[k], conflict_with(cur, at(id)));
    if (residents_[k].size() >= kMaxResidents) limit_[k] = cur.start;
    fixed_limit_[k] = before_need(cur, fixed_limit_[k]);
    limit_[k] = before_need(cur, limit_[k]);
  }

  /// Forgets intervals and cursors that lie before `pos`.
  void advance(Pos pos) {
    if (pos == advanced_to_) return;
    advanced_to_ = pos;
    if (pos >= next_end_) {
      next_end_ = kNever;
      for (const auto& regs : order_) {
        for (PReg r : regs) {
          uint32_t k = r.index();
          if (first_end_[k] <= pos) forget(k, pos);
          next_end_ = std::min(next_end_, first_end_[k]);
        }
      }
    }
    for (size_t k = 0; k < a_.clobbers.size(); ++k) {
      const auto& points = a_.clobbers[k].points;
      while (clobber_cursor_[k] < points.size() && points[clobber_cursor_[k]] < pos) ++clobber_cursor_[k];
    }
    while (safepoint_cursor_ < a_.safepoints.size() && a_.safepoints[safepoint_cursor_] < pos) ++safepoint_cursor_;
  }

  /// What lies before `pos` in register `k`.
  void forget(uint32_t k, Pos pos) {
    work_ += residents_[k].size();
    std::erase_if(residents_[k], [&](uint32_t id) { return at(id).end <= pos; });
    const auto& list = a_.fixed[k];
    while (fixed_cursor_[k] < list.size() && list[fixed_cursor_[k]].to <= pos) ++fixed_cursor_[k];
    first_end_[k] = fixed_cursor_[k] < list.size() ? list[fixed_cursor_[k]].to : kNever;
    for (uint32_t id : residents_[k]) first_end_[k] = std::min(first_end_[k], at(id).end);
  }
  /// An interval in register `k` ends at `pos`.
  void note_end(uint32_t k, Pos pos) {
    first_end_[k] = std::min(first_end_[k], pos);
    next_end_ = std::min(next_end_, pos);
  }

  // -------------------------------------------------------------------------------------------------- placing

  Status place(uint32_t id) {
    advance(at(id).start);
    seek(at(id), at(id).start);
    ++work_;
    Pos start = at(id).start;
    Pos need = need_at(at(id).vreg, start);
    if (need == start && stays_in_memory(id)) {
      to_memory(id, start);
      return Ok{};
    }
    find_clobbers(at(id));
    score_hints(at(id));
    uint64_t found = 0;
    if (take_whole(id, &found)) return Ok{};
    for (PReg r : order(at(id).vreg)) {
      if ((found & bit(r)) == 0) find_limit(at(id), r.index());
    }
    if (take_free(id, need)) return Ok{};
    return take_occupied(id, need);
  }

  /// The usual case, without a look at every register: by falling hints, the first that is free to the end. `found` gets
  /// the registers whose limits are known after a failure.
  bool take_whole(uint32_t id, uint64_t* found) {
    if (options_.random_seed != 0 || spill_everything_) return false;
    const Interval cur = at(id);
    const auto& regs = order(cur.vreg);
    auto next = regs.begin();  // without hints, in order
    for (size_t tried = 0; tried < regs.size(); ++tried) {
      const PReg* best = nullptr;
      if ((hinted_ & ~*found) != 0) {
        for (const PReg& r : regs) {
          if ((hinted_ & ~*found & bit(r)) != 0 && (best == nullptr || hint_[r.index()] > hint_[best->index()])) best = &r;
        }
      }
      if (best == nullptr) {
        while ((*found & bit(*next)) != 0) ++next;
        best = &*next;
      }
      *found |= bit(*best);
      find_limit(cur, best->index());
      if (limit_[best->index()] < cur.end) continue;
      assign(id, best->index());
      return true;
    }
    return false;
  }

  /// True for an interval that need not even try: nothing in it gains from a register right now.
  bool stays_in_memory(uint32_t id) {
    const Interval& cur = at(id);
    if (spill_everything_ || randomly(8)) return true;
    bool first = cur.prev == kNone;
    if (info(cur.vreg).is_remat && first) return true;
    if (first || at(cur.prev).reg != kInMemory) return false;
    const Use* use = use_at_or_after(cur.vreg, cur.start);
    return (use == uses_end(cur.vreg) || use->pos >= cur.end) && next_round(cur.vreg, cur.start) == kNever;
  }

  bool take_free(uint32_t id, Pos need) {
    const Interval cur = at(id);
    const PReg* best = nullptr;
    bool best_whole = false;
    for (const PReg& r : order(cur.vreg)) {
      Pos limit = limit_[r.index()];
      if (limit <= cur.start || limit < need) continue;
      bool whole = limit >= cur.end;
      if (best == nullptr || whole > best_whole || (whole == best_whole && better(r, *best, whole))) {
        best = &r;
        best_whole = whole;
      }
    }
    if (best == nullptr) return false;
    if (best_whole && !spill_everything_) {
      assign(id, best->index());
      return true;
    }
    if (!best_whole && need == cur.start && !wants_before(cur, limit_[best->index()])) return false;
    if (!best_whole && need == cur.start && worth_driving_out(cur, limit_[best->index()])) return false;
    take_until(id, *best, need);
    return true;
  }
  bool better(PReg r, PReg than, bool whole) {
    if (options_.random_seed != 0) return rng_.chance(3);
    uint64_t mine = hint_[r.index()], other = hint_[than.index()];
    if (whole) return mine > other;
    Pos a = limit_[r.index()], b = limit_[than.index()];
    return a != b ? a > b : mine > other;
  }
  /// True if a register up to `limit` helps: a use comes before, or a way around `limit` leads to one.
  bool wants_before(const Interval& cur, Pos limit) {
    const Use* use = use_at_or_after(cur.vreg, cur.start);
    if (use != uses_end(cur.vreg) && use->pos < limit) return true;
    if (limit >= cur.end || spill_everything_) return false;
    Pos join = join_after(cur.vreg, limit, use == uses_end(cur.vreg) ? cur.end - 1 : use->pos);
    return join < cur.end && a_.earliest_pred[a_.block_of(join)] >= a_.block_of(cur.start);
  }
  /// Start of the next block up to `last` that can be reached around the block of `pos`; kNever if there is none near.
  Pos join_after(uint32_t vreg, Pos pos, Pos last) const {
    constexpr uint32_t kMaxBlocks = 12;
    uint32_t here = a_.block_of(pos), end = std::min(a_.block_of(last), here + kMaxBlocks);
    for (uint32_t b = here + 1; b <= end; ++b) {
      if (a_.earliest_pred[b] >= here) continue;
      bool worth_it = a_.frequency[b] >= a_.frequency[here];  // the way out of a loop is not worth a reload per round
      return worth_it && a_.covers(vreg, a_.block_start[b]) ? a_.block_start[b] : kNever;
    }
    return kNever;
  }

  /// Gives `id` the register up to where that is taken (or, spilling everything, no longer than needed).
  void take_until(uint32_t id, PReg reg, Pos need) {
    Interval cur = at(id);
    Pos limit = std::min(limit_[reg.index()], cur.end);
    if (spill_everything_ && need < limit) {
      assign(id, reg.index());
      if (need < cur.end) leave(id, need, need);
      return;
    }
    if (limit < cur.end) {
      Pos low = std::max(last_use_end(cur.vreg, cur.start, limit), cur.start + 1);
      Pos cut = best_cut(cur.vreg, std::min(low, limit), limit);
      if (cut == kNever) {
        assign(id, reg.index());
        leave(id, limit, limit);
        return;
      }
      uint32_t rest = split(id, cut);
      push(rest);
    }
    assign(id, reg.index());
  }

  void assign(uint32_t id, uint32_t preg) {
    at(id).reg = static_cast<uint8_t>(preg);
    residents_[preg].push_back(id);
    note_end(preg, at(id).end);
    family_reg_[a_.family[at(id).vreg]] = static_cast<uint8_t>(preg);
  }

  // --------------------------------------------------------------------------------------------------- cutting

  /// The least frequent even position in [low, high], the last such; kNever if there is no even position.
  Pos best_cut(uint32_t vreg, Pos low, Pos high) {
    low = (low + 1) & ~1u;
    high = high & ~1u;
    if (low > high) return kNever;
    if (options_.random_seed != 0) return low + 2 * static_cast<Pos>(rng_.below((high - low) / 2 + 1));
    uint32_t last = a_.block_of(high), first = a_.block_of(low);
    if (a_.block_start[first] < low) ++first;
    int budget = 5;
    uint32_t block = cheapest_live_block(vreg, first, last, a_.cost_at(high), budget);
    return block == kNone ? high : a_.block_start[block];
  }
  /// The last block in [first, last] among the least often entered with `vreg` live, if less often than `bound`.
  uint32_t cheapest_live_block(uint32_t vreg, uint32_t first, uint32_t last, uint64_t bound, int& budget) {
    if (first > last || last == kNone || --budget < 0) return kNone;
    uint32_t block = a_.cheapest_block(first, last);
    if (a_.entry_cost[block] >= bound) return kNone;
    if (a_.covers(vreg, a_.block_start[block])) return block;
    uint32_t later = cheapest_live_block(vreg, block + 1, last, bound, budget);
    if (later != kNone) bound = a_.entry_cost[later];
    uint32_t earlier = cheapest_live_block(vreg, first, block - 1, bound, budget);
    return earlier != kNone ? earlier : later;
  }

  /// Cuts interval `id` at `pos`, inside it; returns the new later part, in memory and in no list.
  uint32_t split(uint32_t id, Pos pos) {
    uint32_t rest = static_cast<uint32_t>(out_.intervals.size());
    Interval tail = at(id);
    tail.start = pos;
    tail.prev = id;
    tail.reg = kUnplaced;
    tail.range = range_after(tail.vreg, tail.range, pos);
    out_.intervals.push_back(tail);
    if (tail.next != kNone) at(tail.next).prev = rest;
    at(id).next = rest;
    at(id).end = pos;
    if (at(id).reg < residents_.size()) note_end(at(id).reg, pos);
    ++work_;
    return rest;
  }

  /// Interval `id` keeps its register up to `cut` and lives in memory from there; `now` is the scan position, and a
  /// later part is queued for the next use after it that deserves a register.
  void leave(uint32_t id, Pos cut, Pos now) {
    if (cut > at(id).start) id = split(id, cut);
    at(id).reg = kUnplaced;
    to_memory(id, now);
  }

  void to_memory(uint32_t id, Pos now) {
    Pos back = reload_position(at(id), now);
    if (back == at(id).start) return push(id);
    at(id).reg = kInMemory;
    if (back < at(id).end) push(split(id, back));
  }

  /// Where, after `now`, an interval in memory should get a register again; kNever if nowhere.
  Pos reload_position(const Interval& it, Pos now) {
    Pos use = kNever;
    Pos cut = reload_for_use(it, now, use);
    // Coming from a register, be back in it where control meets those who kept theirs: they need not reload.
    if (spill_everything_ || it.prev == kNone || at(it.prev).reg == kInMemory || info(it.vreg).is_remat) return cut;
    if (use == kNever && (use = next_round(it.vreg, now)) == kNever) return cut;
    Pos join = join_after(it.vreg, now, std::min(use, it.end - 1));
    if (join >= std::min(cut, it.end)) return cut;
    uint64_t cost = cut == kNever ? a_.frequency[a_.block_of(use)] : a_.cost_at(cut);
    return a_.frequency[a_.block_of(now)] <= cost ? join : cut;
  }

  /// The same, looking only for the next use that deserves a register, and that use.
  Pos reload_for_use(const Interval& it, Pos now, Pos& found) {
    const Use* use = use_at_or_after(it.vreg, now);
    uint64_t here = a_.frequency[a_.block_of(now)];
    for (int scanned = 0; use != uses_end(it.vreg) && use->pos < it.end; ++use, ++scanned) {
      ++work_;
      bool must = use->kind == UseKind::kMust;
      if (!must && (spill_everything_ || info(it.vreg).is_remat)) {
        scanned = 0;
        continue;
      }
      found = use->pos;
      if (use->pos % 2 != 0 && must) return use->pos;  // the definition, which emission order may put after a use
      Pos high = use->pos & ~1u;
      if (must && spill_everything_) return high;
      Pos cut = high > now ? best_cut(it.vreg, now + 1, high) : kNever;
      if (cut == kNever) {
        if (must) return high;
        continue;
      }
      if (must || scanned >= kMaxUsesScanned) return cut;
      bool hotter = a_.frequency[a_.block_of(use->pos)] > here;
      if (hotter && a_.cost_at(cut) < a_.frequency[a_.block_of(use->pos)]) return cut;
    }
    return kNever;
  }

  /// Last position of the innermost loop around `pos` that comes around to a use of `vreg` before `pos`; or kNever.
  Pos next_round(uint32_t vreg, Pos pos) const {
    uint32_t l = a_.loop_of_block[a_.block_of(pos)];
    if (l == kNone) return kNever;
    Pos first = a_.block_start[a_.loops[l].first], last = a_.block_start[a_.loops[l].last + 1];
    if (a_.defs[vreg].pos >= first || !a_.covers(vreg, last - 1)) return kNever;
    const Use* again = use_at_or_after(vreg, first);
    return again != uses_end(vreg) && again->pos < pos ? last - 1 : kNever;
  }

  // ----------------------------------------------------------------------------------------------- driving out

  /// How much register time keeping `vreg` in memory from `pos` frees per unit of expected cost.
  struct Gain {
    uint64_t distance = 0, cost = 1;
    bool more_than(const Gain& other) const {
      return static_cast<unsigned __int128>(distance) * other.cost > static_cast<unsigned __int128>(other.distance) * cost;
    }
  };

  Gain gain_of_leaving(const Interval& it, Pos pos) {
    uint64_t here = a_.frequency[a_.block_of(pos)];
    const Use* use = use_at_or_after(it.vreg, pos);
    const Use* end = uses_end(it.vreg);
    for (int n = 0; n < kMaxUsesScanned && use != end && a_.frequency[a_.block_of(use->pos)] * 10 < here; ++n) ++use;
    Pos next = use == end ? kNever : use->pos;
    Gain gain;
    gain.distance = (next == kNever ? std::max(a_.ranges[it.vreg].back().to, it.end) + 64 : next) - pos + 1;
    if (next != kNever) gain.cost = reload_cost(it, pos, next);
    // A use earlier in a loop around `pos` comes again with the next iteration.
    for (uint32_t l = a_.loop_of_block[a_.block_of(pos)]; l != kNone; l = a_.loops[l].parent) {
      Pos first = a_.block_start[a_.loops[l].first], last = a_.block_start[a_.loops[l].last + 1];
      if (next < last) break;
      if (a_.defs[it.vreg].pos >= first || !a_.covers(it.vreg, last - 1)) continue;
      const Use* again = use_at_or_after(it.vreg, first);
      if (again == end || again->pos >= pos) continue;
      gain.distance = (last - pos) + (again->pos - first) + 1;
      gain.cost = a_.frequency[a_.block_of(again->pos)];
      break;
    }
    gain.cost = (info(it.vreg).is_remat ? gain.cost / 2 : gain.cost + store_cost(it, pos)) + 1;
    return gain;
  }
  uint64_t reload_cost(const Interval&, Pos pos, Pos next) const {
    uint32_t first = a_.block_of(pos) + 1, last = a_.block_of(next);
    uint64_t cost = a_.frequency[last];
    return first <= last ? std::min(cost, a_.entry_cost[a_.cheapest_block(first, last)]) : cost;
  }
  /// Expected cost of bringing the value to its slot; none if it must be there anyway.
  uint64_t store_cost(const Interval& it, Pos pos) {
    for (uint32_t id : {out_.first[it.vreg], it.prev, it.next}) {
      if (id != kNone && at(id).reg == kInMemory) return 0;
    }
    return std::min(a_.frequency[a_.defs[it.vreg].block], a_.frequency[a_.block_of(pos)]);
  }

  /// No register is free for all of `cur`, which would be cut at `limit`. True if rather another interval should go.
  bool worth_driving_out(const Interval& cur, Pos limit) {
    if (spill_everything_) return false;
    Pos low = std::max(last_use_end(cur.vreg, cur.start, limit), cur.start + 1);
    Pos cut = best_cut(cur.vreg, std::min(low, limit), limit);
    uint64_t cost = a_.cost_at(cut == kNever ? limit & ~1u : cut);
    if (cost < a_.frequency[a_.block_of(cur.start)]) return false;
    for (PReg r : order(cur.vreg)) {
      if (fixed_limit_[r.index()] < cur.end || !can_drive_out(r.index(), cur)) continue;
      Gain gain = gain_of_register(r.index(), cur);
      if (gain.cost * 4 < cost) return true;
    }
    return false;
  }

  bool can_drive_out(uint32_t preg, const Interval& cur) {
    for (uint32_t id : residents_[preg]) {
      if (blocks(id, preg, cur) && needed_at(at(id), cur.start)) return false;
    }
    return true;
  }
  bool blocks(uint32_t id, uint32_t preg, const Interval& cur) {
    return residents_[preg].size() >= kMaxResidents || conflict_with(cur, at(id)) < fixed_limit_[preg];
  }
  Gain gain_of_register(uint32_t preg, const Interval& cur) {
    Gain least{~uint64_t{0} >> 1, 1};
    for (uint32_t id : residents_[preg]) {
      if (!blocks(id, preg, cur)) continue;
      Gain gain = gain_of_leaving(at(id), cur.start);
      if (least.more_than(gain)) least = gain;
    }
    return least;
  }

  Status take_occupied(uint32_t id, Pos need) {
    const Interval cur = at(id);
    const PReg* best = nullptr;
    Gain best_gain;
    for (const PReg& r : order(cur.vreg)) {
      Pos limit = fixed_limit_[r.index()];
      if (limit <= cur.start || limit < need || !can_drive_out(r.index(), cur)) continue;
      if (need == cur.start && !wants_before(cur, limit)) continue;
      Gain gain = gain_of_register(r.index(), cur);
      if (best == nullptr || (options_.random_seed != 0 ? rng_.chance(3) : gain.more_than(best_gain))) {
        best = &r;
        best_gain = gain;
      }
    }
    bool optional = need == cur.start;
    if (optional && (best == nullptr || gain_of_leaving(cur, cur.start + 1).more_than(best_gain) || randomly(3))) {
      to_memory(id, cur.start);
      return Ok{};
    }
    if (best != nullptr) {
      drive_out(*best, cur);
      limit_[best->index()] = fixed_limit_[best->index()];
      take_until(id, *best, need);
      return Ok{};
    }
    return displace(id, need);
  }

  /// Frees `reg` for `cur`: whoever is in it now goes to memory; whoever comes back to it later is placed again then.
  void drive_out(PReg reg, const Interval& cur) {
    auto& list = residents_[reg.index()];
    std::vector<uint32_t> victims;
    for (uint32_t id : list) {
      if (blocks(id, reg.index(), cur)) victims.push_back(id);
    }
    for (uint32_t id : victims) {
      std::erase(list, id);
      Interval& it = at(id);
      if (!seek(it, cur.start)) {
        Pos from = a_.ranges.items[it.range].from;  // in a hole that ends here
        if (from > cur.start && from < it.end) push(split(id, from));
        continue;
      }
      Pos low = last_use_end(it.vreg, it.start, cur.start);
      Pos cut = best_cut(it.vreg, low, cur.start);
      leave(id, cut == kNever ? cur.start : cut, cur.start);
    }
  }

  /// Last resort: `cur` needs a register up to `need`, and every one is needed by another operand of the instruction.
  /// An operand that is only read early can go to a register whose late half is reserved, which `cur` cannot.
  Status displace(uint32_t id, Pos need) {
    const Interval cur = at(id);
    for (PReg r : order(cur.vreg)) {
      if (fixed_limit_[r.index()] < need || cur.start % 2 != 0) continue;
      bool possible = true;
      for (uint32_t other : residents_[r.index()]) {
        if (blocks(other, r.index(), cur) && need_at(at(other).vreg, cur.start) >= need) possible = false;
      }
      if (!possible) continue;
      std::vector<uint32_t> victims;
      for (uint32_t other : residents_[r.index()]) {
        if (blocks(other, r.index(), cur)) victims.push_back(other);
      }
      for (uint32_t other : victims) {
        std::erase(residents_[r.index()], other);
        seek(at(other), cur.start);
        Pos from = std::max(cur.start, a_.ranges.items[at(other).range].from);
        if (from > at(other).start) other = split(other, from);
        at(other).reg = kInMemory;
        push(other);
      }
      limit_[r.index()] = fixed_limit_[r.index()];
      take_until(id, r, need);
      return Ok{};
    }
    uint32_t block = a_.block_of(cur.start);
    return Error{ErrorCode::kBadIr, "no register left for v" + std::to_string(cur.vreg),
                 "b" + std::to_string(block) + " i" + std::to_string(a_.inst_of(cur.start))};
  }

  // ----------------------------------------------------------------------------------------------------- hints

  /// Register of `vreg` at `pos`, or kInMemory.
  uint32_t reg_at(uint32_t vreg, Pos pos) {
    uint32_t id = out_.first[vreg];
    for (int n = 0; id != kNone && n < kMaxUsesScanned; ++n, id = at(id).next) {
      ++work_;
      if (pos < at(id).end) return pos >= at(id).start && at(id).reg != kUnplaced ? at(id).reg : kInMemory;
    }
    return kInMemory;
  }
  void add_hint(uint32_t preg, uint64_t frequency) {
    if (preg >= hint_.size() || frequency == 0) return;
    hint_[preg] += frequency;
    hinted_ |= PRegSet{1} << preg;
  }

  void score_hints(const Interval& cur) {
    for (PReg r : order(cur.vreg)) hint_[r.index()] = 0;
    hinted_ = 0;
    add_hint(family_reg_[a_.family[cur.vreg]], 1);
    if (cur.prev != kNone) {
      uint32_t before = cur.prev;  // the register of the previous interval, or the one before a stay in memory
      if (at(before).reg == kInMemory && at(before).prev != kNone) before = at(before).prev;
      add_hint(at(before).reg, a_.cost_at(cur.start & ~1u));
    }
    if (a_.defs[cur.vreg].pos >= cur.start && a_.defs[cur.vreg].pos < cur.end) hint_from_definition(cur.vreg);
    hint_from_uses(cur.vreg, cur.start, cur.end, 0);
  }

  void hint_from_definition(uint32_t vreg) {
    const Def& def = a_.defs[vreg];
    uint64_t frequency = a_.frequency[def.block];
    if (def.kind == DefKind::kFixed) add_hint(def.detail, frequency);
    if (def.kind == DefKind::kReuse) add_hint(reg_at(def.detail, def.pos - 1), frequency);
    if (def.move_of != kNone) add_hint(reg_at(def.move_of, a_.early(def.inst, def.block)), frequency);
    if (def.kind != DefKind::kParam) return;
    for (Pred p : a_.preds[def.block]) {
      uint32_t arg = fn_.args_of(fn_.edges[p.edge])[def.detail].index;
      add_hint(reg_at(arg, a_.block_start[p.block + 1] - 1), std::min(a_.frequency[p.block], frequency));
    }
  }

  void hint_from_uses(uint32_t vreg, Pos from, Pos to, uint32_t depth) {
    const Use* use = use_at_or_after(vreg, from);
    for (int n = depth == 0 ? kMaxUsesScanned : 3; n != 0 && use != uses_end(vreg) && use->pos < to; --n, ++use) {
      ++work_;
      uint64_t frequency = a_.frequency[a_.block_of(use->pos)] >> depth;
      if (use->hint_kind == HintKind::kPReg) {
        if (PReg::from_index(use->hint).cls == info(vreg).cls) add_hint(use->hint, frequency);
      } else if (use->hint_kind == HintKind::kVReg) {
        const Def& def = a_.defs[use->hint];
        uint32_t reg = reg_at(use->hint, def.pos);
        if (reg != kInMemory) {
          add_hint(reg, frequency);
        } else if (depth < kMaxHintDepth && def.pos > use->pos) {
          hint_from_uses(use->hint, def.pos, kNever, depth + 1);
        }
      }
    }
  }

  const Analysis& a_;
  const RaFunction& fn_;
  const RaOptions& options_;
  Rng rng_;
  std::array<std::vector<PReg>, kNumRegClasses> order_;
  bool spill_everything_ = false;
  Assignment out_;
  std::vector<Waiting> heap_;
  std::vector<uint64_t> weight_;                     // per vreg: expected executions of its uses
  std::vector<uint8_t> family_reg_;                  // per family: the register a member got last
  std::array<std::vector<uint32_t>, 64> residents_;  // intervals that own each register now or after a hole
  std::array<size_t, 64> fixed_cursor_{};
  std::vector<size_t> clobber_cursor_;
  size_t safepoint_cursor_ = 0;
  Pos advanced_to_ = kNever;
  std::array<Pos, 64> limit_{}, fixed_limit_{};
  std::array<Pos, 64> first_end_{};  // per register: no interval or reservation in it ends earlier
  Pos next_end_ = 0;                 // the least of them
  std::array<uint64_t, 64> hint_{};
  PRegSet hinted_ = 0;               // registers whose hint is not 0
  uint64_t work_ = 0;
};

}  // namespace

Result<Assignment> linear_scan(const Analysis& analysis, const RaEnv& env, const RaOptions& options) {
  return LinearScan(analysis, env, options).run();
}

}  // namespace orus::jit::ra
