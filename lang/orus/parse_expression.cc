// Expressions. Operator chains use an explicit stack, so only real nesting recurses.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lang/orus/parser.h"

namespace orus::lang {
namespace {

constexpr int kCompareLevel = 2;

struct OperatorRow {
  Tok token;
  BinaryOp op;
  int level;  // higher binds tighter
};
constexpr OperatorRow kOperators[] = {
    {Tok::kOr, BinaryOp::kOr, 0},
    {Tok::kAnd, BinaryOp::kAnd, 1},
    {Tok::kEqual, BinaryOp::kEqual, kCompareLevel},
    {Tok::kMatches, BinaryOp::kEqual, kCompareLevel},
    {Tok::kNotEqual, BinaryOp::kNotEqual, kCompareLevel},
    {Tok::kLess, BinaryOp::kLess, kCompareLevel},
    {Tok::kLessEqual, BinaryOp::kLessEqual, kCompareLevel},
    {Tok::kGreater, BinaryOp::kGreater, kCompareLevel},
    {Tok::kGreaterEqual, BinaryOp::kGreaterEqual, kCompareLevel},
    {Tok::kPipe, BinaryOp::kBitOr, 3},
    {Tok::kCaret, BinaryOp::kBitXor, 4},
    {Tok::kAmp, BinaryOp::kBitAnd, 5},
    {Tok::kShiftLeft, BinaryOp::kShiftLeft, 6},
    {Tok::kShiftRight, BinaryOp::kShiftRight, 6},
    {Tok::kPlus, BinaryOp::kAdd, 7},
    {Tok::kMinus, BinaryOp::kSub, 7},
    {Tok::kStar, BinaryOp::kMul, 8},
    {Tok::kSlash, BinaryOp::kDiv, 8},
    {Tok::kPercent, BinaryOp::kRem, 8},
};

bool starts_expression(Tok kind) {
  switch (kind) {
    case Tok::kName:
    case Tok::kNumber:
    case Tok::kString:
    case Tok::kTrue:
    case Tok::kFalse:
    case Tok::kNot:
    case Tok::kFn:
    case Tok::kMatch:
    case Tok::kLeftParen:
    case Tok::kLeftBracket:
    case Tok::kLeftBrace: return true;
    default: return false;
  }
}

}  // namespace

Expr* Parser::expression(ExprKind kind, Pos pos) {
  Expr* e = make<Expr>();
  e->kind = kind;
  e->pos = e->op_pos = pos;
  return e;
}

/// Completes a node: its height is known now. Null, after an error, if it is nested too deeply.
Expr* Parser::seal(Expr* e) {
  bool loops_left = e->kind == ExprKind::kBinary || e->kind == ExprKind::kCast;
  uint32_t height = 1;
  auto add = [&](const Expr* child, uint32_t step) {
    if (child != nullptr) height = std::max(height, child->height + step);
  };
  add(e->left, loops_left ? 0 : 1);
  add(e->right, 1);
  add(e->third, 1);
  for (const Expr* item : e->items) add(item, 1);
  for (const FieldInit& field : e->fields) add(field.value, 1);
  if (height <= kMaxNesting) {
    e->height = static_cast<uint16_t>(height);
    return e;
  }
  uint32_t depth = std::exchange(depth_, kMaxNesting);
  Nesting too_deep(*this);
  depth_ = depth + 1;
  return nullptr;
}

/// expr = binary [ "?" expr ":" expr | "if" binary "else" expr ]
Expr* Parser::parse_expression() {
  Nesting nesting(*this);
  if (!nesting) return nullptr;
  Expr* first = parse_binary();
  if (first == nullptr || (!at(Tok::kQuestion) && !at(Tok::kIf))) return first;
  bool question = at(Tok::kQuestion);
  Expr* e = expression(ExprKind::kConditional, first->pos);
  e->op_pos = current().pos;
  advance();
  Expr* second = question ? parse_expression() : parse_binary();
  if (second == nullptr) return nullptr;
  if (!expect(question ? Tok::kColon : Tok::kElse,
              question ? "Expected ':' in conditional expression" : "Expected 'else' in conditional expression")) {
    return nullptr;
  }
  e->third = parse_expression();
  if (e->third == nullptr) return nullptr;
  e->left = question ? first : second;
  e->right = question ? second : first;
  return seal(e);
}

bool Parser::peek_operator(BinaryOp* op, int* level) const {
  for (const OperatorRow& row : kOperators) {
    if (row.token != current().kind) continue;
    *op = row.op;
    *level = row.level;
    return true;
  }
  return false;
}

/// Combines pending operators that bind at least as tightly as `level` with their right operand.
void Parser::reduce(std::vector<Pending>& pending, Expr*& operand, int level) {
  while (!pending.empty() && pending.back().level >= level) {
    Pending p = pending.back();
    pending.pop_back();
    Expr* e = expression(ExprKind::kBinary, p.left->pos);
    e->op = p.op;
    e->op_pos = p.pos;
    e->left = p.left;
    e->right = operand;
    operand = seal(e);
    if (operand == nullptr) return;
  }
}

Expr* Parser::parse_binary() {
  std::vector<Pending> pending;
  Expr* operand = parse_unary();
  while (operand != nullptr) {
    BinaryOp op;
    int level;
    if (at(Tok::kAs)) {
      reduce(pending, operand, kCompareLevel);
      if (operand != nullptr) operand = parse_cast(operand);
    } else if (at(Tok::kIn)) {
      unsupported(current().pos, "The operator 'in' is");
      advance();
      reduce(pending, operand, kCompareLevel);
      if (operand == nullptr || parse_unary() == nullptr) return nullptr;
      operand = expression(ExprKind::kUnsupported, operand->pos);
    } else if (peek_operator(&op, &level)) {
      reduce(pending, operand, level);
      if (operand == nullptr) return nullptr;
      pending.push_back(Pending{operand, op, current().pos, level});
      advance();
      operand = parse_unary();
    } else {
      break;
    }
  }
  if (operand != nullptr) reduce(pending, operand, 0);
  return operand;
}

Expr* Parser::parse_cast(Expr* operand) {
  Pos pos = current().pos;
  advance();
  if (operand->kind == ExprKind::kCast && !operand->parenthesised) {
    error(pos, "Chained type casts are not allowed", "put the first cast in parentheses");
    return nullptr;
  }
  if (!at(Tok::kName)) {
    error_here("Expected a type name after 'as'");
    return nullptr;
  }
  Expr* e = expression(ExprKind::kCast, operand->pos);
  e->op_pos = pos;
  e->left = operand;
  e->type_expr = make<TypeExpr>();
  e->type_expr->kind = TypeExpr::Kind::kName;
  e->type_expr->pos = current().pos;
  e->type_expr->name = text(current());
  advance();
  return seal(e);
}

/// unary = ( "-" | "~" | "not" ) unary | postfix
Expr* Parser::parse_unary() {
  Pos pos = current().pos;
  if (!at(Tok::kMinus) && !at(Tok::kTilde) && !at(Tok::kNot)) return parse_postfix();
  Nesting nesting(*this);
  if (!nesting) return nullptr;
  Tok kind = current().kind;
  advance();
  Expr* operand = parse_unary();
  if (operand == nullptr) return nullptr;
  if (kind == Tok::kMinus) return negate(operand, pos);
  Expr* e = expression(kind == Tok::kNot ? ExprKind::kNot : ExprKind::kComplement, pos);
  e->left = operand;
  return seal(e);
}

/// A minus sign in front of a number literal makes a negative literal.
Expr* Parser::negate(Expr* operand, Pos pos) {
  if (operand->kind == ExprKind::kNumber && !operand->number.negative) {
    operand->number.negative = true;
    operand->pos = operand->op_pos = pos;
    operand->parenthesised = false;
    return operand;
  }
  Expr* e = expression(ExprKind::kNegate, pos);
  e->left = operand;
  return seal(e);
}

Expr* Parser::parse_postfix() {
  Expr* e = parse_primary();
  while (e != nullptr) {
    if (at(Tok::kLeftParen)) {
      e = parse_call(e);
    } else if (at(Tok::kLeftBracket)) {
      e = parse_index(e);
    } else if (at(Tok::kDot)) {
      advance();
      if (!at(Tok::kName)) {
        error_here("Expected a name after '.'");
        e = nullptr;
        break;
      }
      Expr* member = expression(ExprKind::kMember, e->pos);
      member->op_pos = current().pos;
      member->text = text(current());
      member->left = e;
      e = seal(member);
      advance();
    } else if (at(Tok::kLeftBrace) && (e->kind == ExprKind::kName || e->kind == ExprKind::kMember)) {
      e = parse_struct_literal(e);
    } else {
      break;
    }
  }
  return e;
}

bool Parser::parse_arguments(std::vector<Expr*>& out, Tok closer, std::string_view what) {
  while (!at(closer)) {
    Expr* e = parse_expression();
    if (e == nullptr) return false;
    out.push_back(e);
    if (accept(Tok::kComma)) continue;
    if (at(closer)) break;
    if (starts_expression(current().kind)) {
      error_here(fmt::format("expecting a comma before '{}'", text(current())), fmt::format("separate {} with commas", what));
    } else if (at(Tok::kAssign)) {
      error_here("An assignment is not a value", "write '==' to compare");
    } else {
      error_here(fmt::format("Expected {} to close {}", describe(closer), what));
    }
    return false;
  }
  advance();
  return true;
}

Expr* Parser::parse_call(Expr* callee) {
  Expr* e = expression(ExprKind::kCall, callee->pos);
  advance();
  bool outer = fill_off_;
  fill_off_ = true;
  std::vector<Expr*> arguments;
  bool ok = parse_arguments(arguments, Tok::kRightParen, "the arguments");
  fill_off_ = outer;
  if (!ok) return nullptr;
  e->left = callee;
  e->items = keep(arguments);
  return seal(e);
}

/// index = expr | [ expr ] ".." [ expr ]
Expr* Parser::parse_index(Expr* base) {
  Expr* e = expression(ExprKind::kIndex, base->pos);
  e->left = base;
  e->op_pos = current().pos;
  advance();
  if (!at(Tok::kDotDot)) {
    e->op_pos = current().pos;
    e->right = parse_expression();
    if (e->right == nullptr) return nullptr;
  }
  if (accept(Tok::kDotDot)) {
    e->kind = ExprKind::kSlice;
    if (!at(Tok::kRightBracket)) {
      e->third = parse_expression();
      if (e->third == nullptr) return nullptr;
    }
  }
  return expect(Tok::kRightBracket, "Expected ']' to close this index") ? seal(e) : nullptr;
}

Expr* Parser::parse_struct_literal(Expr* name) {
  Expr* e = expression(ExprKind::kStructLit, name->pos);
  if (name->kind == ExprKind::kMember) {
    unsupported(name->pos, "Types of other modules are");
    e->kind = ExprKind::kUnsupported;
  }
  e->text = name->text;
  advance();
  std::vector<FieldInit> fields;
  while (!at(Tok::kRightBrace)) {
    if (!at(Tok::kName)) {
      error_here("Expected a field name in this struct literal");
      return nullptr;
    }
    FieldInit init{.name = text(current()), .pos = current().pos};
    bool separated = tokens_[at_ + 1].kind == Tok::kColon;
    advance();
    if (!separated) {
      error_here(fmt::format("Expected ':' after field name '{}'", init.name));
      return nullptr;
    }
    advance();
    init.value = parse_expression();
    if (init.value == nullptr) return nullptr;
    fields.push_back(init);
    // Fields on lines of their own need no comma: the next token is then the name of a field.
    if (!accept(Tok::kComma) && !at(Tok::kRightBrace) && !(at(Tok::kName) && ahead(1).kind == Tok::kColon)) {
      error_here("Expected ',' or '}' in this struct literal");
      return nullptr;
    }
  }
  advance();
  e->fields = keep(fields);
  return seal(e);
}

Expr* Parser::parse_primary() {
  Pos pos = current().pos;
  switch (current().kind) {
    case Tok::kNumber: return parse_number_literal();
    case Tok::kString: return parse_string_literal();
    case Tok::kLeftParen: return parse_parenthesised();
    case Tok::kLeftBracket: return parse_array();
    case Tok::kLeftBrace: return parse_map();
    case Tok::kFn: return parse_lambda();
    case Tok::kMatch: return parse_match();
    case Tok::kTrue:
    case Tok::kFalse: {
      Expr* e = expression(ExprKind::kBool, pos);
      e->flag = at(Tok::kTrue);
      advance();
      return e;
    }
    case Tok::kName: {
      Expr* e = expression(ExprKind::kName, pos);
      e->text = text(current());
      advance();
      return e;
    }
    case Tok::kPrint: error_here("'print' is a statement and has no value"); return nullptr;
    default: error_here(fmt::format("Expected an expression, found {}", describe(current().kind))); return nullptr;
  }
}

Expr* Parser::parse_number_literal() {
  Expr* e = expression(ExprKind::kNumber, current().pos);
  std::string problem;
  if (!parse_number(text(current()), &e->number, &problem)) {
    error_here(problem);
    e->kind = ExprKind::kUnsupported;  // one message is enough: go on as if the number were good
  }
  advance();
  return e;
}

Expr* Parser::parse_string_literal() {
  Expr* e = expression(ExprKind::kString, current().pos);
  std::string_view raw = text(current()).substr(1, current().pos.length - 2);
  advance();
  if (raw.find('\\') == std::string_view::npos) {
    e->text = raw;
    return e;
  }
  std::string decoded;
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '\\' && i + 1 < raw.size()) {
      c = raw[++i];
      c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == '0' ? '\0' : c;
    }
    decoded += c;
  }
  std::span<char> kept = program_.arena.copy(std::span<const char>(decoded.data(), decoded.size()));
  e->text = std::string_view(kept.data(), kept.size());
  return e;
}

Expr* Parser::parse_parenthesised() {
  Pos pos = current().pos;
  advance();
  Expr* e = parse_expression();
  if (e == nullptr) return nullptr;
  if (at(Tok::kAssign)) {
    error_here("An assignment is not a value", "write '==' to compare");
    return nullptr;
  }
  if (!expect(Tok::kRightParen, "Expected ')' to close this parenthesis")) {
    reporter_.note("the parenthesis opened", pos);
    return nullptr;
  }
  e->parenthesised = true;
  return e;
}

/// `[value, count]` with a literal or plain name as count means count copies of value.
bool Parser::is_fill(const std::vector<Expr*>& items, bool trailing_comma) const {
  if (fill_off_ || trailing_comma || items.size() != 2) return false;
  const Expr& count = *items[1];
  if (count.kind == ExprKind::kName) return !count.parenthesised;
  return count.kind == ExprKind::kNumber && !count.number.is_float && !count.number.negative && count.number.suffix != kTyF64;
}

Expr* Parser::parse_array() {
  Expr* e = expression(ExprKind::kArray, current().pos);
  advance();
  std::vector<Expr*> items;
  bool trailing_comma = false;
  while (!at(Tok::kRightBracket)) {
    Expr* item = parse_expression();
    if (item == nullptr) return nullptr;
    items.push_back(item);
    trailing_comma = accept(Tok::kComma);
    if (trailing_comma || at(Tok::kRightBracket)) continue;
    if (starts_expression(current().kind)) {
      error_here(fmt::format("expecting a comma before '{}'", text(current())));
    } else {
      error_here("Expected ']' to close this array literal");
    }
    reporter_.note("the array literal opened", e->pos);
    return nullptr;
  }
  advance();
  if (is_fill(items, trailing_comma)) {
    e->kind = ExprKind::kFill;
    e->left = items[0];
    e->right = items[1];
  } else {
    e->items = keep(items);
  }
  return seal(e);
}

Expr* Parser::parse_map() {
  Expr* e = expression(ExprKind::kUnsupported, current().pos);
  advance();
  while (!at(Tok::kRightBrace)) {
    if (parse_expression() == nullptr || !expect(Tok::kColon, "Expected ':' in this map literal") || parse_expression() == nullptr) {
      return nullptr;
    }
    if (!accept(Tok::kComma) && !at(Tok::kRightBrace)) {
      error_here("Expected '}' to close this map literal");
      return nullptr;
    }
  }
  advance();
  unsupported(e->pos, "Maps are");
  return e;
}

/// Parsed for its extent only.
Expr* Parser::parse_lambda() {
  Expr* e = expression(ExprKind::kUnsupported, current().pos);
  unsupported(e->pos, "Function expressions are");
  advance();
  FunctionDecl ignored;
  FunctionDecl* outer = std::exchange(function_, &ignored);
  bool ok = parse_signature(&ignored) && expect(Tok::kColon, "Expected ':' after the signature of this function");
  function_ = outer;
  if (!ok) return nullptr;
  if (accept(Tok::kNewline)) {
    if (at(Tok::kIndent)) skip_block();
    return e;
  }
  accept(Tok::kReturn);
  return parse_expression() == nullptr ? nullptr : e;
}

Expr* Parser::parse_match() {
  Expr* e = expression(ExprKind::kUnsupported, current().pos);
  unsupported(e->pos, "'match' is");
  advance();
  if (parse_expression() == nullptr || !expect(Tok::kColon, "Expected ':' after match subject")) return nullptr;
  if (accept(Tok::kNewline) && at(Tok::kIndent)) skip_block();
  return e;
}

}  // namespace orus::lang
