#include "lang/orus/parser.h"

#include <fmt/format.h>

namespace orus::lang {

Parser::Parser(Program& program, std::span<const Token> tokens, Reporter& reporter)
    : program_(program), tokens_(tokens), reporter_(reporter) {
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].kind == Tok::kFn && text(tokens[i + 1]) == "raise") defines_raise_ = true;
  }
}

void Parser::parse_module() {
  std::vector<Stmt*> body;
  parse_statements(body, true);
  program_.tree.body = keep(body);
}

Parser::Nesting::Nesting(Parser& parser) : parser_(parser), ok_(++parser.depth_ <= kMaxNesting && !parser.gave_up_) {
  if (ok_ || parser.gave_up_) return;
  parser.reporter_.error(ErrorClass::kLimit, parser.current().pos, "This is nested too deeply",
                         fmt::format("at most {} levels are possible; split it up", kMaxNesting));
  parser.gave_up_ = true;
  parser.at_ = parser.tokens_.size() - 1;
}

bool Parser::accept(Tok kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

bool Parser::expect(Tok kind, std::string_view message) {
  if (accept(kind)) return true;
  error_here(std::string(message));
  return false;
}

void Parser::error(Pos pos, std::string message, std::string help) {
  // The lexer has reported kBad already, and what follows its place is not worth a second message.
  if (gave_up_ || at(Tok::kBad)) return;
  reporter_.error(ErrorClass::kSyntax, pos, std::move(message), std::move(help));
}

void Parser::unsupported(Pos pos, std::string_view what) {
  if (!gave_up_) reporter_.error(ErrorClass::kUnsupported, pos, fmt::format("{} not supported yet", what));
}

/// To the first token after the current line and the block that belongs to it, with its else, elif and catch clauses.
void Parser::skip_line_and_block() {
  while (true) {
    while (!at(Tok::kNewline) && !at(Tok::kDedent) && !at(Tok::kEnd)) {
      if (at(Tok::kIndent)) {  // a body inside brackets
        skip_block();
      } else {
        advance();
      }
    }
    if (!accept(Tok::kNewline)) return;
    if (at(Tok::kIndent)) skip_block();
    if (!at(Tok::kElse) && !at(Tok::kElif) && !at(Tok::kCatch)) return;
  }
}

/// At kIndent: to the token after the matching kDedent.
void Parser::skip_block() {
  size_t depth = 0;
  do {
    if (at(Tok::kIndent)) ++depth;
    if (at(Tok::kDedent)) --depth;
    advance();
  } while (depth > 0 && !at(Tok::kEnd));
}

Stmt* Parser::statement(StmtKind kind) {
  Stmt* s = make<Stmt>();
  s->kind = kind;
  s->pos = current().pos;
  return s;
}

}  // namespace orus::lang
