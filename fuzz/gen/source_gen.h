// generate_source: fuzzing input to an Orus program in text. Well-formed and, nearly always, well-typed; a small share
// is then damaged token by token for the front end's refusals.
#pragma once

#include <string>

#include "fuzz/gen/dna.h"

namespace orus::fuzz {

struct SourceProgram {
  std::string text;
  bool damaged = false;  // a refusal is expected, an acceptance allowed
};
SourceProgram generate_source(Choices& choices);

}  // namespace orus::fuzz
