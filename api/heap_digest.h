// A digest of what a program left behind: the values of its globals and everything reachable from them, with sharing.
// Equal programs give equal digests in every tier, although objects lie at different addresses.
#pragma once

#include <cstdint>

#include "vm/runtime/vm.h"

namespace orus::api {

/// Between runs only: nothing may allocate meanwhile. Time is linear in the reachable heap.
uint64_t heap_digest(Vm& vm);

}  // namespace orus::api
