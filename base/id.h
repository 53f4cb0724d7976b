// Dense 32-bit ids, one distinct type per thing they name. They index tables; they are never pointers.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace orus {

template <class Tag>
struct Id {
  uint32_t index = UINT32_MAX;  // UINT32_MAX: none
  constexpr Id() = default;
  constexpr explicit Id(size_t i) : index(static_cast<uint32_t>(i)) {}
  constexpr bool valid() const { return index != UINT32_MAX; }
  constexpr auto operator<=>(const Id&) const = default;
};

}  // namespace orus

template <class Tag>
struct std::hash<orus::Id<Tag>> {
  size_t operator()(orus::Id<Tag> id) const noexcept { return id.index; }
};
