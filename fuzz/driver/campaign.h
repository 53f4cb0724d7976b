// Campaign: keeps a worker running, watches it, and turns what it finds, crashes and hangs into findings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fuzz/driver/options.h"
#include "fuzz/driver/shared.h"

namespace orus::fuzz {

struct Finding {
  std::string target, oracle, mode, what, detail;
  std::string pass, op;        // after triage
  RunSettings settings;        // with `mode`, what repeats it
  bool about_program = false;  // check_mode() can repeat it
  std::vector<uint8_t> input;
  uint64_t executions = 0;
  double seconds = 0;
  std::string file;            // folder of the finding
};

struct CampaignResult {
  std::vector<Finding> findings;
  double seconds = 0;
};

CampaignResult run_campaign(const Options& options, Shared* shared);

/// Runs one input in a process of its own: what it shows, or nothing.
bool observe_in_child(const Options& options, Shared* shared, uint32_t target, std::span<const uint8_t> input, Finding* finding);

/// Zero-filled memory that forked children share.
Shared* map_shared();

/// Writes the JSON report. False: the file cannot be written.
bool write_json(const Options& options, const Shared& shared, const CampaignResult& result);

}  // namespace orus::fuzz
