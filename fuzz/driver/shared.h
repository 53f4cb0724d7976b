// What the engine's worker process tells its parent: the input it is at, counters, and what it found. In shared memory,
// so that nothing is lost when the worker crashes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fuzz/gen/dna.h"
#include "fuzz/oracle/runner.h"
#include "vm/bytecode/opcode.h"

namespace orus::fuzz {

inline constexpr size_t kMaxModes = 32;
inline constexpr int kWorkerFound = 3;   // exit code of a worker that found something
inline constexpr int kWorkerDone = 0;

struct Shared {
  std::atomic<uint64_t> executions{0}, valid{0}, native{0}, out_of_fuel{0}, early{0};
  std::atomic<uint64_t> cpu_ns{0};           // spent by workers
  std::atomic<uint64_t> case_started_ns{0};  // 0: between cases
  uint32_t target = 0;                       // index in targets()
  uint32_t input_size = 0;
  uint8_t input[kMaxInput] = {};
  char oracle[32] = {}, mode[48] = {}, what[32] = {}, settings[512] = {}, detail[1024] = {};
  std::atomic<uint32_t> grid[kOpCount][kMaxModes] = {};
};

}  // namespace orus::fuzz
