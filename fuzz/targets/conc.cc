// Several VMs at once, each on a thread of its own, sharing the verified module: nothing else may be shared.
#include <array>
#include <thread>

#include "fuzz/targets/program.h"

namespace orus::fuzz {

std::optional<Failure> target_conc(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  RunReport reference = run_program(*c.module, mode(ModeId::interpreter), c.settings);
  if (reference.seen.limit == Limit::kFuel) return std::nullopt;
  static constexpr ModeId kModes[] = {ModeId::native_O2, ModeId::exits_O2, ModeId::counted_O0, ModeId::hot_O2};
  stats->announce("threads", c.settings);
  std::array<RunReport, std::size(kModes)> reports;
  std::array<std::thread, std::size(kModes)> threads;
  for (size_t i = 0; i < std::size(kModes); ++i) {
    threads[i] = std::thread([&, i] { reports[i] = run_program(*c.module, mode(kModes[i]), c.settings); });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < std::size(kModes); ++i) {
    stats->modes |= 1u << static_cast<uint32_t>(kModes[i]);
    if (auto difference = compare(reference.seen, reports[i].seen)) {
      return Failure{"threads", std::string(mode(kModes[i]).name), difference->what, difference->detail, c.settings};
    }
  }
  stats->native = true;
  return std::nullopt;
}

}  // namespace orus::fuzz
