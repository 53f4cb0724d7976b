// Analysis: what the allocator knows about a function before it decides anything.
//
// Positions. Time is a line of ticks: one for the start of each block, one for each instruction, in emission order.
// Tick t has an early point 2t and a late point 2t+1. Edits run in the gap right before an instruction's early point;
// "pre-gap" of an instruction is the late point of the tick before it, which is always in the same block.
//
//       block start   inst 0        inst 1
//      |early late|  gap early late gap early late|     a block covers [start, start of the next block)
//
// Where values live:
//  1. A use at an early point lives up to and including it, at a late point one further.
//  2. kFixed uses and inputs of kReuse are read in the gap by a copy, so on their own they end life at the gap. Other
//     early uses of the same vreg by a kReuse instruction, cold ones too, read that copy ("carried").
//  3. kReuse definitions begin at the early point of their instruction; kFixed definitions begin after it, because a
//     copy in the next gap takes the value out of its register. In between the register is reserved.
//  4. Branch arguments live to the end of their block; parameters begin at the start of theirs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "jit/regalloc/regalloc.h"

namespace orus::jit::ra {

using Pos = uint32_t;
inline constexpr Pos kNever = UINT32_MAX;
inline constexpr uint32_t kNone = UINT32_MAX;

/// [from, to)
struct Range {
  Pos from, to;
};

enum class UseKind : uint8_t {
  kMust,  ///< needs a register during [pos, end)
  kSoft,  ///< reads from wherever the value is, faster from a register
  kGap,   ///< a copy reads it in the gap after pos; a register saves a load, the hinted one saves the copy
};
enum class HintKind : uint8_t { kNone, kPReg, kVReg };

/// A point where a vreg would like to be in a register. The register a kReg definition writes counts as a use.
struct Use {
  Pos pos = 0, end = 0;
  uint32_t hint = 0;  ///< PReg::index() or vreg index
  UseKind kind = UseKind::kSoft;
  HintKind hint_kind = HintKind::kNone;
};

enum class DefKind : uint8_t { kNone, kParam, kReg, kAny, kFixed, kReuse };
struct Def {
  DefKind kind = DefKind::kNone;
  uint32_t inst = kNone;  ///< kNone for parameters
  uint32_t block = kNone;
  uint32_t detail = 0;       ///< kParam: number; kFixed: PReg::index(); kReuse: vreg of the input
  Pos pos = 0;               ///< where its life begins
  uint32_t move_of = kNone;  ///< vreg it is a plain copy of
};

/// A register taken during [from, to) on behalf of vreg `owner` (kNone: nobody), who may be in it as well.
struct FixedRange {
  Pos from, to;
  uint32_t owner;
};
/// Late points at which all registers of `mask` are destroyed.
struct ClobberList {
  PRegSet mask = 0;
  std::vector<Pos> points;
};

struct Pred {
  uint32_t block, edge;  ///< `edge` indexes RaFunction::edges
};
/// A loop as it lies in emission order: blocks [first, last]. Only a guide for heuristics.
struct Loop {
  uint32_t first, last, parent;
};

/// One entry of `items` per key, grouped by key.
template <class T>
struct Grouped {
  std::vector<uint32_t> begin;  ///< size: keys + 1
  std::vector<T> items;
  std::span<const T> operator[](uint32_t key) const { return {items.data() + begin[key], begin[key + 1] - begin[key]}; }
};

struct Analysis {
  const RaFunction* fn = nullptr;
  std::vector<uint32_t> tick_block;     ///< block of each tick
  std::vector<Pos> block_start;         ///< blocks + 1 entries
  std::vector<uint64_t> frequency;      ///< per block: 1000 * 10^depth, shared among the arms of branches; cold 1
  std::vector<uint64_t> entry_cost;     ///< per block: frequency of entering it other than by a back edge
  std::vector<uint32_t> earliest_pred;  ///< per block: least number of a predecessor
  Grouped<Pred> preds;
  std::vector<Def> defs;              ///< per vreg
  Grouped<Range> ranges;              ///< per vreg, ascending, disjoint, not adjacent
  Grouped<Use> uses;                  ///< per vreg, ascending by pos
  Grouped<uint32_t> live_in;          ///< per block, vregs other than its parameters
  std::vector<FixedRange> fixed[64];  ///< per register, ascending, disjoint
  std::vector<ClobberList> clobbers;
  std::vector<Pos> safepoints;  ///< late points
  std::vector<Loop> loops;
  std::vector<uint32_t> loop_of_block;          ///< innermost, or kNone
  std::vector<uint32_t> family;                 ///< per vreg: representative of vregs that would best share one place
  std::vector<std::vector<uint32_t>> cheapest;  ///< sparse table over entry_cost, for cheapest_block
  uint64_t work = 0;

  const RaFunction& function() const { return *fn; }
  uint32_t block_of(Pos pos) const { return tick_block[pos / 2]; }
  Pos early(uint32_t inst, uint32_t block) const { return 2 * (inst + block + 1); }
  /// Instruction of a position that is not in a block-start tick.
  uint32_t inst_of(Pos pos) const { return pos / 2 - block_of(pos) - 1; }
  bool is_block_start(Pos pos) const { return block_start[block_of(pos)] == pos; }
  /// Expected executions of a move at even position `pos`.
  uint64_t cost_at(Pos pos) const {
    uint32_t block = block_of(pos);
    return block_start[block] == pos ? entry_cost[block] : frequency[block];
  }
  /// Number of the kReuse operand of `inst` whose register holds a copy of `vreg` at the early point, or kNone.
  uint32_t carrier(const RaInst& inst, uint32_t vreg) const;
  /// True if an early operand is read from its carrier.
  bool is_carried(const RaInst& inst, const Operand& op) const {
    return op.kind == OperandKind::kUse && op.pos == OperandPos::kEarly && op.constraint != Constraint::kFixed &&
           carrier(inst, op.vreg.index) != kNone;
  }
  /// Block in [first, last] that is entered least often, the last such.
  uint32_t cheapest_block(uint32_t first, uint32_t last) const;
  /// True if `vreg` is live at `pos`.
  bool covers(uint32_t vreg, Pos pos) const;
};

/// `fn` must have passed validate_ra_function. Errors: kBadIr where a use is not dominated by its definition.
Result<Analysis> analyse(const RaFunction& fn);

/// Immediate dominators by block; the entry is its own.
struct Dominators {
  std::vector<uint32_t> idom, order;  ///< `order`: position in reverse postorder
  uint32_t common(uint32_t a, uint32_t b) const;
};
Dominators dominators(const RaFunction& fn, const Grouped<Pred>& preds);

}  // namespace orus::jit::ra
