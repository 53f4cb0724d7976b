// generate_module: fuzzing input to bytecode module, valid by construction. Modules end by themselves: every loop and
// recursion is bounded, and an estimate of the work done keeps programs within a budget.
#pragma once

#include <string>
#include <vector>

#include "fuzz/gen/dna.h"
#include "vm/bytecode/module.h"

namespace orus::fuzz {

struct GenLimits {
  uint32_t instructions = 2000;  // of the whole module, roughly
  uint64_t cost = 6000;          // executed instructions, estimated
};

/// Same choices, same module. The result passes verify(); if it does not, the generator is wrong.
Module generate_module(Choices& choices, const GenLimits& limits = {});

}  // namespace orus::fuzz
