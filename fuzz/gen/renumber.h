// The same function with other numbers for its registers.
#pragma once

#include <cstdint>

#include "vm/bytecode/module.h"

namespace orus::fuzz {

/// Moves every register that is not a parameter `by` numbers on, around the end. Generators number registers in the order
/// of their use, so the last ones would always be short-lived; code that writes one slot too far hits just those. False
/// (and nothing changed): a pair of registers would be torn apart.
bool rotate_registers(Function* fn, uint32_t by);

/// Two registers change places, in the code and in the list of types. False (and nothing changed): one is half of a pair.
bool swap_registers(Function* fn, uint16_t x, uint16_t y);

}  // namespace orus::fuzz
