#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_diff_fast(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  // One mode a program: modes are compared with the interpreter one by one, so another program tells more than another
  // mode of the same. What gets hot late may not get hot at all, so it is not alone. Shares: docs/fuzzing.md.
  static constexpr ModeId kPlain[] = {ModeId::native_O2};
  static constexpr ModeId kExits[] = {ModeId::exits_O2};
  static constexpr ModeId kHot[] = {ModeId::hot_O2, ModeId::native_O0};
  static constexpr ModeId kCounted[] = {ModeId::counted_O2};
  static constexpr ModeId kCountedPlain[] = {ModeId::counted_O0};
  static constexpr std::span<const ModeId> kLanes[] = {kPlain, kExits, kHot,   kCounted, kPlain, kExits,   kHot,   kCounted,
                                                       kPlain, kExits, kPlain, kHot,     kExits, kCounted, kPlain, kCountedPlain};
  return diff_module(*c.module, kLanes[c.settings.seed % std::size(kLanes)], c.settings, stats);
}

}  // namespace orus::fuzz
