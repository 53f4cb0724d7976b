// The custom mutator library of AFL++ (AFL_CUSTOM_MUTATOR_LIBRARY).
#include <algorithm>
#include <memory>

#include "fuzz/gen/mutate.h"

namespace {
struct State {
  explicit State(unsigned seed) : rng(seed) {}
  orus::Rng rng;
  std::vector<uint8_t> out;
};
}  // namespace

extern "C" {

void* afl_custom_init(void* afl, unsigned int seed) { return std::make_unique<State>(seed).release(); }

size_t afl_custom_fuzz(void* data, uint8_t* input, size_t size, uint8_t** out, uint8_t* other, size_t other_size, size_t max_size) {
  auto* state = static_cast<State*>(data);
  std::span<const uint8_t> first(input, size);
  state->out = orus::fuzz::mutate(first, other == nullptr ? first : std::span<const uint8_t>(other, other_size), state->rng);
  *out = state->out.data();
  return std::min(state->out.size(), max_size);
}

void afl_custom_deinit(void* data) { std::unique_ptr<State> state(static_cast<State*>(data)); }
}
