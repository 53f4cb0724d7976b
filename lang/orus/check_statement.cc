// Statements: declarations, assignments, control flow, definite assignment.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lang/orus/checker.h"

namespace orus::lang {

void Checker::check_block(Block block, bool tail) {
  hoist(block);
  for (size_t i = 0; i < block.size(); ++i) check_statement(block[i], tail && i + 1 == block.size());
}

void Checker::check_scoped(Block block, bool soft, bool tail) {
  ScopeGuard guard(*this, soft);
  check_block(block, tail);
}

void Checker::check_statement(Stmt* s, bool tail) {
  switch (s->kind) {
    case StmtKind::kExpr: return check_expression_statement(s, tail);
    case StmtKind::kPrint:
      for (Expr* e : s->items) value(e);
      return;
    case StmtKind::kPass: return;
    case StmtKind::kDeclare: return check_declare(s);
    case StmtKind::kAssign: return check_assign(s);
    case StmtKind::kUpdate: return check_update(s);
    case StmtKind::kDestructure: return check_destructure(s);
    case StmtKind::kIf: return check_if(s, tail);
    case StmtKind::kWhile: return check_while(s);
    case StmtKind::kForRange: return check_for_range(s);
    case StmtKind::kForEach: return check_for_each(s);
    case StmtKind::kTry: return check_try(s);
    case StmtKind::kReturn: return check_return(s);
    case StmtKind::kRaise: return check_raise(s);
    case StmtKind::kBreak:
    case StmtKind::kContinue: return check_jump(s);
    case StmtKind::kFunction: return check_function(s->function->info);
    case StmtKind::kStruct: return;
    case StmtKind::kGroup: return check_scoped(s->body, false, false);
    case StmtKind::kUnsupported: return;
  }
}

/// As the last statement of a function with a result the expression is that result.
void Checker::check_expression_statement(Stmt* s, bool tail) {
  if (!tail || function_ == nullptr) {
    check(s->value);
    return;
  }
  FunctionInfo* info = function_;
  bool inferred = info->decl->result == nullptr && !info->decl->returns_value;
  Ty type = check(s->value, info->result);
  if (form(type) == Form::kVoid) {
    info->no_result |= inferred;
    return;
  }
  if (types_.is_poison(type) && form(info->result) == Form::kVariable) {
    info->result = kTyPoison;
  } else if (inferred) {
    info->no_result |= !types_.unify(info->result, type);
  } else {
    agree(s->value, type, info->result);
  }
  dead_ = true;
}

void Checker::check_constant_name(const Stmt* s) {
  if (!s->is_constant || scope_->parent != nullptr) return;
  auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  auto allowed = [&](char c) { return upper(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (upper(s->name[0]) && std::all_of(s->name.begin(), s->name.end(), allowed)) return;
  name_error(s->name_pos, fmt::format("Invalid variable name '{}': module constants must start with an uppercase letter", s->name),
             "constants use uppercase letters, digits and '_'");
}

void Checker::check_declare(Stmt* s) {
  check_constant_name(s);
  bool plain = s->type == nullptr && !s->is_mut && !s->is_constant;
  Ty type = kTyPoison;
  if (s->type == nullptr) {
    type = value(s->value);
  } else if (s->type->kind == TypeExpr::Kind::kName && types_.is_poison(named_type(s->type->name)) && lookup(s->type->name) == nullptr &&
             s->type->name != "any" && s->type->name != "Result") {
    Ty actual = value(s->value);
    if (types_.is_poison(actual)) {
      resolve_type(s->type);
    } else {
      mismatch(s->type->pos, actual, s->type->name);
    }
  } else {
    type = resolve_type(s->type);
    if (form(type) == Form::kVoid) {
      type_error(s->type->pos, "A variable cannot be `void`");
      type = kTyPoison;
    }
    require(s->value, type);
  }
  s->symbol = declare_variable(s->name, s->name_pos, type, s->is_mut, plain);
  if (is_constant_expression(s->value) && s->value->items.empty() && s->value->left == nullptr) {
    s->symbol->constant = s->value;
  }
}

bool Checker::require_mutable(const Symbol* symbol, Pos pos) {
  if (symbol->is_mut) return true;
  name_error(pos, fmt::format("Cannot assign to immutable variable '{}'", symbol->name),
             fmt::format("declare it with 'mut {} = ...' on line {}", symbol->name, symbol->pos.line));
  return false;
}

/// `name = value of type`: assigns if the name is visible, else declares. Null after an error.
Symbol* Checker::assign_name(Expr* target, Ty type, bool* declares) {
  Symbol* symbol = lookup(target->text);
  *declares = symbol == nullptr;
  if (symbol == nullptr) {
    bool is_mut = function_ != nullptr || scope_->parent != nullptr;
    target->symbol = declare_variable(target->text, target->pos, type, is_mut, true);
    target->type = type;
    return target->symbol;
  }
  if (symbol->kind == SymbolKind::kFunction || symbol->kind == SymbolKind::kStruct) {
    name_error(target->pos, fmt::format("Cannot assign to '{}', which is not a variable", target->text));
    return nullptr;
  }
  symbol = use_variable(target);
  if (symbol == nullptr) return nullptr;
  target->type = symbol->type;
  if (!require_mutable(symbol, target->pos)) return nullptr;
  symbol->reassigned = true;
  mark_assigned(symbol);
  return symbol;
}

/// The type that the value of an assignment to `target` should have, if that is known beforehand.
void Checker::check_assign(Stmt* s) {
  // Targets other than names are checked first: they say what the value has to be.
  Ty expected = kNoHint;
  for (Expr* target : s->items) {
    if (target->kind != ExprKind::kName) {
      check(target);
    } else if (Symbol* symbol = lookup(target->text); symbol != nullptr && symbol->kind == SymbolKind::kVariable) {
      target->type = symbol->type;
    }
    if (expected == kNoHint) expected = target->type;
  }
  Ty type = value(s->value, expected);
  for (Expr* target : s->items) check_target(s, target, type);
}

void Checker::check_target(Stmt* s, Expr* target, Ty type) {
  if (target->kind == ExprKind::kIndex && form(target->left->type) == Form::kString) {
    fail_at_run_time(target, ErrorKind::kType, "Value is not an array", target->type);
    return;
  }
  if (target->kind != ExprKind::kName) {
    agree(s->value, type, target->type);
    return;
  }
  bool declares = false;
  Symbol* symbol = assign_name(target, type, &declares);
  if (symbol == nullptr) return;
  if (declares) {
    s->declares = true;
    bool literal = s->items.size() == 1 && is_constant_expression(s->value) && s->value->items.empty() && s->value->left == nullptr;
    if (literal) symbol->constant = s->value;
    return;
  }
  agree(s->value, type, symbol->type);
}

void Checker::check_update(Stmt* s) {
  Expr* e = s->value;
  Expr* target = e->left;
  if (target->kind == ExprKind::kName) {
    Symbol* symbol = lookup(target->text);
    if (symbol != nullptr && symbol->kind == SymbolKind::kVariable && !is_capture(symbol) && require_mutable(symbol, target->pos)) {
      symbol->reassigned = true;
    }
  }
  Ty type = value(e);
  if (target->kind == ExprKind::kIndex && form(target->left->type) == Form::kString) {
    fail_at_run_time(e, ErrorKind::kType, "Value is not an array", type);
    return;
  }
  agree(e->right, type, target->type);
}

void Checker::check_destructure(Stmt* s) {
  Ty type = value(s->value);
  Ty element = kTyPoison;
  if (form(type) == Form::kVariable) {
    element = types_.fresh_variable();
    types_.unify(type, types_.array_of(element));
  } else if (form(type) == Form::kArray) {
    element = types_.element(type);
  } else if (!types_.is_poison(type)) {
    mismatch(s->value->pos, type, "an array");
  }
  for (Expr* name : s->items) {
    bool declares = false;
    Symbol* symbol = assign_name(name, element, &declares);
    if (symbol == nullptr) continue;
    name->symbol = symbol;
    if (!declares && !types_.unify(symbol->type, element)) mismatch(name->pos, element, types_.name(symbol->type));
  }
}

void Checker::check_condition(Expr* e) {
  Ty type = value(e);
  if (form(type) == Form::kVariable) types_.unify(type, kTyBool);
}

void Checker::mark_assigned(Symbol* symbol) {
  if (symbol->assigned) return;
  symbol->assigned = true;
  trail_.push_back(symbol);
}

/// Takes back the assignments since `mark` and returns them.
std::vector<Symbol*> Checker::undo(size_t mark) {
  std::vector<Symbol*> list(trail_.begin() + static_cast<ptrdiff_t>(mark), trail_.end());
  for (Symbol* symbol : list) symbol->assigned = false;
  trail_.resize(mark);
  return list;
}

/// `common` becomes what it has in common with `branch`; the first branch is taken as it is.
void Checker::merge(std::vector<Symbol*>& common, bool& have, std::vector<Symbol*> branch) {
  if (!std::exchange(have, true)) {
    common = std::move(branch);
    return;
  }
  for (Symbol* symbol : branch) symbol->assigned = true;
  std::erase_if(common, [](const Symbol* symbol) { return !symbol->assigned; });
  for (Symbol* symbol : branch) symbol->assigned = false;
}

void Checker::check_if(Stmt* s, bool tail) {
  std::vector<Symbol*> common;
  bool have = false;
  bool dead_before = dead_;
  auto end_branch = [&](size_t mark) {
    std::vector<Symbol*> assigned = undo(mark);
    if (!dead_) merge(common, have, std::move(assigned));
    dead_ = dead_before;
  };
  bool branch_tail = tail && s->has_else;
  Stmt* outer_root = std::exchange(soft_root_, scope_->soft ? soft_root_ : s);
  for (Branch& branch : s->branches) {
    check_condition(branch.condition);
    size_t mark = trail_.size();
    check_scoped(branch.body, true, branch_tail);
    end_branch(mark);
  }
  size_t mark = trail_.size();
  if (s->has_else) check_scoped(s->else_body, true, branch_tail);
  end_branch(mark);
  soft_root_ = outer_root;
  dead_ = dead_before || !have;
  for (Symbol* symbol : common) mark_assigned(symbol);
}

void Checker::check_while(Stmt* s) {
  check_condition(s->value);
  bool forever = is_true_literal(s->value);
  bool dead_before = dead_;
  loops_.push_back(LoopState{.stmt = s, .trail_mark = trail_.size()});
  Stmt* outer_root = std::exchange(soft_root_, scope_->soft ? soft_root_ : s);
  check_scoped(s->body, true, false);
  soft_root_ = outer_root;
  LoopState loop = std::move(loops_.back());
  loops_.pop_back();
  undo(loop.trail_mark);
  dead_ = dead_before || (forever && !loop.has_break);
  if (!forever) return;
  for (Symbol* symbol : loop.at_breaks) mark_assigned(symbol);
}

void Checker::check_for_range(Stmt* s) {
  for (Expr* bound : s->items) {
    if (bound == nullptr) continue;
    Ty type = value(bound);
    if (form(type) == Form::kVariable) types_.unify(type, kTyI32);
    // Bounds of another type fail at run time (emit_loop.cc).
  }
  Expr* step = s->items[2];
  if (step != nullptr && step->kind == ExprKind::kNumber && step->type == kTyI32 && step->number.magnitude == 0) {
    type_error(step->pos, "range step must not be zero");
  }
  check_loop_body(s, kTyI32, false);
}

void Checker::check_for_each(Stmt* s) {
  Ty type = value(s->value);
  if (form(type) == Form::kVariable) types_.unify(type, types_.array_of(types_.fresh_variable()));
  switch (form(type)) {
    case Form::kArray: return check_loop_body(s, types_.element(type), false);
    case Form::kRange:
    case Form::kI32:
    case Form::kI64:
    case Form::kU32:
    case Form::kU64: return check_loop_body(s, kTyI64, true);
    default: return check_loop_body(s, kTyPoison, false);  // poison, or not iterable: fails at run time
  }
}

void Checker::check_loop_body(Stmt* s, Ty variable, bool counts) {
  ScopeGuard guard(*this, false);
  s->symbol = declare_variable(s->name, s->name_pos, variable, true, false);
  s->symbol->counts = counts;
  bool dead_before = dead_;
  loops_.push_back(LoopState{.stmt = s, .trail_mark = trail_.size()});
  check_block(s->body, false);
  undo(loops_.back().trail_mark);
  loops_.pop_back();
  dead_ = dead_before;
}

void Checker::check_try(Stmt* s) {
  std::vector<Symbol*> common;
  bool have = false;
  bool dead_before = dead_;
  size_t mark = trail_.size();
  check_scoped(s->body, false, false);
  std::vector<Symbol*> assigned = undo(mark);
  if (!dead_) merge(common, have, std::move(assigned));
  dead_ = dead_before;
  {
    ScopeGuard guard(*this, false);
    if (!s->name.empty()) s->symbol = declare_variable(s->name, s->name_pos, kTyError, true, false);
    check_block(s->else_body, false);
  }
  assigned = undo(mark);
  if (!dead_) merge(common, have, std::move(assigned));
  dead_ = dead_before || !have;
  for (Symbol* symbol : common) mark_assigned(symbol);
}

void Checker::check_return(Stmt* s) {
  if (function_ == nullptr) {
    if (s->value != nullptr) check(s->value);
    dead_ = true;
    return;
  }
  FunctionInfo* info = function_;
  Form result = form(info->result);
  bool has_result = result != Form::kVoid && result != Form::kPoison;
  if (s->value == nullptr) {
    if (has_result) {
      type_error(s->pos, fmt::format("Function '{}' returns a value elsewhere, but not here", info->decl->name));
    }
    dead_ = true;
    return;
  }
  Ty type = check(s->value, info->result);
  bool is_void = form(type) == Form::kVoid;
  if (types_.is_poison(type) && result == Form::kVariable) {
    info->result = kTyPoison;
  } else if (is_void && result == Form::kVariable) {
    info->no_result = true;
  } else if (is_void && has_result) {
    value(s->value);
  } else if (!is_void && result == Form::kVoid) {
    mismatch(s->value->pos, type, "void");
  } else if (!is_void) {
    agree(s->value, type, info->result);
  }
  dead_ = true;
}

void Checker::check_raise(Stmt* s) {
  Ty type = value(s->value);
  if (form(type) == Form::kVariable) types_.unify(type, kTyString);
  Form f = form(type);
  if (f != Form::kString && f != Form::kError && f != Form::kPoison) {
    mismatch(s->value->pos, type, "string");
  }
  dead_ = true;
}

void Checker::check_jump(Stmt* s) {
  std::string_view word = s->kind == StmtKind::kBreak ? "break" : "continue";
  auto loop =
      std::find_if(loops_.rbegin(), loops_.rend(), [&](const LoopState& l) { return s->label.empty() || l.stmt->label == s->label; });
  if (loop == loops_.rend()) {
    if (s->label.empty() || loops_.empty()) {
      name_error(s->pos, fmt::format("'{}' can only be used inside a loop", word));
    } else {
      name_error(s->pos, fmt::format("Label '{}' not found for {} statement", s->label, word));
    }
    dead_ = true;
    return;
  }
  s->target = loop->stmt;
  if (s->kind == StmtKind::kBreak && !dead_) {
    std::vector<Symbol*> now;
    if (!loop->has_break) {
      now.assign(trail_.begin() + static_cast<ptrdiff_t>(loop->trail_mark), trail_.end());
      loop->at_breaks = std::move(now);
    } else {
      std::erase_if(loop->at_breaks, [](const Symbol* symbol) { return !symbol->assigned; });
    }
    loop->has_break = true;
  }
  dead_ = true;
}

}  // namespace orus::lang
