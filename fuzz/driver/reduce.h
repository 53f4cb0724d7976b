// Reduction: the same failure from a smaller input. First on choices (inputs stay valid by themselves), then on
// bytecode, with the verifier as filter. "The same" is the same oracle, mode and kind of difference, so that reduction
// does not slip to another mistake. Every attempt runs in a process of its own.
#pragma once

#include <functional>

#include "fuzz/gen/dna.h"
#include "vm/bytecode/module.h"

namespace orus::fuzz {

using InputCheck = std::function<bool(std::span<const uint8_t>)>;
using ModuleCheck = std::function<bool(const Module&)>;

std::vector<uint8_t> reduce_choices(const Dna& spelled_out, const InputCheck& still_fails, uint32_t attempts);
Module reduce_module(Module module, const ModuleCheck& still_fails, uint32_t attempts);

}  // namespace orus::fuzz
