// Children: runs of `orus` in processes of their own, so that a crash of machine code is a result like any other.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace orus::tool {

struct ChildRequest {
  std::vector<std::string> arguments;  // of `orus`, or with a program in front
  std::string program = {};            // empty: this very binary
  std::string input = {};              // standard input
  double timeout_seconds = 60;
  bool wants_report = false;           // a pipe as descriptor 3, see kReportPath
};

/// What a child may write its report to.
inline constexpr const char* kReportPath = "/dev/fd/3";

struct ChildResult {
  int exit_code = 0;
  int signal = 0;          // that killed it; 0: none
  bool timed_out = false;  // or wrote more than anybody compares
  std::string out, err, report;

  bool crashed() const { return signal != 0 && !timed_out; }
};

/// Errors: kIo when the host refuses a process or pipes.
Result<ChildResult> run_child(const ChildRequest& request);

}  // namespace orus::tool
