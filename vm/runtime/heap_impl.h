// The parts of the heap that allocation (heap.cc), collection (heap_collect.cc) and the walker (heap_walk.cc) share.
//
//   nursery    [left][young objects][zero ... limit)[dirty ... dirty_end)[untouched, zero ...)
//              `left` is empty but in stress mode, where it is inaccessible
//   old        chunks in the order they were filled; every object has kOld
//   large      one host allocation each; every object has kOld | kLarge
//
// Invariants between collections:
//  1. A reference from an old object to a young one exists only if the old object is in `remembered`.
//  2. An old object that can hold references has kNeedsBarrier exactly if it is not in `remembered`.
//  3. window->top .. window->limit is zero.
#pragma once

#include <cstring>
#include <vector>

#include "vm/runtime/heap.h"
#include "vm/runtime/heap_memory.h"
#include "vm/runtime/spare_pages.h"

namespace orus {

inline constexpr size_t kMinFullTrigger = size_t{32} << 20;

/// Slots are typed differently by their writers (uint64_t, Array*, Buffer*), so they are copied, never dereferenced.
inline Object* load_reference(const void* slot) {
  Object* object;
  std::memcpy(&object, slot, sizeof object);
  return object;
}
inline void store_reference(void* slot, Object* object) { std::memcpy(slot, &object, sizeof object); }

inline uint64_t header_word(const Object* object) {
  uint64_t word;
  std::memcpy(&word, object, sizeof word);
  return word;
}
inline bool is_forwarded(uint64_t header) { return header & kForwarded; }
inline Object* forwardee(uint64_t header) { return reinterpret_cast<Object*>(header & ~uint64_t{kForwarded}); }
inline void forward(Object* from, Object* to) {
  uint64_t word = reinterpret_cast<uintptr_t>(to) | kForwarded;
  std::memcpy(static_cast<void*>(from), &word, sizeof word);
}

constexpr size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) & ~(unit - 1); }

struct Heap::Impl {
  Impl(const HeapConfig& config, const Module& module, RootSource& roots, AllocationWindow* window);
  ~Impl();

  // Objects.
  size_t size_of(const Object* object) const;
  bool holds_references(const Object* object) const;
  /// Calls visit(slot) for every reference slot of `object`; returns its size in bytes.
  template <class Visit>
  size_t scan(Object* object, Visit&& visit) const;

  // Allocation (heap.cc).
  Object* allocate(ObjectKind kind, uint32_t type, size_t size);
  Object* allocate_young(ObjectKind kind, uint32_t type, size_t size);
  Object* allocate_large(ObjectKind kind, uint32_t type, size_t size);
  Object* allocate_old(ObjectKind kind, uint32_t type, size_t size);
  Object* start_old(void* memory, uint8_t flags, ObjectKind kind, uint32_t type);
  bool make_room(size_t size, bool young);
  bool extend_window(size_t size);
  char* map_nursery();
  void unmap_nursery();
  void reset_nursery();
  void note_peak();
  size_t young_bytes() const { return static_cast<size_t>(young_top() - young_begin); }
  char* young_top() const { return config.stress ? stress_top : window->top; }
  size_t bytes_in_use() const { return young_bytes() + old_bytes + large_bytes; }
  bool is_young(const Object* object) const {
    return reinterpret_cast<uintptr_t>(object) - reinterpret_cast<uintptr_t>(nursery) < nursery_bytes;
  }

  // Collection (heap_collect.cc). False: the host refused memory and nothing was done.
  bool minor();
  bool full();
  bool reserve_survivors(size_t bytes);
  size_t measure_live();
  size_t flip_marks();
  char* bump_old(size_t size);
  Object* copy(Object* from);
  void visit_minor(void* slot);
  void visit_full(void* slot);
  template <class Visit>
  void drain(Visit visit);
  void sweep_large();
  void release(std::vector<Chunk*>& from_space);
  void walk_or_die(const char* when);

  // Judge (heap_walk.cc).
  std::string walk();

  struct Layout {
    uint32_t bytes = 0;                   // struct size, header included
    uint32_t first_slot = 0, slots = 0;   // reference fields: reference_slots[first_slot .. first_slot + slots)
  };
  struct LargeObject {
    Object* object;
    size_t bytes;
  };

  HeapConfig config;
  const Module& module;
  RootSource& roots;
  AllocationWindow* window;
  HeapStats stats;

  std::vector<Layout> layouts;  // by TypeId; empty for types that are not structs
  std::vector<uint32_t> reference_slots;

  char* nursery = nullptr;
  size_t nursery_bytes = 0;      // that may be used
  size_t nursery_mapped = 0;
  char* young_begin = nullptr;   // first young object
  char* dirty_end = nullptr;     // the nursery from here on was never used
  char* stress_top = nullptr;    // stress only: end of the young objects; window->top == window->limit then

  ChunkPool pool;
  std::vector<Chunk*> chunks;    // old generation; the last one is allocated from
  std::vector<LargeObject> large;
  std::vector<Object*> remembered;
  size_t old_bytes = 0, large_bytes = 0;
  size_t full_trigger = 0;       // collect fully when old and large bytes exceed this

  // Only during a collection.
  std::vector<Object*> gray_large;  // marked, not scanned
  size_t scan_chunk = 0;            // copies before chunks[scan_chunk], scan_at (null: its begin) are scanned
  char* scan_at = nullptr;
};

inline size_t Heap::Impl::size_of(const Object* object) const {
  switch (object->kind) {
    case ObjectKind::kString: return sizeof(String);
    case ObjectKind::kBytes: return sizeof(Bytes) + round_up(static_cast<const Bytes*>(object)->capacity, 8);
    case ObjectKind::kArray: return sizeof(Array);
    case ObjectKind::kScalarBuffer:
    case ObjectKind::kRefBuffer: return sizeof(Buffer) + round_up(static_cast<const Buffer*>(object)->size, 8);
    case ObjectKind::kStruct: return layouts[object->type].bytes;
    case ObjectKind::kError: return sizeof(ErrorObject);
    case ObjectKind::kRange: return sizeof(RangeObject);
  }
  return 0;
}

inline bool Heap::Impl::holds_references(const Object* object) const {
  switch (object->kind) {
    case ObjectKind::kBytes:
    case ObjectKind::kScalarBuffer:
    case ObjectKind::kRange: return false;
    case ObjectKind::kStruct: return layouts[object->type].slots != 0;
    default: return true;
  }
}

template <class Visit>
size_t Heap::Impl::scan(Object* object, Visit&& visit) const {
  switch (object->kind) {
    case ObjectKind::kString: visit(&static_cast<String*>(object)->bytes); return sizeof(String);
    case ObjectKind::kArray: visit(&static_cast<Array*>(object)->buffer); return sizeof(Array);
    case ObjectKind::kError: visit(&static_cast<ErrorObject*>(object)->message); return sizeof(ErrorObject);
    case ObjectKind::kRefBuffer: {
      Buffer* buffer = static_cast<Buffer*>(object);
      char* slot = buffer->data();
      for (char* end = slot + buffer->size / 8 * 8; slot != end; slot += 8) visit(slot);
      return sizeof(Buffer) + round_up(buffer->size, 8);
    }
    case ObjectKind::kStruct: {
      const Layout& layout = layouts[object->type];
      uint64_t* fields = static_cast<Struct*>(object)->fields();
      const uint32_t* slot = reference_slots.data() + layout.first_slot;
      for (uint32_t i = 0; i < layout.slots; ++i) visit(fields + slot[i]);
      return layout.bytes;
    }
    default: return size_of(object);
  }
}

}  // namespace orus
