// What names stand for, and the program as it passes from parser to checker to emitter.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "lang/orus/ast.h"
#include "vm/bytecode/module.h"

namespace orus::lang {

struct Scope;

enum class SymbolKind : uint8_t { kVariable, kFunction, kStruct, kPoison };

struct Symbol {
  SymbolKind kind = SymbolKind::kVariable;
  std::string_view name = {};
  Pos pos = {};
  Ty type = {};
  FunctionInfo* owner = nullptr;     // function whose code declares it; null: the module's own statements
  FunctionInfo* function = nullptr;  // kFunction
  StructInfo* structure = nullptr;   // kStruct
  Expr* constant = nullptr;          // literal that initialises it
  bool is_mut = false;
  bool module_level = false;      // declared in the module's outermost scope
  bool hoisted = false;           // declared inside a branch or while body for the scope around it
  bool reassigned = false;        // written by more than its declaration
  bool shared = false;            // module variable that some function touches: lives in a global
  bool counts = false;            // loop variable of an iteration over an integer or range()
  bool assigned = true;           // checker only: surely assigned at the current point
  bool unsure = false;            // local that may be read unassigned: a flag register tells
  Stmt* root = nullptr;           // hoisted: the outermost branch or loop it is hoisted out of
  Symbol* next_unsure = nullptr;  // list of `root`
  Pos unsure_pos = {};            // the first such read
  uint32_t declared_at = 0;       // module variables: event number of the declaration, see FunctionInfo

  uint16_t reg = UINT16_MAX;   // emitter: its register, if it has one
  uint16_t flag = UINT16_MAX;  // emitter: unsure: the bool register that says whether it is assigned
  GlobalId global = {};        // emitter: its global, if shared
};

struct StructField {
  std::string_view name = {};
  Pos pos = {};
  Ty type = {};
  Expr* value = nullptr;  // default, may be null
};

struct StructInfo {
  std::string_view name = {};
  Pos pos = {};
  Stmt* decl = nullptr;
  std::vector<StructField> fields = {};
  bool has_methods = false;  // an impl block was seen
  TypeId id = {};            // emitter
};

struct FunctionInfo {
  enum class State : uint8_t { kDeclared, kChecking, kDone };
  FunctionDecl* decl = nullptr;
  Symbol* symbol = nullptr;
  FunctionInfo* owner = nullptr;  // enclosing function
  Scope* scope = nullptr;         // where it is declared
  std::vector<Symbol*> params = {};
  Ty result = {};
  State state = State::kDeclared;
  bool tail_is_result = false;  // the last expression statement of the body is its value
  bool no_result = false;       // inference found that there is no value
  std::vector<FunctionInfo*> callees = {};
  // Event number of the first call from the module's own statements that may reach this function. A module variable
  // declared at a later event may still be unassigned when the function reads it.
  uint32_t reached_at = UINT32_MAX;
  std::string full_name = {};  // outer.inner
  FunctionId id = {};          // emitter
};

/// One module on its way through the front end. Owns everything that nodes and symbols point to.
struct Program {
  std::string_view source;
  Arena arena = {};
  TypeTable types = {};
  Tree tree = {};
  std::deque<Symbol> symbols = {};
  std::deque<StructInfo> structs = {};
  std::deque<FunctionInfo> functions = {};
};

/// Names of the functions that every module can call, with the number of arguments they take.
enum class BuiltinFunction : uint8_t {
#define BUILTIN_FUNCTION(name, ...) k_##name,
#include "lang/orus/builtin_functions.def"
#undef BUILTIN_FUNCTION
};
struct BuiltinFunctionInfo {
  std::string_view name;
  uint32_t min_arguments, max_arguments;
};
inline constexpr BuiltinFunctionInfo kBuiltinFunctions[] = {
#define BUILTIN_FUNCTION(name, min, max) {#name, min, max},
#include "lang/orus/builtin_functions.def"
#undef BUILTIN_FUNCTION
};

}  // namespace orus::lang
