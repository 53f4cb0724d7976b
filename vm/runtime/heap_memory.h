// Memory of the heap as the operating system gives it: chunks of the old generation and the nursery's pages.
//
// A chunk is mapped at a multiple of kChunkBytes, so an object that starts in its first kChunkBytes finds its chunk by
// masking its address. Only a chunk made for one huge object is longer.
//
//   [Chunk header: 64 bytes][objects ...][free]
//                           begin()      top   end
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace orus {

class SparePages;

struct Chunk {
  char* top;
  char* end;
  bool evacuating;  // from-space of the full collection under way
  uint64_t unused[5];
  char* begin() { return reinterpret_cast<char*>(this + 1); }
  size_t bytes() { return static_cast<size_t>(end - reinterpret_cast<char*>(this)); }
};
static_assert(sizeof(Chunk) == 64);

inline constexpr size_t kChunkBytes = size_t{1} << 20;
inline constexpr size_t kPageBytes = 4096;  // granularity of protection; a multiple of it is used where pages are larger

inline Chunk* chunk_of(const void* object) { return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(object) & ~(kChunkBytes - 1)); }

/// Gives out chunks and takes them back. Freed chunks are kept for reuse, or, with `quarantine`, made inaccessible for
/// a while, so that a use of dead space faults.
class ChunkPool {
 public:
  ChunkPool(bool quarantine, SparePages* spare) : quarantine_(quarantine), spare_(spare) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  /// Makes sure that the next `count` standard chunks can be taken. False if the host refuses.
  bool reserve(size_t count);
  /// A chunk with room for an object of `object_bytes`; null if the host refuses. Its memory is not zeroed.
  Chunk* take(size_t object_bytes);
  void give_back(Chunk* chunk);
  /// Gives free chunks away, longest unused first, until at most `count` are left.
  void trim(size_t count);
  /// Gives away what is not in this pool's books.
  void drop(Chunk* chunk);

 private:
  struct Range {
    char* start;
    size_t bytes;
  };
  static constexpr size_t kQuarantined = 32;
  char* map_chunk();
  void unmap_chunk(char* start);
  bool quarantine_;
  SparePages* spare_;
  std::vector<char*> free_;        // of kChunkBytes each; the back was used last
  std::deque<Range> quarantined_;  // inaccessible, oldest first
};

/// Zeroed pages, or null. `alignment` is a power of two, at least kPageBytes.
char* map_pages(size_t bytes, size_t alignment = kPageBytes);
void unmap_pages(char* start, size_t bytes);
/// Drops the contents and makes every access fault.
void protect_pages(char* start, size_t bytes);
/// Undoes protect_pages(): zeroed and writable.
void unprotect_pages(char* start, size_t bytes);

}  // namespace orus
