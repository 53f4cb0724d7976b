#include "fuzz/targets/sweeps.h"

namespace orus::fuzz {

std::optional<Failure> target_faults(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  SharedCompilations shared;
  for (auto sweep : {sweep_fuel, sweep_heap, sweep_allocations, sweep_code_memory, sweep_depth}) {
    if (auto failure = sweep(c, stats)) return failure;
  }
  return std::nullopt;
}

}  // namespace orus::fuzz
