// The command line of orus_fuzz.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orus::fuzz {

struct Options {
  std::string target = "mix";
  uint64_t seed = 1;
  double seconds = 0;          // 0: no limit
  uint64_t runs = 0;           // 0: no limit
  double case_seconds = 5;     // a program that takes longer hangs
  std::string findings = "findings";
  std::string json;
  std::string corpus, keep;
  std::string mode, settings;  // of replayed modules
  bool stop_on_finding = false;
  bool reduce = true;
  bool quiet = false;
  bool list = false;
  bool triage = false;         // replayed inputs become findings
  std::vector<std::string> files;
};

/// False after a message about what is wrong with the arguments.
bool parse_options(int argc, char** argv, Options* options);
void print_help();

}  // namespace orus::fuzz
