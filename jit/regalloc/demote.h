// demote_unprofitable: moves intervals from their registers to memory where the register costs more than it saves.
//
// The scan sees one interval at a time, in emission order; it cannot know that a value it keeps in a register at a
// loop header comes there from memory on every path. With all intervals decided, the balance is plain: a register
// saves the loads of uses inside and of later intervals reached from it; it costs the loads on the ways in.
#pragma once

#include "jit/regalloc/linear_scan.h"

namespace orus::jit::ra {

/// Needs and leaves: the invariants of linear_scan.h. Only vregs that are in memory somewhere are touched.
void demote_unprofitable(const Analysis& analysis, Assignment& assignment);

}  // namespace orus::jit::ra
