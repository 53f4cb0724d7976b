// LIR: the unit in machine instructions over virtual registers, with what the register allocator, the exits and the
// stack maps need beside it. Instruction selection (jit/target/*/select.cc) makes it, the emitter reads it.
#pragma once

#include <vector>

#include "jit/ir/ir.h"
#include "jit/regalloc/regalloc.h"

namespace orus::jit {

struct LirInst {
  uint16_t op = 0;               // of the target
  IrOp compare{};                // comparison that the instruction does, where it does one
  IrType type = IrType::kVoid;   // operand type
  uint8_t width = 0;             // bytes accessed
  bool has_imm = false;          // the last operand is `imm` instead
  int32_t disp = 0;
  int64_t imm = 0;
  uint32_t exit = UINT32_MAX;    // into LirFunction::exits
  uint32_t site = UINT32_MAX;    // into LirFunction::sites
  InstId source;
};

/// A way out: what the interpreter's frames must hold.
struct LirExit {
  FrameId frame;
  ExitReason reason;
  bool raise;           // an error or limit is pending already; else the instruction at pc runs again
  Slice values;         // into RaFunction::cold_uses, in for_each_frame_value order
  uint32_t inst;
};

/// A place where the collector may look at this frame: a call.
struct LirSite {
  uint32_t inst;
  uint32_t exit;                    // raise exit of the call
  // A `runtime` call passes its operands in the frame: slots (from the unit's base) that hold references meanwhile.
  std::vector<uint32_t> frame_refs;
};

struct LirFunction {
  RaFunction ra;                 // ra.insts is parallel to insts
  std::vector<LirInst> insts;
  std::vector<LirExit> exits;
  std::vector<LirSite> sites;
  std::vector<InstId> value_of;  // by vreg: the IR value (for rematerialisation and dumps)
  bool is_loop_entry = false;
};

}  // namespace orus::jit
