#include "fuzz/targets/target.h"

namespace orus::fuzz {
namespace {

constexpr TargetInfo kTargets[] = {
#define TARGET(name, purpose) {#name, target_##name, purpose},
#include "fuzz/targets/targets.def"
#undef TARGET
};

}  // namespace

std::span<const TargetInfo> targets() { return kTargets; }

const TargetInfo* find_target(std::string_view name) {
  for (const TargetInfo& target : kTargets) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

}  // namespace orus::fuzz
