// hoist_invariants: compute before a loop what is the same in every iteration.
//
// Needs:  verified SSA. Leaves: verified SSA; every loop has a preheader.
// Never:  executes a load that could fault, or lets a moved check leave with a frame state of inside the loop.
//
//   before  loop: v3 = load v0 offset 8      after  preheader: v3 = load v0 offset 8
//                 v4 = bounds v1, v3                           v4 = bounds v1, v3 reason hoisted_check
//
// Inner loops first: what they give up stands in a block of the loop around them and may go on. A check moves only from
// where every iteration comes by, and then leaves to the start of the loop (preheader_frame.h), whose own checks the
// interpreter runs. Failing there more often than inside is possible only when the loop would have ended earlier.
#include <map>
#include <unordered_map>

#include "jit/opt/alias.h"
#include "jit/opt/passes.h"
#include "jit/opt/preheader_frame.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

class Hoisting {
 public:
  Hoisting(Function& fn, PassContext& ctx) : fn_(fn), ctx_(ctx), effects_(fn), fresh_objects_(fn) {}
  bool run();

 private:
  void hoist_loop(uint32_t number);
  bool may_hoist(InstId id);
  bool may_hoist_load(InstId id);
  bool may_hoist_element(InstId id);
  bool may_hoist_division(InstId id) const;
  bool may_hoist_check(InstId id);
  bool invariant(InstId id);
  bool written(uint32_t alias);
  void move(InstId id);
  void record_fact(InstId guard, BlockId block);
  bool holds(uint32_t kind, InstId a, InstId b) const;
  bool in_loop(BlockId block) const;

  enum Fact : uint32_t { kNotNull, kNotZero, kNoDivisionOverflow };

  Function& fn_;
  PassContext& ctx_;
  MemoryEffects effects_;
  FreshObjects fresh_objects_;
  Dominators dominators_;
  LoopForest forest_;
  // Guards that stand: (kind, a, b) to the blocks of the guards.
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, std::vector<BlockId>> facts_;

  // Of the loop at hand.
  uint32_t loop_ = 0;
  std::vector<InstId> writers_;
  std::vector<size_t> latches_below_;  // by block: latches that it dominates
  std::unordered_map<uint32_t, bool> written_;
  bool every_iteration_ = false;   // the block at hand runs in each
  bool cold_ = false;
  bool frame_tried_ = false;
  FrameId frame_;
};

bool Hoisting::in_loop(BlockId block) const {
  uint32_t l = forest_.innermost[block.index];
  while (l != UINT32_MAX && l > loop_) l = forest_.loops[l].parent;  // parents have smaller numbers
  return l == loop_;
}

bool Hoisting::invariant(InstId id) {
  bool all = true;
  fn_.for_each_arg(id, [&](const InstId& arg) { all = all && !in_loop(fn_.at(arg).block); });
  return all;
}

/// Whether the loop may change memory of this class that was there before it: what it stores into its own new objects
/// does not count.
bool Hoisting::written(uint32_t alias) {
  auto [it, added] = written_.try_emplace(alias, false);
  if (!added) return it->second;
  bool any = false;
  for (InstId id : writers_) {
    InstId object = fresh_objects_.accessed(id);
    bool new_here = object.valid() && in_loop(fn_.at(object).block);
    any = any || (!new_here && effects_.may_write(id, alias));
  }
  return it->second = any;
}

/// What a guard proves, for those conditions that some op needs.
void Hoisting::record_fact(InstId guard, BlockId block) {
  const Inst& condition = fn_.at(fn_.at(guard).args[0]);
  auto add = [&](uint32_t kind, InstId a, uint32_t b) { facts_[{kind, a.index, b}].push_back(block); };
  auto unequal_to = [&](InstId id, int64_t value) {
    const Inst& inst = fn_.at(id);
    if (inst.op != IrOp::ne || !fn_.is_constant(inst.args[1])) return false;
    int64_t c = fn_.constant_value(inst.args[1]);
    return (fn_.at(inst.args[1]).type == IrType::kI32 ? static_cast<int32_t>(c) : c) == value;
  };
  if (condition.op == IrOp::ne && unequal_to(fn_.at(guard).args[0], 0)) {
    add(fn_.at(condition.args[0]).type == IrType::kRef ? kNotNull : kNotZero, condition.args[0], UINT32_MAX);
  }
  if (condition.op != IrOp::or_) return;
  // guard (or (ne y, -1), (ne x, MIN)), either way round
  for (int side : {0, 1}) {
    InstId y = condition.args[side], x = condition.args[1 - side];
    if (!unequal_to(y, -1) || fn_.at(x).op != IrOp::ne) continue;
    InstId dividend = fn_.at(x).args[0];
    bool minimum = unequal_to(x, fn_.at(dividend).type == IrType::kI64 ? INT64_MIN : INT32_MIN);
    if (minimum) add(kNoDivisionOverflow, fn_.at(y).args[0], dividend.index);
  }
}

bool Hoisting::holds(uint32_t kind, InstId a, InstId b) const {
  auto it = facts_.find({kind, a.index, b.index});
  if (it == facts_.end()) return false;
  for (BlockId block : it->second) {
    if (dominators_.dominates(block, forest_.loops[loop_].preheader)) return true;
  }
  return false;
}

/// An address that exists whenever the base does: references are never null but for those that no check has seen.
bool Hoisting::may_hoist_load(InstId id) {
  const Inst& inst = fn_.at(id);
  if (written(inst.aux)) return false;
  if (inst.op != IrOp::load) return true;
  IrOp base = fn_.at(inst.args[0]).op;
  return base != IrOp::load_global && base != IrOp::constant && base != IrOp::select;
}

/// The index must be proved outside the loop, against the length of the array whose buffer is read.
bool Hoisting::may_hoist_element(InstId id) {
  const Inst& inst = fn_.at(id);
  if (written(inst.aux)) return false;
  const Inst& index = fn_.at(inst.args[1]);
  if (index.op != IrOp::bounds) return false;
  const Inst& buffer = fn_.at(inst.args[0]);
  const Inst& length = fn_.at(index.args[1]);
  bool pair = buffer.op == IrOp::load && buffer.aux == kAliasArrayBuffer && length.op == IrOp::load && length.aux == kAliasArrayLength;
  return pair && buffer.args[0] == length.args[0];
}

bool Hoisting::may_hoist_division(InstId id) const {
  const Inst& inst = fn_.at(id);
  InstId x = inst.args[0], y = inst.args[1];
  bool is_signed = inst.op == IrOp::sdiv || inst.op == IrOp::srem;
  if (fn_.is_constant(y)) {
    int64_t c = fn_.constant_value(y);
    if (fn_.at(y).type == IrType::kI32) c = static_cast<int32_t>(c);
    return c != 0 && !(is_signed && c == -1);
  }
  return holds(kNotZero, y, InstId()) && (!is_signed || holds(kNoDivisionOverflow, y, x));
}

bool Hoisting::may_hoist_check(InstId id) {
  if (!ctx_.options.hoist_checks || !every_iteration_) return false;
  const auto& kept = ctx_.options.kept_checks;
  if (std::find(kept.begin(), kept.end(), check_origin(fn_, id)) != kept.end()) return false;
  if (!frame_tried_) {
    frame_tried_ = true;
    frame_ = preheader_frame(fn_, forest_.loops[loop_]);
  }
  return frame_.valid();
}

bool Hoisting::may_hoist(InstId id) {
  const Inst& inst = fn_.at(id);
  switch (inst.op) {
    case IrOp::load:
    case IrOp::load_global:
    case IrOp::load_assigned: return !cold_ && may_hoist_load(id);
    case IrOp::load_elem: return !cold_ && may_hoist_element(id);
    case IrOp::guard:
    case IrOp::bounds:
    case IrOp::add_ov:
    case IrOp::sub_ov:
    case IrOp::mul_ov: return may_hoist_check(id);
    case IrOp::sdiv:
    case IrOp::srem:
    case IrOp::udiv:
    case IrOp::urem: return every_iteration_ && may_hoist_division(id);
    case IrOp::pi: return inst.type == IrType::kRef && holds(kNotNull, inst.args[0], InstId());
    case IrOp::fdiv:
    case IrOp::fmod: return every_iteration_;  // dear: not for a branch that is seldom taken
    default: return info(inst.op).effects == kIrNone && inst.type != IrType::kVoid && !cold_;
  }
}

void Hoisting::move(InstId id) {
  BlockId preheader = forest_.loops[loop_].preheader;
  fn_.insert_before_terminator(preheader, id);
  Inst& inst = fn_.at(id);
  if ((info(inst.op).effects & kIrExits) != 0) {
    inst.aux = check_origin(fn_, id);
    inst.frame = frame_;
    inst.reason = ExitReason::hoisted_check;
  }
  if (inst.op == IrOp::guard) record_fact(id, preheader);
  ++ctx_.rewrites;
}

void Hoisting::hoist_loop(uint32_t number) {
  const Loop& loop = forest_.loops[number];
  if (!loop.preheader.valid()) return;
  loop_ = number;
  writers_.clear();
  written_.clear();
  frame_tried_ = false;
  for (BlockId b : loop.blocks) {
    latches_below_[b.index] = 0;
    for (InstId id : fn_.at(b).insts) {
      if (effects_.writes(id)) writers_.push_back(id);
    }
  }
  for (BlockId b : loop.latches) {
    for (; b != loop.header; b = dominators_.idom[b.index]) ++latches_below_[b.index];
    ++latches_below_[b.index];
  }
  for (BlockId b : loop.blocks) {
    if (forest_.innermost[b.index] != number) continue;
    every_iteration_ = latches_below_[b.index] == loop.latches.size();
    cold_ = fn_.at(b).cold;
    std::vector<InstId> kept;
    for (InstId id : fn_.at(b).insts) {
      if (invariant(id) && may_hoist(id)) {
        move(id);
      } else {
        kept.push_back(id);
      }
    }
    fn_.at(b).insts = std::move(kept);
  }
}

bool Hoisting::run() {
  bool changed = insert_preheaders(fn_, &dominators_, &forest_);
  uint64_t before = ctx_.rewrites;
  latches_below_.resize(fn_.blocks.size());
  for (BlockId b : dominators_.order) {
    for (InstId id : fn_.at(b).insts) {
      if (fn_.at(id).op == IrOp::guard) record_fact(id, b);
    }
  }
  for (uint32_t l = static_cast<uint32_t>(forest_.loops.size()); l-- > 0;) hoist_loop(l);
  return changed || ctx_.rewrites != before;
}

}  // namespace

bool hoist_invariants(Function& fn, PassContext& ctx) { return Hoisting(fn, ctx).run(); }

}  // namespace orus::jit
