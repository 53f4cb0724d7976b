#include "lang/orus/lexer.h"

#include <fmt/format.h>

#include <algorithm>

namespace orus::lang {
namespace {

struct Spelling {
  std::string_view text;
  Tok kind;
};
constexpr Spelling kPunctuation[] = {
#define PUNCTUATION(name, text) {text, Tok::name},
#include "lang/orus/tokens.def"
};
constexpr Spelling kKeywords[] = {
#define KEYWORD(name, text) {text, Tok::name},
#include "lang/orus/tokens.def"
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_char(char c) { return is_name_start(c) || is_digit(c); }

/// Keywords that only ever start a statement: seen at the start of a line inside brackets, a bracket was not closed.
bool starts_statement_only(Tok kind) {
  switch (kind) {
    case Tok::kMut:
    case Tok::kWhile:
    case Tok::kFor:
    case Tok::kStruct:
    case Tok::kEnum:
    case Tok::kImpl:
    case Tok::kTry:
    case Tok::kReturn:
    case Tok::kPub:
    case Tok::kUse:
    case Tok::kBreak:
    case Tok::kContinue:
    case Tok::kPass:
    case Tok::kPrint: return true;
    default: return false;
  }
}

/// A run of source that follows one layout rule: a bracket (layout off) or a body with indentation.
struct Frame {
  char closer = 0;             // 0: layout is on
  size_t indent_base = 0;      // layout: index of its first level in `indents_`
  bool block_pending = false;  // bracket: "fn" or "match" was seen, a ':' at a line's end opens a body
};

class Lexer {
 public:
  Lexer(std::string_view source, Reporter& reporter) : source_(source), reporter_(reporter) {}

  std::vector<Token> run() {
    report_nul();
    if (source_.starts_with("\xEF\xBB\xBF")) at_ = line_start_ = 3;
    while (true) {
      if (line_begins_ && !begin_line()) break;
      skip_blanks();
      if (at_ >= source_.size()) break;
      if (source_[at_] == '\n') {
        end_line();
      } else {
        scan_token();
      }
    }
    finish();
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  Pos pos_from(size_t start, size_t length) const {
    return Pos{static_cast<uint32_t>(start), static_cast<uint32_t>(length), line_, static_cast<uint32_t>(start - line_start_ + 1)};
  }
  void push(Tok kind, size_t start, size_t length) { tokens_.push_back(Token{kind, pos_from(start, length)}); }
  bool in_bracket() const { return frames_.back().closer != 0; }
  void next_line() {
    ++line_;
    line_start_ = at_;
  }

  void report_nul();
  bool begin_line();
  void enter_line(uint32_t width);
  void leave_levels(uint32_t width);
  bool opens_body() const;
  bool bracket_abandoned() const;
  void end_line();
  void skip_blanks();
  void skip_block_comment();
  void finish();
  void scan_token();
  void scan_name();
  void scan_number();
  void scan_string();
  bool check_escape(size_t at);
  bool scan_punctuation();
  void open_bracket(char closer);
  void close_bracket(char closer);
  void scan_bad();

  std::string_view source_;
  Reporter& reporter_;
  std::vector<Token> tokens_;
  std::vector<Frame> frames_{Frame{}};
  std::vector<uint32_t> indents_{0};
  size_t at_ = 0, line_start_ = 0;
  uint32_t line_ = 1;
  bool line_begins_ = true;
  bool quotes_exhausted_ = false;  // no string that starts from here on is ever closed
};

/// Once, and even in a comment: such a file is not text.
void Lexer::report_nul() {
  size_t at = source_.find('\0');
  if (at == std::string_view::npos) return;
  std::string_view before = source_.substr(0, at);
  size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  auto line = static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n') + 1);
  reporter_.error(ErrorClass::kSyntax, Pos{static_cast<uint32_t>(at), 1, line, static_cast<uint32_t>(at - start + 1)},
                  "NUL byte in source text");
}

/// Skips to the first line with a token and handles its indentation. False at the end of the source.
bool Lexer::begin_line() {
  uint32_t width = 0;
  bool after_comment = false;  // a token there belongs to the line that the comment started on
  while (at_ < source_.size()) {
    char c = source_[at_];
    if (c == ' ' || c == '\r' || c == '\t') {
      if (!after_comment) width += c == ' ' ? 1 : c == '\t' ? 4 : 0;
      ++at_;
    } else if (c == '\n') {
      ++at_;
      next_line();
      width = 0;
      after_comment = false;
    } else if (c == '/' && peek(1) == '/') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else if (c == '/' && peek(1) == '*') {
      skip_block_comment();
      after_comment = true;
    } else {
      line_begins_ = false;
      enter_line(width);
      return true;
    }
  }
  return false;
}

void Lexer::enter_line(uint32_t width) {
  if (in_bracket()) {
    if (opens_body() && width > indents_.back()) {
      push(Tok::kNewline, at_, 0);
      push(Tok::kIndent, at_, 0);
      frames_.back().block_pending = false;
      frames_.push_back(Frame{.indent_base = indents_.size()});
      indents_.push_back(width);
      return;
    }
    if (!bracket_abandoned()) return;
    while (in_bracket()) frames_.pop_back();
    Token end{Tok::kNewline, tokens_.back().pos};  // at the end of the line before
    end.pos.offset += end.pos.length;
    end.pos.column += end.pos.length;
    end.pos.length = 0;
    tokens_.push_back(end);
  }
  if (width > indents_.back()) {
    indents_.push_back(width);
    push(Tok::kIndent, at_, 0);
  } else if (width < indents_.back()) {
    leave_levels(width);
  }
}

void Lexer::leave_levels(uint32_t width) {
  while (!in_bracket() && indents_.back() > width) {
    size_t below = indents_.size() - 2;  // the outermost level is 0, so there is one below
    if (indents_[below] < width && below >= frames_.back().indent_base) {
      // Between two levels: taken as the inner one, so that the rest of the block keeps its place.
      reporter_.error(ErrorClass::kSyntax, pos_from(at_, 1), "Inconsistent indentation",
                      "this line must line up with one of the blocks around it");
      indents_.back() = width;
      return;
    }
    indents_.pop_back();
    push(Tok::kDedent, at_, 0);
    if (indents_.size() == frames_.back().indent_base) frames_.pop_back();  // never the outermost: it starts at 0
  }
}

bool Lexer::opens_body() const { return frames_.back().block_pending && !tokens_.empty() && tokens_.back().kind == Tok::kColon; }

/// A line inside brackets that can only be a new statement: better to end the brackets than to lose the rest.
bool Lexer::bracket_abandoned() const {
  size_t end = at_;
  while (end < source_.size() && is_name_char(source_[end])) ++end;
  std::string_view word = source_.substr(at_, end - at_);
  if (word.empty() || is_digit(word[0])) return false;
  while (end < source_.size() && (source_[end] == ' ' || source_[end] == '\t')) ++end;
  std::string_view rest = source_.substr(end);
  for (const Spelling& keyword : kKeywords) {
    if (keyword.text != word) continue;
    if (keyword.kind == Tok::kFn) return !rest.empty() && is_name_start(rest[0]);
    return starts_statement_only(keyword.kind);
  }
  return rest.starts_with("=") && !rest.starts_with("==");
}

void Lexer::end_line() {
  if (!in_bracket() && !tokens_.empty() && tokens_.back().kind != Tok::kNewline) push(Tok::kNewline, at_, 0);
  ++at_;
  next_line();
  line_begins_ = true;
}

void Lexer::skip_blanks() {
  while (at_ < source_.size()) {
    char c = source_[at_];
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else if (c == '/' && peek(1) == '*') {
      skip_block_comment();
    } else {
      return;
    }
  }
}

void Lexer::skip_block_comment() {
  Pos start = pos_from(at_, 2);
  at_ += 2;
  while (at_ < source_.size()) {
    if (source_[at_] == '*' && peek(1) == '/') {
      at_ += 2;
      return;
    }
    if (source_[at_++] == '\n') next_line();
  }
  reporter_.error(ErrorClass::kSyntax, start, "Unterminated block comment", "close it with '*/'");
}

void Lexer::finish() {
  if (!tokens_.empty() && tokens_.back().kind != Tok::kNewline && tokens_.back().kind != Tok::kDedent) {
    push(Tok::kNewline, at_, 0);
  }
  for (size_t i = 1; i < indents_.size(); ++i) push(Tok::kDedent, at_, 0);
  push(Tok::kEnd, at_, 0);
}

void Lexer::scan_token() {
  char c = source_[at_];
  if (is_name_start(c)) return scan_name();
  if (is_digit(c)) return scan_number();
  if (c == '"') return scan_string();
  if (!scan_punctuation()) scan_bad();
}

void Lexer::scan_name() {
  size_t start = at_;
  while (at_ < source_.size() && is_name_char(source_[at_])) ++at_;
  std::string_view word = source_.substr(start, at_ - start);
  Tok kind = Tok::kName;
  for (const Spelling& keyword : kKeywords) {
    if (keyword.text == word) kind = keyword.kind;
  }
  if (in_bracket() && (kind == Tok::kFn || kind == Tok::kMatch)) frames_.back().block_pending = true;
  push(kind, start, at_ - start);
}

/// Takes everything that looks like one number, well-formed or not; number.cc judges it.
void Lexer::scan_number() {
  size_t start = at_;
  bool prefixed = peek() == '0' && std::string_view("xXbBoO").find(peek(1)) != std::string_view::npos && peek(1) != '\0';
  while (at_ < source_.size()) {
    char c = source_[at_];
    if (is_name_char(c)) {
      bool exponent = !prefixed && (c == 'e' || c == 'E') && (peek(1) == '+' || peek(1) == '-') && is_digit(peek(2));
      at_ += exponent ? 2 : 1;
    } else if (c == '.' && !prefixed && is_digit(peek(1)) &&
               source_.substr(start, at_ - start).find_first_of(".eE") == std::string_view::npos) {
      ++at_;
    } else {
      break;
    }
  }
  push(Tok::kNumber, start, at_ - start);
}

/// Escapes are checked here and decoded by the parser. A string may span lines.
void Lexer::scan_string() {
  size_t start = at_;
  Token token{Tok::kString, pos_from(start, 0)};
  size_t end = start + 1;
  auto line_end = [&] { return std::min(source_.find('\n', start), source_.size()); };
  size_t limit = quotes_exhausted_ ? line_end() : source_.size();
  while (end < limit && source_[end] != '"') end += source_[end] == '\\' ? 2 : 1;
  if (end >= limit) {
    token.pos.length = 1;
    reporter_.error(ErrorClass::kSyntax, token.pos, "Unterminated string", "close it with '\"'");
    quotes_exhausted_ = true;
    token.kind = Tok::kBad;
    tokens_.push_back(token);
    at_ = line_end();
    return;
  }
  for (++at_; at_ < end; ++at_) {
    if (source_[at_] == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    } else if (source_[at_] == '\\') {
      check_escape(at_++);
    }
  }
  ++at_;
  token.pos.length = static_cast<uint32_t>(at_ - start);
  tokens_.push_back(token);
}

bool Lexer::check_escape(size_t at) {
  char c = source_[at + 1];
  if (std::string_view("ntr0\\\"").find(c) != std::string_view::npos) return true;
  bool visible = c > ' ' && c < 0x7F;
  reporter_.error(ErrorClass::kSyntax, pos_from(at, 2),
                  visible ? fmt::format("Invalid escape sequence '\\{}'", c) : "Invalid escape sequence",
                  "escapes are \\n \\t \\r \\0 \\\\ and \\\"");
  if (c == '\n') {
    ++line_;
    line_start_ = at + 2;
  }
  return false;
}

bool Lexer::scan_punctuation() {
  std::string_view rest = source_.substr(at_, 3);
  for (const Spelling& p : kPunctuation) {
    if (!rest.starts_with(p.text)) continue;
    size_t start = at_;
    switch (p.kind) {
      case Tok::kLeftParen: open_bracket(')'); break;
      case Tok::kLeftBracket: open_bracket(']'); break;
      case Tok::kLeftBrace: open_bracket('}'); break;
      case Tok::kRightParen:
      case Tok::kRightBracket:
      case Tok::kRightBrace: close_bracket(p.text[0]); break;
      default: break;
    }
    at_ += p.text.size();
    push(p.kind, start, p.text.size());
    return true;
  }
  return false;
}

void Lexer::open_bracket(char closer) { frames_.push_back(Frame{.closer = closer}); }

void Lexer::close_bracket(char closer) {
  // A body inside brackets ends with the bracket around it, even on the same line.
  while (!in_bracket() && frames_.size() > 1) {
    if (tokens_.back().kind != Tok::kNewline && tokens_.back().kind != Tok::kDedent) push(Tok::kNewline, at_, 0);
    for (; indents_.size() > frames_.back().indent_base; indents_.pop_back()) push(Tok::kDedent, at_, 0);
    frames_.pop_back();
  }
  if (!in_bracket()) return;  // stray closer: the parser reports it
  size_t match = frames_.size();
  while (match > 0 && frames_[match - 1].closer != 0 && frames_[match - 1].closer != closer) --match;
  if (match > 0 && frames_[match - 1].closer == closer) frames_.resize(match - 1);
}

void Lexer::scan_bad() {
  size_t start = at_;
  auto c = static_cast<uint8_t>(source_[at_++]);
  std::string message;
  if (c == 0) {
    push(Tok::kBad, start, 1);  // reported by report_nul
    return;
  } else if (c >= 0x80) {
    while (at_ < source_.size() && static_cast<uint8_t>(source_[at_]) >= 0x80) ++at_;
    message = "Only strings and comments may hold characters outside ASCII";
  } else if (c <= ' ' || c == 0x7F) {
    message = fmt::format("Unexpected control character {}", c);
  } else {
    message = fmt::format("Unexpected character '{}'", static_cast<char>(c));
  }
  std::string help = c == '!' ? "write 'not', or '!=' to compare" : "";
  reporter_.error(ErrorClass::kSyntax, pos_from(start, at_ - start), message, help);
  push(Tok::kBad, start, at_ - start);
}

}  // namespace

std::vector<Token> lex(std::string_view source, Reporter& reporter) { return Lexer(source, reporter).run(); }

}  // namespace orus::lang
