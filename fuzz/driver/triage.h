// Triage: a finding is reduced, and the pass that is to blame is searched for by switching passes off.
#pragma once

#include "fuzz/driver/campaign.h"
#include "vm/bytecode/module.h"

namespace orus::fuzz {

struct Triaged {
  bool reproduced = false;
  bool has_module = false;
  Module module;                // reduced
  std::vector<uint8_t> input;   // reduced choices
  RunSettings settings;
  std::string pass, op;         // who is to blame; the opcode that the case is about
  std::string story;            // what was tried, for the report
  std::string messages;         // what the case writes to standard error
};

Triaged triage(const Options& options, Shared* shared, const Finding& finding);

/// Runs `body` in a child process with standard error going to `messages_file` (null: nowhere). Its exit code, or
/// 128 + signal; -1 when it took longer than `seconds` and was ended.
int run_in_child(double seconds, const char* messages_file, const std::function<int()>& body);

}  // namespace orus::fuzz
