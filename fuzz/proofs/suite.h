// The small units that the proofs are about: every op with every shape of operands that some rule looks at, over
// symbolic parameters and constants from a pool of boundary values.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jit/ir/ir.h"
#include "vm/bytecode/verifier.h"

namespace orus::proofs {

/// A unit to which a pass is applied. Instances of one group are proved and remembered together.
struct Instance {
  std::string group;  // pass, op and shape
  std::string pass;   // its name in the pipeline
  jit::Function before;
};

/// The module that all units belong to.
const VerifiedModule& suite_module();
std::vector<Instance> make_suite();

// The parts of the suite, by what they are about.
struct Suite;
void add_integer_shapes(Suite& suite);
void add_comparison_shapes(Suite& suite);
void add_float_and_bool_shapes(Suite& suite);
void add_conversion_shapes(Suite& suite);
void add_check_shapes(Suite& suite);
void add_division_shapes(Suite& suite);
void add_branch_shapes(Suite& suite);

}  // namespace orus::proofs
