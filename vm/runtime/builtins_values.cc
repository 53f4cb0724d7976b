// Builtins on heap values: slices, repetition, error values, range iterators.
//
// A slice's end is inclusive, except that an end equal to the length means "to the end".
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "vm/runtime/allocate.h"
#include "vm/runtime/errors.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

struct SliceTraps {
  Trap negative, start_range, end_range, end_before_start;
};
constexpr SliceTraps kArraySlice = {Trap::SliceBoundNegative, Trap::SliceStartRange, Trap::SliceEndRange, Trap::SliceEndBeforeStart};
constexpr SliceTraps kStringSlice = {Trap::StringSliceBoundNegative, Trap::StringSliceStartRange, Trap::StringSliceEndRange,
                                     Trap::StringSliceEndBeforeStart};

struct Span {
  int64_t start = 0, count = 0;
};

/// The part of `length` elements that [start..end] names.
bool find_span(Vm& vm, Slot* base, const Insn* pc, const SliceTraps& traps, int64_t length, int64_t end, Span* span) {
  auto start = static_cast<int64_t>(rt_arg(base, pc, 1));
  if (start < 0 || end < 0) return vm.raise(traps.negative, base, pc);
  if (start > length) return vm.raise(traps.start_range, base, pc);
  if (end > length) return vm.raise(traps.end_range, base, pc);
  if (end < start) return vm.raise(traps.end_before_start, base, pc);
  *span = {start, (end == length ? length : end + 1) - start};
  return true;
}

bool slice_array(Vm& vm, Slot* base, const Insn* pc, int64_t end) {
  Span span;
  if (!find_span(vm, base, pc, kArraySlice, slot_ref<Array>(rt_arg(base, pc, 0))->length, end, &span)) return false;
  TypeId type = rt_type(base, pc, 0);
  auto count = static_cast<int32_t>(span.count);
  Array* result = allocate_array(vm, type, count, count);
  if (result == nullptr) return false;
  if (count > 0) {
    TypeKind element = vm.module().kind(vm.module().type(type).element);
    size_t bytes = element_bytes(element);
    const char* source = slot_ref<Array>(rt_arg(base, pc, 0))->buffer->data();
    std::memcpy(result->buffer->data(), source + static_cast<size_t>(span.start) * bytes, static_cast<size_t>(count) * bytes);
    if (is_reference(element)) vm.heap().barrier(result->buffer);
  }
  return set_result(base, pc, result);
}

bool slice_string(Vm& vm, Slot* base, const Insn* pc, int64_t end) {
  const auto* source = slot_ref<String>(rt_arg(base, pc, 0));
  Span span;
  if (!find_span(vm, base, pc, kStringSlice, source->length, end, &span)) return false;
  if (span.count == source->length) return set_result(base, pc, source);
  auto count = static_cast<uint32_t>(span.count);
  String* result = allocate_string(vm, count, count);
  if (result == nullptr) return false;
  std::memcpy(result->bytes->data(), slot_ref<String>(rt_arg(base, pc, 0))->bytes->data() + span.start, count);
  return set_result(base, pc, result);
}

/// Fills `total` bytes with repetitions of the first `unit`; total is a multiple of unit.
void repeat_bytes(char* data, size_t unit, size_t total) {
  for (size_t done = unit; done < total;) {
    size_t step = std::min(done, total - done);
    std::memcpy(data + done, data, step);
    done += step;
  }
}

}  // namespace

bool builtin_array_slice(Vm& vm, Slot* base, const Insn* pc) {
  return slice_array(vm, base, pc, static_cast<int64_t>(rt_arg(base, pc, 2)));
}

bool builtin_array_slice_from(Vm& vm, Slot* base, const Insn* pc) {
  return slice_array(vm, base, pc, slot_ref<Array>(rt_arg(base, pc, 0))->length);
}

bool builtin_str_slice(Vm& vm, Slot* base, const Insn* pc) { return slice_string(vm, base, pc, static_cast<int64_t>(rt_arg(base, pc, 2))); }

bool builtin_str_slice_from(Vm& vm, Slot* base, const Insn* pc) {
  return slice_string(vm, base, pc, slot_ref<String>(rt_arg(base, pc, 0))->length);
}

bool builtin_array_repeat(Vm& vm, Slot* base, const Insn* pc) {
  int32_t length = slot_ref<Array>(rt_arg(base, pc, 0))->length;
  auto count = static_cast<int64_t>(rt_arg(base, pc, 1));
  if (count < 0 || (length > 0 && count > kMaxArrayLength / length)) return vm.raise(Trap::RepeatCount, base, pc);
  TypeId type = rt_type(base, pc, 0);
  int32_t total = length == 0 ? 0 : length * static_cast<int32_t>(count);
  Array* result = allocate_array(vm, type, total, total);
  if (result == nullptr) return false;
  if (total > 0) {
    TypeKind element = vm.module().kind(vm.module().type(type).element);
    size_t bytes = element_bytes(element), unit = static_cast<size_t>(length) * bytes;
    std::memcpy(result->buffer->data(), slot_ref<Array>(rt_arg(base, pc, 0))->buffer->data(), unit);
    repeat_bytes(result->buffer->data(), unit, static_cast<size_t>(total) * bytes);
    if (is_reference(element)) vm.heap().barrier(result->buffer);
  }
  return set_result(base, pc, result);
}

bool builtin_error_message(Vm& vm, Slot* base, const Insn* pc) {
  return set_result(base, pc, slot_ref<ErrorObject>(rt_arg(base, pc, 0))->message);
}

bool builtin_error_type(Vm& vm, Slot* base, const Insn* pc) {
  const auto* error = slot_ref<ErrorObject>(rt_arg(base, pc, 0));
  std::string text(kErrorKindWords[error->error_kind]);
  text.append(" error ").append(error->message->view());
  if (text.size() > kMaxStringLength) return vm.raise(Trap::StringTooLong, base, pc);
  return set_result(base, pc, new_string(vm, text));
}

bool builtin_range_new(Vm& vm, Slot* base, const Insn* pc) {
  if (rt_arg(base, pc, 2) == 0) return vm.raise(Trap::RangeArguments, base, pc);
  auto* range = static_cast<RangeObject*>(vm.allocate(ObjectKind::kRange, 0, sizeof(RangeObject)));
  if (range == nullptr) return false;
  range->current = static_cast<int64_t>(rt_arg(base, pc, 0));
  range->end = static_cast<int64_t>(rt_arg(base, pc, 1));
  range->step = static_cast<int64_t>(rt_arg(base, pc, 2));
  return set_result(base, pc, range);
}

bool builtin_range_argument(Vm& vm, Slot* base, const Insn* pc) {
  Slot value = rt_arg(base, pc, 0);
  if (value > static_cast<Slot>(std::numeric_limits<int64_t>::max())) return vm.raise(Trap::RangeArguments, base, pc);
  return set_result(base, pc, value);
}

}  // namespace orus
