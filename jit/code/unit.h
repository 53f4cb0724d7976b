// CompiledUnit: machine code of one function or loop, with the tables that exits, the collector and unwinding read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jit/build/build_ir.h"
#include "jit/jit_tier.h"
#include "jit/regalloc/regalloc.h"
#include "jit/target/target.h"

namespace orus::jit {

/// Where a register's value is when an exit is taken.
struct ExitValue {
  uint16_t reg;
  IrType type;
  Allocation place;   // register, slot, or kRemat: `bits`
  uint64_t bits = 0;
};

/// Where the pending value of a global is; see GlobalValue.
struct ExitGlobal {
  uint32_t global;
  Allocation place;
  uint64_t bits = 0;
};

struct ExitFrame {
  uint32_t function, pc, base_offset;
  uint32_t first, count;   // into ExitRecord::values
};

struct ExitRecord {
  ExitReason reason;
  bool raise;      // an error or limit is pending
  bool charged;
  std::vector<ExitFrame> frames;  // innermost first
  std::vector<ExitValue> values;
  std::vector<ExitGlobal> globals;
  uint64_t hits = 0;
  uint32_t origin = 0;  // of a hoisted check: see CompileOptions::kept_checks
};

struct CallSite {
  uint32_t return_offset;
  uint32_t exit;
  std::vector<uint32_t> slots;       // spill slots that hold live references
  std::vector<uint32_t> frame_refs;  // frame slots that hold operands of a runtime call
};

struct CompiledUnit {
  Unit unit;
  uint32_t id = 0;
  uint32_t inline_depth = 0;
  uint32_t frame_bytes = 0;
  uint32_t entry_offset = 0, frame_entry_offset = 0;
  std::vector<uint8_t> bytes;        // until installed
  const uint8_t* code = nullptr;
  size_t size = 0;
  std::vector<ExitRecord> exits;
  std::vector<CallSite> sites;       // ascending by return_offset
  std::vector<uint32_t> exit_offsets;
  std::unique_ptr<int32_t[]> forced; // by exit
  bool checks_hoisted = false;
  uint32_t failures = 0;             // exits that were not the loop's normal end
  bool retired = false;              // out of service; its code stays while a frame of it does
  uint64_t compile_ns = 0;
  uint32_t bytecode_ops = 0;
  uint32_t spills = 0;

  const void* entry() const { return code + entry_offset; }
  const CallSite* find_site(const uint8_t* return_address) const;
};

/// What the emitter needs of the VM: addresses, all constant over its life.
struct CodeAddresses {
  std::vector<Insn*> code;
  std::vector<void*> functions;
};

/// Compiles one unit of `ctx.module` down to bytes. Pure but for the statistics of `ctx` and the lent `config.stages`: may
/// run on any thread.
/// Errors: kUsage (the loop has no back edge), kBadIr (a pass or the allocator broke a rule; checked builds only), kOutOfMemory, kCancelled.
Result<std::unique_ptr<CompiledUnit>> compile_unit(const Unit& unit, const JitConfig& config, const CodeAddresses& addresses, uint32_t id,
                                                   PassContext& ctx);

}  // namespace orus::jit
