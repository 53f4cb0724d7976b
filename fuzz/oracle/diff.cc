#include "fuzz/oracle/diff.h"

namespace orus::fuzz {

std::optional<Failure> diff_module(const VerifiedModule& module, std::span<const ModeId> list, const RunSettings& settings, CaseStats* stats) {
  RunReport reference = run_program(module, mode(ModeId::interpreter), settings);
  stats->modes |= 1u << static_cast<uint32_t>(ModeId::interpreter);
  stats->out_of_fuel = reference.seen.limit == Limit::kFuel;
  for (ModeId id : list) {
    const Mode& m = mode(id);
    // Nothing stops a tier that does not count.
    if (stats->out_of_fuel && (m.flags & kCount) == 0) continue;
    RunReport report = run_program(module, m, settings);
    stats->modes |= 1u << static_cast<uint32_t>(id);
    if (m.engine == Engine::kNative && report.jit.functions_compiled + report.jit.loops_compiled > 0) stats->native = true;
    if (auto difference = compare(reference.seen, report.seen)) {
      return Failure{"diff", std::string(m.name), difference->what, difference->detail};
    }
  }
  stats->early = !stats->native && reference.seen.outcome == Outcome::kError;
  return std::nullopt;
}

}  // namespace orus::fuzz
