#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_gc(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  SharedCompilations shared;
  static constexpr ModeId kModes[] = {ModeId::gc_interpreter, ModeId::gc_O2, ModeId::exits_gc_spill_O2};
  return diff_module(*c.module, kModes, c.settings, stats);
}

}  // namespace orus::fuzz
