// The IR (C7): mutable SSA over basic blocks with block parameters (`phi`), dense 32-bit ids, explicit effects.
//
// Invariants, checked by verify_ir after every pass in checked builds:
//  1. Block 0 is the entry; it has no predecessors and no phis. Every other block is reachable.
//  2. A value dominates its uses; edge arguments count as uses at the end of the predecessor, frame-state values as
//     uses at the instruction that carries the frame state.
//  3. An edge has one argument for each phi of its target, of the same type.
//  4. An instruction with kIrExits or kIrCall has a frame state. Between the bytecode pc of a frame state and the
//     instruction nothing has been done that re-execution from there would do again.
//  5. Removing an instruction means setting its op to nothing: it leaves its block's list; ids are never reused.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/id.h"
#include "vm/bytecode/module.h"

namespace orus::jit {

using InstId = Id<struct InstTag>;    // an instruction and the value it defines
using BlockId = Id<struct BlockTag>;
using FrameId = Id<struct FrameTag>;  // a frame state

enum class IrType : uint8_t { kVoid, kI32, kI64, kF64, kBool, kRef };
std::string_view type_name(IrType type);
/// Machine kind of a bytecode kind: u32 is kI32, u64 is kI64, every reference kRef.
IrType ir_type(TypeKind kind);

enum IrEffects : uint16_t {
  kIrNone = 0,
  kIrReads = 1,        // reads memory of its alias class
  kIrWrites = 2,       // writes memory of its alias class
  kIrExits = 4,        // may leave to the interpreter through its frame state
  kIrPinned = 8,       // depends on where it stands: never moves to a block that its own does not dominate
  kIrCall = 16,        // may do anything: read and write all memory, collect, raise (leaving through its frame state)
  kIrSafepoint = 32,   // references may move
  kIrTerminator = 64,
};

enum class IrOp : uint8_t {
#define IR_OP(name, ...) name,
#include "jit/ir/ir_ops.def"
#undef IR_OP
};

struct IrOpInfo {
  std::string_view name;
  int args;
  std::string_view types, attributes;  // letters: ir_ops.def
  uint16_t effects;
  std::string_view semantics;
};
inline constexpr IrOpInfo kIrOps[] = {
#define IR_OP(name, args, types, attributes, effects, semantics) {#name, args, types, attributes, effects, semantics},
#include "jit/ir/ir_ops.def"
#undef IR_OP
};
inline constexpr size_t kIrOpCount = sizeof(kIrOps) / sizeof(kIrOps[0]);
constexpr const IrOpInfo& info(IrOp op) { return kIrOps[static_cast<size_t>(op)]; }

/// Why an exit happens; counted per site.
enum class ExitReason : uint8_t {
#define EXIT_REASON(name, ...) name,
#include "jit/ir/exit_reasons.def"
#undef EXIT_REASON
};
struct ExitReasonInfo {
  std::string_view name, text;
};
inline constexpr ExitReasonInfo kExitReasons[] = {
#define EXIT_REASON(name, text) {#name, text},
#include "jit/ir/exit_reasons.def"
#undef EXIT_REASON
};
inline constexpr size_t kExitReasonCount = sizeof(kExitReasons) / sizeof(kExitReasons[0]);

/// Memory that a load or store touches. Different classes never overlap. A field's class is kFieldBase plus a number
/// made of struct type and field; a global's is kGlobalBase plus its index.
enum AliasClass : uint32_t {
  kAliasNone = 0,
  kAliasArrayLength,
  kAliasArrayCapacity,
  kAliasArrayBuffer,
  kAliasElem1,
  kAliasElem4,
  kAliasElemI64,
  kAliasElemF64,
  kAliasElemRef,
  kAliasString,       // immutable: never written
  kAliasRange,
  kAliasObjectFlags,  // what barrier touches
  kAliasBufferSize,   // written once, for the collector
  kAliasGlobalBase = 0x10000000,
  kAliasFieldBase = 0x80000000,
};
constexpr uint32_t field_alias(uint32_t type, uint32_t field) { return kAliasFieldBase | ((type * 0x9e3779b1u + field) & 0x7fffffffu); }
constexpr uint32_t global_alias(uint32_t global) { return kAliasGlobalBase + global; }

struct Inst {
  IrOp op = IrOp::constant;
  IrType type = IrType::kVoid;  // of the result
  uint8_t width = 0;            // bytes accessed: load, store, load_elem, store_elem
  ExitReason reason{};          // kIrExits
  bool dead = false;
  bool conditional = false;     // its frame state holds only when it really fails, so stress must not force the exit
  uint32_t arg_count = 0;
  InstId args[3];               // the first three
  uint32_t more = 0;            // index into Function::more_args of the others
  uint32_t aux = 0;             // alias class, object kind and type, ...
  int64_t imm = 0;
  FrameId frame;
  BlockId block;
};
static_assert(std::is_trivially_destructible_v<Inst>);

/// One register's value in a frame state.
struct FrameValue {
  uint16_t reg;
  InstId value;
};

/// A global whose value is kept in the code and not yet in the globals block: leaving stores it there and marks the
/// global assigned. Only innermost frame states have any.
struct GlobalValue {
  uint32_t global;
  InstId value;
};

/// What the interpreter's frame must hold when execution leaves here. Values are those of the bytecode-live registers
/// at pc, before the instruction there runs (for a `call` of an inlined callee's parent: what is live across it).
struct FrameState {
  uint32_t function = 0;     // index in the module
  uint32_t pc = 0;
  FrameId parent;            // frame of the caller, for inlined code; its pc is at the call
  uint32_t base_offset = 0;  // slots from the compiled function's frame base to this frame's base
  bool charged = true;       // the block at pc has been paid for (fuel); false only where pc starts a block
  std::vector<FrameValue> values;
  std::vector<GlobalValue> globals = {};  // ascending by number
};

struct Edge {
  BlockId target;
  std::vector<InstId> args;
};

struct Block {
  std::vector<InstId> phis;
  std::vector<InstId> insts;        // the terminator is the last
  std::vector<Edge> successors;     // 0, 1 or 2
  std::vector<BlockId> predecessors;  // one entry an edge; kept by rebuild_predecessors
  uint32_t pc = 0;                  // bytecode pc the block came from, for people
  bool cold = false;
  bool dead = false;
};

class Function {
 public:
  Function(const Module& module, uint32_t function_index) : module(&module), index(function_index) {}

  const Module* module;
  uint32_t index;                 // the compiled bytecode function
  bool is_loop_entry = false;     // entered at a loop header with a live interpreter frame, not called
  uint32_t entry_pc = 0;
  uint32_t inline_depth = 0;      // most inlined frames below any point
  std::vector<Inst> insts;
  std::vector<Block> blocks;
  std::vector<FrameState> frames;
  std::vector<InstId> more_args;
  std::vector<IrType> param_types;
  IrType result = IrType::kVoid;

  Inst& at(InstId id) { return insts[id.index]; }
  const Inst& at(InstId id) const { return insts[id.index]; }
  Block& at(BlockId id) { return blocks[id.index]; }
  const Block& at(BlockId id) const { return blocks[id.index]; }
  FrameState& at(FrameId id) { return frames[id.index]; }
  const FrameState& at(FrameId id) const { return frames[id.index]; }

  BlockId add_block();
  FrameId add_frame(FrameState state);
  /// A new instruction that stands in no block yet.
  InstId create(IrOp op, IrType type, std::span<const InstId> args, int64_t imm = 0);
  InstId create(IrOp op, IrType type, std::initializer_list<InstId> args, int64_t imm = 0) {
    return create(op, type, std::span<const InstId>(args.begin(), args.size()), imm);
  }
  /// create + append to the block (before nothing: the terminator must come last).
  InstId append(BlockId block, IrOp op, IrType type, std::initializer_list<InstId> args, int64_t imm = 0);
  InstId add_phi(BlockId block, IrType type);
  /// Puts an instruction made by create in front of the block's terminator.
  void insert_before_terminator(BlockId block, InstId id);

  InstId arg(InstId id, uint32_t i) const {
    const Inst& inst = at(id);
    return i < 3 ? inst.args[i] : more_args[inst.more + i - 3];
  }
  void set_arg(InstId id, uint32_t i, InstId value) {
    Inst& inst = at(id);
    (i < 3 ? inst.args[i] : more_args[inst.more + i - 3]) = value;
  }
  InstId terminator(BlockId block) const { return at(block).insts.back(); }

  bool is_constant(InstId id) const { return at(id).op == IrOp::constant; }
  int64_t constant_value(InstId id) const { return at(id).imm; }
  /// A constant of this type and bits (canonical), created in the entry block; the same id for the same constant.
  InstId constant(IrType type, int64_t bits);

  /// Marks `from` as equal to `to`. Uses keep naming `from` until apply_replacements().
  void replace(InstId from, InstId to);
  /// The value that stands for `id` after all replacements so far.
  InstId resolve(InstId id) const;
  /// Rewrites every argument, edge argument and frame-state value, and drops replaced instructions.
  void apply_replacements();

  /// Removes instructions marked dead from their blocks, and unreachable blocks; renumbers nothing.
  void sweep();
  void rebuild_predecessors();
  /// Blocks in reverse postorder from the entry.
  std::vector<BlockId> reverse_postorder() const;

  /// Calls f(InstId&) for each value that `id` uses: arguments, and its frame-state chain when `with_frames`.
  template <class F>
  void for_each_arg(InstId id, F f) {
    Inst& inst = at(id);
    for (uint32_t i = 0; i < inst.arg_count; ++i) f(i < 3 ? inst.args[i] : more_args[inst.more + i - 3]);
  }
  /// Calls f(FrameValue&) for the frame state and its parents: each one's registers, then its globals (as kNoReg).
  template <class F>
  void for_each_frame_value(FrameId frame, F f) {
    for (; frame.valid(); frame = at(frame).parent) {
      for (FrameValue& value : at(frame).values) f(value);
      for (GlobalValue& global : at(frame).globals) {
        FrameValue value{kNoReg, global.value};
        f(value);
        global.value = value.value;
      }
    }
  }

 private:
  std::vector<InstId> replacement_;  // by instruction, lazily sized
  std::map<std::pair<IrType, int64_t>, InstId> constants_;
};

/// Immediate dominators and the loop forest, computed from scratch by each pass that needs them.
struct Dominators {
  /// Blocks with an edge to `b`, in reverse postorder, once for each edge.
  std::span<const BlockId> predecessors(BlockId b) const {
    return {sources.data() + first_source[b.index], first_source[b.index + 1] - first_source[b.index]};
  }
  std::vector<BlockId> order;        // reverse postorder
  std::vector<uint32_t> number;      // by block: position in order; UINT32_MAX when unreachable
  std::vector<BlockId> idom;         // by block; the entry's is itself
  std::vector<uint32_t> depth;       // by block: in the dominator tree
  std::vector<BlockId> sources;      // of all edges, by target
  std::vector<uint32_t> first_source;  // by block, and one more: where its edges begin
  bool dominates(BlockId a, BlockId b) const;
};
Dominators compute_dominators(const Function& fn);

struct Loop {
  BlockId header;
  uint32_t parent = UINT32_MAX;       // index of the enclosing loop
  uint32_t depth = 1;
  std::vector<BlockId> blocks;        // header first
  std::vector<BlockId> latches;       // sources of back edges
  BlockId preheader;                  // the only predecessor outside, ending in a jump to the header; or none
};
struct LoopForest {
  std::vector<Loop> loops;            // outer loops before inner ones
  std::vector<uint32_t> innermost;    // by block: loop index or UINT32_MAX
};
/// Natural loops (header dominates the latch); other cycles are not listed.
LoopForest compute_loops(const Function& fn, const Dominators& dominators);
/// Gives every loop a preheader. True if a block was added. The analyses asked for are those of the result.
bool insert_preheaders(Function& fn, Dominators* dominators = nullptr, LoopForest* forest = nullptr);

}  // namespace orus::jit
