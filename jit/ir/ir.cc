#include "jit/ir/ir.h"

#include <algorithm>

namespace orus::jit {

std::string_view type_name(IrType type) {
  static constexpr std::string_view kNames[] = {"void", "i32", "i64", "f64", "bool", "ref"};
  return kNames[static_cast<size_t>(type)];
}

IrType ir_type(TypeKind kind) {
  switch (kind) {
    case TypeKind::kVoid: return IrType::kVoid;
    case TypeKind::kI32:
    case TypeKind::kU32: return IrType::kI32;
    case TypeKind::kI64:
    case TypeKind::kU64: return IrType::kI64;
    case TypeKind::kF64: return IrType::kF64;
    case TypeKind::kBool: return IrType::kBool;
    default: return IrType::kRef;
  }
}

BlockId Function::add_block() {
  blocks.emplace_back();
  return BlockId(blocks.size() - 1);
}

FrameId Function::add_frame(FrameState state) {
  frames.push_back(std::move(state));
  return FrameId(frames.size() - 1);
}

InstId Function::create(IrOp op, IrType type, std::span<const InstId> args, int64_t imm) {
  Inst inst;
  inst.op = op;
  inst.type = type;
  inst.imm = imm;
  inst.arg_count = static_cast<uint32_t>(args.size());
  inst.more = static_cast<uint32_t>(more_args.size());
  for (size_t i = 0; i < args.size(); ++i) {
    if (i < 3) {
      inst.args[i] = args[i];
    } else {
      more_args.push_back(args[i]);
    }
  }
  insts.push_back(inst);
  return InstId(insts.size() - 1);
}

InstId Function::append(BlockId block, IrOp op, IrType type, std::initializer_list<InstId> args, int64_t imm) {
  InstId id = create(op, type, args, imm);
  at(id).block = block;
  at(block).insts.push_back(id);
  return id;
}

InstId Function::add_phi(BlockId block, IrType type) {
  InstId id = create(IrOp::phi, type, {});
  at(id).block = block;
  at(block).phis.push_back(id);
  return id;
}

void Function::insert_before_terminator(BlockId block, InstId id) {
  at(id).block = block;
  auto& list = at(block).insts;
  list.insert(list.end() - 1, id);
}

InstId Function::constant(IrType type, int64_t bits) {
  if (type == IrType::kI32 || type == IrType::kBool) bits = static_cast<int64_t>(static_cast<uint32_t>(bits));
  auto [it, added] = constants_.try_emplace({type, bits});
  if (!added && !at(it->second).dead && at(it->second).block == BlockId(0u)) return it->second;
  InstId id = create(IrOp::constant, type, {}, bits);
  at(id).block = BlockId(0u);
  // In front of the terminator, or of nothing while the entry is still being built: constants depend on nothing, and
  // the only uses in front of them would be other constants.
  blocks[0].insts.insert(blocks[0].insts.begin(), id);
  it->second = id;
  return id;
}

void Function::replace(InstId from, InstId to) {
  ORUS_DCHECK(resolve(to) != from);
  if (replacement_.size() < insts.size()) replacement_.resize(insts.size());
  replacement_[from.index] = to;
  at(from).dead = true;
}

InstId Function::resolve(InstId id) const {
  while (id.index < replacement_.size() && replacement_[id.index].valid()) id = replacement_[id.index];
  return id;
}

void Function::apply_replacements() {
  if (!replacement_.empty()) {
    for (uint32_t b = 0; b < blocks.size(); ++b) {
      if (blocks[b].dead) continue;
      for (InstId id : blocks[b].insts) {
        for_each_arg(id, [&](InstId& arg) { arg = resolve(arg); });
      }
      for (Edge& edge : blocks[b].successors) {
        for (InstId& arg : edge.args) arg = resolve(arg);
      }
    }
    for (FrameState& frame : frames) {
      for (FrameValue& value : frame.values) value.value = resolve(value.value);
      for (GlobalValue& global : frame.globals) global.value = resolve(global.value);
    }
    replacement_.clear();
  }
  sweep();
}

void Function::sweep() {
  std::vector<BlockId> order = reverse_postorder();
  std::vector<bool> reachable(blocks.size(), false);
  for (BlockId b : order) reachable[b.index] = true;
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    Block& block = blocks[b];
    if (!reachable[b]) {
      block = Block{};
      block.dead = true;
      continue;
    }
    std::erase_if(block.insts, [&](InstId id) { return at(id).dead; });
  }
  // Dead phis take the arguments of every edge into their block with them.
  for (BlockId b : order) {
    for (Edge& edge : at(b).successors) {
      const auto& phis = at(edge.target).phis;
      size_t kept = 0;
      for (size_t i = 0; i < phis.size(); ++i) {
        if (!at(phis[i]).dead) edge.args[kept++] = edge.args[i];
      }
      edge.args.resize(kept);
    }
  }
  for (BlockId b : order) std::erase_if(at(b).phis, [&](InstId id) { return at(id).dead; });
  rebuild_predecessors();
}

void Function::rebuild_predecessors() {
  for (Block& block : blocks) block.predecessors.clear();
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    if (blocks[b].dead) continue;
    for (const Edge& edge : blocks[b].successors) at(edge.target).predecessors.push_back(BlockId(b));
  }
}

std::vector<BlockId> Function::reverse_postorder() const {
  std::vector<BlockId> order;
  std::vector<uint8_t> state(blocks.size(), 0);
  std::vector<std::pair<uint32_t, size_t>> stack;
  order.reserve(blocks.size());
  stack.reserve(blocks.size());
  stack.emplace_back(0, 0);
  state[0] = 1;
  while (!stack.empty()) {
    auto& [b, next] = stack.back();
    const auto& successors = blocks[b].successors;
    if (next < successors.size()) {
      // Later successors first, so that the first successor comes right after its block in the reversed order.
      uint32_t target = successors[successors.size() - 1 - next++].target.index;
      if (state[target] == 0) {
        state[target] = 1;
        stack.emplace_back(target, 0);
      }
    } else {
      order.push_back(BlockId(b));
      stack.pop_back();
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace orus::jit
