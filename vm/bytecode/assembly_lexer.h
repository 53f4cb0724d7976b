// Tokens of the assembly text. Lines matter: every line ends with a kEndOfLine token, empty lines have none.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace orus {

enum class TokenKind : uint8_t { kIdentifier, kNumber, kString, kSymbol, kEndOfLine, kEndOfText };

/// `text` points into the assembly text; a string's quotes are included. Lines and columns are 1-based, in bytes.
struct Token {
  TokenKind kind;
  std::string_view text;
  uint32_t line;
  uint32_t column;
};

/// Errors: kBadAssembly at the first byte that starts no token.
Result<std::vector<Token>> lex_assembly(std::string_view text, std::string_view file_name);

Error assembly_error(std::string_view file_name, const Token& at, std::string detail);

}  // namespace orus
