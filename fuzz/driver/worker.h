// The worker process: makes inputs and runs them until it is told to stop, finds something or dies.
#pragma once

#include "fuzz/driver/options.h"
#include "fuzz/driver/shared.h"
#include "fuzz/oracle/diff.h"

namespace orus::fuzz {

/// Never returns: exits with kWorkerDone or kWorkerFound.
[[noreturn]] void run_worker(const Options& options, Shared* shared, uint64_t deadline_ns);

/// Runs one input, noting it in `shared` first. True: a failure was written to `shared`.
/// `stats`, if given, receives what the target learned.
bool run_case(uint32_t target, std::span<const uint8_t> input, Shared* shared, CaseStats* stats = nullptr);

uint64_t now_ns();

}  // namespace orus::fuzz
