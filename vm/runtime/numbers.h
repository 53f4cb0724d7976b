// Numbers as text: the readers behind int() and float(). Independent of the VM and of the process's locale.
#pragma once

#include <cstdint>
#include <string_view>

namespace orus {

enum class NumberText : uint8_t { kOk, kMalformed, kOutOfRange };

/// White space, optional sign, decimal digits, white space; blank text is 0.
NumberText parse_i32(std::string_view text, int32_t* value);
/// C's strtod between white space; blank text is 0. Anything that reads as not finite is kOutOfRange.
NumberText parse_f64(std::string_view text, double* value);

}  // namespace orus
