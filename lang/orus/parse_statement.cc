// Statements and blocks.
#include <fmt/format.h>

#include <utility>

#include "lang/orus/parser.h"

namespace orus::lang {
namespace {

struct UpdateRow {
  Tok token;
  BinaryOp op;
};
constexpr UpdateRow kUpdates[] = {
    {Tok::kPlusAssign, BinaryOp::kAdd},
    {Tok::kMinusAssign, BinaryOp::kSub},
    {Tok::kStarAssign, BinaryOp::kMul},
    {Tok::kSlashAssign, BinaryOp::kDiv},
    {Tok::kPercentAssign, BinaryOp::kRem},
    {Tok::kAmpAssign, BinaryOp::kBitAnd},
    {Tok::kPipeAssign, BinaryOp::kBitOr},
    {Tok::kCaretAssign, BinaryOp::kBitXor},
    {Tok::kShiftLeftAssign, BinaryOp::kShiftLeft},
    {Tok::kShiftRightAssign, BinaryOp::kShiftRight},
};
const UpdateRow* find_update(Tok token) {
  for (const UpdateRow& row : kUpdates) {
    if (row.token == token) return &row;
  }
  return nullptr;
}

}  // namespace

bool Parser::at_terminator() const {
  if (at(Tok::kNewline) || at(Tok::kSemicolon) || at(Tok::kDedent) || at(Tok::kEnd)) return true;
  if (at_ == 0) return false;
  Tok last = tokens_[at_ - 1].kind;
  return last == Tok::kNewline || last == Tok::kDedent;
}

/// Statements up to the end of the block (its kDedent is left) or module.
void Parser::parse_statements(std::vector<Stmt*>& out, bool module_level) {
  while (!at(Tok::kEnd)) {
    if (at(Tok::kDedent)) {
      if (!module_level) return;
      advance();
      continue;
    }
    if (accept(Tok::kNewline) || accept(Tok::kSemicolon) || (module_level && accept(Tok::kComma))) continue;
    if (Stmt* s = parse_statement()) out.push_back(s);
  }
}

Stmt* Parser::parse_statement() {
  size_t start = at_;
  Nesting nesting(*this);
  if (!nesting) return nullptr;
  Stmt* s = parse_statement_body();
  if (s == nullptr) return recover(start);
  bool comma = block_depth_ == 0 && at(Tok::kComma);
  if (at_terminator() || comma || gave_up_) return s;
  error_here(fmt::format("Expected the end of the statement, found {}", describe(current().kind)));
  return recover(start);
}

/// After an error in the statement that starts at token `start`: skips it and keeps the names it would have declared.
Stmt* Parser::recover(size_t start) {
  if (gave_up_) return nullptr;
  Stmt* s = make<Stmt>();
  s->kind = StmtKind::kUnsupported;
  s->pos = tokens_[start].pos;
  std::vector<Expr*> names;
  size_t i = start;
  auto header = [](Tok t) {
    return t == Tok::kPub || t == Tok::kMut || t == Tok::kFn || t == Tok::kStruct || t == Tok::kEnum || t == Tok::kComma;
  };
  while (i + 1 < tokens_.size() && (header(tokens_[i].kind) || tokens_[i].kind == Tok::kName)) {
    if (tokens_[i].kind == Tok::kName) {
      Expr* name = expression(ExprKind::kName, tokens_[i].pos);
      name->text = text(tokens_[i]);
      names.push_back(name);
    }
    ++i;
  }
  s->items = keep(names);
  if (!(at_ > 0 && at_ > start && tokens_[at_ - 1].kind == Tok::kDedent)) {
    if (at_ > start && tokens_[at_ - 1].kind == Tok::kNewline) --at_;
    skip_line_and_block();
  }
  return s;
}

Stmt* Parser::parse_statement_body() {
  switch (current().kind) {
    case Tok::kPrint: return parse_print();
    case Tok::kIf: return parse_if();
    case Tok::kTry: return parse_try();
    case Tok::kWhile:
    case Tok::kFor:
    case Tok::kQuote: return parse_loop();
    case Tok::kReturn: return parse_return();
    case Tok::kBreak: return parse_jump(StmtKind::kBreak);
    case Tok::kContinue: return parse_jump(StmtKind::kContinue);
    case Tok::kFn: return ahead(1).kind == Tok::kLeftParen ? parse_simple() : parse_function();
    case Tok::kStruct: return parse_struct();
    case Tok::kEnum: return parse_unsupported_block("Enums are");
    case Tok::kImpl: return parse_unsupported_block("Methods are");
    case Tok::kUse: return parse_use();
    case Tok::kPub: return parse_pub();
    case Tok::kMut: return parse_declaration();
    case Tok::kPass: advance(); return statement(StmtKind::kPass);
    case Tok::kIndent: return parse_stray_block();
    case Tok::kElse:
    case Tok::kElif: error_here(fmt::format("{} without a matching 'if'", describe(current().kind))); return nullptr;
    case Tok::kCatch: error_here("'catch' without a matching 'try'"); return nullptr;
    case Tok::kName: return parse_name_statement();
    default: return parse_simple();
  }
}

/// An indented block that nothing announced: one message, and its statements are checked like any others.
Stmt* Parser::parse_stray_block() {
  error_here("unexpected indent", "only the body of a statement that ends in ':' is indented");
  Stmt* s = statement(StmtKind::kGroup);
  advance();
  std::vector<Stmt*> body;
  parse_statements(body, false);
  accept(Tok::kDedent);
  s->body = keep(body);
  return s;
}

/// What starts with a name: declaration, assignment, `raise`, or an expression.
Stmt* Parser::parse_name_statement() {
  Tok next = ahead(1).kind;
  if (at_raise()) return parse_raise();
  if (next == Tok::kColon || next == Tok::kColonAssign) return parse_declaration();
  if (next == Tok::kComma && at_destructuring()) return parse_destructuring();
  if (next == Tok::kString && at_word("extern")) return parse_unsupported_block("Foreign functions are");
  return parse_simple();
}

/// A suite is an indented block, or the rest of the line. `what` names the construct in messages.
bool Parser::parse_suite(std::string_view what, Block* out) {
  if (!at(Tok::kColon)) {
    if (at(Tok::kAssign)) {
      error_here("Assignment in a condition. Did you mean '=='?");
    } else {
      error_here(fmt::format("Expected ':' after {}", what));
    }
    if (!at(Tok::kNewline)) return false;  // a missing colon at the end of the line: the block is still good
  } else {
    advance();
  }
  ++block_depth_;
  std::vector<Stmt*> body;
  bool ok = true;
  if (!at(Tok::kNewline)) {
    ok = parse_inline_suite(body);
  } else {
    advance();
    if (accept(Tok::kIndent)) {
      parse_statements(body, false);
      accept(Tok::kDedent);
    } else {
      error_here(fmt::format("Incorrect indentation in {}: expected an indented block", what), "use 'pass' for a block that does nothing");
    }
  }
  --block_depth_;
  *out = keep(body);
  return ok;
}

bool Parser::parse_inline_suite(std::vector<Stmt*>& out) {
  while (true) {
    Stmt* s = parse_statement();
    if (s == nullptr) return false;
    out.push_back(s);
    Tok last = tokens_[at_ - 1].kind;
    if (last == Tok::kNewline || last == Tok::kDedent) return true;
    while (accept(Tok::kSemicolon)) {
    }
    if (accept(Tok::kNewline) || at(Tok::kEnd) || at(Tok::kDedent)) return true;
  }
}

Stmt* Parser::parse_print() {
  Stmt* s = statement(StmtKind::kPrint);
  advance();
  std::vector<Expr*> items;
  if (!expect(Tok::kLeftParen, "Expected '(' after print")) return nullptr;
  if (!parse_arguments(items, Tok::kRightParen, "the arguments of print")) return nullptr;
  s->items = keep(items);
  return s;
}

Expr* Parser::parse_condition(std::string_view what) {
  if (at(Tok::kColon) || at(Tok::kNewline)) {
    error_here(fmt::format("Expected a condition after '{}'", what));
    return nullptr;
  }
  return parse_expression();
}

Stmt* Parser::parse_if() {
  Stmt* s = statement(StmtKind::kIf);
  std::vector<Branch> branches;
  std::string_view what = "if";
  do {
    advance();
    Branch branch;
    branch.condition = parse_condition(what);
    if (branch.condition == nullptr || !parse_suite(what == "if" ? "if block" : "elif block", &branch.body)) return nullptr;
    branches.push_back(branch);
    what = "elif";
  } while (at(Tok::kElif));
  s->branches = keep(branches);
  if (accept(Tok::kElse)) {
    s->has_else = true;
    if (at(Tok::kIf)) {
      error_here("'else if' does not exist", "write 'elif'");
      return nullptr;
    }
    if (!parse_suite("else block", &s->else_body)) return nullptr;
  }
  return s;
}

Stmt* Parser::parse_try() {
  Stmt* s = statement(StmtKind::kTry);
  advance();
  if (!parse_suite("try block", &s->body)) return nullptr;
  if (!accept(Tok::kCatch)) {
    error(s->pos, "expected 'catch' after try block");
    return s;
  }
  if (at(Tok::kName)) {
    s->name = text(current());
    s->name_pos = current().pos;
    advance();
  }
  return parse_suite("catch block", &s->else_body) ? s : nullptr;
}

Stmt* Parser::parse_loop() {
  std::string_view label;
  if (accept(Tok::kQuote)) {
    if (!at(Tok::kName)) {
      error_here("Expected a loop label after \"'\"");
      return nullptr;
    }
    label = text(current());
    advance();
    if (!expect(Tok::kColon, "Expected ':' after loop label")) return nullptr;
    if (!at(Tok::kWhile) && !at(Tok::kFor)) {
      error_here("Expected 'while' or 'for' after loop label");
      return nullptr;
    }
  }
  return at(Tok::kWhile) ? parse_while(label) : parse_for(label);
}

Stmt* Parser::parse_while(std::string_view label) {
  Stmt* s = statement(StmtKind::kWhile);
  s->label = label;
  advance();
  s->value = parse_condition("while");
  if (s->value == nullptr || !parse_suite("while block", &s->body)) return nullptr;
  return s;
}

/// for = "for" NAME "in" expr [ ".." [ "=" ] expr [ ".." expr ] ] ":" block
Stmt* Parser::parse_for(std::string_view label) {
  Stmt* s = statement(StmtKind::kForEach);
  s->label = label;
  advance();
  if (!at(Tok::kName)) {
    error_here("Expected a variable name after 'for'");
    return nullptr;
  }
  s->name = text(current());
  s->name_pos = current().pos;
  advance();
  if (at(Tok::kComma)) {
    unsupported(current().pos, "Loops with two variables are");
    return nullptr;
  }
  if (!expect(Tok::kIn, "Expected 'in' after the loop variable")) return nullptr;
  s->value = parse_expression();
  if (s->value == nullptr) return nullptr;
  if (accept(Tok::kDotDot)) {
    s->kind = StmtKind::kForRange;
    s->closed = accept(Tok::kAssign);
    Expr* end = parse_expression();
    if (end == nullptr) return nullptr;
    Expr* step = nullptr;
    if (accept(Tok::kDotDot)) {
      step = parse_expression();
      if (step == nullptr) return nullptr;
    }
    s->items = keep(std::vector<Expr*>{s->value, end, step});
  }
  if (at(Tok::kColon) && ahead(1).kind != Tok::kNewline) {
    advance();
    error_here("The body of 'for' must be an indented block");
    return nullptr;
  }
  return parse_suite("for block", &s->body) ? s : nullptr;
}

/// `return a, b` returns an array of the values.
Stmt* Parser::parse_return() {
  Stmt* s = statement(StmtKind::kReturn);
  advance();
  if (at_terminator()) {
    if (function_ != nullptr) function_->returns_nothing = true;
    return s;
  }
  std::vector<Expr*> values;
  do {
    Expr* e = parse_expression();
    if (e == nullptr) return nullptr;
    values.push_back(e);
  } while (accept(Tok::kComma));
  s->value = values[0];
  if (values.size() > 1) {
    s->value = expression(ExprKind::kArray, values[0]->pos);
    s->value->items = keep(values);
    s->value = seal(s->value);
  }
  if (function_ != nullptr) function_->returns_value = true;
  return s->value == nullptr ? nullptr : s;
}

/// `raise` is a word with a meaning only where a statement starts and a value follows.
bool Parser::at_raise() const {
  if (!at_word("raise") || defines_raise_) return false;
  switch (ahead(1).kind) {
    case Tok::kName:
    case Tok::kString:
    case Tok::kNumber:
    case Tok::kTrue:
    case Tok::kFalse:
    case Tok::kLeftParen:
    case Tok::kNewline:
    case Tok::kEnd: return true;
    default: return false;
  }
}

Stmt* Parser::parse_raise() {
  Stmt* s = statement(StmtKind::kRaise);
  advance();
  if (at_terminator()) {
    error_here("Expected an expression after 'raise'", "a string with the message, or an error value");
    return nullptr;
  }
  s->value = parse_expression();
  return s->value == nullptr ? nullptr : s;
}

Stmt* Parser::parse_jump(StmtKind kind) {
  Stmt* s = statement(kind);
  advance();
  if (accept(Tok::kQuote)) {
    if (!at(Tok::kName)) {
      error_here("Expected a loop label after \"'\"");
      return nullptr;
    }
    s->label = text(current());
    advance();
  }
  return s;
}

/// declaration = [ "mut" ] NAME [ ":" type ] ( "=" | ":=" ) expr
Stmt* Parser::parse_declaration() {
  Stmt* s = statement(StmtKind::kDeclare);
  s->is_mut = accept(Tok::kMut);
  if (!at(Tok::kName)) {
    error_here("Expected a variable name after 'mut'");
    return nullptr;
  }
  s->name = text(current());
  s->name_pos = current().pos;
  advance();
  if (accept(Tok::kColon)) {
    s->type = parse_type();
    if (s->type == nullptr) return nullptr;
  }
  if (at(Tok::kColonAssign)) {
    if (s->is_mut) error_here("mutable bindings must use '='", "constants are declared with ':=' and cannot be 'mut'");
    s->is_constant = true;
    advance();
  } else if (s->is_mut && find_update(current().kind) != nullptr) {
    error_here("'mut' declares a variable and needs '='", "leave 'mut' out to update the variable");
    return nullptr;
  } else if (!expect(Tok::kAssign, fmt::format("Expected '=' in the declaration of '{}'", s->name))) {
    return nullptr;
  }
  s->value = parse_expression();
  if (s->value == nullptr) return nullptr;
  if (at(Tok::kAssign)) {
    error_here("A declaration cannot be chained", "declare the variables one by one");
    return nullptr;
  }
  return s;
}

bool Parser::at_destructuring() const {
  size_t i = 0;
  while (ahead(i).kind == Tok::kName && ahead(i + 1).kind == Tok::kComma) i += 2;
  return i > 0 && ahead(i).kind == Tok::kName && ahead(i + 1).kind == Tok::kAssign;
}

Stmt* Parser::parse_destructuring() {
  Stmt* s = statement(StmtKind::kDestructure);
  std::vector<Expr*> names;
  do {
    Expr* name = expression(ExprKind::kName, current().pos);
    name->text = text(current());
    names.push_back(name);
    advance();
  } while (accept(Tok::kComma));
  advance();
  s->items = keep(names);
  s->value = parse_expression();
  return s->value == nullptr ? nullptr : s;
}

Stmt* Parser::parse_simple() {
  Stmt* s = statement(StmtKind::kExpr);
  Expr* e = parse_expression();
  if (e == nullptr) return nullptr;
  if (at(Tok::kAssign)) return finish_assignment(e);
  if (const UpdateRow* row = find_update(current().kind)) return finish_update(e, row->op);
  s->value = e;
  return s;
}

/// target { "=" target } "=" expr
Stmt* Parser::finish_assignment(Expr* target) {
  Stmt* s = statement(StmtKind::kAssign);
  s->pos = target->pos;
  std::vector<Expr*> targets{target};
  while (accept(Tok::kAssign)) {
    Expr* e = parse_expression();
    if (e == nullptr) return nullptr;
    targets.push_back(e);
  }
  s->value = targets.back();
  targets.pop_back();
  for (Expr* t : targets) {
    bool ok = t->kind == ExprKind::kName || t->kind == ExprKind::kIndex || t->kind == ExprKind::kMember;
    if (ok && !t->parenthesised) continue;
    if (t->kind != ExprKind::kUnsupported) error(t->pos, "This cannot be assigned to");
    return nullptr;
  }
  s->items = program_.arena.make<Expr*>(targets.size());
  for (size_t i = 0; i < targets.size(); ++i) s->items[i] = targets[targets.size() - 1 - i];
  return s;
}

Stmt* Parser::finish_update(Expr* target, BinaryOp op) {
  Stmt* s = statement(StmtKind::kUpdate);
  s->pos = target->pos;
  if (target->kind != ExprKind::kName && target->kind != ExprKind::kIndex && target->kind != ExprKind::kMember) {
    error(target->pos, "This cannot be assigned to");
    return nullptr;
  }
  Expr* e = expression(ExprKind::kBinary, target->pos);
  e->op = op;
  e->op_pos = current().pos;
  e->left = target;
  advance();
  e->right = parse_expression();
  if (e->right == nullptr) return nullptr;
  s->value = seal(e);
  return s->value == nullptr ? nullptr : s;
}

}  // namespace orus::lang
