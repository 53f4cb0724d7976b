// Strings: immutable prefixes of append-only Bytes objects.
//
// A concatenation writes behind its left operand when that operand is the last user of its Bytes and there is room;
// only the 24-byte header is new then. When there is none, the bytes move to an object with twice the room, provided
// the left operand ended its Bytes and is the longer one: then every copied byte can be charged to a byte appended
// since the last copy, and `s = s + x` in a loop is linear. Other results get next to no slack.
#include <algorithm>
#include <cstring>

#include "vm/runtime/allocate.h"
#include "vm/runtime/ops.h"

namespace orus {
namespace {

constexpr uint32_t kMinGrownCapacity = 32;
constexpr uint32_t kMinJoinedCapacity = 24;

/// memcpy for n >= 1, without a call when n <= 16.
inline void copy_bytes(char* to, const char* from, size_t n) {
  if (n > 16) [[unlikely]] {
    std::memcpy(to, from, n);
    return;
  }
  if (n >= 8) {
    uint64_t head, tail;
    std::memcpy(&head, from, 8);
    std::memcpy(&tail, from + n - 8, 8);
    std::memcpy(to, &head, 8);
    std::memcpy(to + n - 8, &tail, 8);
  } else if (n >= 4) {
    uint32_t head, tail;
    std::memcpy(&head, from, 4);
    std::memcpy(&tail, from + n - 4, 4);
    std::memcpy(to, &head, 4);
    std::memcpy(to + n - 4, &tail, 4);
  } else {
    to[0] = from[0];
    to[n / 2] = from[n / 2];
    to[n - 1] = from[n - 1];
  }
}

inline bool ends_its_bytes(const String* s) { return s->length == s->bytes->used; }

inline bool can_append(const String* a, uint64_t total) { return ends_its_bytes(a) && total <= a->bytes->capacity; }

/// Makes `result` the string a + b inside a's Bytes. b may be a prefix of the same Bytes: it ends where a ends or
/// earlier, so source and target do not overlap.
inline void append_in_place(String* result, const String* a, const String* b, uint32_t total) {
  Bytes* bytes = a->bytes;
  copy_bytes(bytes->data() + a->length, b->bytes->data(), b->length);
  bytes->used = total;
  result->length = total;
  result->unused = 0;
  result->bytes = bytes;
}

uint32_t concat_capacity(const String* a, const String* b, uint64_t total) {
  bool grows = ends_its_bytes(a) && a->length >= b->length;
  uint64_t capacity = grows ? std::max<uint64_t>(2 * total, kMinGrownCapacity) : std::max<uint64_t>(total, kMinJoinedCapacity);
  return static_cast<uint32_t>(std::min<uint64_t>(capacity, kMaxStringLength));
}

[[gnu::noinline]] bool concat_slow(Vm& vm, Slot* base, const Insn* pc) {
  auto left = [&] { return slot_ref<String>(base[pc->b]); };
  auto right = [&] { return slot_ref<String>(base[pc->c]); };
  uint64_t sum = uint64_t{left()->length} + right()->length;
  if (sum > kMaxStringLength) return vm.raise(Trap::StringTooLong, base, pc);
  auto total = static_cast<uint32_t>(sum);
  if (can_append(left(), total)) {
    auto* result = static_cast<String*>(vm.allocate(ObjectKind::kString, 0, sizeof(String)));
    if (result == nullptr) return false;
    if (can_append(left(), total)) {  // a collection may take away unused room
      append_in_place(result, left(), right(), total);
      vm.heap().barrier(result);
      base[pc->a] = ref_slot(result);
      return true;
    }
  }
  String* result = allocate_string(vm, total, concat_capacity(left(), right(), total));
  if (result == nullptr) return false;
  String *a = left(), *b = right();
  char* data = result->bytes->data();
  copy_bytes(data, a->bytes->data(), a->length);
  copy_bytes(data + a->length, b->bytes->data(), b->length);
  base[pc->a] = ref_slot(result);
  return true;
}

}  // namespace

String* allocate_string(Vm& vm, uint32_t length, uint32_t capacity) {
  auto room = static_cast<uint32_t>(round_up_8(capacity));
  size_t storage = sizeof(Bytes) + room;
  if (char* memory = bump(vm, sizeof(String) + storage)) [[likely]] {
    String* result = place<String>(memory, ObjectKind::kString);
    Bytes* bytes = place<Bytes>(memory + sizeof(String), ObjectKind::kBytes);
    bytes->used = length;
    bytes->capacity = room;
    result->length = length;
    result->unused = 0;
    result->bytes = bytes;
    return result;
  }
  auto* bytes = static_cast<Bytes*>(vm.allocate(ObjectKind::kBytes, 0, storage));
  if (bytes == nullptr) return nullptr;
  bytes->used = length;
  bytes->capacity = room;  // before the next allocation: the collector needs the size
  Rooted<Bytes> rooted(vm, bytes);
  auto* result = static_cast<String*>(vm.allocate(ObjectKind::kString, 0, sizeof(String)));
  if (result == nullptr) return nullptr;
  result->length = length;
  result->bytes = rooted.get();
  vm.heap().barrier(result);
  return result;
}

String* new_string(Vm& vm, std::string_view text) {
  if (text.size() > kMaxStringLength) {
    vm.reach(Limit::kHeap);
    return nullptr;
  }
  auto length = static_cast<uint32_t>(text.size());
  String* result = allocate_string(vm, length, length);
  if (result != nullptr && length != 0) copy_bytes(result->bytes->data(), text.data(), length);
  return result;
}

int compare_strings(const String* a, const String* b) {
  if (a == b) return 0;
  int order = std::memcmp(a->bytes->data(), b->bytes->data(), std::min(a->length, b->length));
  if (order != 0) return order;
  return a->length < b->length ? -1 : a->length > b->length;
}

bool equal_strings(const String* a, const String* b) {
  return a == b || (a->length == b->length && std::memcmp(a->bytes->data(), b->bytes->data(), a->length) == 0);
}

bool op_str_concat(Vm& vm, Slot* base, const Insn* pc) {
  const auto* a = slot_ref<String>(base[pc->b]);
  const auto* b = slot_ref<String>(base[pc->c]);
  if (b->length == 0) {
    base[pc->a] = base[pc->b];
    return true;
  }
  if (a->length == 0) {
    base[pc->a] = base[pc->c];
    return true;
  }
  uint64_t total = uint64_t{a->length} + b->length;
  if (!can_append(a, total) || total > kMaxStringLength) return concat_slow(vm, base, pc);
  char* memory = bump(vm, sizeof(String));
  if (memory == nullptr) [[unlikely]]
    return concat_slow(vm, base, pc);
  String* result = place<String>(memory, ObjectKind::kString);
  append_in_place(result, a, b, static_cast<uint32_t>(total));
  base[pc->a] = ref_slot(result);
  return true;
}

bool op_str_index(Vm& vm, Slot* base, const Insn* pc) {
  const auto* string = slot_ref<String>(base[pc->b]);
  int32_t index = slot_i32(base[pc->c]);
  if (index < 0) return vm.raise(Trap::StringIndexNegative, base, pc);
  if (static_cast<uint32_t>(index) >= string->length) return vm.raise(Trap::StringIndexRange, base, pc);
  char byte = string->bytes->data()[index];
  String* result = allocate_string(vm, 1, 1);
  if (result == nullptr) return false;
  result->bytes->data()[0] = byte;
  base[pc->a] = ref_slot(result);
  return true;
}

}  // namespace orus
