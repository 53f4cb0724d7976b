// RunStats: what a run counted, and its two written forms.
#pragma once

#include <cstdint>
#include <string>

#include "jit/jit_tier.h"
#include "vm/runtime/vm.h"

namespace orus::api {

struct RunStats {
  VmCounters ops;              // zero unless the run counted
  bool counted = false;
  jit::JitStats jit;           // zero without a compiler
  HeapStats heap;
  uint64_t load_ns = 0, run_ns = 0;
  uint64_t cpu_ns = 0;         // of the whole process during the run
  uint64_t code_memory_refused = 0;  // 1: the host refused executable memory, so everything was interpreted

  /// Share of executed instructions that ran natively; 0 when nothing was counted.
  double native_coverage() const;
};

/// One line of JSON.
std::string stats_json(const RunStats& stats);
/// A table for people.
std::string stats_text(const RunStats& stats);

}  // namespace orus::api
