#include "vm/bytecode/opcode.h"

#include <algorithm>
#include <array>

namespace orus {
namespace {

struct NameIndex {
  std::array<uint16_t, kOpCount> order;
};

constexpr NameIndex sorted_names() {
  NameIndex index{};
  for (size_t i = 0; i < kOpCount; ++i) index.order[i] = static_cast<uint16_t>(i);
  std::sort(index.order.begin(), index.order.end(), [](uint16_t x, uint16_t y) { return kOps[x].name < kOps[y].name; });
  return index;
}

constexpr NameIndex kByName = sorted_names();

}  // namespace

bool find_op(std::string_view name, Op* op) {
  auto it =
      std::lower_bound(kByName.order.begin(), kByName.order.end(), name, [](uint16_t x, std::string_view n) { return kOps[x].name < n; });
  if (it == kByName.order.end() || kOps[*it].name != name) return false;
  *op = static_cast<Op>(*it);
  return true;
}

}  // namespace orus
