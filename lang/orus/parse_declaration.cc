// Functions, structs, types, and the declarations that are recognised but not supported yet.
#include <fmt/format.h>

#include <utility>

#include "lang/orus/parser.h"

namespace orus::lang {

/// fndef = "fn" NAME signature ":" suite
Stmt* Parser::parse_function() {
  Stmt* s = statement(StmtKind::kFunction);
  advance();
  if (!at(Tok::kName)) {
    error_here("Expected a name after 'fn'");
    return nullptr;
  }
  FunctionDecl* f = make<FunctionDecl>();
  s->function = f;
  s->name = f->name = text(current());
  s->name_pos = f->pos = current().pos;
  advance();
  if (!parse_signature(f)) return nullptr;
  FunctionDecl* outer = std::exchange(function_, f);
  bool outer_fill = std::exchange(fill_off_, false);
  ++function_depth_;
  bool ok = parse_suite("function body", &f->body);
  --function_depth_;
  fill_off_ = outer_fill;
  function_ = outer;
  return ok ? s : nullptr;
}

/// signature = "(" [ param { "," param } ] ")" [ "->" type ]
bool Parser::parse_signature(FunctionDecl* f) {
  if (!expect(Tok::kLeftParen, "Expected '(' before the parameters")) return false;
  std::vector<Param> params;
  while (!at(Tok::kRightParen)) {
    if (!parse_param(params)) return false;
    if (!accept(Tok::kComma) && !at(Tok::kRightParen)) {
      error_here("Expected ')' to close the parameters");
      return false;
    }
  }
  advance();
  f->params = keep(params);
  if (!accept(Tok::kArrow)) return true;
  f->result = parse_type();
  return f->result != nullptr;
}

bool Parser::parse_param(std::vector<Param>& out) {
  if (!at(Tok::kName)) {
    error_here(at(Tok::kMut) ? "Parameters cannot be 'mut'" : "Expected a parameter name");
    return false;
  }
  Param param{.name = text(current()), .pos = current().pos};
  advance();
  if (accept(Tok::kColon)) {
    param.type = parse_type();
    if (param.type == nullptr) return false;
  }
  out.push_back(param);
  return true;
}

/// structdef = "struct" NAME ":" NL INDENT { NAME ":" type [ "=" expr ] NL } DEDENT
Stmt* Parser::parse_struct() {
  Stmt* s = statement(StmtKind::kStruct);
  advance();
  if (!at(Tok::kName)) {
    error_here("Expected a name after 'struct'");
    return nullptr;
  }
  s->name = text(current());
  s->name_pos = current().pos;
  advance();
  if (!expect(Tok::kColon, "Expected ':' after struct name")) return nullptr;
  if (!accept(Tok::kNewline) || !accept(Tok::kIndent)) {
    error_here("Expected an indented list of fields in this struct");
    return nullptr;
  }
  std::vector<FieldDecl> fields;
  bool damaged = false;
  while (!at(Tok::kDedent) && !at(Tok::kEnd)) {
    if (accept(Tok::kNewline) || accept(Tok::kSemicolon) || accept(Tok::kPass)) continue;
    size_t start = at_;
    if (!parse_field(fields)) {
      if (gave_up_) return nullptr;
      damaged = true;
      skip_line_and_block();
      if (at_ == start) advance();
    }
  }
  accept(Tok::kDedent);
  if (fields.empty() && !damaged) error(s->name_pos, fmt::format("Struct '{}' has no fields", s->name));
  s->fields = keep(fields);
  return s;
}

bool Parser::parse_field(std::vector<FieldDecl>& out) {
  accept(Tok::kPub);
  if (!at(Tok::kName)) {
    error_here("Expected a field name");
    return false;
  }
  FieldDecl field{.name = text(current()), .pos = current().pos};
  advance();
  if (!expect(Tok::kColon, fmt::format("Expected ':' after field name '{}'", field.name))) return false;
  field.type = parse_type();
  if (field.type == nullptr) return false;
  if (accept(Tok::kAssign)) {
    field.value = parse_expression();
    if (field.value == nullptr) return false;
  }
  if (!at_terminator()) {
    error_here("Expected the end of the line after this field");
    return false;
  }
  out.push_back(field);
  return true;
}

/// Without modules `pub` changes nothing; it is accepted where it may stand.
Stmt* Parser::parse_pub() {
  if (function_depth_ > 0 || block_depth_ > 0) {
    error_here("public declarations are only allowed at module scope");
    return nullptr;
  }
  advance();
  switch (current().kind) {
    case Tok::kFn:
    case Tok::kStruct:
    case Tok::kEnum:
    case Tok::kImpl:
    case Tok::kMut:
    case Tok::kName: return parse_statement_body();
    default: error_here("Expected a declaration after 'pub'"); return nullptr;
  }
}

/// enum, impl, extern: one message, and everything that belongs to them is skipped. Names are kept, so that uses of
/// them do not add messages of their own.
Stmt* Parser::parse_unsupported_block(std::string_view what) {
  Stmt* s = statement(StmtKind::kUnsupported);
  s->is_constant = at(Tok::kImpl);
  unsupported(s->pos, what);
  advance();
  if (at(Tok::kName)) {
    Expr* name = expression(ExprKind::kName, current().pos);
    name->text = text(current());
    s->items = keep(std::vector<Expr*>{name});
  }
  skip_line_and_block();
  return s;
}

/// The names that a `use` line binds: the last word of each path or its alias.
Stmt* Parser::parse_use() {
  Stmt* s = statement(StmtKind::kUnsupported);
  if (function_depth_ > 0 || block_depth_ > 0) {
    error_here("use declarations are only allowed at module scope");
    return nullptr;
  }
  unsupported(s->pos, "Modules are");
  advance();
  std::vector<Expr*> names;
  auto bind = [&] {
    if (!at(Tok::kName)) return;
    Expr* name = expression(ExprKind::kName, current().pos);
    name->text = text(current());
    names.push_back(name);
  };
  while (!at(Tok::kNewline) && !at(Tok::kEnd)) {
    bool item = !at(Tok::kDot);
    if (item) bind();
    advance();
  }
  s->items = keep(names);
  return s;
}

TypeExpr* Parser::unsupported_type(Pos pos, std::string_view what) {
  unsupported(pos, what);
  TypeExpr* t = make<TypeExpr>();
  t->pos = pos;
  return t;
}

TypeExpr* Parser::parse_type() {
  Nesting nesting(*this);
  if (!nesting) return nullptr;
  TypeExpr* t = parse_type_body();
  if (t != nullptr) accept(Tok::kQuestion);  // T? means T
  return t;
}

/// type = NAME [ "[" types "]" ] | NAME "." NAME | "[" type [ "," ( INT | NAME ) ] "]" | fn type | map type
TypeExpr* Parser::parse_type_body() {
  Pos pos = current().pos;
  if (accept(Tok::kFn)) {
    if (!expect(Tok::kLeftParen, "Expected '(' in this function type")) return nullptr;
    while (!at(Tok::kRightParen)) {
      if (parse_type() == nullptr) return nullptr;
      if (!accept(Tok::kComma) && !at(Tok::kRightParen)) {
        error_here("Expected ')' in this function type");
        return nullptr;
      }
    }
    advance();
    if (accept(Tok::kArrow) && parse_type() == nullptr) return nullptr;
    return unsupported_type(pos, "Function types are");
  }
  if (accept(Tok::kLeftBrace)) {
    if (parse_type() == nullptr || !expect(Tok::kColon, "Expected ':' in this map type") || parse_type() == nullptr ||
        !expect(Tok::kRightBrace, "Expected '}' to close this map type")) {
      return nullptr;
    }
    return unsupported_type(pos, "Maps are");
  }
  TypeExpr* t = make<TypeExpr>();
  t->pos = pos;
  if (accept(Tok::kLeftBracket)) {
    t->kind = TypeExpr::Kind::kArray;
    t->element = parse_type();
    if (t->element == nullptr) return nullptr;
    if (accept(Tok::kComma) && !accept(Tok::kNumber) && !expect(Tok::kName, "Expected an array length")) return nullptr;
    return expect(Tok::kRightBracket, "Expected ']' to close this array type") ? t : nullptr;
  }
  if (!at(Tok::kName)) {
    error_here(fmt::format("Expected a type, found {}", describe(current().kind)));
    return nullptr;
  }
  t->kind = TypeExpr::Kind::kName;
  t->name = text(current());
  advance();
  if (at(Tok::kDot) && ahead(1).kind == Tok::kName) {
    advance();
    advance();
    return unsupported_type(pos, "Types of other modules are");
  }
  if (at(Tok::kLeftBracket) && ahead(1).kind == Tok::kName) {
    advance();
    do {
      if (parse_type() == nullptr) return nullptr;
    } while (accept(Tok::kComma));
    if (!expect(Tok::kRightBracket, "Expected ']' after the type arguments")) return nullptr;
  }
  return t;
}

}  // namespace orus::lang
