// Heap: precise, generational, moving. A bump-allocated nursery; survivors are copied to the old generation, whose
// full collections evacuate every live object to fresh chunks; objects above kLargeBytes live in a list of their own
// and do not move. Old objects that were stored a reference to are remembered as a whole.
//
// Rules for callers:
//  1. Every allocation may move every object: a raw pointer must be re-read from its root afterwards (Rooted, a frame
//     slot). Roots are what RootSource::visit_roots enumerates.
//  2. After storing a reference into an object call barrier(object) (or test kNeedsBarrier first).
//  3. A new object's slots are zero; null references are legal everywhere.
//
// Stress (HeapConfig::stress): every allocation and every safepoint() collects fully, moving everything (no large
// objects then), and poisons or unmaps what was left behind; walk() checks the whole heap after each collection.
// Threads: an instance belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include "vm/bytecode/module.h"
#include "vm/runtime/object.h"

namespace orus {

class SparePages;

class RootSink {
 public:
  virtual ~RootSink() = default;
  /// `slot` holds an object or null; the collector may overwrite it.
  virtual void visit(Object** slot) = 0;
};

class RootSource {
 public:
  virtual ~RootSource() = default;
  virtual void visit_roots(RootSink& sink) = 0;
};

struct HeapConfig {
  size_t limit_bytes = size_t{4} << 30;   // live bytes after a full collection may not exceed it
  size_t nursery_bytes = size_t{2} << 20;
  bool stress = false;
  uint64_t fail_allocation = 0;           // for tests: the allocation with this number gives null; 0: none
  SparePages* spare_pages = nullptr;      // where pages come from and go to, the stack's too; null: the operating system
};

struct HeapStats {
  uint64_t minor_collections = 0, full_collections = 0;
  uint64_t allocated_bytes = 0;        // by the program, since creation (nursery bytes counted at collections)
  uint64_t copied_bytes = 0;
  uint64_t peak_bytes = 0;             // most bytes held at once (nursery used + old + large)
  uint64_t pause_ns_total = 0, pause_ns_max = 0;
  uint64_t allocations = 0;            // counted only with HeapConfig::fail_allocation
};

/// Bump window of the nursery. Native code allocates through it: `top + size <= limit`, then top += size.
struct AllocationWindow {
  char* top = nullptr;
  char* limit = nullptr;
};

class Heap {
 public:
  /// `module` tells which fields of structs and elements of arrays are references. `window` is where the allocation
  /// window is kept (in the VM's context, for native code). All three outlive the heap.
  Heap(const HeapConfig& config, const Module& module, RootSource& roots, AllocationWindow* window);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// `bytes` includes the header and is rounded up to 8. The object is zeroed but for its header. Null when the limit
  /// would be exceeded even after a full collection.
  Object* allocate(ObjectKind kind, uint32_t type, size_t bytes) {
    if (bytes <= kLargeBytes) [[likely]] {
      size_t size = (bytes + 7) & ~size_t{7};
      char* top = window_->top;
      if (size <= static_cast<size_t>(window_->limit - top)) [[likely]] {
        window_->top = top + size;
        return new (top) Object{0, kind, 0, type};
      }
    }
    return allocate_slow(kind, type, bytes);
  }

  /// Out-of-line part of the write barrier; `object` has kNeedsBarrier set.
  void remember(Object* object);
  void barrier(Object* object) {
    if (object->flags & kNeedsBarrier) remember(object);
  }

  /// Both do nothing if the host refuses the memory that survivors may need.
  void collect_minor();
  void collect_full();
  /// Called at safepoints that do not allocate: collects in stress mode, else nothing.
  void safepoint() {
    if (config_.stress) collect_full();
  }

  /// Checks every reachable object: kinds, types, sizes, buffers, flags, remembered set, no pointer into dead space.
  /// Returns an empty string, or what is wrong. For tests and stress mode.
  std::string walk();

  const HeapStats& stats() const;
  size_t bytes_in_use() const;
  bool stress() const { return config_.stress; }

  static constexpr size_t kLargeBytes = 16 * 1024;

  /// Size in bytes of an object, header included, rounded to 8.
  size_t size_of(const Object* object) const;

 private:
  struct Impl;  // heap_impl.h
  Object* allocate_slow(ObjectKind kind, uint32_t type, size_t bytes);

  HeapConfig config_;
  AllocationWindow* window_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orus
