// Types as the checker sees them: the scalar kinds, arrays, structs, and type variables for what is not known yet
// (the elements of `[]`, results that are still being inferred).
//
// A Ty is an index into the TypeTable. Variables are bound by unify(); everybody else looks through them with
// resolve(). Array types are not canonical while variables are open, so equality of types is unify(), not ==.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace orus::lang {

struct StructInfo;

enum class Form : uint8_t {
  kPoison,  // an error was reported; agrees with everything, so that one mistake gives one message
  kVoid,
  kI32,
  kI64,
  kU32,
  kU64,
  kF64,
  kBool,
  kString,
  kError,
  kRange,
  kArray,
  kStruct,
  kVariable,
};

struct Ty {
  uint32_t index = 0;
  constexpr bool operator==(const Ty&) const = default;
};

inline constexpr Ty kTyPoison{0}, kTyVoid{1}, kTyI32{2}, kTyI64{3}, kTyU32{4}, kTyU64{5}, kTyF64{6}, kTyBool{7}, kTyString{8}, kTyError{9},
    kTyRange{10};

constexpr bool is_integer(Ty t) { return t.index >= kTyI32.index && t.index <= kTyU64.index; }
constexpr bool is_number(Ty t) { return t.index >= kTyI32.index && t.index <= kTyF64.index; }

class TypeTable {
 public:
  TypeTable();
  Ty array_of(Ty element);
  Ty struct_type(StructInfo* info);
  Ty fresh_variable();

  /// What `t` stands for: never a bound variable.
  Ty resolve(Ty t) const;
  Form form(Ty t) const { return nodes_[resolve(t).index].form; }
  Ty element(Ty array) const { return nodes_[resolve(array).index].element; }
  StructInfo* info(Ty structure) const { return nodes_[resolve(structure).index].info; }
  uint32_t array_depth(Ty t) const;
  bool is_poison(Ty t) const { return form(t) == Form::kPoison; }

  /// Makes the two types equal by binding variables; false, perhaps with some bound, when they cannot be.
  bool unify(Ty a, Ty b);
  std::string name(Ty t) const;
  /// The scalar type called `name` (also `str`); kTyPoison if there is none.
  static Ty builtin(std::string_view name);

 private:
  struct Node {
    Form form = Form::kPoison;
    Ty element = {};             // kArray: element type; kVariable: binding, itself when open
    StructInfo* info = nullptr;  // kStruct
  };
  bool occurs(Ty variable, Ty in) const;
  Ty add(Node node);

  std::vector<Node> nodes_;
  std::vector<uint32_t> array_of_;  // by element index: the array type, 0 if none yet
};

}  // namespace orus::lang
