// Number literals: their spelling, their value, and which types can hold it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lang/orus/types.h"

namespace orus::lang {

/// A number literal, possibly with a minus sign in front of it.
struct Number {
  bool is_float = false, hex = false, negative = false, overflow = false;  // overflow: no integer type holds it
  uint64_t magnitude = 0;                                                  // integers
  double real = 0;                                                         // floats, without the sign
  Ty suffix = {};                                                          // kTyPoison: none
};

/// Reads one literal; on failure returns false and says why in `problem`.
bool parse_number(std::string_view text, Number* out, std::string* problem);

/// The type of the literal where nothing else is expected; kTyPoison if no type holds it.
Ty default_type(const Number& number);
/// The value as bits of a scalar of type `type` in canonical slot form, or nothing when it is not representable by the
/// adaptation rules: integers to any numeric type, floats to f64 only.
std::optional<uint64_t> number_bits(const Number& number, Ty type);

}  // namespace orus::lang
