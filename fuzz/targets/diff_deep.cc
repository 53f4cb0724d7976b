#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_diff_deep(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  std::vector<ModeId> all;
  for (size_t i = 1; i < modes().size(); ++i) all.push_back(static_cast<ModeId>(i));
  return diff_module(*c.module, all, c.settings, stats);
}

}  // namespace orus::fuzz
