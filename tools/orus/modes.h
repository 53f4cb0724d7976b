// Modes: the ways in which one program is run to be compared with itself.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/program.h"
#include "tools/orus/child.h"
#include "tools/orus/command_line.h"

namespace orus::tool {

enum class Patience : uint8_t { kImpatient, kPatient };

struct Mode {
  std::string_view name, flags;
  Patience patience;
  std::string_view purpose;
};
std::span<const Mode> modes();
const Mode* find_mode(std::string_view name);

/// What one run of a program showed.
struct Observation {
  ChildResult child;
  std::string heap_digest = {};
  uint64_t ops = 0;    // executed instructions; 0: not counted
  double seconds = 0;  // wall time
};

/// More about a run than its mode says.
struct RunRequest {
  std::vector<std::string> flags = {};
  double timeout_seconds = 0;  // 0: that of the command
};

/// Runs `file` in `mode`. Errors: kIo.
Result<Observation> observe(const Invocation& invocation, const Mode& mode, const std::string& file, const std::string& input,
                            const RunRequest& request = {});
/// The command line of that run, for people.
std::string describe_run(const Invocation& invocation, const Mode& mode, const std::string& file);

/// What differs first, or nothing. Runs that end at a limit of memory are compared up to that fact only: how much is
/// garbage at the moment is not part of the language.
std::optional<std::string> first_difference(const Observation& reference, const Observation& other);

}  // namespace orus::tool
