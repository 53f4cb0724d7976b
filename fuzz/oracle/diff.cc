#include "fuzz/oracle/diff.h"

#include <bit>

#include "fuzz/oracle/reference.h"

namespace orus::fuzz {
namespace {

void note_features(ModeId id, const RunReport& report, CaseStats* stats) {
  auto add = [&](uint32_t kind, uint64_t count) {
    if (count != 0) stats->features.push_back(static_cast<uint32_t>(id) << 16 | kind << 8 | static_cast<uint32_t>(std::bit_width(count)));
  };
  for (size_t i = 0; i < report.jit.exits.size(); ++i) add(static_cast<uint32_t>(i), report.jit.exits[i]);
  add(100, report.jit.loops_compiled);
  add(101, report.jit.functions_compiled);
  add(102, report.jit.recompiled);
  add(103, report.jit.spills);
  add(104, report.collections);
  add(105, static_cast<uint64_t>(report.seen.outcome));
  add(106, report.seen.error_kind);
}

RunReport run_noted(const VerifiedModule& module, ModeId id, const RunSettings& settings, CaseStats* stats) {
  const Mode& m = mode(id);
  stats->announce(m.name, settings);
  stats->modes |= 1u << static_cast<uint32_t>(id);
  RunReport report = run_program(module, m, settings);
  if (m.engine == Engine::kNative && report.jit.functions_compiled + report.jit.loops_compiled > 0) stats->native = true;
  note_features(id, report, stats);
  return report;
}

/// The production interpreter against the reference, which knows no limit of memory.
std::optional<Failure> check_interpreter(const Module& module, const Observation& seen, const RunSettings& settings, CaseStats* stats) {
  if (seen.refused || seen.limit == Limit::kHeap) return std::nullopt;
  ReferenceReport reference = run_reference(module, settings, input_lines());
  stats->opcodes = reference.executed;
  auto difference = compare(reference.seen, seen);
  if (!difference) return std::nullopt;
  return Failure{"reference", "interpreter", difference->what, difference->detail, settings};
}

}  // namespace

std::optional<Failure> check_mode(const VerifiedModule& module, std::string_view name, const RunSettings& settings, CaseStats* stats) {
  const Mode* m = find_mode(name);
  if (m == nullptr) return std::nullopt;
  ModeId id = static_cast<ModeId>(m - modes().data());
  return diff_module(module, {&id, 1}, settings, stats);
}

std::optional<Failure> diff_module(const VerifiedModule& module, std::span<const ModeId> list, const RunSettings& settings,
                                   CaseStats* stats) {
  RunReport reference = run_noted(module, ModeId::interpreter, settings, stats);
  stats->out_of_fuel = reference.seen.limit == Limit::kFuel;
  if (auto failure = check_interpreter(module.module, reference.seen, settings, stats)) return failure;
  for (ModeId id : list) {
    // Nothing stops a tier that does not count.
    if (stats->out_of_fuel && (mode(id).flags & kCount) == 0) continue;
    RunReport report = run_noted(module, id, settings, stats);
    if (!report.broken_heap.empty()) return Failure{"heap", std::string(mode(id).name), "broken", report.broken_heap, settings};
    if (!report.writable_code.empty()) return Failure{"wx", std::string(mode(id).name), "writable", report.writable_code, settings};
    if (auto difference = compare(reference.seen, report.seen)) {
      return Failure{"diff", std::string(mode(id).name), difference->what, difference->detail, settings};
    }
  }
  stats->early = !stats->native && reference.seen.outcome == Outcome::kError;
  return std::nullopt;
}

}  // namespace orus::fuzz
