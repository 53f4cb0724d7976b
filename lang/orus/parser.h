// Parser: tokens to syntax tree, by recursive descent with an explicit operator stack.
//
// Invariants
//  1. A statement with a syntax error is reported once, skipped to the end of its line together with the block below
//  it,
//     and replaced by a kUnsupported statement that declares the names it would have declared.
//  2. Recursion is bounded: everything that nests counts towards kMaxNesting; chains of operators do not nest.
//  3. Functions that return a node return null after an error; nobody reports it again.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lang/orus/reporter.h"
#include "lang/orus/symbols.h"
#include "lang/orus/token.h"

namespace orus::lang {

inline constexpr uint32_t kMaxNesting = 1000;

class Parser {
 public:
  Parser(Program& program, std::span<const Token> tokens, Reporter& reporter);
  void parse_module();

 private:
  struct Pending {  // an operator that waits for its right operand
    Expr* left;
    BinaryOp op;
    Pos pos;
    int level;
  };
  class Nesting;

  // parser.cc: tokens, errors, recovery
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead(size_t n) const { return tokens_[at_ + n < tokens_.size() ? at_ + n : tokens_.size() - 1]; }
  bool at(Tok kind) const { return current().kind == kind; }
  bool accept(Tok kind);
  bool expect(Tok kind, std::string_view message);
  void advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  std::string_view text(const Token& token) const { return program_.source.substr(token.pos.offset, token.pos.length); }
  bool at_word(std::string_view word) const { return at(Tok::kName) && text(current()) == word; }
  void error(Pos pos, std::string message, std::string help = {});
  void error_here(std::string message, std::string help = {}) { error(current().pos, std::move(message), std::move(help)); }
  void unsupported(Pos pos, std::string_view what);
  void skip_line_and_block();
  void skip_block();
  template <class T>
  T* make() {
    return &program_.arena.make<T>(1)[0];
  }
  template <class T>
  std::span<T> keep(const std::vector<T>& list) {
    return program_.arena.copy(std::span<const T>(list));
  }
  Stmt* statement(StmtKind kind);

  // parse_statement.cc
  Stmt* parse_statement();
  Stmt* parse_statement_body();
  Stmt* parse_stray_block();
  Stmt* parse_name_statement();
  Stmt* recover(size_t start);
  bool at_terminator() const;
  void parse_statements(std::vector<Stmt*>& out, bool module_level);
  bool parse_suite(std::string_view what, Block* out);
  bool parse_inline_suite(std::vector<Stmt*>& out);
  Stmt* parse_print();
  Stmt* parse_if();
  Stmt* parse_try();
  Stmt* parse_loop();
  Stmt* parse_while(std::string_view label);
  Stmt* parse_for(std::string_view label);
  Stmt* parse_return();
  Stmt* parse_raise();
  Stmt* parse_jump(StmtKind kind);
  Stmt* parse_declaration();
  Stmt* parse_destructuring();
  Stmt* parse_simple();
  Stmt* finish_assignment(Expr* target);
  Stmt* finish_update(Expr* target, BinaryOp op);
  bool at_destructuring() const;
  bool at_raise() const;
  Expr* parse_condition(std::string_view what);

  // parse_declaration.cc
  Stmt* parse_function();
  bool parse_signature(FunctionDecl* function);
  bool parse_param(std::vector<Param>& out);
  Stmt* parse_struct();
  bool parse_field(std::vector<FieldDecl>& out);
  Stmt* parse_pub();
  Stmt* parse_unsupported_block(std::string_view what);
  Stmt* parse_use();
  TypeExpr* parse_type();
  TypeExpr* parse_type_body();
  TypeExpr* unsupported_type(Pos pos, std::string_view what);

  // parse_expression.cc
  Expr* expression(ExprKind kind, Pos pos);
  Expr* seal(Expr* e);
  Expr* parse_expression();
  Expr* parse_binary();
  bool peek_operator(BinaryOp* op, int* level) const;
  void reduce(std::vector<Pending>& pending, Expr*& operand, int level);
  Expr* parse_cast(Expr* operand);
  Expr* parse_unary();
  Expr* negate(Expr* operand, Pos pos);
  Expr* parse_postfix();
  Expr* parse_call(Expr* callee);
  Expr* parse_index(Expr* base);
  Expr* parse_struct_literal(Expr* name);
  Expr* parse_primary();
  Expr* parse_number_literal();
  Expr* parse_string_literal();
  Expr* parse_parenthesised();
  Expr* parse_array();
  Expr* parse_map();
  Expr* parse_lambda();
  Expr* parse_match();
  bool is_fill(const std::vector<Expr*>& items, bool trailing_comma) const;
  bool parse_arguments(std::vector<Expr*>& out, Tok closer, std::string_view what);

  Program& program_;
  std::span<const Token> tokens_;
  Reporter& reporter_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  uint32_t function_depth_ = 0, block_depth_ = 0;
  bool gave_up_ = false;        // nested too deeply: the rest is not parsed
  bool fill_off_ = false;       // inside the arguments of a call
  bool defines_raise_ = false;  // the module has a function called raise
  FunctionDecl* function_ = nullptr;
};

/// Counts one level of nesting for as long as it lives.
class Parser::Nesting {
 public:
  explicit Nesting(Parser& parser);
  ~Nesting() { --parser_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  explicit operator bool() const { return ok_; }

 private:
  Parser& parser_;
  bool ok_;
};

}  // namespace orus::lang
