// Lowering: the target-neutral half of instruction selection. Orders blocks, splits critical edges, numbers virtual
// registers, decides which comparisons are done where they are used, records frame states.
#pragma once

#include "jit/lower/lir.h"
#include "jit/pipeline.h"
#include "vm/bytecode/verifier.h"

namespace orus::jit {

/// Splits every edge from a block with several successors to one with several predecessors.
void split_critical_edges(Function& fn);
/// Emission order: loops contiguous, cold blocks last.
std::vector<BlockId> layout_blocks(const Function& fn);

class Lowering {
 public:
  Lowering(Function& fn, const VerifiedModule& module, const CompileOptions& options);

  Function& fn;
  const VerifiedModule& module;
  const CompileOptions& options;
  LirFunction out;
  std::vector<BlockId> order;
  std::vector<uint32_t> number;        // by block: position in order
  std::vector<uint32_t> uses;          // by value: uses as argument
  std::vector<uint32_t> frame_uses;    // by value: uses in frame states
  std::vector<uint8_t> fused;          // by value: a comparison done by its users

  VReg vreg(InstId id);
  bool is_fused(InstId id) const { return fused[id.index] != 0; }

  /// Starts an instruction; operands are then added in order.
  LirInst& inst(uint16_t op, InstId source = {});
  void use(InstId value, Constraint c = Constraint::kReg, OperandPos pos = OperandPos::kEarly);
  void use_fixed(InstId value, PReg reg);
  void def(InstId value, Constraint c = Constraint::kReg, OperandPos pos = OperandPos::kLate);
  void def_reuse(InstId value, uint8_t input);
  void def_fixed(InstId value, PReg reg);
  /// A register that the instruction writes while its inputs are still needed.
  void temp(RegClass cls);
  void temp_fixed(PReg reg);
  void clobber(PRegSet set) { out.ra.insts.back().clobbers |= set; }
  /// Attaches the exit of IR instruction `id`.
  /// Frame-state values are taken where they lie at `at`: late when the instruction writes its result before it leaves.
  void exit(InstId id, bool raise, OperandPos at = OperandPos::kEarly);
  /// Marks the instruction as a call that the collector may see; needs exit(id, true) first.
  void site();
  LirInst& current() { return out.insts.back(); }

  void begin_block(BlockId block);
  void end_block(BlockId block);

 private:
  void count_uses();
  void choose_fused();
  VReg new_vreg(RegClass cls, bool is_ref, bool is_remat, InstId value);
  std::vector<VReg> vregs_;
};

}  // namespace orus::jit
