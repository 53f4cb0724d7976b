// Claims of the range analysis about one op on two ranges.
#pragma once

#include <string>
#include <vector>

#include "fuzz/proofs/encode.h"

namespace orus::proofs {

/// For all x in a and y in b for which the op has a result: it is in [lo, hi].
struct RangeClaim {
  jit::IrOp op;
  int bits;
  __int128 a_lo, a_hi, b_lo, b_hi, lo, hi;
};
std::vector<RangeClaim> range_claims();
std::string group_of(const RangeClaim& claim);
std::string text_of(const RangeClaim& claim);
Answer prove(const RangeClaim& claim, unsigned milliseconds);

}  // namespace orus::proofs
