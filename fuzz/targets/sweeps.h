// Sweeps: one program under a setting that varies. A failure carries the settings that repeat it.
#pragma once

#include "fuzz/targets/program.h"

namespace orus::fuzz {

/// Fuel cut at a few points: every tier stops at the same place.
std::optional<Failure> sweep_fuel(const Case& c, CaseStats* stats);
/// Heaps from almost nothing on: no tier crashes, and what ends normally ends alike.
std::optional<Failure> sweep_heap(const Case& c, CaseStats* stats);
/// Nurseries so small that objects grow old at once, and most arrays are large objects.
std::optional<Failure> sweep_nursery(const Case& c, CaseStats* stats);
/// Single allocations that fail: what was made before stays in order, and what ends normally ends alike.
std::optional<Failure> sweep_allocations(const Case& c, CaseStats* stats);
/// Code memory that runs out in the middle.
std::optional<Failure> sweep_code_memory(const Case& c, CaseStats* stats);
/// The pipeline cut after each of its passes, the IR interpreted.
std::optional<Failure> sweep_passes(const Case& c, CaseStats* stats);
/// Frames that run out.
std::optional<Failure> sweep_depth(const Case& c, CaseStats* stats);

}  // namespace orus::fuzz
