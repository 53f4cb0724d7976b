#include "jit/regalloc/parallel_move.h"

#include <algorithm>

#include "base/check.h"

namespace orus::jit::ra {
namespace {

class Sequencer {
 public:
  Sequencer(const RaFunction& fn, const RaEnv& env, std::span<const Transfer> moves, std::vector<Transfer>& out)
      : fn_(fn), env_(env), out_(out) {
    for (const Transfer& m : moves) {
      if (!m.from.is_remat() && m.from != m.to) pending_.push_back(m);
    }
    index();
  }

  void run() {
    for (uint32_t i = 0; i < pending_.size(); ++i) {
      if (readers(pending_[i].to) == 0) ready_.push_back(i);
    }
    drain();
    for (uint32_t i = 0; i < pending_.size(); ++i) {
      if (!done_[i]) break_cycle(i);
    }
  }

  void rematerialise(const Transfer& m) {
    if (m.to.is_reg()) return out_.push_back(m);
    Allocation temp = Allocation::reg(env_.scratch[static_cast<int>(fn_.vregs[m.vreg.index].cls)]);
    out_.push_back({m.vreg, m.from, temp});
    out_.push_back({m.vreg, temp, m.to});
  }

 private:
  static uint64_t key(Allocation a) { return (uint64_t{a.is_stack()} << 32) | a.index; }

  void index() {
    done_.assign(pending_.size(), false);
    for (uint32_t i = 0; i < pending_.size(); ++i) {
      by_to_.push_back({key(pending_[i].to), i});
      by_from_.push_back({key(pending_[i].from), i});
    }
    std::sort(by_to_.begin(), by_to_.end());
    std::sort(by_from_.begin(), by_from_.end());
    read_count_.assign(pending_.size(), 0);
    for (size_t i = 0; i < by_from_.size(); ++i) {
      if (uint32_t* n = count_of(by_from_[i].first)) ++*n;
    }
    for (size_t i = 1; i < by_to_.size(); ++i) ORUS_CHECK(by_to_[i].first != by_to_[i - 1].first);
  }
  // How many pending moves read the place that some move writes; only such places are counted.
  uint32_t* count_of(uint64_t place) {
    uint32_t writer = writer_of(place);
    return writer == UINT32_MAX ? nullptr : &read_count_[writer];
  }
  uint32_t writer_of(uint64_t place) const {
    auto it = std::lower_bound(by_to_.begin(), by_to_.end(), std::pair<uint64_t, uint32_t>{place, 0});
    return it == by_to_.end() || it->first != place ? UINT32_MAX : it->second;
  }
  uint32_t readers(Allocation to) { return *count_of(key(to)); }

  void drain() {
    while (!ready_.empty()) {
      uint32_t i = ready_.back();
      ready_.pop_back();
      done_[i] = true;
      emit(pending_[i]);
      if (redirected_ == i) {
        redirected_ = UINT32_MAX;
        continue;  // read the scratch register, not its original source
      }
      uint32_t writer = writer_of(key(pending_[i].from));
      if (writer != UINT32_MAX && --read_count_[writer] == 0 && !done_[writer]) ready_.push_back(writer);
    }
  }

  // All that is left are cycles. Saves what `i` (or a later move of its cycle into a register) would overwrite.
  void break_cycle(uint32_t i) {
    uint32_t at = i;
    do {
      if (pending_[at].to.is_reg()) break;
      at = writer_of(key(pending_[at].from));
    } while (at != i);
    Allocation saved = pending_[at].to;
    saved_class_ = saved.is_reg() ? static_cast<int>(saved.preg().cls) : 1;
    Allocation temp = Allocation::reg(env_.scratch[saved_class_]);
    auto reader = std::lower_bound(by_from_.begin(), by_from_.end(), std::pair<uint64_t, uint32_t>{key(saved), 0});
    while (done_[reader->second]) ++reader;
    redirected_ = reader->second;
    out_.push_back({pending_[redirected_].vreg, saved, temp});
    pending_[redirected_].from = temp;
    ready_.push_back(at);
    drain();
    saved_class_ = -1;
  }

  void emit(const Transfer& m) {
    if (!m.from.is_stack() || !m.to.is_stack()) return out_.push_back(m);
    Allocation temp = Allocation::reg(env_.scratch[saved_class_ == 0 ? 1 : 0]);
    out_.push_back({m.vreg, m.from, temp});
    out_.push_back({m.vreg, temp, m.to});
  }

  const RaFunction& fn_;
  const RaEnv& env_;
  std::vector<Transfer>& out_;
  std::vector<Transfer> pending_;
  std::vector<bool> done_;
  std::vector<std::pair<uint64_t, uint32_t>> by_to_, by_from_;  // (place, move), sorted
  std::vector<uint32_t> read_count_, ready_;
  uint32_t redirected_ = UINT32_MAX;
  int saved_class_ = -1;
};

}  // namespace

void sequence_moves(const RaFunction& fn, const RaEnv& env, std::span<const Transfer> moves, std::vector<Transfer>& out) {
  Sequencer sequencer(fn, env, moves, out);
  sequencer.run();
  for (const Transfer& m : moves) {
    if (m.from.is_remat()) sequencer.rematerialise(m);
  }
}

}  // namespace orus::jit::ra
