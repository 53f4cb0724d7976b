// Scopes and symbols, functions, structs, type annotations.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lang/orus/checker.h"
#include "vm/bytecode/verifier.h"

namespace orus::lang {
namespace {

constexpr uint32_t kMaxInferenceDepth = 100;
constexpr size_t kMaxModuleRegisters = 8000;  // of module variables; leaves room below kMaxRegisters

}  // namespace

void Checker::check_module() {
  scopes_.push_back(Scope{});
  scope_ = &scopes_.back();
  check_block(program_.tree.body, false);
  share_surplus();
  check_unsure_types();
  propagate_calls();
}

/// Module variables that would not find a register become globals.
void Checker::share_surplus() {
  size_t count = 0;
  for (Symbol& symbol : program_.symbols) {
    if (symbol.module_level && symbol.kind == SymbolKind::kVariable && ++count > kMaxModuleRegisters) symbol.shared = true;
  }
}

void Checker::unsupported(Pos pos, std::string_view what) {
  reporter_.error(ErrorClass::kUnsupported, pos, fmt::format("{} not supported yet", what));
}

Symbol* Checker::lookup(std::string_view name) const {
  for (Scope* s = scope_; s != nullptr; s = s->parent) {
    auto it = s->names.find(name);
    if (it != s->names.end()) return it->second;
  }
  return nullptr;
}

Symbol* Checker::lookup_here(std::string_view name) const {
  auto it = scope_->names.find(name);
  return it == scope_->names.end() ? nullptr : it->second;
}

/// Where a declaration goes: plain ones (`n = e`) leave branches and while bodies.
Scope* Checker::variable_scope(bool plain) const {
  Scope* s = scope_;
  while (plain && s->soft) s = s->parent;
  return s;
}

Symbol* Checker::declare(Scope* scope, SymbolKind kind, std::string_view name, Pos pos) {
  Symbol& symbol = program_.symbols.emplace_back();
  symbol.kind = kind;
  symbol.name = name;
  symbol.pos = pos;
  symbol.owner = function_;
  symbol.module_level = scope->parent == nullptr;
  scope->names[name] = &symbol;
  return &symbol;
}

void Checker::declare_poison(std::string_view name, Pos pos) {
  if (lookup_here(name) == nullptr) declare(variable_scope(true), SymbolKind::kPoison, name, pos);
}

/// True if `name` is free in `scope`. A poisoned name may be taken without comment.
bool Checker::check_redefinition(Scope* scope, std::string_view name, Pos pos, std::string_view what) {
  auto it = scope->names.find(name);
  if (it == scope->names.end()) return true;
  if (it->second->kind == SymbolKind::kPoison) return false;
  name_error(pos, fmt::format("{} '{}' is already defined on line {}", what, name, it->second->pos.line));
  return false;
}

Symbol* Checker::declare_variable(std::string_view name, Pos pos, Ty type, bool is_mut, bool plain) {
  Scope* scope = variable_scope(plain);
  check_redefinition(scope, name, pos, "Variable");
  Symbol* symbol = declare(scope, SymbolKind::kVariable, name, pos);
  symbol->type = type;
  symbol->is_mut = is_mut;
  symbol->hoisted = scope != scope_;
  if (symbol->hoisted) {
    symbol->root = soft_root_;
    symbol->assigned = false;
    mark_assigned(symbol);
  }
  if (function_ == nullptr) symbol->declared_at = ++event_;
  return symbol;
}

/// A local of an enclosing function, or of a block of the module around a function.
bool Checker::is_capture(const Symbol* symbol) const {
  return symbol->kind == SymbolKind::kVariable && symbol->owner != function_ && !symbol->module_level;
}

/// The variable that a name in an expression or assignment means; null after an error or for poison.
Symbol* Checker::use_variable(Expr* e) {
  Symbol* symbol = lookup(e->text);
  if (symbol == nullptr) {
    if (e->text == "Result") {
      unsupported(e->pos, "Enums are");
    } else {
      undefined(e, e->text);
    }
    declare_poison(e->text, e->pos);
    return nullptr;
  }
  e->symbol = symbol;
  switch (symbol->kind) {
    case SymbolKind::kPoison: return nullptr;
    case SymbolKind::kFunction: unsupported(e->pos, "Functions as values are"); return nullptr;
    case SymbolKind::kStruct: name_error(e->pos, fmt::format("'{}' is a type, not a value", e->text)); return nullptr;
    case SymbolKind::kVariable: break;
  }
  if (is_capture(symbol)) {
    unsupported(e->pos, fmt::format("Using '{}', a variable of the surrounding function, is", e->text));
    return nullptr;
  }
  if (function_ != nullptr && symbol->module_level) symbol->shared = true;
  return symbol;
}

/// Types and functions of a block are visible in all of it.
void Checker::hoist(Block block) {
  std::vector<Stmt*> structs, functions;
  for (Stmt* s : block) {
    if (s->kind == StmtKind::kStruct) hoist_struct(s);
    if (s->kind == StmtKind::kFunction) functions.push_back(s);
    if (s->kind != StmtKind::kUnsupported) continue;
    for (Expr* name : s->items) {
      if (!s->is_constant) declare_poison(name->text, name->pos);
    }
  }
  for (Stmt* s : block) {
    if (s->kind == StmtKind::kStruct) resolve_struct(s->symbol->structure);
    if (s->kind == StmtKind::kUnsupported && s->is_constant && !s->items.empty()) {  // impl NAME
      Symbol* symbol = lookup(s->items[0]->text);
      if (symbol != nullptr && symbol->kind == SymbolKind::kStruct) symbol->structure->has_methods = true;
    }
  }
  for (Stmt* s : functions) hoist_function(s);
  for (Stmt* s : functions) resolve_signature(s->function->info);
}

void Checker::hoist_struct(Stmt* s) {
  check_redefinition(scope_, s->name, s->name_pos, "Struct");
  StructInfo& info = program_.structs.emplace_back();
  info.name = s->name;
  info.pos = s->name_pos;
  info.decl = s;
  s->symbol = declare(scope_, SymbolKind::kStruct, s->name, s->name_pos);
  s->symbol->structure = &info;
  s->symbol->type = types_.struct_type(&info);
}

void Checker::resolve_struct(StructInfo* info) {
  if (info->decl->fields.size() > UINT16_MAX) {
    reporter_.error(ErrorClass::kLimit, info->pos, fmt::format("Struct '{}' has too many fields", info->name));
    return;
  }
  std::unordered_map<std::string_view, uint32_t> lines;
  for (const FieldDecl& field : info->decl->fields) {
    auto [it, fresh] = lines.try_emplace(field.name, field.pos.line);
    if (!fresh) {
      name_error(field.pos, fmt::format("Field '{}' is already defined on line {}", field.name, it->second));
      continue;
    }
    Ty type = resolve_type(field.type);
    if (form(type) == Form::kVoid) {
      type_error(field.type->pos, "A field cannot be `void`");
      type = kTyPoison;
    }
    info->fields.push_back(StructField{field.name, field.pos, type, field.value});
    if (field.value == nullptr) continue;
    if (!is_constant_expression(field.value)) {
      unsupported(field.value->pos, "Field defaults other than literals are");
    } else {
      require(field.value, type);
    }
  }
}

bool Checker::is_constant_expression(const Expr* e) const {
  switch (e->kind) {
    case ExprKind::kNumber:
    case ExprKind::kBool:
    case ExprKind::kString:
    case ExprKind::kUnsupported: return true;
    case ExprKind::kFill: return is_constant_expression(e->left) && e->right->kind == ExprKind::kNumber;
    case ExprKind::kArray: return std::all_of(e->items.begin(), e->items.end(), [&](const Expr* i) { return is_constant_expression(i); });
    default: return false;
  }
}

void Checker::hoist_function(Stmt* s) {
  check_redefinition(scope_, s->name, s->name_pos, "Function");
  FunctionInfo& info = program_.functions.emplace_back();
  info.decl = s->function;
  info.owner = function_;
  info.scope = scope_;
  info.full_name = function_ == nullptr ? std::string(s->name) : fmt::format("{}.{}", function_->full_name, s->name);
  s->function->info = &info;
  s->symbol = info.symbol = declare(scope_, SymbolKind::kFunction, s->name, s->name_pos);
  info.symbol->function = &info;
}

void Checker::resolve_signature(FunctionInfo* info) {
  bool reported = false;
  for (const Param& param : info->decl->params) {
    Symbol& symbol = program_.symbols.emplace_back();
    symbol.name = param.name;
    symbol.pos = param.pos;
    symbol.owner = info;
    if (param.type != nullptr) {
      symbol.type = resolve_type(param.type);
      if (form(symbol.type) == Form::kVoid) {
        type_error(param.type->pos, "A parameter cannot be `void`");
        symbol.type = kTyPoison;
      }
    } else if (!std::exchange(reported, true)) {
      unsupported(param.pos, "Parameters without a type are");
    }
    info->params.push_back(&symbol);
  }
  FunctionDecl* decl = info->decl;
  if (decl->result != nullptr) {
    info->result = resolve_type(decl->result);
    info->tail_is_result = form(info->result) != Form::kVoid;
  } else if (decl->returns_value) {
    info->result = types_.fresh_variable();
    info->tail_is_result = true;
  } else if (!decl->returns_nothing && tail_gives_value(decl->body)) {
    info->result = types_.fresh_variable();
    info->tail_is_result = true;
  } else {
    info->result = kTyVoid;
  }
  // Callers in between do not need to know more when parameters are wrong already.
  if (reported && decl->result == nullptr) info->result = kTyPoison;
}

/// Whether every way to the end of the body leads through an expression statement (or a raise).
bool Checker::tail_gives_value(Block body) {
  if (body.empty()) return false;
  const Stmt* last = body.back();
  if (last->kind == StmtKind::kExpr || last->kind == StmtKind::kRaise) return true;
  if (last->kind != StmtKind::kIf || !last->has_else || !tail_gives_value(last->else_body)) return false;
  return std::all_of(last->branches.begin(), last->branches.end(), [](const Branch& b) { return tail_gives_value(b.body); });
}

Ty Checker::named_type(std::string_view name) const {
  Symbol* symbol = lookup(name);
  if (symbol != nullptr && symbol->kind == SymbolKind::kStruct) return symbol->type;
  return TypeTable::builtin(name);
}

/// [element], unless that is deeper than the verifier takes.
Ty Checker::array_type(Pos pos, Ty element) {
  Ty type = types_.array_of(element);
  if (types_.array_depth(type) <= kMaxArrayNesting) return type;
  reporter_.error(ErrorClass::kLimit, pos, "Arrays are nested too deeply",
                  fmt::format("at most {} arrays in arrays are possible", kMaxArrayNesting));
  return kTyPoison;
}

Ty Checker::resolve_type(const TypeExpr* t) {
  if (t->kind == TypeExpr::Kind::kUnsupported) return kTyPoison;
  if (t->kind == TypeExpr::Kind::kArray) {
    Ty element = resolve_type(t->element);
    if (form(element) == Form::kVoid) {
      type_error(t->element->pos, "Array elements cannot be `void`");
      return kTyPoison;
    }
    return types_.is_poison(element) ? kTyPoison : array_type(t->pos, element);
  }
  Ty type = named_type(t->name);
  if (!types_.is_poison(type)) return type;
  Symbol* symbol = lookup(t->name);
  if (symbol != nullptr && symbol->kind == SymbolKind::kPoison) return kTyPoison;
  if (t->name == "any") {
    unsupported(t->pos, "The type 'any' is");
  } else if (t->name == "Result") {
    unsupported(t->pos, "Enums are");
  } else {
    type_error(t->pos, fmt::format("Unknown type `{}`", t->name), suggestion(t->name));
  }
  return kTyPoison;
}

void Checker::declare_params(FunctionInfo* info) {
  for (Symbol* param : info->params) {
    if (check_redefinition(scope_, param->name, param->pos, "Parameter")) scope_->names[param->name] = param;
  }
}

/// Checks the body in the scope of its declaration, whatever is being checked at the moment.
void Checker::check_function(FunctionInfo* info) {
  if (info->state != FunctionInfo::State::kDeclared) return;
  info->state = FunctionInfo::State::kChecking;
  Scope* outer_scope = std::exchange(scope_, info->scope);
  FunctionInfo* outer_function = std::exchange(function_, info);
  bool outer_dead = std::exchange(dead_, false);
  std::vector<LoopState> outer_loops;
  std::vector<Symbol*> outer_trail;
  outer_loops.swap(loops_);
  outer_trail.swap(trail_);
  {
    ScopeGuard guard(*this, false);
    declare_params(info);
    check_block(info->decl->body, info->tail_is_result);
    finish_result(info);
  }
  loops_.swap(outer_loops);
  trail_.swap(outer_trail);
  dead_ = outer_dead;
  function_ = outer_function;
  scope_ = outer_scope;
  info->state = FunctionInfo::State::kDone;
}

void Checker::finish_result(FunctionInfo* info) {
  bool open = form(info->result) == Form::kVariable;
  if (info->no_result || open) info->result = kTyVoid;
  Form result = form(info->result);
  // A body without statements has been reported by the parser.
  if (result == Form::kVoid || result == Form::kPoison || dead_ || info->decl->body.empty()) return;
  type_error(info->decl->pos, fmt::format("Function '{}' can end without a value", info->decl->name),
             fmt::format("every path has to return a `{}`", types_.name(info->result)));
}

/// Before a result that is inferred is used: check the body now.
void Checker::ensure_result(FunctionInfo* info, Pos pos) {
  if (info->state != FunctionInfo::State::kDeclared || form(info->result) != Form::kVariable) return;
  if (inference_depth_ >= kMaxInferenceDepth) {
    type_error(pos, fmt::format("The result type of '{}' is too hard to infer", info->decl->name), "declare it with '-> type'");
    info->result = kTyPoison;
    return;
  }
  ++inference_depth_;
  check_function(info);
  --inference_depth_;
}

/// A call reaches what the callee calls: spreads reached_at over the call graph, earliest first.
void Checker::propagate_calls() {
  std::vector<FunctionInfo*> order;
  for (FunctionInfo& f : program_.functions) order.push_back(&f);
  std::sort(order.begin(), order.end(), [](const FunctionInfo* a, const FunctionInfo* b) { return a->reached_at < b->reached_at; });
  std::vector<FunctionInfo*> work;
  for (FunctionInfo* root : order) {
    work.assign(1, root);
    while (!work.empty()) {
      FunctionInfo* f = work.back();
      work.pop_back();
      for (FunctionInfo* callee : f->callees) {
        if (callee->reached_at <= f->reached_at) continue;
        callee->reached_at = f->reached_at;
        work.push_back(callee);
      }
    }
  }
}

}  // namespace orus::lang
