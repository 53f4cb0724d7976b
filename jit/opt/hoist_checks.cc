// hoist_checks: checks that every iteration of a loop makes become checks in front of it.
//
// Needs:  verified SSA. Leaves: verified SSA; preheaders are added.
// Never:  moves an error: a hoisted check that fails leaves to the interpreter at the loop's header (hoisted_check),
//         which runs the loop with its own checks and raises, if at all, in the right iteration.
//
//   before  b1(i): v1 = bounds i, length; ...; i2 = add_ov i, 1; branch (lt i2, n), b1(i2), b2
//   after   b0: last = sub n, 1; bounds last, length; bounds start, length; jump b1(start)
//           b1(i): v1 = pi i; ...; i2 = add i, 1; ...
//
// Why it is right. A check of the loop is copied to the preheader twice, with the induction variable replaced by the
// first and by the last value it can have where the check stands. The checked expression is monotone in between, so
// if both copies pass, it passes for every value in between; the same holds for each sum and product inside it, whose
// copies are all checked. The last value is an over-estimate at worst, which only makes the copies stricter. Only
// checks that dominate the latch are copied: what is conditional in the loop would leave too often in front of it.
//
// Inner loops go first, so that the copies they leave in their preheaders are moved on by the loops around them.
#include <algorithm>
#include <map>

#include "jit/opt/affine.h"
#include "jit/opt/passes.h"
#include "jit/opt/preheader_frame.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

constexpr uint32_t kMaxCopies = 200;  // instructions in front of one loop

class Hoister {
 public:
  Hoister(Function& fn, const Loop& loop, const Ranges& ranges, MemoryEffects& effects, const FreshObjects& fresh, const PassContext& ctx)
      : fn_(fn), kept_(ctx.options.kept_checks), loop_(loop), ranges_(ranges), shape_(fn, loop, ranges, effects, fresh) {}

  /// Number of checks moved.
  uint64_t run() {
    if (!loop_.preheader.valid() || loop_.latches.size() != 1) return 0;
    uint64_t moved = 0;
    for (BlockId b : loop_.blocks) {
      if (!ranges_.dominators().dominates(b, loop_.latches[0])) continue;
      std::vector<InstId> insts = fn_.at(b).insts;
      for (InstId id : insts) {
        if (created_ < kMaxCopies && hoist(id)) ++moved;
      }
    }
    return moved;
  }

 private:
  enum End { kFirst, kLast };

  Function& fn_;
  const std::vector<uint32_t>& kept_;
  const Loop& loop_;
  const Ranges& ranges_;
  LoopShape shape_;
  FrameId frame_;
  bool no_frame_ = false;
  uint32_t created_ = 0;
  uint32_t origin_ = 0;  // of the check at hand
  /// Bounds of an induction variable in the block of a check; by induction variable and limit.
  struct Ends {
    InstId first, last;
  };
  std::map<std::tuple<uint32_t, InstId, bool, bool>, Ends> ends_;
  std::map<std::pair<InstId, InstId>, InstId> copies_;  // by value and what stands for the induction variable

  bool has_frame() {
    if (!frame_.valid() && !no_frame_) frame_ = preheader_frame(fn_, loop_);
    no_frame_ = !frame_.valid();
    return !no_frame_;
  }

  InstId place(InstId id, bool exits) {
    fn_.insert_before_terminator(loop_.preheader, id);
    if (exits) {
      fn_.at(id).frame = frame_;
      fn_.at(id).reason = ExitReason::hoisted_check;
      fn_.at(id).aux = origin_;
    }
    ++created_;
    return id;
  }
  InstId emit(IrOp op, IrType type, InstId a, InstId b) { return place(fn_.create(op, type, {a, b}), (info(op).effects & kIrExits) != 0); }
  void guard(InstId condition) { place(fn_.create(IrOp::guard, IrType::kVoid, {condition}), true); }
  InstId constant(IrType type, Int128 value) { return fn_.constant(type, static_cast<int64_t>(value)); }

  // ---- where an induction variable ends

  bool find_ends(uint32_t number, BlockId block, Ends* ends) {
    const Induction induction = shape_.inductions()[number];
    std::vector<Limit> limits = shape_.limits(induction, block);
    if (limits.empty()) return false;
    const Limit& limit = limits[0];
    auto [it, added] = ends_.try_emplace({number, limit.value, limit.inclusive, limit.first_is_free});
    if (added) it->second = make_ends(induction, limit);
    *ends = it->second;
    return true;
  }

  Ends make_ends(const Induction& induction, const Limit& limit) {
    IrType type = fn_.at(induction.phi).type;
    bool up = induction.direction > 0;
    InstId bound = copy(limit.value, InstId());
    if (limit.first_is_free) {
      // The first iteration comes before any test. Usually the test in front of the loop has decided this already.
      Point here = ranges_.end(loop_.preheader);
      Int128 gap = limit.inclusive ? 0 : 1;
      bool certain =
          up ? ranges_.at_most(induction.start, limit.value, gap, here) : ranges_.at_most(limit.value, induction.start, gap, here);
      IrOp relation = up ? (limit.inclusive ? IrOp::le : IrOp::lt) : (limit.inclusive ? IrOp::ge : IrOp::gt);
      if (!certain) guard(emit(relation, IrType::kBool, induction.start, bound));
    }
    InstId last = bound;
    if (!limit.inclusive) last = emit(up ? IrOp::sub_ov : IrOp::add_ov, type, bound, constant(type, 1));
    if (induction.constant_step > 1) last = last_of_steps(induction, last, type);
    return {induction.start, last};
  }

  /// start + (last - start) / step * step: the last value that the steps hit. When the loop body does not run at all
  /// the quotient is not positive, and neither bound means anything.
  InstId last_of_steps(const Induction& induction, InstId last, IrType type) {
    bool up = induction.direction > 0;
    InstId step = constant(type, induction.constant_step);
    InstId distance = up ? emit(IrOp::sub_ov, type, last, induction.start) : emit(IrOp::sub_ov, type, induction.start, last);
    InstId whole = emit(IrOp::mul_ov, type, emit(IrOp::sdiv, type, distance, step), step);
    return emit(up ? IrOp::add_ov : IrOp::sub_ov, type, induction.start, whole);
  }

  // ---- copying

  static IrOp checked(IrOp op) {
    return op == IrOp::add ? IrOp::add_ov : op == IrOp::sub ? IrOp::sub_ov : op == IrOp::mul ? IrOp::mul_ov : op;
  }

  /// The value in front of the loop, for one value of the induction variable.
  InstId copy(InstId value, InstId end) {
    if (shape_.is_invariant(value)) return value;
    const Inst inst = fn_.at(value);
    if (inst.op == IrOp::phi) return end;
    if (inst.op == IrOp::pi || inst.op == IrOp::bounds) return copy(inst.args[0], end);
    InstId key = shape_.form(value).kind == Form::kInvariant ? InstId() : end;
    if (auto it = copies_.find({value, key}); it != copies_.end()) return it->second;
    std::vector<InstId> args;
    for (uint32_t i = 0; i < inst.arg_count; ++i) args.push_back(copy(inst.args[i], end));
    InstId id = fn_.create(checked(inst.op), inst.type, args, inst.imm);
    fn_.at(id).aux = inst.aux;
    fn_.at(id).width = inst.width;
    place(id, (info(checked(inst.op)).effects & kIrExits) != 0);
    copies_[{value, key}] = id;
    return id;
  }

  // ---- the checks

  bool hoist(InstId id) {
    origin_ = check_origin(fn_, id);
    if (std::find(kept_.begin(), kept_.end(), origin_) != kept_.end()) return false;
    switch (fn_.at(id).op) {
      case IrOp::add_ov:
      case IrOp::sub_ov:
      case IrOp::mul_ov: return hoist_overflow(id);
      case IrOp::bounds: return hoist_bounds(id);
      case IrOp::guard: return hoist_guard(id);
      default: return false;
    }
  }

  /// Gives the bounds for a form where `id` stands. An invariant form has one: none.
  bool ends_of(Form form, InstId id, std::vector<InstId>* ends) {
    if (form.kind == Form::kNone || !has_frame()) return false;
    ends->assign(1, InstId());
    if (form.kind == Form::kInvariant) return true;
    Ends both;
    if (!find_ends(form.induction, fn_.at(id).block, &both)) return false;
    // The last first: what it proves about lengths usually settles the first.
    *ends = {both.last, both.first};
    return true;
  }

  /// x + y, checked in every iteration  ->  checked at both ends; in the loop it wraps
  bool hoist_overflow(InstId id) {
    std::vector<InstId> ends;
    if (ranges_.is_exact(id) || !ends_of(shape_.form(id), id, &ends)) return false;
    InstId outside;
    for (InstId end : ends) outside = copy(id, end);
    Inst& inst = fn_.at(id);
    inst.frame = FrameId();
    inst.reason = ExitReason{};
    if (ends.size() == 1) {
      fn_.replace(id, outside);
    } else {
      inst.op = inst.op == IrOp::add_ov ? IrOp::add : inst.op == IrOp::sub_ov ? IrOp::sub : IrOp::mul;
      shape_.assume_exact(id);
    }
    return true;
  }

  /// 0 <= index < length, checked in every iteration  ->  checked at both ends
  bool hoist_bounds(InstId id) {
    InstId index = fn_.at(id).args[0], length = fn_.at(id).args[1];
    std::vector<InstId> ends;
    if (shape_.form(length).kind != Form::kInvariant || !ends_of(shape_.form(index), id, &ends)) return false;
    for (InstId end : ends) emit(IrOp::bounds, IrType::kI32, copy(index, end), copy(length, InstId()));
    Inst& inst = fn_.at(id);
    inst.op = IrOp::pi;
    inst.arg_count = 1;
    inst.frame = FrameId();
    inst.reason = ExitReason{};
    return true;
  }

  /// A guard on a comparison of linear forms in one induction variable holds in between when it holds at both ends; a
  /// guard on invariants is made once.
  bool hoist_guard(InstId id) {
    InstId condition = fn_.at(id).args[0];
    const Inst compare = fn_.at(condition);
    bool ordered = compare.op >= IrOp::lt && compare.op <= IrOp::ge;
    bool compares = compare.op >= IrOp::eq && compare.op <= IrOp::ule;
    if (!compares) return shape_.is_invariant(condition) && has_frame() && once(id, condition);
    Form a = shape_.form(compare.args[0]), b = shape_.form(compare.args[1]);
    if (a.kind == Form::kInvariant && b.kind == Form::kInvariant) {
      if (!has_frame()) return false;
      return once(id, emit(compare.op, IrType::kBool, copy(compare.args[0], InstId()), copy(compare.args[1], InstId())));
    }
    if (!ordered || a.kind == Form::kNone || b.kind == Form::kNone) return false;
    if (a.kind == Form::kVarying && b.kind == Form::kVarying && a.induction != b.induction) return false;
    // A difference of linear forms is linear. Without that one side must stay as it is.
    if ((!a.linear || !b.linear) && a.kind == Form::kVarying && b.kind == Form::kVarying) return false;
    std::vector<InstId> ends;
    if (!ends_of(a.kind == Form::kVarying ? a : b, id, &ends)) return false;
    for (InstId end : ends) guard(emit(compare.op, IrType::kBool, copy(compare.args[0], end), copy(compare.args[1], end)));
    fn_.at(id).dead = true;
    return true;
  }

  bool once(InstId id, InstId condition) {
    guard(condition);
    fn_.at(id).dead = true;
    return true;
  }
};

/// Whether Hoister could do anything: it looks at the blocks that every iteration runs, and at these ops.
bool has_checks(const Function& fn, const Loop& loop) {
  if (!loop.preheader.valid() || loop.latches.size() != 1) return false;
  for (BlockId b : loop.blocks) {
    for (InstId id : fn.at(b).insts) {
      IrOp op = fn.at(id).op;
      if (op == IrOp::add_ov || op == IrOp::sub_ov || op == IrOp::mul_ov || op == IrOp::bounds || op == IrOp::guard) return true;
    }
  }
  return false;
}

}  // namespace

bool hoist_checks(Function& fn, PassContext& ctx) {
  if (!ctx.options.hoist_checks) return false;
  fn.rebuild_predecessors();
  Dominators dominators;
  LoopForest forest;
  bool changed = insert_preheaders(fn, &dominators, &forest);
  if (changed) {
    simplify_phis(fn, ctx);
    dominators = compute_dominators(fn);
    forest = compute_loops(fn, dominators);
  }
  const std::vector<Loop>& loops = forest.loops;
  if (std::none_of(loops.begin(), loops.end(), [&](const Loop& loop) { return has_checks(fn, loop); })) return changed;
  MemoryEffects effects(fn);
  FreshObjects fresh(fn);
  std::unique_ptr<Ranges> ranges;  // of the function as it is
  for (size_t i = loops.size(); i-- > 0;) {
    if (!has_checks(fn, loops[i])) continue;
    if (ranges == nullptr) ranges = std::make_unique<Ranges>(fn);
    uint64_t moved = Hoister(fn, loops[i], *ranges, effects, fresh, ctx).run();
    if (moved == 0) continue;
    ctx.rewrites += moved;
    changed = true;
    fn.apply_replacements();
    ranges = nullptr;
  }
  return changed;
}

}  // namespace orus::jit
