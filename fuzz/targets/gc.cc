#include "fuzz/targets/program.h"
#include "fuzz/targets/sweeps.h"

namespace orus::fuzz {

std::optional<Failure> target_gc(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  SharedCompilations shared;
  static constexpr ModeId kModes[] = {ModeId::gc_interpreter, ModeId::gc_O2, ModeId::exits_gc_spill_O2};
  if (auto failure = diff_module(*c.module, kModes, c.settings, stats)) return failure;
  return sweep_nursery(c, stats);
}

}  // namespace orus::fuzz
