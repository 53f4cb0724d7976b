// The verifier of the IR: the invariants of ir.h, and the types of every op from its row in ir_ops.def. Rules that a
// row cannot express are in verify_ops.cc.
//
// Any Function may be passed: ids are checked before they are followed, so that broken IR gives an error and not a
// crash. Time is linear in the size of the function, times the logarithm of the number of blocks.
#include <algorithm>

#include "jit/ir/ir_text.h"
#include "jit/ir/verify_internal.h"

namespace orus::jit {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

class Verifier {
 public:
  explicit Verifier(const Function& fn) : fn_(fn) {}
  Status run();

 private:
  bool edges_exist();
  bool graph();
  bool predecessors();
  bool placed();
  bool place(BlockId block, InstId id, uint32_t position);
  bool shape(BlockId block);
  bool arguments(InstId id);
  bool frames(InstId id);
  bool edge_arguments(BlockId block);
  bool use(InstId user, InstId value, const char* what);
  bool dominates(InstId value, BlockId block, uint32_t position) const;
  bool fail(std::string rule) { return fail_at(block_, inst_, std::move(rule)); }
  bool fail_at(BlockId block, InstId inst, std::string rule) {
    block_ = block;
    inst_ = inst;
    rule_ = std::move(rule);
    return false;
  }
  Error error() const;

  const Function& fn_;
  BlockId block_;
  InstId inst_;
  std::string rule_;
  std::vector<BlockId> order_;
  std::vector<uint32_t> position_;  // by instruction: in its block; phis are 0. kNone: in no block
  DominatorTree tree_;
};

Error Verifier::error() const {
  Numbering names = number_ir(fn_);
  std::string where = fn_.index < fn_.module->functions.size() ? "@" + fn_.module->functions[fn_.index].name : "@?";
  if (block_.valid()) where += " " + names.block(block_);
  if (inst_.valid()) where += ": " + print_inst(fn_, names, inst_);
  return Error{ErrorCode::kBadIr, rule_, where};
}

bool Verifier::edges_exist() {
  if (fn_.index >= fn_.module->functions.size()) return fail("the unit's function is not in the module");
  if (fn_.blocks.empty() || fn_.blocks[0].dead) return fail("the entry block is missing");
  for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
    if (fn_.blocks[b].dead) continue;
    for (const Edge& edge : fn_.blocks[b].successors) {
      bool exists = edge.target.index < fn_.blocks.size() && !fn_.at(edge.target).dead;
      if (!exists) return fail_at(BlockId(b), {}, "a successor does not exist");
    }
  }
  return true;
}

bool Verifier::graph() {
  order_ = fn_.reverse_postorder();
  std::vector<uint8_t> reached(fn_.blocks.size(), 0);
  for (BlockId b : order_) reached[b.index] = 1;
  for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
    if (!fn_.blocks[b].dead && !reached[b]) return fail_at(BlockId(b), {}, "the block cannot be reached");
  }
  if (!fn_.blocks[0].phis.empty()) return fail_at(BlockId(0u), {}, "the entry block has block parameters");
  return predecessors();
}

/// The recorded predecessors are exactly the sources of the edges, in any order.
bool Verifier::predecessors() {
  std::vector<std::vector<uint32_t>> sources(fn_.blocks.size());
  for (uint32_t b = 0; b < fn_.blocks.size(); ++b) {
    if (fn_.blocks[b].dead) continue;
    for (const Edge& edge : fn_.blocks[b].successors) sources[edge.target.index].push_back(b);
  }
  if (!sources[0].empty()) return fail_at(BlockId(0u), {}, "the entry block has a predecessor");
  for (BlockId b : order_) {
    std::vector<uint32_t> recorded;
    for (BlockId p : fn_.at(b).predecessors) recorded.push_back(p.index);
    std::sort(recorded.begin(), recorded.end());
    if (recorded != sources[b.index]) return fail_at(b, {}, "the recorded predecessors are not the sources of its edges");
  }
  return true;
}

bool Verifier::place(BlockId block, InstId id, uint32_t position) {
  block_ = block;
  inst_ = {};
  if (id.index >= fn_.insts.size()) return fail("an instruction does not exist");
  inst_ = id;
  const Inst& inst = fn_.at(id);
  if (static_cast<size_t>(inst.op) >= kIrOpCount) return fail_at(block, {}, "an instruction has no op");
  if (position_[id.index] != kNone) return fail("the instruction stands in two places");
  if (inst.dead) return fail("the instruction is dead but stands in a block");
  if (inst.block != block) return fail("the instruction is recorded in another block");
  position_[id.index] = position;
  return true;
}

bool Verifier::placed() {
  position_.assign(fn_.insts.size(), kNone);
  for (BlockId b : order_) {
    const Block& block = fn_.at(b);
    for (InstId id : block.phis) {
      if (!place(b, id, 0)) return false;
      if (fn_.at(id).op != IrOp::phi) return fail("a block parameter is not a phi");
      if (fn_.at(id).type == IrType::kVoid) return fail("a block parameter without a type");
    }
    for (size_t i = 0; i < block.insts.size(); ++i) {
      if (!place(b, block.insts[i], static_cast<uint32_t>(i + 1))) return false;
      if (fn_.at(block.insts[i]).op == IrOp::phi) return fail("a phi among the instructions");
    }
    if (!shape(b)) return false;
  }
  return true;
}

/// Terminators come last, and there are as many successors as the terminator has.
bool Verifier::shape(BlockId b) {
  const Block& block = fn_.at(b);
  if (block.insts.empty()) return fail_at(b, {}, "the block is empty");
  for (InstId id : block.insts) {
    bool terminator = (info(fn_.at(id).op).effects & kIrTerminator) != 0;
    if (terminator && id != block.insts.back()) return fail_at(b, id, "a terminator in the middle of a block");
    if (!terminator && id == block.insts.back()) return fail_at(b, id, "the block does not end in a terminator");
  }
  IrOp op = fn_.at(block.insts.back()).op;
  size_t successors = op == IrOp::branch ? 2 : op == IrOp::jump ? 1 : 0;
  if (block.successors.size() != successors) return fail_at(b, block.insts.back(), "wrong number of successors");
  return true;
}

/// Whether `value` is defined before position `position` of `block` on every path.
bool Verifier::dominates(InstId value, BlockId block, uint32_t position) const {
  BlockId home = fn_.at(value).block;
  if (home == block) return position_[value.index] < position;
  return tree_.dominates(home, block);
}

bool Verifier::use(InstId user, InstId value, const char* what) {
  if (value.index >= fn_.insts.size() || position_[value.index] == kNone) return fail(std::string(what) + " is not defined");
  if (fn_.at(value).type == IrType::kVoid) return fail(std::string(what) + " is not a value");
  if (!dominates(value, fn_.at(user).block, position_[user.index])) {
    return fail(std::string(what) + " does not dominate its use");
  }
  return true;
}

bool Verifier::arguments(InstId id) {
  const Inst& inst = fn_.at(id);
  const IrOpInfo& row = info(inst.op);
  if (row.args >= 0 && inst.arg_count != static_cast<uint32_t>(row.args)) return fail("wrong number of arguments");
  if (inst.arg_count > 3 && size_t{inst.more} + inst.arg_count - 3 > fn_.more_args.size()) return fail("the argument list does not exist");
  for (uint32_t i = 0; i < inst.arg_count; ++i) {
    if (!use(id, fn_.arg(id, i), "an argument")) return false;
  }
  std::string rule = check_types(fn_, id);
  return rule.empty() || fail(std::move(rule));
}

bool Verifier::frames(InstId id) {
  FrameId frame = fn_.at(id).frame;
  if (!has_frame(fn_.at(id).op)) return !frame.valid() || fail("a frame state on an op that cannot leave");
  if (static_cast<size_t>(fn_.at(id).reason) >= kExitReasonCount) return fail("no such exit reason");
  if (!frame.valid()) return fail("the frame state is missing");
  for (size_t steps = 0; frame.valid(); frame = fn_.at(frame).parent) {
    if (frame.index >= fn_.frames.size()) return fail("the frame state does not exist");
    if (++steps > fn_.frames.size()) return fail("the frame states form a cycle");
    for (const FrameValue& value : fn_.at(frame).values) {
      if (!use(id, value.value, "a value of the frame state")) return false;
    }
    for (const GlobalValue& global : fn_.at(frame).globals) {
      if (!use(id, global.value, "a global of the frame state")) return false;
    }
  }
  std::string rule = check_frames(fn_, id);
  return rule.empty() || fail(std::move(rule));
}

bool Verifier::edge_arguments(BlockId b) {
  InstId terminator = fn_.terminator(b);
  block_ = b;
  inst_ = terminator;
  for (const Edge& edge : fn_.at(b).successors) {
    const auto& phis = fn_.at(edge.target).phis;
    if (edge.args.size() != phis.size()) return fail("an edge has another number of arguments than its target has parameters");
    for (size_t i = 0; i < phis.size(); ++i) {
      if (!use(terminator, edge.args[i], "an edge argument")) return false;
      if (fn_.at(edge.args[i]).type != fn_.at(phis[i]).type) return fail("an edge argument has another type than the parameter");
    }
  }
  return true;
}

Status Verifier::run() {
  if (!edges_exist() || !graph() || !placed()) return error();
  tree_ = DominatorTree(fn_);
  for (BlockId b : order_) {
    for (InstId id : fn_.at(b).phis) {
      block_ = b;
      inst_ = id;
      if (!arguments(id) || !frames(id)) return error();
    }
    for (InstId id : fn_.at(b).insts) {
      block_ = b;
      inst_ = id;
      if (!arguments(id) || !frames(id)) return error();
      std::string rule = check_op(fn_, id);
      if (!rule.empty()) return fail(std::move(rule)), error();
    }
    if (!edge_arguments(b)) return error();
  }
  return Ok{};
}

}  // namespace

Status verify_ir(const Function& fn) { return Verifier(fn).run(); }

}  // namespace orus::jit
