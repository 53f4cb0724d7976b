// BitSet: a run-time sized set of small integers, for dataflow.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace orus {

class BitSet {
 public:
  BitSet() = default;
  explicit BitSet(size_t bits, bool value = false) : bits_(bits), words_((bits + 63) / 64, value ? ~uint64_t{0} : 0) { trim(); }
  size_t size() const { return bits_; }
  bool test(size_t i) const {
    ORUS_DCHECK(i < bits_);
    return (words_[i / 64] >> (i % 64)) & 1;
  }
  void set(size_t i) {
    ORUS_DCHECK(i < bits_);
    words_[i / 64] |= uint64_t{1} << (i % 64);
  }
  void reset(size_t i) {
    ORUS_DCHECK(i < bits_);
    words_[i / 64] &= ~(uint64_t{1} << (i % 64));
  }
  void clear() {
    for (auto& w : words_) w = 0;
  }
  /// this |= other. True if anything was added.
  bool unite(const BitSet& other) {
    uint64_t changed = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      uint64_t merged = words_[i] | other.words_[i];
      changed |= merged ^ words_[i];
      words_[i] = merged;
    }
    return changed != 0;
  }
  /// this &= other. True if anything was removed.
  bool intersect(const BitSet& other) {
    uint64_t changed = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      uint64_t merged = words_[i] & other.words_[i];
      changed |= merged ^ words_[i];
      words_[i] = merged;
    }
    return changed != 0;
  }
  void subtract(const BitSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
  }
  size_t count() const {
    size_t n = 0;
    for (uint64_t w : words_) n += static_cast<size_t>(std::popcount(w));
    return n;
  }
  bool operator==(const BitSet&) const = default;
  /// Calls f(i) for each member in ascending order.
  template <class F>
  void for_each(F f) const {
    for (size_t w = 0; w < words_.size(); ++w) {
      for (uint64_t word = words_[w]; word != 0; word &= word - 1) {
        f(w * 64 + static_cast<size_t>(std::countr_zero(word)));
      }
    }
  }

 private:
  void trim() {
    if (bits_ % 64 != 0 && !words_.empty()) words_.back() &= (uint64_t{1} << (bits_ % 64)) - 1;
  }
  size_t bits_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace orus
