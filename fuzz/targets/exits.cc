#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_exits(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  static constexpr ModeId kModes[] = {ModeId::exits_O2, ModeId::exits_O0, ModeId::hot_exits_O2, ModeId::ir_exits_O2};
  return diff_module(*c.module, kModes, c.settings, stats);
}

}  // namespace orus::fuzz
