// Target: what the compiler knows of a machine (C8). A back end lives in a folder of its own below jit/target/, turns
// IR into LIR (select) and LIR into bytes (emit); everything between and around is shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jit/lower/lowering.h"

namespace orus::jit {

/// Byte offsets in the emitted unit of what the run-time side must find.
struct EmittedUnit {
  std::vector<uint8_t> bytes;
  uint32_t entry = 0;          // for calls from machine code; loop units: the only entry
  uint32_t frame_entry = 0;    // function units: loads the parameters from the frame, then runs on
  uint32_t body_end = 0;       // behind the blocks: cold pieces and exits follow
  uint32_t code_end = 0;       // behind all instructions: constants follow
  uint32_t frame_bytes = 0;    // from the frame pointer down to the stack pointer
  std::vector<uint32_t> return_offsets;  // by site: offset of the return address
  std::vector<uint32_t> exit_offsets;    // by exit: its stub
  struct Line {
    uint32_t offset, inst;
  };
  std::vector<Line> lines;     // for listings: LIR instruction by offset
};

struct EmitOptions {
  uint32_t unit_id = 0;
  uint32_t function = 0;
  uint32_t inline_depth = 0;
  bool has_depth = false;        // function units count a frame
  bool baseline_isa = false;     // only instructions that every machine of the target has
  bool clobber = false;          // overwrite after every call into C++ what such a call may destroy
  int32_t* forced_exits = nullptr;   // by exit: countdown to a forced exit; null: off
  Insn* const* code = nullptr;   // by function: the VM's code, for frame pcs
  void* const* functions = nullptr;  // by function: FunctionRuntime*, for frame headers
};

/// Where a machine register's slot of the frame lies: byte offset from the frame pointer.
int32_t spill_offset(uint32_t slot);

struct Target {
  std::string_view name;  // also the --target= spelling
  const RaEnv& (*registers)();
  void (*select)(Lowering& lowering);
  void (*emit)(const Lowering& lowering, const RaResult& allocation, const EmitOptions& options, EmittedUnit* out);
  /// Code shared by all units of a VM; fills the stub addresses relative to `bytes`.
  struct Stubs {
    std::vector<uint8_t> bytes;
    uint32_t enter, leave, interpret, barrier;
  };
  const Stubs& (*stubs)();  // made once a process
  /// Reads emitted code back and holds it against what it was emitted from; for tests and fuzzing. Errors: kBadIr.
  Status (*judge)(const Lowering& lowering, const RaResult& allocation, const EmittedUnit& unit);
  std::string (*disassemble)(const uint8_t* code, size_t size, uint64_t address);
};

const Target* find_target(std::string_view name);  // null when unknown
const Target* host_target();                       // null when this machine has no back end

}  // namespace orus::jit
