// Parts of the verifier: verify.cc walks, verify_ops.cc knows the ops. Each check returns the broken rule, or nothing.
#pragma once

#include <string>

#include "jit/ir/ir_numbering.h"

namespace orus::jit {

/// Result and argument types against the row of ir_ops.def. The arguments exist.
std::string check_types(const Function& fn, InstId id);
/// The frame states of an instruction that has some; all their ids exist.
std::string check_frames(const Function& fn, InstId id);
/// Rules of single ops: immediates, memory classes, widths, calls.
std::string check_op(const Function& fn, InstId id);

}  // namespace orus::jit
