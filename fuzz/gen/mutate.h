// Mutation of inputs, shared by every engine. Works on streams of choices: what is changed stays where it is.
#pragma once

#include "base/rng.h"
#include "fuzz/gen/dna.h"

namespace orus::fuzz {

/// A changed copy of `input`, at most kMaxInput bytes; parts may come from `other`.
std::vector<uint8_t> mutate(std::span<const uint8_t> input, std::span<const uint8_t> other, Rng& rng);

}  // namespace orus::fuzz
