#include "fuzz/gen/mutate.h"

#include <algorithm>

namespace orus::fuzz {
namespace {

using Bytes = std::vector<uint8_t>;
constexpr size_t kMaxStream = kMaxInput / 4;

std::ptrdiff_t at(size_t i) { return static_cast<std::ptrdiff_t>(i); }

/// A position, more often an early one: early choices decide more.
size_t position(size_t size, Rng& rng) {
  size_t p = rng.below(size + 1);
  return rng.chance(3) ? rng.below(p + 1) : p;
}

void change_bytes(Bytes* bytes, Rng& rng) {
  static constexpr uint8_t kSteps[] = {1, 255, 16, 240, 128};
  for (uint64_t n = 1 + rng.below(4); n > 0 && !bytes->empty(); --n) {
    uint8_t& b = (*bytes)[position(bytes->size() - 1, rng)];
    b = rng.chance(2) ? static_cast<uint8_t>(rng.next()) : static_cast<uint8_t>(b + kSteps[rng.below(std::size(kSteps))]);
  }
}

void insert_bytes(Bytes* bytes, Rng& rng) {
  Bytes fresh(1 + rng.below(12));
  for (uint8_t& b : fresh) b = rng.chance(3) ? 0 : static_cast<uint8_t>(rng.next());
  bytes->insert(bytes->begin() + at(position(bytes->size(), rng)), fresh.begin(), fresh.end());
}

void erase_bytes(Bytes* bytes, Rng& rng) {
  if (bytes->empty()) return;
  size_t from = position(bytes->size() - 1, rng), n = std::min<size_t>(1 + rng.below(16), bytes->size() - from);
  bytes->erase(bytes->begin() + at(from), bytes->begin() + at(from + n));
}

/// A piece again, or a piece of the other input: regions are runs of choices.
void copy_piece(const Bytes& source, Bytes* bytes, Rng& rng) {
  if (source.empty()) return;
  size_t from = rng.below(source.size()), n = std::min<size_t>(1 + rng.below(48), source.size() - from);
  Bytes piece(source.begin() + at(from), source.begin() + at(from + n));
  size_t to = position(bytes->size(), rng);
  if (rng.chance(2)) {
    size_t overwritten = std::min(n, bytes->size() - to);
    bytes->erase(bytes->begin() + at(to), bytes->begin() + at(to + overwritten));
  }
  bytes->insert(bytes->begin() + at(to), piece.begin(), piece.end());
}

void swap_pieces(Bytes* bytes, Rng& rng) {
  if (bytes->size() < 4) return;
  size_t a = rng.below(bytes->size() / 2), b = bytes->size() / 2 + rng.below(bytes->size() / 2);
  size_t n = std::min<size_t>(1 + rng.below(16), bytes->size() - b);
  n = std::min(n, b - a);
  std::swap_ranges(bytes->begin() + at(a), bytes->begin() + at(a + n), bytes->begin() + at(b));
}

}  // namespace

std::vector<uint8_t> mutate(std::span<const uint8_t> input, std::span<const uint8_t> other_input, Rng& rng) {
  Dna dna = Dna::decode(input), other = Dna::decode(other_input);
  if (rng.chance(16)) dna.zeros = !dna.zeros;
  for (uint64_t n = 1 + rng.below(3); n > 0; --n) {
    static constexpr Bytes Dna::* kStreams[] = {&Dna::structure, &Dna::values, &Dna::structure, &Dna::values, &Dna::config};
    auto stream = kStreams[rng.below(std::size(kStreams))];
    Bytes* bytes = &(dna.*stream);
    switch (rng.below(8)) {
      case 0: insert_bytes(bytes, rng); break;
      case 1: erase_bytes(bytes, rng); break;
      case 2: copy_piece(*bytes, bytes, rng); break;
      case 3: copy_piece(other.*stream, bytes, rng); break;
      case 4: swap_pieces(bytes, rng); break;
      case 5:
        if (!(other.*stream).empty() && rng.chance(3)) *bytes = other.*stream;  // structure of one, values of the other
        break;
      default: change_bytes(bytes, rng); break;
    }
    if (bytes->size() > kMaxStream) bytes->resize(kMaxStream);
  }
  return dna.encode();
}

}  // namespace orus::fuzz
