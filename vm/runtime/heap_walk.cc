// Heap::walk(): the judge of the collector and of every barrier. It reads sizes and reference fields from the module
// itself and shares no code with the collector but the list of spaces.
#include <algorithm>
#include <string_view>

#include "vm/runtime/heap_impl.h"

namespace orus {

namespace {

constexpr std::string_view kKindNames[] = {"string", "bytes", "array", "scalar buffer", "ref buffer", "struct", "error", "range"};

enum class Space : uint8_t { kYoung, kOld, kLarge };

struct Region {
  uintptr_t start, end;
  Space space;
  size_t first_bit;  // in Walker::reached_, one bit for 8 bytes
};

class Walker {
 public:
  Walker(const Module& module, std::vector<Region> regions) : module_(module), regions_(std::move(regions)) {
    std::sort(regions_.begin(), regions_.end(), [](const Region& a, const Region& b) { return a.start < b.start; });
    size_t bits = 0;
    for (Region& region : regions_) {
      region.first_bit = bits;
      bits += region.space == Space::kLarge ? 1 : (region.end - region.start) / 8;
    }
    reached_.resize(bits);
  }

  bool ok() const { return wrong_.empty(); }
  std::string take_error() { return std::move(wrong_); }

  /// Checks that `target` may be referenced from a place of type `expected` (none: any) and queues it.
  void reach(Object* target, TypeId expected, const Object* from) {
    if (!ok() || target == nullptr) return;
    const Region* region = find(target);
    if (region == nullptr) return fail(from, "refers to no object: dead or foreign memory");
    size_t bit = bit_of(*region, target);
    if (!reached_[bit]) {
      reached_[bit] = true;
      check_header(target, *region);
      if (!ok()) return fail(from, "refers to it");
      pending_.push_back(target);
    }
    if (expected.valid() && !has_type(target, expected)) {
      fail(from, "refers to " + describe(target) + " where " + module_.type_name(expected) + " is expected");
    }
    bool armed = from != nullptr && (from->flags & kNeedsBarrier);
    if (armed && region->space == Space::kYoung) {
      fail(from, "refers to young " + describe(target) + " but is not remembered: a barrier was forgotten");
    }
  }

  void run() {
    while (ok() && !pending_.empty()) {
      Object* object = pending_.back();
      pending_.pop_back();
      if (object->flags & kOld) check_old(object);
      check_contents(object);
    }
    check_overlap();
  }

  /// `remembered` entries are checked to be old and disarmed; they may be dead.
  void check_remembered(const std::vector<Object*>& remembered) {
    std::vector<const Object*> live;
    for (Object* object : remembered) {
      const Region* region = find(object);
      if (region == nullptr || region->space == Space::kYoung) return fail(object, "is remembered but not old");
      if (object->flags & kNeedsBarrier) return fail(object, "is remembered but still needs its barrier");
      if (reached_[bit_of(*region, object)]) live.push_back(object);
    }
    std::sort(live.begin(), live.end());
    std::sort(disarmed_.begin(), disarmed_.end());
    if (live != disarmed_) fail(nullptr, "reaches an object that lacks kNeedsBarrier but is not remembered once");
  }

 private:
  const Region* find(const Object* object) const {
    uintptr_t at = reinterpret_cast<uintptr_t>(object);
    auto next = std::upper_bound(regions_.begin(), regions_.end(), at, [](uintptr_t a, const Region& region) { return a < region.start; });
    if (next == regions_.begin()) return nullptr;
    const Region& region = *(next - 1);
    if (at % 8 != 0 || at + sizeof(Object) > region.end) return nullptr;
    if (region.space == Space::kLarge && at != region.start) return nullptr;
    return &region;
  }

  static size_t bit_of(const Region& region, const Object* object) {
    if (region.space == Space::kLarge) return region.first_bit;
    return region.first_bit + (reinterpret_cast<uintptr_t>(object) - region.start) / 8;
  }

  void check_header(const Object* object, const Region& region) {
    uint8_t flags = object->flags;
    if (flags & (kForwarded | kMarked)) return fail(nullptr, "an object has a flag of a collection under way");
    if (static_cast<uint8_t>(object->kind) > static_cast<uint8_t>(ObjectKind::kRange)) {
      return fail(nullptr, "an object's kind is " + std::to_string(static_cast<int>(object->kind)));
    }
    size_t left = region.end - reinterpret_cast<uintptr_t>(object);
    size_t fixed = fixed_size(object);
    if (fixed == 0) return fail(object, "has type " + std::to_string(object->type) + ", which its kind cannot have");
    if (fixed > left || size_of(object) > left) return fail(object, "extends past the end of its space");
    uint8_t where = flags & (kOld | kLarge);
    uint8_t expected = region.space == Space::kYoung ? 0 : region.space == Space::kOld ? kOld : kOld | kLarge;
    if (where != expected) return fail(object, "has flags of another space: " + std::to_string(flags));
    if (region.space == Space::kYoung && flags != 0) return fail(object, "is young and has flags");
  }

  // The part whose size depends on the kind and type only; 0 if the type cannot be.
  size_t fixed_size(const Object* object) const {
    TypeId type{object->type};
    bool known = type.index < module_.types.size();
    switch (object->kind) {
      case ObjectKind::kString: return sizeof(String);
      case ObjectKind::kBytes: return sizeof(Bytes);
      case ObjectKind::kArray: return known && module_.kind(type) == TypeKind::kArray ? sizeof(Array) : 0;
      case ObjectKind::kScalarBuffer:
      case ObjectKind::kRefBuffer: return sizeof(Buffer);
      case ObjectKind::kStruct:
        if (!known || module_.kind(type) != TypeKind::kStruct) return 0;
        return sizeof(Object) + 8 * module_.type(type).fields.size();
      case ObjectKind::kError: return sizeof(ErrorObject);
      case ObjectKind::kRange: return sizeof(RangeObject);
    }
    return 0;
  }

  size_t size_of(const Object* object) const {
    size_t size = fixed_size(object);
    if (object->kind == ObjectKind::kBytes) size += static_cast<const Bytes*>(object)->capacity;
    if (object->kind == ObjectKind::kScalarBuffer || object->kind == ObjectKind::kRefBuffer) {
      uint64_t bytes = static_cast<const Buffer*>(object)->size;
      if (bytes > SIZE_MAX / 2) return SIZE_MAX;
      size += bytes;
    }
    return (size + 7) / 8 * 8;
  }

  bool has_type(const Object* object, TypeId type) const {
    switch (module_.kind(type)) {
      case TypeKind::kString: return object->kind == ObjectKind::kString;
      case TypeKind::kError: return object->kind == ObjectKind::kError;
      case TypeKind::kRange: return object->kind == ObjectKind::kRange;
      case TypeKind::kArray: return object->kind == ObjectKind::kArray && object->type == type.index;
      case TypeKind::kStruct: return object->kind == ObjectKind::kStruct && object->type == type.index;
      default: return false;
    }
  }

  void check_old(const Object* object) {
    bool armed = object->flags & kNeedsBarrier;
    if (!may_refer(object)) {
      if (armed) fail(object, "needs a barrier but holds no references");
    } else if (!armed) {
      disarmed_.push_back(object);
    }
  }

  bool may_refer(const Object* object) const {
    if (object->kind == ObjectKind::kStruct) {
      for (const Field& field : module_.type(TypeId{object->type}).fields) {
        if (is_reference(module_.kind(field.type))) return true;
      }
      return false;
    }
    return object->kind != ObjectKind::kBytes && object->kind != ObjectKind::kScalarBuffer && object->kind != ObjectKind::kRange;
  }

  void check_contents(Object* object) {
    switch (object->kind) {
      case ObjectKind::kString: return check_string(static_cast<String*>(object));
      case ObjectKind::kArray: return check_array(static_cast<Array*>(object));
      case ObjectKind::kError: return reach(static_cast<ErrorObject*>(object)->message, kTypeString, object);
      case ObjectKind::kBytes:
        if (static_cast<Bytes*>(object)->used > static_cast<Bytes*>(object)->capacity) fail(object, "is overfull");
        return;
      case ObjectKind::kRefBuffer: {
        Buffer* buffer = static_cast<Buffer*>(object);
        for (size_t i = 0; i < buffer->size / 8; ++i) reach(load_reference(buffer->data() + 8 * i), {}, object);
        return;
      }
      case ObjectKind::kStruct: {
        const std::vector<Field>& fields = module_.type(TypeId{object->type}).fields;
        for (size_t i = 0; i < fields.size(); ++i) {
          if (!is_reference(module_.kind(fields[i].type))) continue;
          reach(load_reference(static_cast<Struct*>(object)->fields() + i), fields[i].type, object);
        }
        return;
      }
      default: return;
    }
  }

  // A string that is being made may have no bytes yet; its length is 0 then.
  void check_string(String* string) {
    reach(string->bytes, {}, string);
    if (!ok()) return;
    if (string->bytes == nullptr) {
      if (string->length != 0) fail(string, "has a length but no bytes");
    } else if (string->bytes->kind != ObjectKind::kBytes) {
      fail(string, "has " + describe(string->bytes) + " for its bytes");
    } else if (string->length > string->bytes->used) {
      fail(string, "is longer than the used part of its bytes");
    }
  }

  void check_array(Array* array) {
    if (array->length < 0 || array->length > array->capacity) return fail(array, "has a length beyond its capacity");
    if ((array->buffer == nullptr) != (array->capacity == 0)) return fail(array, "has a buffer unlike its capacity");
    reach(array->buffer, {}, array);
    if (!ok() || array->buffer == nullptr) return;
    TypeId element = module_.type(TypeId{array->type}).element;
    bool references = is_reference(module_.kind(element));
    Buffer* buffer = array->buffer;
    if (buffer->kind != (references ? ObjectKind::kRefBuffer : ObjectKind::kScalarBuffer)) {
      return fail(array, "has " + describe(buffer) + " for its buffer");
    }
    if (buffer->size / element_bytes(module_.kind(element)) < static_cast<uint64_t>(array->capacity)) {
      return fail(array, "has a buffer smaller than its capacity");
    }
    if (!references) return;
    for (int32_t i = 0; i < array->length; ++i) reach(load_reference(buffer->data() + 8 * i), element, buffer);
  }

  // Reached objects of a space, in address order, must not overlap.
  void check_overlap() {
    for (const Region& region : regions_) {
      if (region.space == Space::kLarge) continue;
      uintptr_t free_from = region.start;
      for (uintptr_t at = region.start; ok() && at < region.end; at += 8) {
        if (!reached_[region.first_bit + (at - region.start) / 8]) continue;
        const Object* object = reinterpret_cast<const Object*>(at);
        if (at < free_from) fail(object, "lies within another object");
        free_from = at + size_of(object);
      }
    }
  }

  std::string describe(const Object* object) const {
    std::string text(kKindNames[static_cast<size_t>(object->kind)]);
    bool typed = object->kind == ObjectKind::kStruct || object->kind == ObjectKind::kArray;
    if (typed && object->type < module_.types.size()) text += " " + module_.type_name(TypeId{object->type});
    return text;
  }

  // `who` is null for a root, or where the object cannot be described.
  void fail(const Object* who, std::string_view what) {
    if (!wrong_.empty()) wrong_ += "; ";
    wrong_ += who == nullptr ? "root" : describe(who);
    wrong_ += " ";
    wrong_ += what;
  }

  const Module& module_;
  std::vector<Region> regions_;
  std::vector<bool> reached_;
  std::vector<Object*> pending_;
  std::vector<const Object*> disarmed_;  // reached old objects that could be stored to without a barrier
  std::string wrong_;
};

class WalkSink final : public RootSink {
 public:
  explicit WalkSink(Walker& walker) : walker_(walker) {}
  void visit(Object** slot) override { walker_.reach(load_reference(slot), {}, nullptr); }

 private:
  Walker& walker_;
};

}  // namespace

std::string Heap::Impl::walk() {
  auto address = [](const void* p) { return reinterpret_cast<uintptr_t>(p); };
  std::vector<Region> regions;
  regions.push_back({address(young_begin), address(young_top()), Space::kYoung, 0});
  for (Chunk* chunk : chunks) regions.push_back({address(chunk->begin()), address(chunk->top), Space::kOld, 0});
  for (const LargeObject& entry : large) {
    uintptr_t start = address(entry.object);
    regions.push_back({start, start + entry.bytes, Space::kLarge, 0});
  }

  Walker walker(module, std::move(regions));
  WalkSink sink(walker);
  roots.visit_roots(sink);
  walker.run();
  if (walker.ok()) walker.check_remembered(remembered);
  if (!walker.ok()) return walker.take_error();
  for (const char* at = window->top; at != window->limit; ++at) {
    if (*at != 0) return "free part of the nursery is not zero: something was written past an object";
  }
  return {};
}

}  // namespace orus
