#include "jit/opt/preheader_frame.h"

#include <algorithm>

namespace orus::jit {
namespace {

/// The header's poll, unless something that must not be done twice stands in front of it.
InstId header_poll(const Function& fn, const Loop& loop) {
  for (InstId id : fn.at(loop.header).insts) {
    const Inst& inst = fn.at(id);
    if (inst.op == IrOp::poll) return id;
    // Fuel is paid by whoever runs the block; the stress collection of the `loop` instruction may happen again.
    if (inst.op == IrOp::charge || inst.op == IrOp::runtime) continue;
    if ((info(inst.op).effects & (kIrWrites | kIrCall | kIrTerminator)) != 0) return {};
  }
  return {};
}

/// What stands for `value` at the end of the preheader; none when it is made inside the loop.
InstId before_header(const Function& fn, const Loop& loop, const std::vector<bool>& inside, InstId value) {
  const Inst& inst = fn.at(value);
  if (inst.block == loop.header && inst.op == IrOp::phi) {
    const auto& phis = fn.at(loop.header).phis;
    size_t i = static_cast<size_t>(std::find(phis.begin(), phis.end(), value) - phis.begin());
    return fn.at(loop.preheader).successors[0].args[i];
  }
  return inside[inst.block.index] ? InstId() : value;
}

}  // namespace

FrameId preheader_frame(Function& fn, const Loop& loop) {
  if (!loop.preheader.valid()) return {};
  InstId poll = header_poll(fn, loop);
  if (!poll.valid()) return {};
  FrameState state = fn.at(fn.at(poll).frame);
  for (InstId id : fn.at(loop.header).insts) {
    if (id == poll) break;
    // A runtime function at another pc than the header's own is not the `loop` instruction's.
    if (fn.at(id).op == IrOp::runtime && fn.at(fn.at(id).frame).pc != state.pc) return {};
  }
  std::vector<bool> inside(fn.blocks.size(), false);
  for (BlockId b : loop.blocks) inside[b.index] = true;
  for (FrameValue& value : state.values) {
    value.value = before_header(fn, loop, inside, value.value);
    if (!value.value.valid()) return {};
  }
  for (GlobalValue& global : state.globals) {
    global.value = before_header(fn, loop, inside, global.value);
    if (!global.value.valid()) return {};
  }
  for (FrameId parent = state.parent; parent.valid(); parent = fn.at(parent).parent) {
    for (const FrameValue& value : fn.at(parent).values) {
      if (before_header(fn, loop, inside, value.value) != value.value) return {};
    }
  }
  // The header's block is paid for by its own charge, which the preheader stands in front of. Only the header that a
  // loop unit is entered at has been paid for by then.
  state.charged = fn.is_loop_entry && !state.parent.valid() && state.pc == fn.entry_pc;
  return fn.add_frame(std::move(state));
}

}  // namespace orus::jit
