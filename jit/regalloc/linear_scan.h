// linear_scan: cuts every vreg's life into intervals and gives each a register, or memory.
//
// Intervals are visited by increasing start. A visited interval takes a register that is free for all of it; else one
// that is free for long enough, and is cut; else it drives out the interval whose next use is worth least, or waits in
// memory itself. Cuts move to the least frequent place between the last use before and the first need after.
// Invariants:
//  1. The intervals of a vreg are disjoint, ascending, and together cover its ranges.
//  2. Two intervals in one register never cover the same position.
//  3. A cut lies at an even position (a gap or a block start), or at a late point if what follows is in memory.
//  4. A use of kind kMust lies in one interval with a register from its pos to its end.
#pragma once

#include <vector>

#include "jit/regalloc/analysis.h"

namespace orus::jit::ra {

inline constexpr uint8_t kInMemory = 255;
inline constexpr uint8_t kUnplaced = 254;  // only while the scan runs

struct Interval {
  uint32_t vreg = 0;
  Pos start = 0, end = 0;  ///< the part of the vreg's ranges inside [start, end)
  uint32_t next = kNone;   ///< the following interval of the same vreg
  uint32_t prev = kNone;
  uint32_t range = 0;       ///< cursor into Analysis::ranges.items: no earlier range matters any more
  uint8_t reg = kUnplaced;  ///< PReg::index(), or kInMemory: in the slot, or nowhere if rematerialisable
};

struct Assignment {
  std::vector<Interval> intervals;
  std::vector<uint32_t> first;  ///< per vreg, kNone if it has no range
  uint64_t work = 0;
};

/// Errors: kBadIr where an instruction needs more registers than there are.
Result<Assignment> linear_scan(const Analysis& analysis, const RaEnv& env, const RaOptions& options);

}  // namespace orus::jit::ra
