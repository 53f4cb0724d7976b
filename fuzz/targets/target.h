// Target: one way to turn an input into checks. Every target runs under the builtin engine, as a libFuzzer target and
// as an AFL++ target, and replays files.
#pragma once

#include <bitset>
#include <optional>
#include <span>
#include <string_view>

#include "fuzz/oracle/diff.h"

namespace orus::fuzz {

struct TargetInfo {
  std::string_view name;
  std::optional<Failure> (*run)(std::span<const uint8_t> input, CaseStats* stats);
  std::string_view purpose;
};
std::span<const TargetInfo> targets();
const TargetInfo* find_target(std::string_view name);

#define TARGET(name, purpose) std::optional<Failure> target_##name(std::span<const uint8_t> input, CaseStats* stats);
#include "fuzz/targets/targets.def"
#undef TARGET

}  // namespace orus::fuzz
