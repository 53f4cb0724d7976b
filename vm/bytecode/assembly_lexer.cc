#include "vm/bytecode/assembly_lexer.h"

#include <fmt/format.h>

namespace orus {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Lexer {
 public:
  Lexer(std::string_view text, std::string_view file_name) : text_(text), file_(file_name) {}

  Result<std::vector<Token>> run() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '\n') {
        end_line();
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else if (c == ';') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (!token(c)) {
        return assembly_error(file_, here(TokenKind::kSymbol, 1), problem_);
      }
    }
    Token end = here(TokenKind::kEndOfText, 0);
    end_line();
    tokens_.push_back(end);
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Token here(TokenKind kind, size_t length) const {
    return {kind, text_.substr(at_, length), line_, static_cast<uint32_t>(at_ - line_start_) + 1};
  }

  void push(TokenKind kind, size_t length) {
    tokens_.push_back(here(kind, length));
    at_ += length;
  }

  void end_line() {
    if (!tokens_.empty() && tokens_.back().kind != TokenKind::kEndOfLine) {
      tokens_.push_back(here(TokenKind::kEndOfLine, 0));
    }
    if (at_ < text_.size()) line_start_ = ++at_;
    ++line_;
  }

  bool token(char c) {
    if (is_letter(c)) {
      size_t length = 1;
      while (is_letter(peek(length)) || is_digit(peek(length))) ++length;
      push(TokenKind::kIdentifier, length);
      return true;
    }
    if (is_digit(c)) {
      push(TokenKind::kNumber, number_length());
      return true;
    }
    return c == '"' ? string() : symbol(c);
  }

  size_t number_length() const {
    size_t length = 1;
    if (peek(0) == '0' && peek(1) == 'x') {
      length = 2;
      while (is_hex_digit(peek(length))) ++length;
      return length;
    }
    while (is_digit(peek(length))) ++length;
    if (peek(length) == '.' && is_digit(peek(length + 1))) {
      ++length;
      while (is_digit(peek(length))) ++length;
    }
    if (peek(length) == 'e') {
      size_t sign = peek(length + 1) == '+' || peek(length + 1) == '-' ? 1 : 0;
      if (is_digit(peek(length + 1 + sign))) length += 1 + sign;
      while (is_digit(peek(length))) ++length;
    }
    return length;
  }

  bool string() {
    size_t length = 1;
    while (peek(length) != '"') {
      if (at_ + length >= text_.size() || peek(length) == '\n') return fail("string without a closing quote");
      length += peek(length) == '\\' && peek(length + 1) != '\n' && peek(length + 1) != '\0' ? 2 : 1;
    }
    push(TokenKind::kString, length + 1);
    return true;
  }

  bool symbol(char c) {
    if ((c == '-' && peek(1) == '>') || (c == '.' && peek(1) == '.')) {
      push(TokenKind::kSymbol, 2);
      return true;
    }
    constexpr std::string_view kSymbols = "{}()[],:=#@+-.";
    if (kSymbols.find(c) == std::string_view::npos) return fail("unexpected character");
    push(TokenKind::kSymbol, 1);
    return true;
  }

  bool fail(std::string_view problem) {
    problem_ = problem;
    return false;
  }

  std::string_view text_, file_;
  std::vector<Token> tokens_;
  std::string problem_;
  size_t at_ = 0, line_start_ = 0;
  uint32_t line_ = 1;
};

}  // namespace

Error assembly_error(std::string_view file_name, const Token& at, std::string detail) {
  return {ErrorCode::kBadAssembly, std::move(detail), fmt::format("{}:{}:{}", file_name, at.line, at.column)};
}

Result<std::vector<Token>> lex_assembly(std::string_view text, std::string_view file_name) {
  if (text.size() > UINT32_MAX) return Error{ErrorCode::kBadAssembly, "text longer than 4 GiB", std::string(file_name)};
  return Lexer(text, file_name).run();
}

}  // namespace orus
