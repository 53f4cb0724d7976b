#include "vm/runtime/heap.h"

#include <algorithm>
#include <cstdlib>

#include "base/check.h"
#include "vm/runtime/heap_impl.h"

namespace orus {

namespace {
// The window grows by this much at a time, zeroed just before use, so that the first writes to new objects hit cache.
constexpr size_t kWindowStep = 32 * 1024;
}  // namespace

Heap::Heap(const HeapConfig& config, const Module& module, RootSource& roots, AllocationWindow* window)
    : config_(config), window_(window), impl_(std::make_unique<Impl>(config, module, roots, window)) {}

Heap::~Heap() = default;

Object* Heap::allocate_slow(ObjectKind kind, uint32_t type, size_t bytes) {
  if (config_.fail_allocation != 0 && ++impl_->stats.allocations == config_.fail_allocation) return nullptr;
  if (bytes > config_.limit_bytes || bytes > SIZE_MAX / 2) return nullptr;
  Object* object = impl_->allocate(kind, type, round_up(bytes, 8));
  // An empty window brings the next allocation here too, whoever makes it.
  if (config_.fail_allocation != 0) window_->limit = window_->top;
  return object;
}

void Heap::remember(Object* object) {
  ORUS_DCHECK(object->flags & kNeedsBarrier);
  object->flags &= static_cast<uint8_t>(~kNeedsBarrier);
  impl_->remembered.push_back(object);
}

void Heap::collect_minor() { config_.stress ? impl_->full() : impl_->minor(); }
void Heap::collect_full() { impl_->full(); }
std::string Heap::walk() { return impl_->walk(); }
size_t Heap::bytes_in_use() const { return impl_->bytes_in_use(); }
size_t Heap::size_of(const Object* object) const { return impl_->size_of(object); }

const HeapStats& Heap::stats() const {
  impl_->note_peak();
  return impl_->stats;
}

Heap::Impl::Impl(const HeapConfig& config, const Module& module, RootSource& roots, AllocationWindow* window)
    : config(config), module(module), roots(roots), window(window), pool(config.stress, config.spare_pages) {
  layouts.resize(module.types.size());
  for (size_t id = 0; id < module.types.size(); ++id) {
    const Type& type = module.types[id];
    if (type.kind != TypeKind::kStruct) continue;
    Layout& layout = layouts[id];
    layout.bytes = static_cast<uint32_t>(sizeof(Object) + 8 * type.fields.size());
    layout.first_slot = static_cast<uint32_t>(reference_slots.size());
    for (size_t field = 0; field < type.fields.size(); ++field) {
      if (is_reference(module.kind(type.fields[field].type))) reference_slots.push_back(static_cast<uint32_t>(field));
    }
    layout.slots = static_cast<uint32_t>(reference_slots.size()) - layout.first_slot;
  }

  // What the nursery holds is checked against the limit only when it is collected, so it must be small beside it.
  nursery_bytes = std::min(config.nursery_bytes, config.limit_bytes / 8) & ~size_t{7};
  nursery_mapped = round_up(nursery_bytes, kPageBytes);
  nursery = nursery_mapped == 0 ? nullptr : map_nursery();
  if (nursery == nullptr) nursery_bytes = nursery_mapped = 0;  // every object is a large one then
  dirty_end = stress_top = young_begin = nursery;
  window->top = window->limit = nursery;
  full_trigger = std::min(kMinFullTrigger, config.limit_bytes);
}

Heap::Impl::~Impl() {
  for (Chunk* chunk : chunks) pool.drop(chunk);
  for (const LargeObject& entry : large) std::free(entry.object);
  if (nursery != nullptr) unmap_nursery();
  window->top = window->limit = nullptr;
}

// Under stress, parts of the nursery may be inaccessible: nothing to lend.
char* Heap::Impl::map_nursery() {
  bool lent = config.spare_pages != nullptr && !config.stress;
  return lent ? config.spare_pages->take(nursery_mapped, kPageBytes) : map_pages(nursery_mapped);
}
void Heap::Impl::unmap_nursery() {
  if (config.spare_pages == nullptr || config.stress) return unmap_pages(nursery, nursery_mapped);
  std::memset(nursery, 0, static_cast<size_t>(dirty_end - nursery));
  config.spare_pages->give_back(nursery, nursery_mapped, kPageBytes);
}

void Heap::Impl::note_peak() { stats.peak_bytes = std::max<uint64_t>(stats.peak_bytes, bytes_in_use()); }

Object* Heap::Impl::allocate(ObjectKind kind, uint32_t type, size_t size) {
  bool young = size <= kLargeBytes && size <= nursery_bytes;
  if (config.stress) {
    if (!full() || old_bytes + size > config.limit_bytes) return nullptr;
    return young ? allocate_young(kind, type, size) : allocate_old(kind, type, size);
  }
  if (!young) return allocate_large(kind, type, size);
  if (!extend_window(size) && !(make_room(size, true) && extend_window(size))) return nullptr;
  char* top = window->top;
  window->top = top + size;
  return new (top) Object{0, kind, 0, type};
}

// Stress mode: the nursery is empty here, and what was used before is inaccessible until its end is reached.
Object* Heap::Impl::allocate_young(ObjectKind kind, uint32_t type, size_t size) {
  if (static_cast<size_t>(nursery + nursery_bytes - stress_top) < size) {
    unprotect_pages(nursery, nursery_mapped);
    young_begin = stress_top = window->top = window->limit = nursery;
  }
  char* at = stress_top;
  stress_top += size;
  return new (at) Object{0, kind, 0, type};
}

// Stress mode: objects that would be large move like all others.
Object* Heap::Impl::allocate_old(ObjectKind kind, uint32_t type, size_t size) {
  char* at = bump_old(size);
  if (at == nullptr) return nullptr;
  std::memset(at, 0, size);
  stats.allocated_bytes += size;
  note_peak();
  return start_old(at, kOld, kind, type);
}

// The new object is remembered, so that what its maker stores into it next is found even without a barrier.
Object* Heap::Impl::start_old(void* memory, uint8_t flags, ObjectKind kind, uint32_t type) {
  Object* object = new (memory) Object{flags, kind, 0, type};
  if (holds_references(object)) remembered.push_back(object);
  return object;
}

Object* Heap::Impl::allocate_large(ObjectKind kind, uint32_t type, size_t size) {
  if (old_bytes + large_bytes + size > full_trigger && !make_room(size, false)) return nullptr;
  void* memory = std::calloc(1, size);
  if (memory == nullptr) {
    if (!full()) return nullptr;
    memory = std::calloc(1, size);
    if (memory == nullptr) return nullptr;
  }
  Object* object = start_old(memory, kOld | kLarge, kind, type);
  large.push_back({object, size});
  large_bytes += size;
  stats.allocated_bytes += size;
  note_peak();
  return object;
}

// Collects so that an object of `size` fits: into the nursery if `young`, else beside what is old. A minor collection
// is enough unless the old generation has outgrown its trigger or the limit might be passed.
bool Heap::Impl::make_room(size_t size, bool young) {
  if (young && old_bytes + large_bytes <= full_trigger && bytes_in_use() + size <= config.limit_bytes) return minor();
  if (!full()) return false;
  return old_bytes + large_bytes + size <= config.limit_bytes;
}

bool Heap::Impl::extend_window(size_t size) {
  if (static_cast<size_t>(nursery + nursery_bytes - window->top) < size) return false;
  if (old_bytes + large_bytes + size > config.limit_bytes) return false;
  size_t missing = size - static_cast<size_t>(window->limit - window->top);
  size_t rest = static_cast<size_t>(nursery + nursery_bytes - window->limit);
  char* limit = window->limit + std::min(std::max(kWindowStep, missing), rest);
  if (window->limit < dirty_end) {
    std::memset(window->limit, 0, static_cast<size_t>(std::min(limit, dirty_end) - window->limit));
  }
  dirty_end = std::max(dirty_end, limit);
  window->limit = limit;
  return true;
}

// After a collection: everything young was moved.
void Heap::Impl::reset_nursery() {
  if (!config.stress) {
    window->top = window->limit = young_begin;
    return;
  }
  if (stress_top == young_begin) return;
  char* end = nursery + std::min(round_up(static_cast<size_t>(stress_top - nursery), kPageBytes), nursery_mapped);
  protect_pages(young_begin, static_cast<size_t>(end - young_begin));
  young_begin = stress_top = window->top = window->limit = end;
}

}  // namespace orus
