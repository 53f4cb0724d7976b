// Calls of functions and builtins.
#include <fmt/format.h>

#include <algorithm>

#include "lang/orus/checker.h"

namespace orus::lang {
namespace {

const BuiltinFunctionInfo* find_builtin(std::string_view name) {
  for (const BuiltinFunctionInfo& info : kBuiltinFunctions) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

constexpr size_t kMaxSuggestedName = 64;

/// Insertions, deletions, replacements and swaps of neighbours that lead from a to b; given up beyond `limit`.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit || a.size() > kMaxSuggestedName || b.size() > kMaxSuggestedName) return limit + 1;
  size_t rows[3][kMaxSuggestedName + 1];  // of the table of prefixes: two back, one back, current
  size_t *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t i = 0; i <= a.size(); ++i) last[i] = i;
  for (size_t j = 1; j <= b.size(); ++j) {
    now[0] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      now[i] = std::min({last[i] + 1, now[i - 1] + 1, last[i - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[i] = std::min(now[i], before[i - 2] + 1);
    }
    size_t* oldest = before;
    before = last;
    last = now;
    now = oldest;
  }
  return last[a.size()];
}

}  // namespace

/// "did you mean ...", or nothing. Ties go to the name that sorts first, so the order of tables does not matter.
std::string Checker::suggestion(std::string_view name) const {
  if (suggestions_left_ == 0) return {};
  --suggestions_left_;
  size_t best = name.size() <= 2 ? 0 : name.size() <= 5 ? 1 : 2;
  std::string_view found;
  auto consider = [&](std::string_view candidate) {
    size_t distance = edit_distance(name, candidate, best);
    if (distance > best || distance == 0) return;
    if (distance == best && !found.empty() && found <= candidate) return;
    best = distance;
    found = candidate;
  };
  if (best > 0) {
    for (Scope* s = scope_; s != nullptr; s = s->parent) {
      for (const auto& [candidate, symbol] : s->names) {
        if (symbol->kind != SymbolKind::kPoison) consider(candidate);
      }
    }
    for (const BuiltinFunctionInfo& info : kBuiltinFunctions) consider(info.name);
  }
  return found.empty() ? std::string() : fmt::format("did you mean '{}'?", found);
}

void Checker::undefined(const Expr* e, std::string_view name, std::string_view detail) {
  std::string help = suggestion(name);
  if (help.empty() && detail.empty()) help = "declare it above, or check the spelling";
  name_error(e->op_pos, fmt::format("Undefined variable '{}'{}", name, detail), help);
}

void Checker::check_arguments_only(Expr* e) {
  for (Expr* argument : e->items) value(argument);
}

Ty Checker::check_call(Expr* e) {
  Expr* callee = e->left;
  if (callee->kind == ExprKind::kMember) return check_method_call(e);
  if (callee->kind != ExprKind::kName) {
    Ty type = value(callee);
    if (!types_.is_poison(type)) {
      type_error(callee->pos, fmt::format("A `{}` is not callable", types_.name(type)));
    }
    check_arguments_only(e);
    return kTyPoison;
  }
  Symbol* symbol = lookup(callee->text);
  if (symbol != nullptr && symbol->kind == SymbolKind::kFunction) return check_user_call(e, symbol->function);
  const BuiltinFunctionInfo* builtin = find_builtin(callee->text);
  if (symbol == nullptr && builtin != nullptr) {
    if (check_argument_count(e, callee->text, builtin->min_arguments, builtin->max_arguments)) {
      e->slot = static_cast<uint32_t>(builtin - kBuiltinFunctions);
      return check_builtin(e, static_cast<BuiltinFunction>(e->slot));
    }
    check_arguments_only(e);
    return kTyPoison;
  }
  Ty type = value(callee);
  if (!types_.is_poison(type)) {
    type_error(callee->pos, fmt::format("'{}' is a `{}` and not callable", callee->text, types_.name(type)));
  }
  check_arguments_only(e);
  return kTyPoison;
}

bool Checker::check_argument_count(Expr* e, std::string_view name, size_t min, size_t max) {
  size_t count = e->items.size();
  if (count >= min && count <= max) return true;
  std::string expected = min == max ? fmt::format("{}", min) : fmt::format("{} to {}", min, max);
  type_error(e->pos, fmt::format("Function '{}' expects {} argument{} but received {} argument{}", name, expected, max == 1 ? "" : "s",
                                 count, count == 1 ? "" : "s"));
  return false;
}

Ty Checker::check_user_call(Expr* e, FunctionInfo* info) {
  e->symbol = info->symbol;
  if (check_argument_count(e, info->decl->name, info->params.size(), info->params.size())) {
    for (size_t i = 0; i < e->items.size(); ++i) require(e->items[i], info->params[i]->type);
  } else {
    check_arguments_only(e);
  }
  if (function_ == nullptr) {
    info->reached_at = std::min(info->reached_at, ++event_);
  } else if (function_ != info) {
    function_->callees.push_back(info);
  }
  ensure_result(info, e->pos);
  return info->result;
}

/// Nothing that a `.` leads to can be called yet.
Ty Checker::check_method_call(Expr* e) {
  Ty type = value(e->left);
  if (!types_.is_poison(type)) {
    type_error(e->left->op_pos, fmt::format("'{}' is a `{}` and not callable", e->left->text, types_.name(type)));
  }
  check_arguments_only(e);
  return kTyPoison;
}

Ty Checker::check_builtin(Expr* e, BuiltinFunction f) {
  switch (f) {
    case BuiltinFunction::k_assert_eq:
      require(e->items[0], kTyString);
      value(e->items[1]);
      value(e->items[2]);
      return kTyBool;
    case BuiltinFunction::k_float: return check_float(e);
    case BuiltinFunction::k_input:
      if (!e->items.empty()) require(e->items[0], kTyString);
      return kTyString;
    case BuiltinFunction::k_int: return check_int(e);
    case BuiltinFunction::k_istype:
      value(e->items[0]);
      require(e->items[1], kTyString);
      return kTyBool;
    case BuiltinFunction::k_len: return check_len(e);
    case BuiltinFunction::k_pop: return check_pop(e);
    case BuiltinFunction::k_push: return check_push(e);
    case BuiltinFunction::k_range: return check_range(e);
    case BuiltinFunction::k_sorted: return check_sorted(e);
    case BuiltinFunction::k_timestamp: return kTyF64;
    case BuiltinFunction::k_typeof: value(e->items[0]); return kTyString;
  }
  return kTyPoison;
}

/// The first argument as an array type; poison after an error.
Ty Checker::array_argument(Expr* e, std::string_view function) {
  Ty type = value(e->items[0]);
  if (form(type) == Form::kVariable) types_.unify(type, types_.array_of(types_.fresh_variable()));
  if (form(type) == Form::kArray || types_.is_poison(type)) return types_.resolve(type);
  type_error(e->items[0]->pos, fmt::format("this is a `{}`, but {}() needs an array", types_.name(type), function));
  return kTyPoison;
}

Ty Checker::check_len(Expr* e) {
  Ty type = value(e->items[0]);
  Form f = form(type);
  if (f == Form::kVariable) types_.unify(type, types_.array_of(types_.fresh_variable()));
  if (f == Form::kArray || f == Form::kString || f == Form::kVariable || f == Form::kPoison) return kTyI32;
  type_error(e->items[0]->pos, fmt::format("this is a `{}`, but len() needs an array or a string", types_.name(type)));
  return kTyI32;
}

Ty Checker::check_push(Expr* e) {
  Ty array = array_argument(e, "push");
  if (types_.is_poison(array)) {
    value(e->items[1]);
    return kTyPoison;
  }
  require(e->items[1], types_.element(array));
  return array;
}

Ty Checker::check_pop(Expr* e) {
  Ty array = array_argument(e, "pop");
  return types_.is_poison(array) ? kTyPoison : types_.element(array);
}

Ty Checker::check_sorted(Expr* e) { return array_argument(e, "sorted"); }

Ty Checker::check_range(Expr* e) {
  for (Expr* argument : e->items) {
    Ty type = value(argument);
    if (form(type) == Form::kVariable) types_.unify(type, kTyI64);
    if (is_integer(types_.resolve(type)) || types_.is_poison(type)) continue;
    fail_at_run_time(e, ErrorKind::kArgument, "Invalid arguments provided to range()", kTyRange);
  }
  return kTyRange;
}

namespace {

/// The message for an argument of the wrong kind, kept as a constant so that the tree may point to it.
std::string_view conversion_message(Form f, bool to_int) {
  switch (f) {
    case Form::kBool:
      return to_int ? "int() argument must be a string or number, got bool" : "float() argument must be a string or number, got bool";
    case Form::kArray:
      return to_int ? "int() argument must be a string or number, got array" : "float() argument must be a string or number, got array";
    case Form::kStruct:
      return to_int ? "int() argument must be a string or number, got struct" : "float() argument must be a string or number, got struct";
    case Form::kError:
      return to_int ? "int() argument must be a string or number, got error" : "float() argument must be a string or number, got error";
    default:
      return to_int ? "int() argument must be a string or number, got range_iterator"
                    : "float() argument must be a string or number, got range_iterator";
  }
}

}  // namespace

Ty Checker::check_int(Expr* e) {
  Ty type = value(e->items[0]);
  if (form(type) == Form::kVariable) types_.unify(type, kTyI32);
  type = types_.resolve(type);
  if (is_number(type) || type == kTyString || types_.is_poison(type)) return kTyI32;
  return fail_at_run_time(e, ErrorKind::kConversion, conversion_message(form(type), true), kTyI32);
}

Ty Checker::check_float(Expr* e) {
  Ty type = value(e->items[0]);
  if (form(type) == Form::kVariable) types_.unify(type, kTyF64);
  type = types_.resolve(type);
  if (is_number(type) || type == kTyString || types_.is_poison(type)) return kTyF64;
  return fail_at_run_time(e, ErrorKind::kConversion, conversion_message(form(type), false), kTyF64);
}

}  // namespace orus::lang
