// eliminate_dead: remove instructions and block parameters that no effect, exit or terminator depends on.
//
// Needs:  verified SSA. Leaves: verified SSA; control flow unchanged.
// Never:  removes an instruction that writes, calls, exits or ends a block.
#include "jit/ir/ir.h"
#include "jit/opt/passes.h"

namespace orus::jit {

bool eliminate_dead(Function& fn, PassContext&) {
  constexpr uint16_t kRoots = kIrWrites | kIrExits | kIrCall | kIrTerminator | kIrSafepoint;
  std::vector<bool> live(fn.insts.size(), false);
  std::vector<InstId> work;
  work.reserve(fn.insts.size());
  auto mark = [&](InstId id) {
    if (!live[id.index]) {
      live[id.index] = true;
      work.push_back(id);
    }
  };
  std::vector<BlockId> order = fn.reverse_postorder();
  // Arguments that flow into each phi.
  std::vector<std::vector<InstId>> incoming(fn.insts.size());
  for (BlockId b : order) {
    for (InstId id : fn.at(b).insts) {
      if ((info(fn.at(id).op).effects & kRoots) != 0) mark(id);
    }
    for (const Edge& edge : fn.at(b).successors) {
      const auto& phis = fn.at(edge.target).phis;
      for (size_t i = 0; i < phis.size(); ++i) incoming[phis[i].index].push_back(edge.args[i]);
    }
  }
  while (!work.empty()) {
    InstId id = work.back();
    work.pop_back();
    fn.for_each_arg(id, [&](InstId arg) { mark(arg); });
    fn.for_each_frame_value(fn.at(id).frame, [&](const FrameValue& value) { mark(value.value); });
    for (InstId arg : incoming[id.index]) mark(arg);
  }
  bool changed = false;
  for (BlockId b : order) {
    for (const auto* list : {&fn.at(b).insts, &fn.at(b).phis}) {
      for (InstId id : *list) {
        if (live[id.index]) continue;
        fn.at(id).dead = true;
        changed = true;
      }
    }
  }
  if (changed) fn.sweep();
  return changed;
}

}  // namespace orus::jit
