// Tokens of Orus source text, generated from tokens.def.
#pragma once

#include <cstdint>
#include <string_view>

namespace orus::lang {

enum class Tok : uint8_t {
#define TOKEN(name, text) name,
#include "lang/orus/tokens.def"
};

/// How a message names a token of this kind: "end of line", "')'", ...
std::string_view describe(Tok kind);

/// A place in the source. `line` and `column` are 1-based, columns and `length` count bytes.
struct Pos {
  uint32_t offset = 0, length = 0, line = 0, column = 0;
};

struct Token {
  Tok kind = Tok::kEnd;
  Pos pos = {};
};

}  // namespace orus::lang
