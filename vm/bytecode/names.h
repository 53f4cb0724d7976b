// Names and literals shared by the written forms of a module and the verifier.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orus {

/// The scalar and builtin reference types, by TypeId; empty past them.
std::string_view builtin_type_name(uint32_t index);

/// True for letters, digits and underscores that do not start with a digit.
bool is_identifier(std::string_view text);

bool is_valid_utf8(std::string_view text);

/// True for names that a module may use: 1 to 1024 bytes of UTF-8 without control characters.
bool is_valid_name(std::string_view text);

/// `text` in double quotes. Escapes quotes, backslashes and control characters; every byte above 127 too when the
/// text is not UTF-8, so the result always is.
std::string quoted(std::string_view text);

}  // namespace orus
