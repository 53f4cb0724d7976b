// Dna: what a fuzzing input means to a generator. Three streams of choices, so that a changed byte stays a small change:
// a new value does not reshape the control flow, and a splice is "structure of A with values of B".
//
//   byte 0        flags: bit 0, an exhausted stream gives zeros (the simplest choice) instead of its fallback
//   bytes 1..4    lengths of the structure and value streams, little endian, 16 bits each
//   rest          structure, values, configuration
//
// An exhausted stream continues with a generator seeded by its first bytes: short inputs already give whole programs,
// and editing the end of a stream leaves the rest alone. Any bytes are a valid input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace orus::fuzz {

inline constexpr size_t kMaxInput = 4096;

/// Choices drawn from one stream. Zero is the simplest choice everywhere, so that zeroing bytes makes inputs simpler.
class Stream {
 public:
  Stream() = default;
  Stream(std::span<const uint8_t> bytes, uint64_t salt, bool zeros);

  uint8_t byte();
  /// 0 .. bound-1; `bound` must not be 0.
  uint32_t below(uint32_t bound);
  /// Once in `one_in` times; a zero byte gives false.
  bool chance(uint32_t one_in) { return below(one_in) + 1 == one_in && one_in > 1; }
  bool flip() { return below(2) == 1; }
  uint64_t word();
  template <class T, size_t N>
  const T& pick(const T (&list)[N]) {
    return list[below(N)];
  }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[below(static_cast<uint32_t>(list.size()))];
  }

  /// Everything drawn so far; with `zeros` set, a stream of these bytes gives the same choices.
  const std::vector<uint8_t>& drawn() const { return drawn_; }

 private:
  std::vector<uint8_t> bytes_;
  size_t next_ = 0;
  uint64_t state_ = 0;
  bool zeros_ = false;
  std::vector<uint8_t> drawn_;
};

struct Dna {
  std::vector<uint8_t> structure, values, config;
  bool zeros = false;

  static Dna decode(std::span<const uint8_t> input);
  std::vector<uint8_t> encode() const;
};

/// The three streams of one input, as generators draw from them.
struct Choices {
  explicit Choices(const Dna& dna);
  Stream structure, values, config;
  /// The input that spells out every choice made: mutations of it stay local.
  Dna spelled_out() const;
};

/// A fresh random input; same seed, same input.
Dna random_dna(uint64_t seed);

}  // namespace orus::fuzz
