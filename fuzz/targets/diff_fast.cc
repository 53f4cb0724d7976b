#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_diff_fast(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  // The cheap lane: one optimized and one plain compilation; charging fuel now and then.
  static constexpr ModeId kPlain[] = {ModeId::native_O2, ModeId::native_O0};
  static constexpr ModeId kCounted[] = {ModeId::counted_O2, ModeId::native_O0};
  static constexpr ModeId kHot[] = {ModeId::hot_O2, ModeId::counted_O0};
  std::span<const ModeId> lanes[] = {kPlain, kPlain, kCounted, kHot};
  return diff_module(*c.module, lanes[c.settings.seed % 4], c.settings, stats);
}

}  // namespace orus::fuzz
