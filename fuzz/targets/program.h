// The first step of every target that runs programs: input to verified module and settings.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "fuzz/gen/dna.h"
#include "fuzz/targets/target.h"

namespace orus::fuzz {

struct Case {
  std::unique_ptr<const VerifiedModule> module;
  RunSettings settings;
  std::optional<Failure> failure;  // the generator made something that is not valid
};
Case make_case(std::span<const uint8_t> input, CaseStats* stats);

/// What an input says: settings first, then the module.
Module draw_program(Choices& choices, RunSettings* settings);

}  // namespace orus::fuzz
