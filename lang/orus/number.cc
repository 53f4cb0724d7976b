#include "lang/orus/number.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace orus::lang {
namespace {

struct Suffix {
  std::string_view text;
  Ty type;
};
constexpr Suffix kSuffixes[] = {{"i32", kTyI32}, {"i64", kTyI64}, {"u32", kTyU32}, {"u64", kTyU64}, {"f64", kTyF64}};

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

/// One underscore between digits only.
bool underscores_ok(std::string_view digits, int base) {
  for (size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') continue;
    bool before = i > 0 && digit_value(digits[i - 1]) < base;
    bool after = i + 1 < digits.size() && digit_value(digits[i + 1]) < base;
    if (!before || !after) return false;
  }
  return true;
}

bool parse_integer(std::string_view digits, int base, Number* out) {
  if (digits.empty()) return false;
  for (char c : digits) {
    if (c == '_') continue;
    int value = digit_value(c);
    if (value >= base) return false;
    auto wide = static_cast<unsigned __int128>(out->magnitude) * static_cast<unsigned>(base) + static_cast<unsigned>(value);
    if (wide > std::numeric_limits<uint64_t>::max()) out->overflow = true;
    out->magnitude = static_cast<uint64_t>(wide);
  }
  return true;
}

/// The lexer guarantees digits before a point; exponent and underscores are checked here.
bool parse_float(std::string_view text, Number* out) {
  std::string plain;
  for (char c : text) {
    if (c != '_') plain += c;
  }
  auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), out->real);
  if (end != plain.data() + plain.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) {
    bool tiny = plain.find("e-") != std::string::npos || plain.find("E-") != std::string::npos || plain[0] == '0';
    out->real = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  }
  out->is_float = true;
  return true;
}

bool parse_value(std::string_view text, Number* out) {
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char c = static_cast<char>(text[1] | 0x20);
    base = c == 'x' ? 16 : c == 'b' ? 2 : c == 'o' ? 8 : 10;
  }
  out->hex = base == 16;
  if (base != 10) text.remove_prefix(2);
  if (!underscores_ok(text, base)) return false;
  if (base == 10 && text.find_first_of(".eE") != std::string_view::npos) return parse_float(text, out);
  return parse_integer(text, base, out);
}

/// A suffix fixes the type: 4.0i32 is the integer 4, 7f64 is the float 7.
bool apply_suffix(const Suffix& suffix, Number* out, std::string* problem) {
  out->suffix = suffix.type;
  if (out->is_float && suffix.type != kTyF64) {
    if (out->real != std::trunc(out->real) || out->real >= 0x1p64) {
      *problem = fmt::format("A literal of type {} must be a whole number", suffix.text);
      return false;
    }
    out->magnitude = static_cast<uint64_t>(out->real);
    out->is_float = false;
  }
  return true;
}

}  // namespace

bool parse_number(std::string_view text, Number* out, std::string* problem) {
  const Suffix* found = nullptr;
  bool maybe_hex_digits = text.size() > 1 && text[0] == '0' && (text[1] | 0x20) == 'x';
  for (const Suffix& suffix : kSuffixes) {
    // In hexadecimal "f64" is made of digits; "0x1f64" is a number without suffix.
    if (maybe_hex_digits && suffix.type == kTyF64) continue;
    if (text.ends_with(suffix.text)) found = &suffix;
  }
  std::string_view digits = found == nullptr ? text : text.substr(0, text.size() - found->text.size());
  *out = Number{};
  if (!parse_value(digits, out)) {
    *problem = fmt::format("Invalid number literal '{}'", text);
    return false;
  }
  return found == nullptr || apply_suffix(*found, out, problem);
}

Ty default_type(const Number& n) {
  if (n.suffix != kTyPoison) return n.suffix;
  if (n.is_float) return kTyF64;
  if (n.hex && n.magnitude <= 0xFFFFFFFF && !n.overflow) return kTyI32;
  for (Ty type : {kTyI32, kTyI64, kTyU64}) {
    if (number_bits(n, type)) return type;
  }
  return kTyPoison;
}

namespace {

std::optional<uint64_t> signed_bits(const Number& n, int width) {
  uint64_t limit = uint64_t{1} << (width - 1);
  bool fits = n.negative ? n.magnitude <= limit : n.magnitude < limit;
  // Hexadecimal literals without a suffix are bit patterns for i32, the kind they have by default.
  bool pattern = width == 32 && n.hex && n.suffix == kTyPoison && n.magnitude <= 0xFFFFFFFF;
  if (!fits && !pattern) return std::nullopt;
  uint64_t value = n.negative ? 0 - n.magnitude : n.magnitude;
  return width == 32 ? value & 0xFFFFFFFF : value;
}

}  // namespace

std::optional<uint64_t> number_bits(const Number& n, Ty type) {
  if (n.overflow && type != kTyF64) return std::nullopt;
  if (type == kTyF64) {
    double magnitude = n.is_float ? n.real : static_cast<double>(n.magnitude);
    if (n.overflow) return std::nullopt;
    return std::bit_cast<uint64_t>(n.negative ? -magnitude : magnitude);
  }
  if (n.is_float) return std::nullopt;
  if (type == kTyI32) return signed_bits(n, 32);
  if (type == kTyI64) return signed_bits(n, 64);
  if (n.negative && n.magnitude != 0) return std::nullopt;
  if (type == kTyU32) return n.magnitude <= 0xFFFFFFFF ? std::optional(n.magnitude) : std::nullopt;
  if (type == kTyU64) return n.magnitude;
  return std::nullopt;
}

}  // namespace orus::lang
