// Expressions except operators and calls.
#include <fmt/format.h>

#include <utility>

#include "lang/orus/checker.h"

namespace orus::lang {

Ty Checker::check(Expr* e, Ty hint) {
  e->type = check_kind(e, hint);
  return e->type;
}

Ty Checker::value(Expr* e, Ty hint) {
  Ty type = check(e, hint);
  if (form(type) != Form::kVoid) return type;
  type_error(e->pos, "This has no value");
  e->type = kTyPoison;
  return kTyPoison;
}

Ty Checker::require(Expr* e, Ty expected) {
  Ty type = value(e, expected);
  return agree(e, type, expected) ? expected : kTyPoison;
}

/// Reports that `e`, of type `actual`, does not agree with `expected`.
bool Checker::agree(Expr* e, Ty actual, Ty expected) {
  if (types_.unify(actual, expected)) return true;
  mismatch(e->pos, actual, types_.name(expected));
  return false;
}

void Checker::mismatch(Pos pos, Ty actual, std::string_view expected) {
  std::string help;
  Form from = form(actual);
  bool numbers = from >= Form::kI32 && from <= Form::kF64 && is_number(TypeTable::builtin(expected));
  if (numbers) help = fmt::format("convert it with 'as {}'", expected);
  type_error(pos,
             fmt::format("this is a `{}`, but {} was expected", types_.name(actual),
                         expected.starts_with("a ") || expected.starts_with("an ") ? std::string(expected) : fmt::format("`{}`", expected)),
             help);
}

Ty Checker::fail_at_run_time(Expr* e, ErrorKind kind, std::string_view message, Ty type) {
  e->failure_kind = kind;
  e->failure = message;
  return type;
}

Ty Checker::check_kind(Expr* e, Ty hint) {
  switch (e->kind) {
    case ExprKind::kNumber: return check_number(e, hint);
    case ExprKind::kBool: return kTyBool;
    case ExprKind::kString: return kTyString;
    case ExprKind::kName: return check_name(e);
    case ExprKind::kNegate: return check_negate(e, hint);
    case ExprKind::kNot: return check_not(e);
    case ExprKind::kComplement: return check_complement(e, hint);
    case ExprKind::kBinary:
    case ExprKind::kCast: return check_operators(e);
    case ExprKind::kConditional: return check_conditional(e, hint);
    case ExprKind::kCall: return check_call(e);
    case ExprKind::kIndex: return check_index(e);
    case ExprKind::kSlice: return check_slice(e);
    case ExprKind::kMember: return check_member(e);
    case ExprKind::kStructLit: return check_struct_literal(e);
    case ExprKind::kArray: return check_array(e, hint);
    case ExprKind::kFill: return check_fill(e, hint);
    case ExprKind::kUnsupported: return kTyPoison;
  }
  return kTyPoison;
}

Ty Checker::check_number(Expr* e, Ty hint) {
  if (is_adaptable(e) && is_number(types_.resolve(hint)) && number_bits(e->number, types_.resolve(hint))) {
    return types_.resolve(hint);
  }
  Ty type = default_type(e->number);
  if (types_.is_poison(type)) {
    type_error(e->pos, "This number is too large for every integer type");
  } else if (!number_bits(e->number, type)) {
    type_error(e->pos, fmt::format("This number does not fit in `{}`", types_.name(type)));
    return kTyPoison;
  }
  return type;
}

Ty Checker::check_name(Expr* e) {
  Symbol* symbol = use_variable(e);
  if (symbol == nullptr) return kTyPoison;
  if (!symbol->assigned && !dead_ && symbol->owner == function_) mark_unsure(e, symbol);
  return symbol->type;
}

/// A read that may come before every assignment fails at run time. Module variables become globals, which know
/// whether they are assigned; locals get a flag (FunctionEmitter::prepare_unsure).
void Checker::mark_unsure(Expr* e, Symbol* symbol) {
  e->unsure = true;
  mark_assigned(symbol);  // or the check has raised
  if (symbol->module_level) {
    symbol->shared = true;
  } else if (!std::exchange(symbol->unsure, true)) {
    symbol->unsure_pos = e->pos;
    symbol->next_unsure = std::exchange(symbol->root->unsure, symbol);
  }
}

/// The register of an unsure local holds a dummy at first; not every type has one.
void Checker::check_unsure_types() {
  for (const Symbol& symbol : program_.symbols) {
    Form f = form(symbol.type);
    if (!symbol.unsure || (f != Form::kStruct && f != Form::kError && f != Form::kRange)) continue;
    name_error(symbol.unsure_pos, fmt::format("Variable '{}' may be used before it is assigned", symbol.name),
               fmt::format("line {} assigns it only on some paths", symbol.pos.line));
  }
}

Ty Checker::check_negate(Expr* e, Ty hint) {
  Ty type = value(e->left, hint);
  switch (form(type)) {
    case Form::kPoison:
    case Form::kI32:
    case Form::kI64:
    case Form::kF64: return type;
    case Form::kVariable: types_.unify(type, kTyI32); return kTyI32;
    case Form::kU32:
    case Form::kU64:
      type_error(e->pos, fmt::format("A `{}` cannot be negated", types_.name(type)), "convert it to a signed type first");
      return kTyPoison;
    default: mismatch(e->left->pos, type, "a number"); return kTyPoison;
  }
}

Ty Checker::check_not(Expr* e) {
  Ty type = value(e->left);
  Form f = form(type);
  if (f == Form::kVariable) types_.unify(type, kTyBool);
  bool ok = f <= Form::kBool || f == Form::kVariable;
  return ok ? kTyBool : fail_at_run_time(e, ErrorKind::kType, "Operand of 'not' must be boolean or numeric", kTyBool);
}

Ty Checker::check_complement(Expr* e, Ty hint) {
  Ty type = value(e->left, hint);
  if (form(type) == Form::kVariable) types_.unify(type, kTyI32);
  if (types_.is_poison(type) || is_integer(types_.resolve(type))) return types_.resolve(type);
  mismatch(e->left->pos, type, "an integer");
  return kTyPoison;
}

Ty Checker::check_conditional(Expr* e, Ty hint) {
  check_condition(e->left);
  // A literal in one branch takes the type of the other.
  bool third_first = is_adaptable(e->right) && !is_adaptable(e->third);
  Expr* first = third_first ? e->third : e->right;
  Expr* second = third_first ? e->right : e->third;
  Ty type = value(first, hint);
  return types_.is_poison(require(second, type)) ? kTyPoison : type;
}

void Checker::check_index_value(Expr* e) {
  Ty type = value(e);
  if (form(type) == Form::kVariable) types_.unify(type, kTyI32);
  if (!types_.is_poison(type) && !is_integer(types_.resolve(type))) mismatch(e->pos, type, "an integer");
}

Ty Checker::check_index(Expr* e) {
  Ty base = value(e->left);
  check_index_value(e->right);
  switch (form(base)) {
    case Form::kArray: return types_.element(base);
    case Form::kString: return kTyString;
    case Form::kPoison: return kTyPoison;
    case Form::kVariable: {
      Ty element = types_.fresh_variable();
      types_.unify(base, types_.array_of(element));
      return element;
    }
    default: mismatch(e->left->pos, base, "an array"); return kTyPoison;
  }
}

Ty Checker::check_slice(Expr* e) {
  Ty base = value(e->left);
  if (e->right != nullptr) check_index_value(e->right);
  if (e->third != nullptr) check_index_value(e->third);
  switch (form(base)) {
    case Form::kArray:
    case Form::kString:
    case Form::kPoison: return base;
    case Form::kVariable: types_.unify(base, types_.array_of(types_.fresh_variable())); return base;
    default: mismatch(e->left->pos, base, "an array"); return kTyPoison;
  }
}

Ty Checker::check_member(Expr* e) {
  // A poisoned name stands for an enum or a module, of which nothing is known.
  if (e->left->kind == ExprKind::kName) {
    Symbol* symbol = lookup(e->left->text);
    if (symbol != nullptr && symbol->kind == SymbolKind::kStruct) {
      if (!symbol->structure->has_methods) undefined(e, e->text, fmt::format(": '{}' is a struct type", symbol->name));
      return kTyPoison;
    }
  }
  Ty base = value(e->left);
  if (types_.is_poison(base)) return kTyPoison;
  if (form(base) != Form::kStruct) {
    name_error(e->op_pos, fmt::format("Undefined variable '{}': a `{}` has no fields", e->text, types_.name(base)));
    return kTyPoison;
  }
  StructInfo* info = types_.info(base);
  for (uint32_t i = 0; i < info->fields.size(); ++i) {
    if (info->fields[i].name != e->text) continue;
    e->slot = i;
    return info->fields[i].type;
  }
  if (!info->has_methods) {
    name_error(e->op_pos, fmt::format("Undefined variable '{}': struct '{}' has no such field", e->text, info->name));
  }
  return kTyPoison;
}

Ty Checker::check_struct_literal(Expr* e) {
  Symbol* symbol = lookup(e->text);
  if (symbol != nullptr && symbol->kind == SymbolKind::kStruct) {
    check_field_inits(e, symbol->structure);
    return symbol->type;
  }
  for (FieldInit& init : e->fields) value(init.value);
  if (symbol == nullptr) {
    type_error(e->pos, fmt::format("Unknown type `{}`", e->text), suggestion(e->text));
  } else if (symbol->kind != SymbolKind::kPoison) {
    type_error(e->pos, fmt::format("'{}' is not a struct", e->text));
  }
  return kTyPoison;
}

void Checker::check_field_inits(Expr* e, StructInfo* info) {
  std::unordered_map<std::string_view, uint32_t> slots;
  if (e->fields.size() > 8) {
    for (uint32_t i = 0; i < info->fields.size(); ++i) slots[info->fields[i].name] = i;
  }
  auto find = [&](std::string_view name) -> uint32_t {
    if (!slots.empty()) {
      auto it = slots.find(name);
      return it == slots.end() ? UINT32_MAX : it->second;
    }
    for (uint32_t i = 0; i < info->fields.size(); ++i) {
      if (info->fields[i].name == name) return i;
    }
    return UINT32_MAX;
  };
  std::vector<bool> given(info->fields.size(), false);
  for (FieldInit& init : e->fields) {
    init.slot = find(init.name);
    if (init.slot == UINT32_MAX) {
      name_error(init.pos, fmt::format("Undefined field '{}': struct '{}' has no such field", init.name, info->name));
      value(init.value);
      continue;
    }
    if (given[init.slot]) name_error(init.pos, fmt::format("Field '{}' is given more than once", init.name));
    given[init.slot] = true;
    require(init.value, info->fields[init.slot].type);
  }
  std::string missing;
  for (uint32_t i = 0; i < given.size(); ++i) {
    if (given[i] || info->fields[i].value != nullptr) continue;
    missing += fmt::format("{}'{}'", missing.empty() ? "" : ", ", info->fields[i].name);
  }
  if (!missing.empty()) type_error(e->pos, fmt::format("missing field {} of struct '{}'", missing, info->name));
}

/// Elements that are not literals say what the literals among them become.
Ty Checker::check_array(Expr* e, Ty hint) {
  Ty element = form(hint) == Form::kArray ? types_.element(hint) : kTyPoison;
  bool known = !types_.is_poison(element) && form(element) != Form::kVariable;
  if (!known) element = types_.fresh_variable();
  bool poisoned = false;
  auto check_item = [&](Expr* item) {
    Ty type = value(item, element);
    if (poisoned) return;
    poisoned = types_.is_poison(type);
    if (!types_.unify(element, type)) {
      mismatch(item->pos, type, types_.name(element));
      poisoned = true;
    }
  };
  for (Expr* item : e->items) {
    if (!is_adaptable(item)) check_item(item);
  }
  for (Expr* item : e->items) {
    if (is_adaptable(item)) check_item(item);
  }
  // With an unknown element type after an error, say nothing about uses of the array.
  if (poisoned && form(element) == Form::kVariable) return kTyPoison;
  return array_type(e->pos, element);
}

Ty Checker::check_fill(Expr* e, Ty hint) {
  Ty element = form(hint) == Form::kArray ? types_.element(hint) : kNoHint;
  Ty type = value(e->left, element);
  Expr* count = e->right;
  Ty count_type = value(count);
  bool is_name = count->kind == ExprKind::kName;
  if (is_name && count->symbol != nullptr && !types_.is_poison(count_type)) {
    const Symbol* symbol = count->symbol;
    const Expr* literal = symbol->constant;
    if (symbol->is_mut || literal == nullptr) {
      type_error(count->pos, "An array fill count must be a literal or an immutable variable with a literal's value",
                 fmt::format("`[value, {}]` means {} copies of value; write `[value, {},]` for two elements", count->text, count->text,
                             count->text));
      return kTyPoison;
    }
    if (literal != nullptr && literal->kind == ExprKind::kNumber && literal->number.negative) {
      type_error(count->pos, "An array fill count must not be negative");
      return kTyPoison;
    }
  }
  if (!types_.is_poison(count_type) && !is_integer(types_.resolve(count_type))) {
    mismatch(count->pos, count_type, "an integer");
    return kTyPoison;
  }
  return types_.is_poison(type) ? kTyPoison : array_type(e->pos, type);
}

}  // namespace orus::lang
