// sort_elements: the order of sorted(). Independent of the VM.
#pragma once

#include <cstddef>

#include "vm/bytecode/module.h"

namespace orus {

/// Numbers, bool and string can be sorted.
constexpr bool is_sortable(TypeKind element) { return element >= TypeKind::kI32 && element <= TypeKind::kString; }

/// Sorts array storage of `count` elements in place: stable, ascending, false before true, strings bytewise, NaN after
/// every other number. O(n log n) time, in place. `element` is sortable; no
/// collection may happen meanwhile.
void sort_elements(TypeKind element, void* storage, size_t count);

}  // namespace orus
