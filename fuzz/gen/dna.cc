#include "fuzz/gen/dna.h"

#include <algorithm>
#include <cstring>

#include "base/rng.h"

namespace orus::fuzz {
namespace {

constexpr size_t kHeaderBytes = 5;
constexpr size_t kSeedBytes = 8;       // of a stream: what its fallback depends on
constexpr size_t kMaxDrawn = 64 * 1024;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t hash(std::span<const uint8_t> bytes, uint64_t salt) {
  uint64_t h = mix(salt + 0x9e3779b97f4a7c15u);
  for (uint8_t b : bytes) h = mix((h ^ b) + 0x9e3779b97f4a7c15u);
  return h;
}

}  // namespace

Stream::Stream(std::span<const uint8_t> bytes, uint64_t salt, bool zeros)
    : bytes_(bytes.begin(), bytes.end()), state_(hash(bytes.first(std::min(bytes.size(), kSeedBytes)), salt)), zeros_(zeros) {}

uint8_t Stream::byte() {
  uint8_t b = 0;
  if (next_ < bytes_.size()) {
    b = bytes_[next_++];
  } else if (!zeros_) {
    state_ += 0x9e3779b97f4a7c15u;
    b = static_cast<uint8_t>(mix(state_) >> 56);
  }
  if (drawn_.size() < kMaxDrawn) drawn_.push_back(b);
  return b;
}

uint32_t Stream::below(uint32_t bound) {
  uint32_t b = byte();
  if (bound <= 256) return (b * bound) >> 8;
  b = b << 8 | byte();
  if (bound <= 65536) return static_cast<uint32_t>((uint64_t{b} * bound) >> 16);
  b = b << 16 | static_cast<uint32_t>(byte()) << 8;
  return static_cast<uint32_t>((uint64_t{b | byte()} * bound) >> 32);
}

uint64_t Stream::word() {
  uint64_t w = 0;
  for (int i = 0; i < 8; ++i) w = w << 8 | byte();
  return w;
}

Dna Dna::decode(std::span<const uint8_t> input) {
  Dna dna;
  if (input.size() < kHeaderBytes) {
    dna.structure.assign(input.begin(), input.end());
    return dna;
  }
  dna.zeros = (input[0] & 1) != 0;
  size_t structure = input[1] | size_t{input[2]} << 8, values = input[3] | size_t{input[4]} << 8;
  auto rest = input.subspan(kHeaderBytes);
  auto take = [&rest](size_t n) {
    n = std::min(n, rest.size());
    std::vector<uint8_t> out(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(n));
    rest = rest.subspan(n);
    return out;
  };
  dna.structure = take(structure);
  dna.values = take(values);
  dna.config = take(rest.size());
  return dna;
}

std::vector<uint8_t> Dna::encode() const {
  std::vector<uint8_t> out{static_cast<uint8_t>(zeros ? 1 : 0)};
  for (size_t n : {structure.size(), values.size()}) {
    out.push_back(static_cast<uint8_t>(n));
    out.push_back(static_cast<uint8_t>(n >> 8));
  }
  for (const auto* stream : {&structure, &values, &config}) out.insert(out.end(), stream->begin(), stream->end());
  return out;
}

Choices::Choices(const Dna& dna)
    : structure(dna.structure, 1, dna.zeros), values(dna.values, 2, dna.zeros), config(dna.config, 3, dna.zeros) {}

Dna Choices::spelled_out() const {
  return {.structure = structure.drawn(), .values = values.drawn(), .config = config.drawn(), .zeros = true};
}

Dna random_dna(uint64_t seed) {
  Rng rng(seed);
  Dna dna;
  for (auto* stream : {&dna.structure, &dna.values, &dna.config}) {
    stream->resize(kSeedBytes);
    uint64_t word = rng.next();
    std::memcpy(stream->data(), &word, kSeedBytes);
  }
  return dna;
}

}  // namespace orus::fuzz
