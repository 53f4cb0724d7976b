// Every program runs in one mode of medium cost and in one lane of expensive ones; all of them are reached in turn.
#include "fuzz/targets/program.h"
#include "fuzz/targets/sweeps.h"

namespace orus::fuzz {
namespace {

using Check = std::optional<Failure> (*)(const Case& c, CaseStats* stats);

template <ModeId... kIds>
std::optional<Failure> in_modes(const Case& c, CaseStats* stats) {
  static constexpr ModeId kList[] = {kIds...};
  return diff_module(*c.module, kList, c.settings, stats);
}

constexpr Check kLanes[] = {
    in_modes<ModeId::gc_interpreter, ModeId::gc_O2>,
    in_modes<ModeId::ir_O2, ModeId::ir_exits_O2>,
    sweep_passes,
    sweep_fuel,
    in_modes<ModeId::hot_exits_O2, ModeId::exits_O0, ModeId::hot_O2>,
    in_modes<ModeId::native_O0, ModeId::counted_O0>,
    sweep_heap,
    sweep_nursery,
    sweep_code_memory,
    in_modes<ModeId::exits_gc_spill_O2>,
};

}  // namespace

std::optional<Failure> target_diff_deep(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  SharedCompilations shared;
  static constexpr ModeId kMedium[] = {ModeId::exits_O2,   ModeId::random_O2, ModeId::exits_O2,  ModeId::spill_O2,
                                       ModeId::counted_O2, ModeId::exits_O2,  ModeId::native_O2, ModeId::native_O1};
  const ModeId medium[] = {kMedium[c.settings.seed / 16 % std::size(kMedium)]};
  if (auto failure = diff_module(*c.module, medium, c.settings, stats)) return failure;
  return kLanes[c.settings.seed % std::size(kLanes)](c, stats);
}

}  // namespace orus::fuzz
