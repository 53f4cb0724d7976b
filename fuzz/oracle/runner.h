// run_program: one verified module in one mode, in this process and thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle/observation.h"
#include "jit/jit_tier.h"

namespace orus::fuzz {

enum class Engine : uint8_t { kInterpreter, kNative, kIr };
enum ModeFlags : uint32_t { kCount = 1, kGc = 2, kExits = 4, kSpill = 8, kRandom = 16, kHot = 32 };

struct Mode {
  std::string_view name;
  Engine engine;
  int level;
  uint32_t flags;
  std::string_view purpose;
};
std::span<const Mode> modes();
const Mode* find_mode(std::string_view name);

enum class ModeId : uint8_t {
#define MODE(name, ...) name,
#include "fuzz/oracle/modes.def"
#undef MODE
};
inline const Mode& mode(ModeId id) { return modes()[static_cast<size_t>(id)]; }

/// What an input says about how it wants to be run, besides its program.
struct RunSettings {
  uint64_t seed = 1;          // of random registers and exits
  int32_t hot = 3;            // threshold of the hot modes
  uint32_t max_depth = 160;
  int64_t fuel = 60000;       // of counting modes
  size_t heap_bytes = size_t{16} << 20;
  uint64_t fail_allocation = 0;  // the one with this number; 0: none
  size_t nursery_bytes = 64 * 1024;
  size_t code_bytes = size_t{1} << 20;
  std::vector<std::string> disabled_passes = {};
  int32_t pass_fuel = INT32_MAX;
};

/// One line, "name=value ..."; parse_settings reads it back and ignores what it does not know.
std::string print_settings(const RunSettings& settings);
RunSettings parse_settings(std::string_view text);

/// What programs read as input.
std::span<const std::string_view> input_lines();

struct RunReport {
  Observation seen;
  jit::JitStats jit;
  uint64_t collections = 0;
  uint64_t allocations = 0;   // only when one of them was to fail
  std::string broken_heap;    // then also what a walk over the heap found wrong
  std::string writable_code;  // a page that was both while machine code existed; looked at now and then
};

/// While one exists, runs of this thread share what their compilations have in common up to the emission of bytes. All of
/// them must be of one module. That a compilation made anew gives the same is what the target `emitter` looks at.
class SharedCompilations {
 public:
  SharedCompilations();
  ~SharedCompilations();
  SharedCompilations(const SharedCompilations&) = delete;
  SharedCompilations& operator=(const SharedCompilations&) = delete;

 private:
  std::unique_ptr<jit::StageCache> stages_;
};

/// Errors of the host (no memory) end up as `refused`.
RunReport run_program(const VerifiedModule& module, const Mode& mode, const RunSettings& settings);

}  // namespace orus::fuzz
