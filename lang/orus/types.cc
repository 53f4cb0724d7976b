#include "lang/orus/types.h"

#include <utility>

#include "lang/orus/symbols.h"

namespace orus::lang {

TypeTable::TypeTable() {
  for (auto form = Form::kPoison; form <= Form::kRange; form = static_cast<Form>(static_cast<int>(form) + 1)) {
    add(Node{.form = form});
  }
}

Ty TypeTable::add(Node node) {
  nodes_.push_back(node);
  return Ty{static_cast<uint32_t>(nodes_.size() - 1)};
}

Ty TypeTable::array_of(Ty element) {
  element = resolve(element);
  if (array_of_.size() <= element.index) array_of_.resize(element.index + 1, 0);
  if (array_of_[element.index] == 0) array_of_[element.index] = add(Node{.form = Form::kArray, .element = element}).index;
  return Ty{array_of_[element.index]};
}

Ty TypeTable::struct_type(StructInfo* info) { return add(Node{.form = Form::kStruct, .info = info}); }

Ty TypeTable::fresh_variable() {
  Ty t = add(Node{.form = Form::kVariable});
  nodes_[t.index].element = t;
  return t;
}

Ty TypeTable::resolve(Ty t) const {
  while (nodes_[t.index].form == Form::kVariable && !(nodes_[t.index].element == t)) t = nodes_[t.index].element;
  return t;
}

/// How many arrays lie around the innermost element.
uint32_t TypeTable::array_depth(Ty t) const {
  uint32_t depth = 0;
  for (t = resolve(t); form(t) == Form::kArray; t = resolve(element(t))) ++depth;
  return depth;
}

bool TypeTable::occurs(Ty variable, Ty in) const {
  in = resolve(in);
  while (form(in) == Form::kArray) in = resolve(element(in));
  return in == variable;
}

bool TypeTable::unify(Ty a, Ty b) {
  while (true) {
    a = resolve(a);
    b = resolve(b);
    if (a == b || is_poison(a) || is_poison(b)) return true;
    if (form(a) != Form::kVariable && form(b) == Form::kVariable) std::swap(a, b);
    if (form(a) == Form::kVariable) {
      if (form(b) == Form::kVoid || occurs(a, b)) return false;
      nodes_[a.index].element = b;
      return true;
    }
    if (form(a) != Form::kArray || form(b) != Form::kArray) return false;
    a = element(a);
    b = element(b);
  }
}

std::string TypeTable::name(Ty t) const {
  static constexpr std::string_view kNames[] = {"?", "void", "i32", "i64", "u32", "u64", "f64", "bool", "string", "error", "range"};
  t = resolve(t);
  std::string open, close;
  for (; form(t) == Form::kArray; t = resolve(element(t))) {
    open += '[';
    close += ']';
  }
  if (form(t) == Form::kStruct) return open + std::string(info(t)->name) + close;
  if (form(t) == Form::kVariable) return open + "?" + close;
  return open + std::string(kNames[t.index]) + close;
}

Ty TypeTable::builtin(std::string_view name) {
  struct Entry {
    std::string_view name;
    Ty type;
  };
  static constexpr Entry kEntries[] = {{"i32", kTyI32},   {"i64", kTyI64},       {"u32", kTyU32},    {"u64", kTyU64},  {"f64", kTyF64},
                                       {"bool", kTyBool}, {"string", kTyString}, {"str", kTyString}, {"void", kTyVoid}};
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.type;
  }
  return kTyPoison;
}

}  // namespace orus::lang
