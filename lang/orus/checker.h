// Checker: gives every expression a type and every name a symbol, and reports what does not fit (language reference,
// sections 6 and 9).
//
// Invariants
//  1. After an error the expression has type poison, which agrees with everything: one mistake, one message.
//  2. A function's body is checked where it is declared, when exactly the variables it may use are known; earlier only
//     if somebody needs its inferred result.
//  3. What the language leaves to run time is recorded in Expr::failure and compiled to a `fail` instruction.
//  4. Definite assignment: where a hoisted variable is read while Symbol::assigned does not hold, the read is marked
//     and checked at run time. `trail_` lists the symbols that became assigned, in order, so that a branch can be
//     undone.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lang/orus/reporter.h"
#include "lang/orus/symbols.h"

namespace orus::lang {

struct Scope {
  Scope* parent = nullptr;
  FunctionInfo* owner = nullptr;
  bool soft = false;  // branch or while body: plain declarations belong to the scope around it
  std::unordered_map<std::string_view, Symbol*> names = {};
};

class Checker {
 public:
  Checker(Program& program, Reporter& reporter) : program_(program), types_(program.types), reporter_(reporter) {}
  void check_module();

 private:
  static constexpr Ty kNoHint = kTyPoison;
  struct LoopState {
    Stmt* stmt;
    size_t trail_mark;
    bool has_break = false;
    std::vector<Symbol*> at_breaks = {};  // assigned since the mark at every break so far
  };
  class ScopeGuard;

  // check_declaration.cc: scopes, symbols, functions, structs, types
  Symbol* lookup(std::string_view name) const;
  Symbol* lookup_here(std::string_view name) const;
  Scope* variable_scope(bool plain) const;
  Symbol* declare(Scope* scope, SymbolKind kind, std::string_view name, Pos pos);
  Symbol* declare_variable(std::string_view name, Pos pos, Ty type, bool is_mut, bool plain);
  void declare_poison(std::string_view name, Pos pos);
  bool check_redefinition(Scope* scope, std::string_view name, Pos pos, std::string_view what);
  Symbol* use_variable(Expr* name);
  bool is_capture(const Symbol* symbol) const;
  void hoist(Block block);
  void hoist_struct(Stmt* s);
  void resolve_struct(StructInfo* info);
  bool is_constant_expression(const Expr* e) const;
  void hoist_function(Stmt* s);
  void resolve_signature(FunctionInfo* info);
  Ty resolve_type(const TypeExpr* t);
  Ty named_type(std::string_view name) const;
  Ty array_type(Pos pos, Ty element);
  void check_function(FunctionInfo* info);
  void declare_params(FunctionInfo* info);
  void finish_result(FunctionInfo* info);
  void ensure_result(FunctionInfo* info, Pos pos);
  static bool tail_gives_value(Block body);
  void propagate_calls();
  void share_surplus();

  // check_statement.cc
  void check_block(Block block, bool tail);
  void check_scoped(Block block, bool soft, bool tail);
  void check_statement(Stmt* s, bool tail);
  void check_expression_statement(Stmt* s, bool tail);
  void check_declare(Stmt* s);
  void check_constant_name(const Stmt* s);
  void check_assign(Stmt* s);
  void check_target(Stmt* s, Expr* target, Ty type);
  Symbol* assign_name(Expr* target, Ty type, bool* declares);
  bool require_mutable(const Symbol* symbol, Pos pos);
  void check_update(Stmt* s);
  void check_destructure(Stmt* s);
  void check_if(Stmt* s, bool tail);
  void check_while(Stmt* s);
  void check_for_range(Stmt* s);
  void check_for_each(Stmt* s);
  void check_loop_body(Stmt* s, Ty variable, bool counts);
  void check_try(Stmt* s);
  void check_return(Stmt* s);
  void check_raise(Stmt* s);
  void check_jump(Stmt* s);
  void check_condition(Expr* e);
  void mark_assigned(Symbol* symbol);
  std::vector<Symbol*> undo(size_t mark);
  void merge(std::vector<Symbol*>& common, bool& have, std::vector<Symbol*> branch);

  // check_expression.cc
  Ty check(Expr* e, Ty hint = kNoHint);  // may be void
  Ty value(Expr* e, Ty hint = kNoHint);  // void is an error
  Ty require(Expr* e, Ty expected);      // must agree with `expected`
  bool agree(Expr* e, Ty actual, Ty expected);
  Ty check_kind(Expr* e, Ty hint);
  Ty check_number(Expr* e, Ty hint);
  Ty check_name(Expr* e);
  void mark_unsure(Expr* e, Symbol* symbol);
  void check_unsure_types();
  Ty check_negate(Expr* e, Ty hint);
  Ty check_not(Expr* e);
  Ty check_complement(Expr* e, Ty hint);
  Ty check_conditional(Expr* e, Ty hint);
  Ty check_index(Expr* e);
  Ty check_slice(Expr* e);
  void check_index_value(Expr* e);
  Ty check_member(Expr* e);
  Ty check_struct_literal(Expr* e);
  void check_field_inits(Expr* e, StructInfo* info);
  Ty check_array(Expr* e, Ty hint);
  Ty check_fill(Expr* e, Ty hint);
  void mismatch(Pos pos, Ty actual, std::string_view expected);
  Ty fail_at_run_time(Expr* e, ErrorKind kind, std::string_view message, Ty type);

  // check_operator.cc
  Ty check_operators(Expr* e);
  Ty check_binary(Expr* e);
  Ty check_logic(Expr* e);
  Ty check_comparison(Expr* e);
  Ty check_bitwise(Expr* e);
  Ty check_shift(Expr* e);
  Ty check_arithmetic(Expr* e);
  Ty check_with_literal(Expr* e, Expr* literal, Expr* other);
  Ty check_concatenation(Expr* e, Ty left, Ty right);
  Ty operand_mismatch(Expr* e);
  Ty check_cast(Expr* e);
  void adapt_comparison(Expr* literal, const Expr* other);
  bool castable(Ty from, Ty to) const;
  bool adapt(Expr* literal, Ty type);

  // check_call.cc
  Ty check_call(Expr* e);
  Ty check_user_call(Expr* e, FunctionInfo* info);
  Ty check_method_call(Expr* e);
  Ty check_builtin(Expr* e, BuiltinFunction f);
  Ty check_len(Expr* e);
  Ty check_push(Expr* e);
  Ty check_pop(Expr* e);
  Ty check_sorted(Expr* e);
  Ty check_range(Expr* e);
  Ty check_int(Expr* e);
  Ty check_float(Expr* e);
  Ty array_argument(Expr* e, std::string_view function);
  void check_arguments_only(Expr* e);
  bool check_argument_count(Expr* e, std::string_view name, size_t min, size_t max);
  void undefined(const Expr* e, std::string_view name, std::string_view detail = {});
  std::string suggestion(std::string_view name) const;

  void name_error(Pos pos, std::string message, std::string help = {}) {
    reporter_.error(ErrorClass::kName, pos, std::move(message), std::move(help));
  }
  void type_error(Pos pos, std::string message, std::string help = {}) {
    reporter_.error(ErrorClass::kType, pos, std::move(message), std::move(help));
  }
  void unsupported(Pos pos, std::string_view what);
  Form form(Ty t) const { return types_.form(t); }

  Program& program_;
  TypeTable& types_;
  Reporter& reporter_;
  std::deque<Scope> scopes_;
  Scope* scope_ = nullptr;
  FunctionInfo* function_ = nullptr;  // null: the module's own statements
  std::vector<LoopState> loops_;
  std::vector<Symbol*> trail_;
  bool dead_ = false;          // control cannot get here
  Stmt* soft_root_ = nullptr;  // outermost branch or while around the current statement in its hard scope
  uint32_t event_ = 0;         // counts calls and declarations of the module's own statements
  uint32_t inference_depth_ = 0;
  mutable uint32_t suggestions_left_ = 50;  // each costs time proportional to the number of names
};

/// Opens a scope inside the current one for as long as it lives.
class Checker::ScopeGuard {
 public:
  ScopeGuard(Checker& checker, bool soft) : checker_(checker), outer_(checker.scope_) {
    checker.scopes_.push_back(Scope{.parent = outer_, .owner = checker.function_, .soft = soft});
    checker.scope_ = &checker.scopes_.back();
  }
  ~ScopeGuard() { checker_.scope_ = outer_; }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Checker& checker_;
  Scope* outer_;
};

/// True for number literals without a suffix, the ones that take the type of their surroundings.
inline bool is_adaptable(const Expr* e) { return e->kind == ExprKind::kNumber && e->number.suffix == kTyPoison; }
inline bool is_true_literal(const Expr* e) { return e->kind == ExprKind::kBool && e->flag; }

}  // namespace orus::lang
