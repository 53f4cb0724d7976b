// What the generators of one module's functions share: types, globals, functions, budget, the menu of the day.
#pragma once

#include <string>
#include <vector>

#include "fuzz/gen/dna.h"
#include "fuzz/gen/facts.h"
#include "fuzz/gen/menu.h"
#include "fuzz/gen/module_gen.h"
#include "fuzz/gen/values.h"
#include "vm/bytecode/builder.h"

namespace orus::fuzz {

/// A typed place whose values keep some facts.
struct Promise {
  TypeId type;
  Facts facts;
};

struct GlobalPlan {
  GlobalId id;
  Promise promise;
};

struct FunctionPlan {
  FunctionId id;
  std::vector<Promise> params;
  Promise result;          // kTypeVoid: none
  uint64_t cost = 0;       // executed instructions of one call; known once generated
  bool recursive = false;  // parameter 0 counts the calls down
  bool raises = false;     // for some arguments: to be called where a handler waits
};

enum class Policy : uint8_t {
  kInvariants,    // chains that stay the same in a loop
  kRepeats,       // the same expression again
  kMayAlias,      // stores and loads through two names
  kAffineIndex,   // a * i + b near the length
  kPressure,      // many values live at once
  kFixedRegisters,  // calls, divisions and shifts among many values
  kLargeConstants,
  kColdExits,     // errors that are raised rarely
  kGlobalLoops,   // module variables in loops
  kSmallCallees,  // calls worth inlining
  kCheckedLoops,  // checks that the last iteration just passes, or just does not
  kSelects,       // conditional values before a check
  kConversions,   // chains of conversions
  kAcrossCalls,   // reads on both sides of a call or a change
  kYoungIntoOld,  // references stored into old objects
  kGuardedDivision,
  kValueTables,   // scalar instructions on every pair of two tables of boundary values
  kImplied,       // comparisons that an earlier one decides
  kTestedDivision,  // in loops, behind a test of what does not change
  kInPlace,       // x = x op y that may overflow
  kCount,
};

struct ModuleState {
  ModuleState(Choices& choices, const GenLimits& limits);

  Choices& choices;
  Stream& s;           // structure
  ValuePool values;
  GenLimits limits;
  ModuleBuilder builder{"fuzz.orus"};
  std::vector<TypeId> types, arrays, structs;  // that values may have
  std::vector<GlobalPlan> globals;
  std::vector<FunctionPlan> functions;         // by FunctionId
  std::vector<std::vector<Op>> menu;           // data opcodes by family; families switched off are empty
  std::vector<uint32_t> menu_weights;
  uint32_t policies = 0;                       // bit set
  uint32_t line = 0, emitted = 0;
  uint32_t dumps = 0;
  bool thin_main = false;  // main only prepares and calls function 1, which is compiled as a whole

  bool has(Policy policy) const { return (policies >> static_cast<uint32_t>(policy) & 1) != 0; }
  TypeKind kind(TypeId type) { return builder.module().kind(type); }
  const Type& type(TypeId id) { return builder.module().types[id.index]; }
  TypeId any_type() { return s.pick(types); }
  Promise any_promise(bool references);

 private:
  void make_types();
  void make_menu();
};

TypeId scalar_of_letter(char letter);

}  // namespace orus::fuzz
