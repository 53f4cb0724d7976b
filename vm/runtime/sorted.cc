#include "vm/runtime/sorted.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "vm/runtime/allocate.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

// Equal integers and equal strings cannot be told apart by a program, so any sort is a stable one for them. Of the
// floats only zeros show their order, in their signs.

template <class T>
void sort_integers(void* storage, size_t count) {
  auto* values = static_cast<T*>(storage);
  std::sort(values, values + count);
}

void sort_bools(void* storage, size_t count) {
  auto* values = static_cast<uint8_t*>(storage);
  auto falses = static_cast<size_t>(std::count(values, values + count, uint8_t{0}));
  std::memset(values, 0, falses);
  std::memset(values + falses, 1, count - falses);
}

void sort_floats(void* storage, size_t count) {
  auto* values = static_cast<double*>(storage);
  std::vector<bool> negative_zeros;  // by zero, in the order found
  for (size_t i = 0; i < count; ++i) {
    if (values[i] == 0) negative_zeros.push_back(std::signbit(values[i]));
  }
  double* end = std::partition(values, values + count, [](double v) { return !std::isnan(v); });
  std::sort(values, end);
  double* zero = std::lower_bound(values, end, 0.0);
  for (bool negative : negative_zeros) *zero++ = negative ? -0.0 : 0.0;
}

void sort_strings(void* storage, size_t count) {
  auto* values = static_cast<const String**>(storage);
  std::sort(values, values + count, [](const String* a, const String* b) { return compare_strings(a, b) < 0; });
}

}  // namespace

void sort_elements(TypeKind element, void* storage, size_t count) {
  switch (element) {
    case TypeKind::kI32: return sort_integers<int32_t>(storage, count);
    case TypeKind::kI64: return sort_integers<int64_t>(storage, count);
    case TypeKind::kU32: return sort_integers<uint32_t>(storage, count);
    case TypeKind::kU64: return sort_integers<uint64_t>(storage, count);
    case TypeKind::kF64: return sort_floats(storage, count);
    case TypeKind::kBool: return sort_bools(storage, count);
    case TypeKind::kString: return sort_strings(storage, count);
    default: ORUS_CHECK(false);
  }
}

bool builtin_sorted(Vm& vm, Slot* base, const Insn* pc) {
  int32_t length = slot_ref<Array>(rt_arg(base, pc, 0))->length;
  TypeId type = rt_type(base, pc, 0);
  TypeKind element = vm.module().kind(vm.module().type(type).element);
  if (!is_sortable(element) && length > 0) return vm.raise(Trap::NotSortable, base, pc);
  Array* result = allocate_array(vm, type, length, length);
  if (result == nullptr) return false;
  if (length > 0) {
    auto count = static_cast<size_t>(length);
    const auto* source = slot_ref<Array>(rt_arg(base, pc, 0));
    std::memcpy(result->buffer->data(), source->buffer->data(), count * element_bytes(element));
    sort_elements(element, result->buffer->data(), count);
    if (is_reference(element)) vm.heap().barrier(result->buffer);
  }
  return set_result(base, pc, result);
}

}  // namespace orus
