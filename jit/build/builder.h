// Builder: the state of one build_ir. The walk over blocks is in build_ir.cc, the opcodes in lower_*.cc (one file a
// family; the table of lowerings is generated from opcodes.def, so that a new opcode does not link without one).
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "jit/build/build_ir.h"
#include "jit/build/liveness.h"

namespace orus::jit {

/// One bytecode body being translated: the unit's own function or an inlined callee.
struct Body {
  const orus::Function* fn;
  const FunctionFacts* facts;
  uint32_t function;
  uint32_t base_offset = 0;   // of its frame, from the unit's frame base
  FrameId parent;             // frame state of the caller at its call
  uint32_t depth = 0;         // inlining depth
  std::vector<uint8_t> region;        // by bytecode block: part of the unit
  uint32_t header = UINT32_MAX;       // loop units: the block entered at
  // Where returns go, when inlined: block and its result phi (if any).
  BlockId continuation;
  InstId result;
  bool returns = false;               // some path returned
};

class Builder {
 public:
  Builder(const VerifiedModule& module, const Unit& unit, const CompileOptions& options);
  std::unique_ptr<Function> build();

  // For the lowerings: the body, instruction and values at hand.
  Body* body = nullptr;
  const Insn* insn = nullptr;
  uint32_t pc = 0;
  BlockId block;                      // where code is appended; ends invalid after a terminator
  Function& ir() { return *fn_; }
  const Module& module() const { return module_.module; }
  const VerifiedModule& verified() const { return module_; }
  const CompileOptions& options() const { return options_; }

  InstId get(uint16_t reg) const { return regs_[reg]; }
  void set(uint16_t reg, InstId value) { regs_[reg] = value; }
  IrType type_of(uint16_t reg) const { return ir_type(module().kind(body->fn->registers[reg])); }
  TypeId bytecode_type(uint16_t reg) const { return body->fn->registers[reg]; }

  InstId emit(IrOp op, IrType type, std::initializer_list<InstId> args, int64_t imm = 0) { return fn_->append(block, op, type, args, imm); }
  InstId i32(int64_t value) { return fn_->constant(IrType::kI32, value); }
  InstId i64(int64_t value) { return fn_->constant(IrType::kI64, value); }
  InstId f64(double value) { return fn_->constant(IrType::kF64, __builtin_bit_cast(int64_t, value)); }
  InstId constant(IrType type, int64_t value) { return fn_->constant(type, value); }
  /// An op that may leave: it re-executes the current instruction.
  InstId checked(IrOp op, IrType type, std::initializer_list<InstId> args, ExitReason reason, int64_t imm = 0);
  void guard(InstId condition, ExitReason reason) { checked(IrOp::guard, IrType::kVoid, {condition}, reason); }
  /// Frame state before the current instruction.
  FrameId frame_before();
  /// Frame state across it: what is live after it but for its result.
  FrameId frame_across();
  /// Calls the runtime function of the current instruction; gives its result.
  InstId runtime();
  InstId load(InstId object, int64_t offset, IrType type, uint8_t width, uint32_t alias);
  void store(InstId object, int64_t offset, InstId value, uint8_t width, uint32_t alias);
  /// Ends the block: the interpreter goes on at the current instruction.
  void leave(ExitReason reason);
  /// Ends the block with a conditional branch to bytecode targets.
  void branch_to(InstId condition, uint32_t if_true, uint32_t if_false);
  /// The same where register `reg` has its current value on the true edge and `otherwise` on the false one.
  void branch_with(InstId condition, uint32_t if_true, uint32_t if_false, uint16_t reg, InstId otherwise);
  void jump_to(uint32_t target);
  void inline_or_call();
  void return_value(InstId value);

 private:
  struct PendingEdge {
    BlockId from;
    uint32_t successor;
    std::vector<InstId> values;  // of the target's live-in registers, ascending
  };
  /// What a bytecode block of a body became.
  struct BlockInfo {
    BlockId block;
    bool started = false;
    bool skipped = false; // nothing translated before it leads to it
    bool header = false;  // some edge into it comes from a block translated later
    std::vector<uint16_t> phi_regs;
    std::vector<PendingEdge> pending;
  };

  void enter_function();
  void enter_loop();
  void build_body(Body& body, uint32_t entry_block);
  void start_block(uint32_t b);
  void translate_block(uint32_t b);
  void connect(uint32_t successor_index, uint32_t target_block);
  void connect_exit(uint32_t successor_index, uint32_t target_block);
  FrameId make_frame(const BitSet& live, uint32_t at_pc, bool charged);
  void charge(uint32_t b, const BitSet& live);
  bool should_inline(const orus::Function& callee) const;
  void inline_call(uint32_t callee);

  const VerifiedModule& module_;
  Unit unit_;
  const CompileOptions& options_;
  std::unique_ptr<Function> fn_;
  std::vector<InstId> regs_;
  std::vector<BlockInfo> blocks_;       // of the current body
  std::unique_ptr<LiveWalk> live_;
  FrameId before_frame_;                // cache for the current instruction
  uint32_t inlined_words_ = 0;
};

/// Translates the instruction at hand. One function an opcode, named lower_<opcode>.
#define OP(name, ...) void lower_##name(Builder& b);
#include "vm/bytecode/opcodes.def"
#undef OP

}  // namespace orus::jit
