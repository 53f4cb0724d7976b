#include <charconv>

#include <fmt/format.h>

#include "vm/bytecode/assembly_parser.h"

namespace orus {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Reads one escape of `text` at the character after the backslash; 0 if it is none, else its length.
size_t unescape(std::string_view text, std::string* out) {
  switch (text.empty() ? '\0' : text[0]) {
    case 'n': *out += '\n'; return 1;
    case 't': *out += '\t'; return 1;
    case '"': *out += '"'; return 1;
    case '\\': *out += '\\'; return 1;
    case 'x': break;
    default: return 0;
  }
  if (text.size() < 3 || hex_value(text[1]) < 0 || hex_value(text[2]) < 0) return 0;
  *out += static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2]));
  return 3;
}

bool parse_unsigned(std::string_view text, uint64_t* out) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

const Token& AssemblyCursor::peek(size_t ahead) const { return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : tokens_.back(); }

bool AssemblyCursor::is(std::string_view text) const {
  const Token& token = peek();
  return (token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kSymbol) && token.text == text;
}

bool AssemblyCursor::accept(std::string_view text) {
  if (!is(text)) return false;
  advance();
  return true;
}

bool AssemblyCursor::expect(std::string_view text) { return accept(text) || fail(fmt::format("expected '{}'", text)); }

bool AssemblyCursor::end_line() {
  if (peek().kind != TokenKind::kEndOfLine) return fail("expected the end of the line");
  advance();
  return true;
}

void AssemblyCursor::skip_line() {
  while (!at_end() && peek().kind != TokenKind::kEndOfLine) advance();
  if (!at_end()) advance();
}

bool AssemblyCursor::identifier(std::string_view* out) {
  if (peek().kind != TokenKind::kIdentifier) return fail("expected a name");
  *out = peek().text;
  advance();
  return true;
}

bool AssemblyCursor::string(std::string* out) {
  if (peek().kind != TokenKind::kString) return fail("expected a string in quotes");
  std::string_view text = peek().text.substr(1, peek().text.size() - 2);
  out->clear();
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      *out += text[i++];
      continue;
    }
    size_t length = unescape(text.substr(i + 1), out);
    if (length == 0) return fail("unknown escape in a string");
    i += 1 + length;
  }
  advance();
  return true;
}

bool AssemblyCursor::name(std::string* out) {
  if (peek().kind == TokenKind::kString) return string(out);
  std::string_view text;
  if (!identifier(&text)) return false;
  *out = text;
  return true;
}

bool AssemblyCursor::number(uint64_t max, uint64_t* out) {
  if (peek().kind != TokenKind::kNumber) return fail("expected a number");
  if (!parse_unsigned(peek().text, out)) return fail("expected an integer below 2^64");
  if (*out > max) return fail(fmt::format("number above {}", max));
  advance();
  return true;
}

bool AssemblyCursor::signed_number(int64_t min, int64_t max, int64_t* out) {
  const Token& start = peek();
  bool negative = accept("-");
  if (!negative) accept("+");
  uint64_t magnitude;
  if (!number(UINT64_MAX, &magnitude)) return false;
  uint64_t limit = negative ? uint64_t{0} - static_cast<uint64_t>(min) : static_cast<uint64_t>(max);
  if (magnitude > limit) return fail(start, fmt::format("number outside {} .. {}", min, max));
  *out = static_cast<int64_t>(negative ? uint64_t{0} - magnitude : magnitude);
  return true;
}

bool AssemblyCursor::is_indexed(char prefix) const {
  std::string_view text = peek().text;
  if (peek().kind != TokenKind::kIdentifier || text.size() < 2 || text[0] != prefix) return false;
  return text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool AssemblyCursor::indexed(char prefix, uint64_t max, uint32_t* out) {
  if (!is_indexed(prefix)) return fail(fmt::format("expected {} and a number", prefix));
  uint64_t value;
  if (!parse_unsigned(peek().text.substr(1), &value) || value > max) {
    return fail(fmt::format("number above {}", max));
  }
  *out = static_cast<uint32_t>(value);
  advance();
  return true;
}

bool AssemblyCursor::fail(const Token& at, std::string detail) {
  if (!error_) error_ = assembly_error(file_, at, std::move(detail));
  return false;
}

}  // namespace orus
