// Register allocation: from a function over virtual registers to one over machine registers and stack slots.
//
// Target-neutral. The caller (jit/lower) describes its instructions as operand lists with constraints (`RaFunction`)
// and the machine as register lists (`RaEnv`); it gets back one place per operand and a list of moves to insert
// (`RaResult`). Nothing here knows an encoding. Design and sources: docs/regalloc.md.
//
// What the input must satisfy (`validate_ra_function` checks all of it):
//  1. SSA. Every vreg has one definition (an operand of kind kDef, or a block parameter) that dominates its uses.
//  2. Blocks partition the instructions in emission order, none is empty, block 0 is the entry and has no parameters
//     and no predecessors. Function parameters are kFixed definitions of the first instruction.
//  3. The last instruction of a block is its terminator, and only that one branches. Its definitions, if any, are
//     unused (temporaries).
//  4. No critical edges: if a block has two or more edges, each target has that edge as its only predecessor.
//  5. The terminator of a block whose only target has several predecessors (a plain jump) has no operands, cold uses,
//     clobbers or safepoint, because edge moves go right in front of it.
//  6. An instruction must be satisfiable on its own: enough registers for its kReg operands next to its fixed ones.
//     A definition that is not kFixed cannot lie in a register the instruction clobbers. A kAny use of an is_remat vreg
//     counts as kReg, since such a vreg has no slot.
//
// Time inside an instruction has two points, as in regalloc2: early (inputs are read) and late (outputs are written,
// clobbers happen). An early use and a late definition may share a register; everything else that meets may not.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace orus::jit {

// ---------------------------------------------------------------------------------------------- the machine's side

/// Every register and every stack slot holds 8 bytes: an integer or reference (kInt) or an f64 (kFloat).
enum class RegClass : uint8_t { kInt, kFloat };
inline constexpr int kNumRegClasses = 2;

/// A machine register. `hw` is the encoding within its class, 0 .. 31.
struct PReg {
  uint8_t hw = 0;
  RegClass cls = RegClass::kInt;
  constexpr uint32_t index() const { return hw + 32u * static_cast<uint32_t>(cls); }
  static constexpr PReg from_index(uint32_t index) { return {static_cast<uint8_t>(index % 32), static_cast<RegClass>(index / 32)}; }
  constexpr bool operator==(const PReg&) const = default;
};

/// A set of machine registers; bit `index()` stands for a register.
using PRegSet = uint64_t;
constexpr PRegSet bit(PReg reg) { return PRegSet{1} << reg.index(); }

/// What the allocator may use.
struct RaEnv {
  /// Per class, the registers it may assign, most preferred first (short encodings and caller-saved ones first).
  std::array<std::vector<PReg>, kNumRegClasses> allocatable;
  /// Per class, one register that holds no value across an instruction: edits use it to break cycles and to move
  /// between two slots. Not allocatable, never a fixed operand. Either may carry raw bits between two slots,
  /// whatever the class of the value.
  std::array<PReg, kNumRegClasses> scratch;
};

// --------------------------------------------------------------------------------------------- the function's side

struct VReg {
  uint32_t index = UINT32_MAX;  // UINT32_MAX: none
  constexpr bool valid() const { return index != UINT32_MAX; }
  constexpr bool operator==(const VReg&) const = default;
};

/// `count` consecutive entries of one of RaFunction's (or RaResult's) pools, from `first` on.
struct Slice {
  uint32_t first = 0, count = 0;
};

enum class Constraint : uint8_t {
  kAny,    ///< a register or a stack slot, whichever holds the value
  kReg,    ///< some register of the vreg's class
  kFixed,  ///< the register with PReg::index() == fixed_or_reuse; need not be allocatable
  kReuse,  ///< late definitions only: the register of input operand number fixed_or_reuse of this instruction
};
enum class OperandKind : uint8_t { kUse, kDef };
enum class OperandPos : uint8_t {
  kEarly,  ///< a use: may share with late definitions. A definition: written before inputs were read (temporaries)
  kLate,   ///< a use: still read when outputs are written. A definition: the normal case
};

struct Operand {
  VReg vreg;
  Constraint constraint = Constraint::kReg;
  OperandKind kind = OperandKind::kUse;
  OperandPos pos = OperandPos::kEarly;
  uint8_t fixed_or_reuse = 0;
};

struct RaInst {
  Slice operands;  ///< into RaFunction::operands
  /// Into RaFunction::cold_uses: vregs that the instruction's frame state mentions. They never force a register or a
  /// move: each is reported where it happens to lie at `cold_pos` (late for calls: after clobbers, so never in a
  /// clobbered register; early for guards that leave before writing any output).
  Slice cold_uses;
  PRegSet clobbers = 0;  ///< destroyed at the late point; kFixed definitions of this instruction are exempt
  OperandPos cold_pos = OperandPos::kEarly;
  /// The collector may run here and moves objects: references live across lie only in the slots the result reports.
  bool is_safepoint = false;
  /// First definition is a copy of the first use; only a hint.
  bool is_move = false;
};

/// An outgoing edge; `args` are the values of the target's parameters, in order.
struct RaEdge {
  uint32_t target = 0;
  Slice args;  ///< into RaFunction::block_vregs
};

struct RaBlock {
  uint32_t first_inst = 0, end_inst = 0;  ///< [first_inst, end_inst)
  Slice params;                           ///< into RaFunction::block_vregs; defined on entry
  Slice edges;                            ///< into RaFunction::edges
  uint32_t loop_depth = 0;
  bool cold = false;  ///< rarely runs: no register is kept or spilled in hot code for its sake
};

struct RaVReg {
  RegClass cls = RegClass::kInt;
  bool is_ref = false;  ///< a reference into the moving heap (kInt only)
  /// The definition is the instruction's only operand and can be repeated anywhere (a constant). Such a vreg never gets
  /// a slot: it is rematerialised where needed, and where it is in no register cold uses report kRemat.
  bool is_remat = false;
};

struct RaFunction {
  std::vector<RaBlock> blocks;
  std::vector<RaInst> insts;
  std::vector<RaVReg> vregs;
  std::vector<Operand> operands;
  std::vector<VReg> cold_uses;
  std::vector<VReg> block_vregs;
  std::vector<RaEdge> edges;

  std::span<const Operand> operands_of(const RaInst& inst) const { return {operands.data() + inst.operands.first, inst.operands.count}; }
  std::span<const VReg> cold_uses_of(const RaInst& inst) const { return {cold_uses.data() + inst.cold_uses.first, inst.cold_uses.count}; }
  std::span<const VReg> params_of(const RaBlock& block) const { return {block_vregs.data() + block.params.first, block.params.count}; }
  std::span<const RaEdge> edges_of(const RaBlock& block) const { return {edges.data() + block.edges.first, block.edges.count}; }
  std::span<const VReg> args_of(const RaEdge& edge) const { return {block_vregs.data() + edge.args.first, edge.args.count}; }
};

// ------------------------------------------------------------------------------------------------------ the result

enum class AllocationKind : uint8_t { kNone, kReg, kStack, kRemat };

/// Where a value is.
struct Allocation {
  AllocationKind kind = AllocationKind::kNone;
  uint32_t index = 0;  ///< PReg::index() or slot number

  static constexpr Allocation reg(PReg reg) { return {AllocationKind::kReg, reg.index()}; }
  static constexpr Allocation stack(uint32_t slot) { return {AllocationKind::kStack, slot}; }
  static constexpr Allocation remat() { return {AllocationKind::kRemat, 0}; }
  constexpr bool is_none() const { return kind == AllocationKind::kNone; }
  constexpr bool is_reg() const { return kind == AllocationKind::kReg; }
  constexpr bool is_stack() const { return kind == AllocationKind::kStack; }
  constexpr bool is_remat() const { return kind == AllocationKind::kRemat; }
  constexpr PReg preg() const { return PReg::from_index(index); }
  constexpr uint32_t slot() const { return index; }
  constexpr bool operator==(const Allocation&) const = default;
};

/// A move to insert in front of instruction `inst` (in list order where several share an instruction).
///
/// `from` is a register, a slot, or kRemat (repeat the definition of `vreg` into the register `to`); `to` is a
/// register or a slot. Never slot to slot, and never between register classes: emit the 8-byte move of the one or two
/// registers involved. Edits keep flags and all other registers intact if the emitter's moves do.
struct Edit {
  uint32_t inst = 0;
  /// The value moved; kRemat repeats its definition. Behind the edge into a block with one predecessor, parameters
  /// go by their own name (but a kRemat argument by its).
  VReg vreg;
  Allocation from, to;
};

/// The slots that hold references live across one safepoint; what the collector must visit and update.
struct SafepointMap {
  uint32_t inst = 0;
  Slice slots;  ///< into RaResult::safepoint_slots, ascending
};

struct RaStats {
  uint32_t spilled_vregs = 0;  ///< vregs that got a slot
  uint32_t stores = 0;         ///< edits register to slot
  uint32_t reloads = 0;        ///< edits slot to register
  uint32_t moves = 0;          ///< edits register to register
  uint32_t remats = 0;
  uint32_t splits = 0;
  uint64_t weighted_edits = 0;  ///< sum over edits of 10^loop depth; edits in cold blocks count nothing
  uint64_t work = 0;            ///< steps taken; grows linearly with the input (asserted by tests)
};

struct RaResult {
  /// Parallel to RaFunction::operands. A kRemat vreg's definition may be kNone: do not emit that instruction.
  std::vector<Allocation> operand_allocs;
  /// Parallel to RaFunction::cold_uses. Register, slot, or kRemat.
  std::vector<Allocation> cold_allocs;
  std::vector<Edit> edits;  ///< ascending by `inst`
  /// Slots [0, num_ref_slots) hold only references, [num_ref_slots, num_slots) never do.
  uint32_t num_slots = 0, num_ref_slots = 0;
  std::vector<SafepointMap> safepoints;  ///< one per safepoint instruction, ascending by `inst`
  std::vector<uint32_t> safepoint_slots;
  RaStats stats;

  std::span<const uint32_t> slots_of(const SafepointMap& map) const { return {safepoint_slots.data() + map.slots.first, map.slots.count}; }
};

struct RaOptions {
  /// Stress: every vreg lives in its slot and is loaded right before each use that needs a register.
  bool spill_everything = false;
  /// Stress: not 0 randomises register choice, eviction and split positions, reproducibly.
  uint64_t random_seed = 0;
  /// Stress: removes the last `reserve` registers of each class from the allocatable ones (keeps at least one).
  uint32_t reserve = 0;
  /// Functions with more instructions than this are allocated as if `spill_everything` were set: fast and poor.
  uint32_t spill_above_insts = 200'000;
};

/// Checked builds hold every result against the checker themselves; a failure there is an ORUS_CHECK.
#if defined(ORUS_CHECKED)
inline constexpr bool kChecksAllocations = true;
#else
inline constexpr bool kChecksAllocations = false;
#endif

/// Allocates registers for `fn`.
///
/// Returns: places and moves such that running the edited function equals running `fn`; see the checker.
/// Errors:  kBadIr (the input breaks a rule at the top of this file; `where` names block and instruction).
/// Threads: pure function; deterministic in its arguments.
/// Source:  Wimmer and Moessenboeck 2005, Wimmer and Franz CGO 2010; deviations in docs/regalloc.md.
Result<RaResult> allocate_linear_scan(const RaFunction& fn, const RaEnv& env, const RaOptions& options);

/// Checks rules 1 to 5 at the top of this file, and that every index is in range.
Status validate_ra_function(const RaFunction& fn, const RaEnv& env);

/// A way to allocate registers; `find_register_allocator("linear-scan")`.
struct RegisterAllocator {
  std::string_view name;
  Result<RaResult> (*allocate)(const RaFunction&, const RaEnv&, const RaOptions&);
};
std::span<const RegisterAllocator> register_allocators();
const RegisterAllocator* find_register_allocator(std::string_view name);  // nullptr when unknown

}  // namespace orus::jit
