#include "fuzz/targets/sweeps.h"

#include "base/rng.h"

namespace orus::fuzz {

std::optional<Failure> sweep_fuel(const Case& c, CaseStats* stats) {
  RunReport whole = run_program(*c.module, mode(ModeId::interpreter), c.settings);
  Rng rng(c.settings.seed);
  for (ModeId id : {ModeId::counted_O2, ModeId::counted_O0, ModeId::counted_O2}) {
    RunSettings cut = c.settings;
    cut.fuel = static_cast<int64_t>(rng.below(whole.seen.ops + 1));
    if (auto failure = diff_module(*c.module, {&id, 1}, cut, stats)) return failure;
  }
  stats->out_of_fuel = false;  // asked for
  return std::nullopt;
}

std::optional<Failure> sweep_heap(const Case& c, CaseStats* stats) {
  static constexpr ModeId kModes[] = {ModeId::native_O2, ModeId::exits_O2};
  static constexpr size_t kHeaps[] = {1024, 3000, 8 * 1024, 24 * 1024, 80 * 1024};
  for (size_t i = 0; i < 2; ++i) {
    RunSettings small = c.settings;
    small.heap_bytes = kHeaps[(c.settings.seed + i * 2) % std::size(kHeaps)];
    small.nursery_bytes = 4096;
    if (auto failure = diff_module(*c.module, kModes, small, stats)) return failure;
  }
  return std::nullopt;
}

/// Young objects that move after a few more, old ones that point to them, and arrays that count as large.
std::optional<Failure> sweep_nursery(const Case& c, CaseStats* stats) {
  static constexpr ModeId kOthers[] = {ModeId::exits_O2, ModeId::native_O0, ModeId::hot_O2};
  static constexpr size_t kNurseries[] = {256, 512, 1024, 4096};
  const ModeId modes[] = {ModeId::native_O2, kOthers[c.settings.seed % std::size(kOthers)]};
  RunSettings small = c.settings;
  small.nursery_bytes = kNurseries[c.settings.seed / 8 % std::size(kNurseries)];
  return diff_module(*c.module, modes, small, stats);
}

std::optional<Failure> sweep_allocations(const Case& c, CaseStats* stats) {
  static constexpr ModeId kModes[] = {ModeId::native_O2, ModeId::exits_O2};
  RunSettings counting = c.settings;
  counting.fail_allocation = UINT64_MAX;
  uint64_t count = run_program(*c.module, mode(ModeId::interpreter), counting).allocations;
  Rng rng(c.settings.seed);
  for (int i = 0; i < 2 && count > 0; ++i) {
    RunSettings failing = c.settings;
    failing.fail_allocation = 1 + rng.below(count);
    if (auto failure = diff_module(*c.module, kModes, failing, stats)) return failure;
  }
  return std::nullopt;
}

std::optional<Failure> sweep_code_memory(const Case& c, CaseStats* stats) {
  static constexpr ModeId kModes[] = {ModeId::native_O2, ModeId::counted_O0};
  for (size_t bytes : {size_t{4096}, size_t{8192}}) {
    RunSettings small = c.settings;
    small.code_bytes = bytes;
    if (auto failure = diff_module(*c.module, kModes, small, stats)) return failure;
  }
  return std::nullopt;
}

std::optional<Failure> sweep_passes(const Case& c, CaseStats* stats) {
  static constexpr ModeId kModes[] = {ModeId::ir_O2};
  auto passes = jit::pipeline();
  // A few prefixes a program; a failure of any is bisected to the exact one.
  for (size_t i = 0; i < 3; ++i) {
    RunSettings cut = c.settings;
    size_t keep = (c.settings.seed / 7 + i * 5) % (passes.size() + 1);
    for (size_t p = keep; p < passes.size(); ++p) cut.disabled_passes.emplace_back(passes[p].name);
    if (auto failure = diff_module(*c.module, kModes, cut, stats)) return failure;
  }
  return std::nullopt;
}

std::optional<Failure> sweep_depth(const Case& c, CaseStats* stats) {
  static constexpr ModeId kModes[] = {ModeId::native_O2, ModeId::counted_O0, ModeId::exits_O2};
  for (uint32_t depth = 1; depth <= 4; ++depth) {
    RunSettings shallow = c.settings;
    shallow.max_depth = depth;
    if (auto failure = diff_module(*c.module, kModes, shallow, stats)) return failure;
  }
  return std::nullopt;
}

}  // namespace orus::fuzz
