#include "vm/bytecode/names.h"

#include <algorithm>
#include <array>

namespace orus {
namespace {

constexpr size_t kMaxNameBytes = 1024;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

struct Utf8Lead {
  size_t length;        // 0: not a lead byte
  unsigned char low, high;  // bounds of the second byte: excludes overlong forms, surrogates, and > U+10FFFF
};

Utf8Lead utf8_lead(unsigned char byte) {
  if (byte < 0x80) return {1, 0x80, 0xBF};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

std::string_view builtin_type_name(uint32_t index) {
  static constexpr std::array<std::string_view, 10> kNames = {"void", "i32",  "i64",    "u32",   "u64",
                                                              "f64",  "bool", "string", "error", "range"};
  return index < kNames.size() ? kNames[index] : std::string_view();
}

bool is_identifier(std::string_view text) {
  if (text.empty() || !is_letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    Utf8Lead lead = utf8_lead(static_cast<unsigned char>(text[i]));
    if (lead.length == 0 || lead.length > text.size() - i) return false;
    for (size_t k = 1; k < lead.length; ++k) {
      auto byte = static_cast<unsigned char>(text[i + k]);
      if (byte < (k == 1 ? lead.low : 0x80) || byte > (k == 1 ? lead.high : 0xBF)) return false;
    }
    i += lead.length;
  }
  return true;
}

bool is_valid_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::none_of(text.begin(), text.end(), is_control) && is_valid_utf8(text);
}

std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  bool escape_high = !is_valid_utf8(text);
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_control(c) || (byte >= 0x80 && escape_high)) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace orus
