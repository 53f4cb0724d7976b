#include "vm/runtime/heap_memory.h"

#include <sys/mman.h>

#include <new>

#include "base/check.h"
#include "vm/runtime/spare_pages.h"

namespace orus {

char* map_pages(size_t bytes, size_t alignment) {
  auto map = [](size_t length) -> char* {
    void* p = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? nullptr : static_cast<char*>(p);
  };
  // Mappings are usually placed side by side, so after one aligned chunk the next is aligned too.
  char* start = map(bytes);
  if (start == nullptr || reinterpret_cast<uintptr_t>(start) % alignment == 0) return start;
  unmap_pages(start, bytes);
  start = map(bytes + alignment);
  if (start == nullptr) return nullptr;
  size_t before = (alignment - reinterpret_cast<uintptr_t>(start) % alignment) % alignment;
  if (before != 0) unmap_pages(start, before);
  if (before != alignment) unmap_pages(start + before + bytes, alignment - before);
  return start + before;
}

void unmap_pages(char* start, size_t bytes) { munmap(start, bytes); }

void protect_pages(char* start, size_t bytes) {
  madvise(start, bytes, MADV_DONTNEED);
  ORUS_CHECK(mprotect(start, bytes, PROT_NONE) == 0);
}

void unprotect_pages(char* start, size_t bytes) { ORUS_CHECK(mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0); }

ChunkPool::~ChunkPool() {
  trim(0);
  for (Range range : quarantined_) unmap_pages(range.start, range.bytes);
}

char* ChunkPool::map_chunk() { return spare_ != nullptr ? spare_->take(kChunkBytes, kChunkBytes) : map_pages(kChunkBytes, kChunkBytes); }
void ChunkPool::unmap_chunk(char* start) {
  if (spare_ != nullptr) return spare_->give_back(start, kChunkBytes, kChunkBytes);
  unmap_pages(start, kChunkBytes);
}
void ChunkPool::drop(Chunk* chunk) {
  if (chunk->bytes() == kChunkBytes) return unmap_chunk(reinterpret_cast<char*>(chunk));
  unmap_pages(reinterpret_cast<char*>(chunk), chunk->bytes());
}

bool ChunkPool::reserve(size_t count) {
  while (free_.size() < count) {
    char* start = map_chunk();
    if (start == nullptr) return false;
    free_.insert(free_.begin(), start);
  }
  return true;
}

Chunk* ChunkPool::take(size_t object_bytes) {
  char* start = nullptr;
  size_t bytes = kChunkBytes;
  if (object_bytes > kChunkBytes - sizeof(Chunk)) {
    bytes = (object_bytes + sizeof(Chunk) + kPageBytes - 1) & ~(kPageBytes - 1);
    start = map_pages(bytes, kChunkBytes);
  } else if (free_.empty()) {
    start = map_chunk();
  } else {
    start = free_.back();
    free_.pop_back();
  }
  if (start == nullptr) return nullptr;
  return new (start) Chunk{start + sizeof(Chunk), start + bytes, false, {}};
}

void ChunkPool::give_back(Chunk* chunk) {
  Range range{reinterpret_cast<char*>(chunk), chunk->bytes()};
  if (quarantine_) {
    protect_pages(range.start, range.bytes);
    quarantined_.push_back(range);
    if (quarantined_.size() <= kQuarantined) return;
    range = quarantined_.front();
    quarantined_.pop_front();
    if (range.bytes == kChunkBytes) unprotect_pages(range.start, range.bytes);
  }
  if (range.bytes == kChunkBytes) {
    free_.push_back(range.start);
  } else {
    unmap_pages(range.start, range.bytes);
  }
}

void ChunkPool::trim(size_t count) {
  if (free_.size() <= count) return;
  size_t excess = free_.size() - count;
  for (size_t i = 0; i < excess; ++i) unmap_chunk(free_[i]);
  free_.erase(free_.begin(), free_.begin() + static_cast<ptrdiff_t>(excess));
}

}  // namespace orus
