// simplify_phis: remove block parameters whose arguments are all one value (or the parameter itself).
//
// Needs:  verified SSA. Leaves: verified SSA; control flow unchanged.
//
//   before  b1(v5): ...   entered by jump b1(v2) and jump b1(v5)
//   after   b1: ...       with v5 replaced by v2
//
// Source: the redundancy test of Braun et al., "Simple and Efficient Construction of SSA Form" (CC 2013); removing one
// parameter may make another redundant, so uses are queued until nothing changes.
#include <algorithm>

#include "jit/ir/ir.h"
#include "jit/opt/passes.h"

namespace orus::jit {
namespace {

struct Incoming {
  std::vector<InstId> values;
};

/// The only value other than the phi itself, or none.
InstId unique_value(const Function& fn, InstId phi, const Incoming& in) {
  InstId same;
  for (InstId raw : in.values) {
    InstId value = fn.resolve(raw);
    if (value == phi || value == same) continue;
    if (same.valid()) return {};
    same = value;
  }
  return same;
}

}  // namespace

bool simplify_phis(Function& fn, PassContext&) {
  auto has_phis = [](const Block& block) { return !block.phis.empty(); };
  if (std::none_of(fn.blocks.begin(), fn.blocks.end(), has_phis)) return false;
  std::vector<Incoming> incoming(fn.insts.size());
  std::vector<std::vector<uint32_t>> phi_users(fn.insts.size());
  std::vector<uint32_t> work;
  for (BlockId b : fn.reverse_postorder()) {
    for (const Edge& edge : fn.at(b).successors) {
      const auto& phis = fn.at(edge.target).phis;
      for (size_t i = 0; i < phis.size(); ++i) {
        incoming[phis[i].index].values.push_back(edge.args[i]);
        phi_users[edge.args[i].index].push_back(phis[i].index);
      }
    }
    for (InstId phi : fn.at(b).phis) work.push_back(phi.index);
  }
  bool changed = false;
  while (!work.empty()) {
    InstId phi(work.back());
    work.pop_back();
    if (fn.at(phi).dead) continue;
    InstId same = unique_value(fn, phi, incoming[phi.index]);
    if (!same.valid()) continue;
    fn.replace(phi, same);
    changed = true;
    for (uint32_t user : phi_users[phi.index]) {
      if (fn.at(InstId(user)).op == IrOp::phi) work.push_back(user);
    }
    auto& users = phi_users[same.index];
    users.insert(users.end(), phi_users[phi.index].begin(), phi_users[phi.index].end());
  }
  if (changed) fn.apply_replacements();
  return changed;
}

}  // namespace orus::jit
