// Entry points of the passes; each one's contract is in the header of its own file, jit/opt/<name>.cc.
#pragma once

namespace orus::jit {

class Function;
struct PassContext;

// True if anything changed.
bool simplify_phis(Function& fn, PassContext& ctx);
bool fold_constants(Function& fn, PassContext& ctx);
bool number_values(Function& fn, PassContext& ctx);
bool promote_globals(Function& fn, PassContext& ctx);
bool hoist_invariants(Function& fn, PassContext& ctx);
bool convert_branches(Function& fn, PassContext& ctx);
bool eliminate_dead(Function& fn, PassContext& ctx);
bool eliminate_checks(Function& fn, PassContext& ctx);
bool hoist_checks(Function& fn, PassContext& ctx);
bool reduce_strength(Function& fn, PassContext& ctx);

}  // namespace orus::jit
