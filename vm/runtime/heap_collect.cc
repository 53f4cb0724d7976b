// Collections, both after Cheney (1970): survivors are copied to the end of the old generation, and the copies
// themselves are the queue of what is still to be scanned, so nothing recurses.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/check.h"
#include "vm/runtime/heap_impl.h"

namespace orus {

namespace {

constexpr size_t kMinPooledBytes = size_t{4} << 20;

class PauseTimer {
 public:
  explicit PauseTimer(HeapStats& stats) : stats_(stats), start_(std::chrono::steady_clock::now()) {}
  ~PauseTimer() {
    auto pause = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_);
    uint64_t ns = static_cast<uint64_t>(pause.count());
    stats_.pause_ns_total += ns;
    stats_.pause_ns_max = std::max(stats_.pause_ns_max, ns);
  }
  PauseTimer(const PauseTimer&) = delete;
  PauseTimer& operator=(const PauseTimer&) = delete;

 private:
  HeapStats& stats_;
  std::chrono::steady_clock::time_point start_;
};

template <class Visit>
class Sink final : public RootSink {
 public:
  explicit Sink(Visit visit) : visit_(visit) {}
  void visit(Object** slot) override { visit_(slot); }

 private:
  Visit visit_;
};

}  // namespace

// Enough chunks for `bytes` of survivors whatever their order: an object that does not fit wastes less than its size.
bool Heap::Impl::reserve_survivors(size_t bytes) {
  constexpr size_t kUsable = kChunkBytes - sizeof(Chunk) - kLargeBytes;
  if (pool.reserve(bytes / kUsable + 1)) return true;
  pool.trim(kMinPooledBytes / kChunkBytes);
  return false;
}

// Bytes of live objects that a full collection would copy. Only asked for when the host refuses room for the worst
// case, which is that everything lives.
size_t Heap::Impl::measure_live() {
  size_t bytes = flip_marks();
  flip_marks();
  return bytes;
}

// Inverts kMarked of every reachable object; all are equal before and after.
size_t Heap::Impl::flip_marks() {
  size_t bytes = 0;
  std::vector<Object*> pending;
  uint8_t done = 0;
  bool first = true;
  auto visit = [&](void* slot) {
    Object* object = load_reference(slot);
    if (object == nullptr) return;
    if (first) done = (object->flags & kMarked) ^ kMarked;
    first = false;
    if ((object->flags & kMarked) == done) return;
    object->flags ^= kMarked;
    pending.push_back(object);
  };
  Sink sink(visit);
  roots.visit_roots(sink);
  while (!pending.empty()) {
    Object* object = pending.back();
    pending.pop_back();
    size_t size = scan(object, visit);
    if (!(object->flags & kLarge)) bytes += size;
  }
  return bytes;
}

char* Heap::Impl::bump_old(size_t size) {
  if (chunks.empty() || static_cast<size_t>(chunks.back()->end - chunks.back()->top) < size) {
    Chunk* chunk = pool.take(size);
    if (chunk == nullptr) return nullptr;
    chunks.push_back(chunk);
  }
  Chunk* chunk = chunks.back();
  char* at = chunk->top;
  chunk->top += size;
  old_bytes += size;
  return at;
}

Object* Heap::Impl::copy(Object* from) {
  size_t size = size_of(from);
  char* at = bump_old(size);
  ORUS_CHECK(at != nullptr);  // reserve_survivors() saw to it
  std::memcpy(at, static_cast<void*>(from), size);
  Object* to = reinterpret_cast<Object*>(at);
  to->flags = holds_references(to) ? kOld | kNeedsBarrier : kOld;
  forward(from, to);
  stats.copied_bytes += size;
  return to;
}

inline void Heap::Impl::visit_minor(void* slot) {
  Object* object = load_reference(slot);
  if (!is_young(object)) return;  // null too
  uint64_t header = header_word(object);
  store_reference(slot, is_forwarded(header) ? forwardee(header) : copy(object));
}

inline void Heap::Impl::visit_full(void* slot) {
  Object* object = load_reference(slot);
  if (object == nullptr) return;
  uint64_t header = header_word(object);
  if (is_forwarded(header)) {  // first: other bits of a forwarding pointer are no flags
    store_reference(slot, forwardee(header));
  } else if (!(object->flags & kLarge)) {
    store_reference(slot, copy(object));
  } else if (!(object->flags & kMarked)) {
    object->flags |= kMarked;
    if (holds_references(object)) gray_large.push_back(object);
  }
}

// Scans the copies behind scan_chunk and scan_at, and marked large objects, until none is left.
template <class Visit>
void Heap::Impl::drain(Visit visit) {
  for (;;) {
    while (scan_chunk < chunks.size()) {
      Chunk* chunk = chunks[scan_chunk];
      if (scan_at == nullptr) scan_at = chunk->begin();
      while (scan_at != chunk->top) scan_at += scan(reinterpret_cast<Object*>(scan_at), visit);
      if (scan_chunk + 1 == chunks.size()) break;
      ++scan_chunk;
      scan_at = nullptr;
    }
    if (gray_large.empty()) return;
    Object* object = gray_large.back();
    gray_large.pop_back();
    scan(object, visit);
  }
}

bool Heap::Impl::minor() {
  PauseTimer timer(stats);
  size_t young = young_bytes();
  if (!reserve_survivors(young)) return false;
  note_peak();
  scan_chunk = chunks.empty() ? 0 : chunks.size() - 1;
  scan_at = chunks.empty() ? nullptr : chunks.back()->top;

  auto visit = [this](void* slot) { visit_minor(slot); };
  Sink sink(visit);
  roots.visit_roots(sink);
  for (Object* object : remembered) {
    scan(object, visit);
    object->flags |= kNeedsBarrier;
  }
  remembered.clear();
  drain(visit);

  stats.allocated_bytes += young;
  ++stats.minor_collections;
  reset_nursery();
  return true;
}

bool Heap::Impl::full() {
  if (config.stress) walk_or_die("before a collection: the program or compiled code broke the heap");
  {
    PauseTimer timer(stats);
    size_t young = young_bytes();
    if (!reserve_survivors(old_bytes + young) && !reserve_survivors(measure_live())) return false;
    note_peak();
    std::vector<Chunk*> from_space;
    from_space.swap(chunks);
    for (Chunk* chunk : from_space) chunk->evacuating = true;
    remembered.clear();
    old_bytes = 0;
    scan_chunk = 0;
    scan_at = nullptr;

    auto visit = [this](void* slot) { visit_full(slot); };
    auto visit_root = [this](void* slot) {
      Object* object = load_reference(slot);
      if (object == nullptr) return;
      // A root slot may be reported twice; the second time it refers to a copy, which must not be copied again.
      bool movable = is_young(object) || is_forwarded(header_word(object)) || !(object->flags & kLarge);
      if (movable && !is_young(object) && !chunk_of(object)->evacuating) return;
      visit_full(slot);
    };
    Sink sink(visit_root);
    roots.visit_roots(sink);
    drain(visit);
    sweep_large();
    release(from_space);

    stats.allocated_bytes += young;
    ++stats.full_collections;
    reset_nursery();
    full_trigger = std::min(std::max(2 * (old_bytes + large_bytes), kMinFullTrigger), config.limit_bytes);
  }
  if (config.stress) walk_or_die("after a collection");
  return true;
}

void Heap::Impl::sweep_large() {
  size_t kept = 0;
  large_bytes = 0;
  for (const LargeObject& entry : large) {
    if (!(entry.object->flags & kMarked)) {
      std::free(entry.object);
      continue;
    }
    entry.object->flags = kOld | kLarge;
    if (holds_references(entry.object)) entry.object->flags |= kNeedsBarrier;
    large_bytes += entry.bytes;
    large[kept++] = entry;
  }
  large.resize(kept);
}

// As much as survived is kept: the old generation will grow by about that before the next full collection.
void Heap::Impl::release(std::vector<Chunk*>& from_space) {
  for (Chunk* chunk : from_space) pool.give_back(chunk);
  pool.trim(std::max(old_bytes, kMinPooledBytes) / kChunkBytes);
}

void Heap::Impl::walk_or_die(const char* when) {
  std::string wrong = walk();
  if (wrong.empty()) return;
  CheckContext context("heap walk", when);
  CheckContext detail("heap walk", wrong.c_str());
  ORUS_CHECK(!"the heap is consistent");
}

}  // namespace orus
