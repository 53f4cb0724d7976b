#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_diff_fast(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  // The cheap lane: every pass, and something else in every second program. Compiling is what costs.
  static constexpr ModeId kPlain[] = {ModeId::native_O2};
  static constexpr ModeId kBoth[] = {ModeId::native_O2, ModeId::native_O0};
  static constexpr ModeId kCounted[] = {ModeId::counted_O2};
  static constexpr ModeId kHot[] = {ModeId::hot_O2, ModeId::exits_O2};
  static constexpr ModeId kHotAndCounted[] = {ModeId::hot_O2, ModeId::counted_O0};
  static constexpr ModeId kExits[] = {ModeId::exits_O2};
  std::span<const ModeId> lanes[] = {kPlain, kBoth, kExits, kCounted, kPlain, kHotAndCounted, kHot, kBoth};
  return diff_module(*c.module, lanes[c.settings.seed % std::size(lanes)], c.settings, stats);
}

}  // namespace orus::fuzz
