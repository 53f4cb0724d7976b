// promote_globals: variables of the module that a loop writes live in registers while it runs.
//
// Needs:  verified SSA. Leaves: verified SSA; loops have preheaders, edges out of loops blocks of their own.
// Never:  lets anyone see the globals block without a value that the program has stored: exits inside the loop carry
//         the pending values in their frame states, and a global that a call in the loop may touch stays in memory.
//
//   before  loop: v1 = load_global g      after   preheader: v0 = load_global g
//                 store_global g, v2              loop(v1 = phi v0, v2): ...
//           exit: ...                             exit edge: store_global g, v2
//
// Outer loops first: what an inner loop alone can keep is tried again there. Leaving marks a pending global assigned,
// so one that may still be unassigned is checked in the preheader.
#include <algorithm>

#include "jit/opt/alias.h"
#include "jit/opt/passes.h"
#include "jit/opt/preheader_frame.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

bool touches_global(IrOp op) { return op == IrOp::load_global || op == IrOp::store_global || op == IrOp::load_assigned; }

class Promotion {
 public:
  Promotion(Function& fn, PassContext& ctx) : fn_(fn), ctx_(ctx), effects_(fn) {}
  bool run();

 private:
  void collect_facts();
  void promote(uint32_t loop);
  std::vector<uint32_t> candidates(uint32_t loop);
  bool is_assigned(uint32_t global, BlockId at) const;
  InstId entry_value(const Loop& loop, uint32_t global);
  void rename(const Loop& loop, uint32_t global, InstId entry);
  void rename_block(BlockId block, uint32_t global, InstId* value);
  void connect_phis(const Loop& loop, const std::vector<InstId>& phis, InstId entry);
  void store_on_exits(const Loop& loop, uint32_t global);
  void attach_frames(const Loop& loop);
  BlockId exit_block(BlockId from, size_t successor);

  static constexpr size_t kMaxKept = 32;  // of one loop: each costs an entry in every frame state inside

  Function& fn_;
  PassContext& ctx_;
  MemoryEffects effects_;
  Dominators dominators_;
  LoopForest forest_;
  std::vector<std::vector<uint32_t>> predecessors_;
  std::vector<std::vector<BlockId>> facts_;         // by global: assigned from the end of that block on
  std::vector<std::vector<GlobalValue>> pending_;   // by instruction: what its exit must store
  std::vector<InstId> out_;                         // by block: value of the global at its end
  std::vector<bool> inside_;                        // by block: in the loop at hand
  size_t old_blocks_ = 0;                           // blocks there were before the loop at hand
};

/// Where globals are known to be assigned: the first few places, which are those that may dominate much.
void Promotion::collect_facts() {
  constexpr size_t kMaxFacts = 16;
  facts_.resize(fn_.module->globals.size());
  auto add = [&](const Inst& inst, BlockId b) {
    auto& list = facts_[static_cast<size_t>(inst.imm)];
    if (list.size() < kMaxFacts && (list.empty() || list.back() != b)) list.push_back(b);
  };
  for (BlockId b : dominators_.order) {
    for (InstId id : fn_.at(b).insts) {
      const Inst& inst = fn_.at(id);
      if (inst.op == IrOp::store_global) add(inst, b);
      const Inst* source = inst.op == IrOp::guard || (inst.op == IrOp::pi && inst.type == IrType::kRef) ? &fn_.at(inst.args[0]) : nullptr;
      bool known = source != nullptr && (source->op == IrOp::load_assigned || source->op == IrOp::load_global);
      if (known) add(*source, b);
    }
  }
}

bool Promotion::is_assigned(uint32_t global, BlockId at) const {
  const auto& blocks = facts_[global];
  return std::any_of(blocks.begin(), blocks.end(), [&](BlockId block) { return dominators_.dominates(block, at); });
}

/// Globals that the loop stores to, ascending, but for those kept already and those that someone else may look at.
std::vector<uint32_t> Promotion::candidates(uint32_t number) {
  const Loop& loop = forest_.loops[number];
  std::vector<uint32_t> result;
  std::vector<InstId> calls;
  for (BlockId b : loop.blocks) {
    for (InstId id : fn_.at(b).insts) {
      if (fn_.at(id).dead) continue;
      if (fn_.at(id).op == IrOp::store_global) result.push_back(static_cast<uint32_t>(fn_.at(id).imm));
      if ((info(fn_.at(id).op).effects & kIrCall) != 0) calls.push_back(id);
    }
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  std::erase_if(result, [&](uint32_t g) {
    auto touches = [&](InstId id) { return effects_.may_read_global(id, g) || effects_.may_write(id, global_alias(g)); };
    return std::any_of(calls.begin(), calls.end(), touches);
  });
  if (result.size() > kMaxKept) result.resize(kMaxKept);
  return result;
}

/// Loads the global in the preheader; none when it may be unassigned there and nothing can be done about it.
InstId Promotion::entry_value(const Loop& loop, uint32_t global) {
  bool known = is_assigned(global, loop.preheader);
  FrameId frame;
  if (!known) {
    if (ctx_.options.hoist_checks) frame = preheader_frame(fn_, loop);
    if (!frame.valid()) return {};
  }
  IrType type = ir_type(fn_.module->kind(fn_.module->globals[global].type));
  auto emit = [&](IrOp op, IrType result, std::initializer_list<InstId> args, int64_t imm = 0) {
    InstId id = fn_.create(op, result, args, imm);
    fn_.insert_before_terminator(loop.preheader, id);
    return id;
  };
  auto check = [&](InstId condition) {
    InstId guard = emit(IrOp::guard, IrType::kVoid, {condition});
    fn_.at(guard).frame = frame;
    fn_.at(guard).reason = ExitReason::hoisted_check;
  };
  if (!known && type != IrType::kRef) {
    InstId assigned = emit(IrOp::load_assigned, IrType::kBool, {}, global);
    fn_.at(assigned).aux = global_alias(global);
    check(assigned);
  }
  InstId value = emit(IrOp::load_global, type, {}, global);
  fn_.at(value).aux = global_alias(global);
  if (type != IrType::kRef) return value;
  if (!known) check(emit(IrOp::ne, IrType::kBool, {value, fn_.constant(IrType::kRef, 0)}));
  return emit(IrOp::pi, IrType::kRef, {value});
}

/// Follows the global through one block; its loads, stores and tests go.
void Promotion::rename_block(BlockId block, uint32_t global, InstId* value) {
  for (InstId id : fn_.at(block).insts) {
    Inst& inst = fn_.at(id);
    if (inst.dead) continue;
    if ((info(inst.op).effects & (kIrExits | kIrCall)) != 0) pending_[id.index].push_back({global, *value});
    if (!touches_global(inst.op) || inst.imm != global) continue;
    ++ctx_.rewrites;
    if (inst.op == IrOp::store_global) {
      *value = inst.args[0];
      inst.dead = true;
    } else {
      // load_global g -> the value kept    load_assigned g -> true
      InstId with = inst.op == IrOp::load_global ? *value : fn_.constant(IrType::kBool, 1);
      fn_.replace(id, with);
    }
  }
}

/// Gives each phi an argument on every edge into its block.
void Promotion::connect_phis(const Loop& loop, const std::vector<InstId>& phis, InstId entry) {
  for (InstId phi : phis) {
    BlockId block = fn_.at(phi).block;
    std::vector<uint32_t> sources = predecessors_[block.index];
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    for (uint32_t p : sources) {
      for (Edge& edge : fn_.blocks[p].successors) {
        if (edge.target == block) edge.args.push_back(inside_[p] ? out_[p] : entry);
      }
    }
  }
}

void Promotion::rename(const Loop& loop, uint32_t global, InstId entry) {
  IrType type = fn_.at(entry).type;
  for (BlockId b : loop.blocks) out_[b.index] = InstId();
  std::vector<InstId> phis;
  auto phi = [&](BlockId b) {
    phis.push_back(fn_.add_phi(b, type));
    return phis.back();
  };
  for (BlockId b : loop.blocks) {
    InstId value;
    bool merge = b == loop.header;
    for (uint32_t p : predecessors_[b.index]) {
      if (merge) break;
      InstId from = out_[p];
      merge = !from.valid() || (value.valid() && from != value);  // not seen yet: a back edge of a loop inside
      value = from;
    }
    if (merge) value = phi(b);
    rename_block(b, global, &value);
    out_[b.index] = value;
  }
  connect_phis(loop, phis, entry);
}

/// The block on an edge out of a loop, made when first asked for.
BlockId Promotion::exit_block(BlockId from, size_t successor) {
  BlockId target = fn_.at(from).successors[successor].target;
  BlockId block = fn_.add_block();
  fn_.at(block).pc = fn_.at(target).pc;
  fn_.at(block).cold = fn_.at(target).cold;
  fn_.append(block, IrOp::jump, IrType::kVoid, {});
  inside_.resize(fn_.blocks.size());
  Edge& edge = fn_.at(from).successors[successor];
  fn_.at(block).successors.push_back({target, std::move(edge.args)});
  edge = {block, {}};
  return block;
}

/// store_global on each edge out of the loop.
void Promotion::store_on_exits(const Loop& loop, uint32_t global) {
  for (BlockId b : loop.blocks) {
    for (size_t s = 0; s < fn_.at(b).successors.size(); ++s) {
      BlockId target = fn_.at(b).successors[s].target;
      if (inside_[target.index]) continue;
      bool own = target.index >= old_blocks_;  // made for an earlier global of this loop
      BlockId block = own ? target : exit_block(b, s);
      InstId store = fn_.create(IrOp::store_global, IrType::kVoid, {out_[b.index]}, global);
      fn_.at(store).aux = global_alias(global);
      fn_.insert_before_terminator(block, store);
    }
  }
}

/// Frame states are shared by checks of one bytecode instruction; so are the copies with pending values.
void Promotion::attach_frames(const Loop& loop) {
  FrameId original, copy;
  const std::vector<GlobalValue>* last = nullptr;
  auto same = [](const std::vector<GlobalValue>& a, const std::vector<GlobalValue>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const GlobalValue& x, const GlobalValue& y) { return x.global == y.global && x.value == y.value; });
  };
  for (BlockId b : loop.blocks) {
    for (InstId id : fn_.at(b).insts) {
      if (id.index >= pending_.size()) continue;
      auto& pending = pending_[id.index];
      if (pending.empty() || fn_.at(id).dead) continue;
      if (last == nullptr || fn_.at(id).frame != original || !same(*last, pending)) {
        original = fn_.at(id).frame;
        FrameState state = fn_.at(original);
        state.globals.insert(state.globals.end(), pending.begin(), pending.end());
        std::sort(state.globals.begin(), state.globals.end(),
                  [](const GlobalValue& x, const GlobalValue& y) { return x.global < y.global; });
        copy = fn_.add_frame(std::move(state));
        last = &pending;
      }
      fn_.at(id).frame = copy;
    }
  }
}

void Promotion::promote(uint32_t number) {
  const Loop& loop = forest_.loops[number];
  std::vector<uint32_t> globals = candidates(number);
  if (globals.empty() || !loop.preheader.valid()) return;
  for (BlockId b : loop.blocks) inside_[b.index] = true;
  old_blocks_ = fn_.blocks.size();
  pending_.resize(fn_.insts.size());
  for (uint32_t global : globals) {
    InstId entry = entry_value(loop, global);
    if (!entry.valid()) continue;
    rename(loop, global, entry);
    store_on_exits(loop, global);
  }
  attach_frames(loop);
  for (BlockId b : loop.blocks) {
    inside_[b.index] = false;
    for (InstId id : fn_.at(b).insts) {
      if (id.index < pending_.size()) pending_[id.index].clear();
    }
  }
}

bool Promotion::run() {
  bool any = false;
  for (const Inst& inst : fn_.insts) any = any || (inst.op == IrOp::store_global && !inst.dead);
  if (!any) return false;
  uint64_t before = ctx_.rewrites;
  // Blocks added on the way stand on edges out of loops, which no other loop's blocks or preheaders depend on: the
  // analyses stay right for those that were there.
  bool changed = insert_preheaders(fn_, &dominators_, &forest_);
  collect_facts();
  predecessors_.resize(fn_.blocks.size());
  for (BlockId b : dominators_.order) {
    for (const Edge& edge : fn_.at(b).successors) predecessors_[edge.target.index].push_back(b.index);
  }
  out_.resize(fn_.blocks.size());
  inside_.resize(fn_.blocks.size());
  for (uint32_t number = 0; number < forest_.loops.size(); ++number) promote(number);
  if (ctx_.rewrites == before) return changed;
  fn_.apply_replacements();
  simplify_phis(fn_, ctx_);
  return true;
}

}  // namespace

bool promote_globals(Function& fn, PassContext& ctx) { return Promotion(fn, ctx).run(); }

}  // namespace orus::jit
