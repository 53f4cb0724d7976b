#include "fuzz/driver/fast_memory.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORUS_FAST_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ORUS_FAST_MEMORY 0
#endif
#endif
#if !defined(ORUS_FAST_MEMORY)
#define ORUS_FAST_MEMORY 1
#endif

#if ORUS_FAST_MEMORY

#include <sys/mman.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/check.h"

namespace orus::fuzz {
namespace {

// Sizes to 1 KiB in steps of 16, then four to each power of two.
constexpr size_t kStep = 16, kFine = 1024, kLargest = 32 * 1024;
constexpr size_t kFineClasses = kFine / kStep;
constexpr size_t kClasses = kFineClasses + 4 * (std::bit_width(kLargest) - std::bit_width(kFine));
// One range of address space; each chunk of it holds blocks of one class, so an address tells its class.
constexpr size_t kChunk = 256 * 1024, kRange = size_t{4} << 30;

struct Block {
  Block* next;
};

constexpr size_t class_of(size_t size) {
  if (size <= kFine) return size == 0 ? 0 : (size - 1) / kStep;
  size_t power = static_cast<size_t>(std::bit_width(size - 1)) - 1;  // 2^power < size <= 2^(power + 1)
  size_t quarter = (size - 1) >> (power - 2) & 3;
  return kFineClasses + 4 * (power - std::bit_width(kFine) + 1) + quarter;
}
constexpr size_t class_size(size_t c) {
  if (c < kFineClasses) return (c + 1) * kStep;
  size_t coarse = c - kFineClasses;
  return (kFine << (coarse / 4)) / 4 * (5 + coarse % 4);
}
constexpr bool classes_fit() {
  for (size_t c = 0; c < kClasses; ++c) {
    if (class_of(class_size(c)) != c || (c + 1 < kClasses && class_of(class_size(c) + 1) != c + 1)) return false;
  }
  return class_size(kClasses - 1) == kLargest && kChunk % kStep == 0;
}
static_assert(classes_fit());

struct Lists {
  Block* free[kClasses];
  char* next[kClasses];  // the rest of the class's newest chunk
  char* end[kClasses];
};

// The allocator of a process cannot hang off an object; nothing else in the harness is global.
constinit Lists lists = {};
constinit thread_local bool is_owner = false;
constinit char* range = nullptr;
constinit size_t chunks = 0;
constinit uint8_t chunk_class[kRange / kChunk] = {};
// Blocks that other threads gave back, for the owner to take when a list is empty.
constinit std::atomic<Block*> strays = nullptr;

bool inside(const void* p) { return static_cast<size_t>(static_cast<const char*>(p) - range) < kRange && range != nullptr; }
size_t class_at(const void* p) { return chunk_class[static_cast<size_t>(static_cast<const char*>(p) - range) / kChunk]; }

void* general(size_t size) {
  void* p = std::malloc(size == 0 ? 1 : size);
  ORUS_CHECK(p != nullptr && "out of memory");
  return p;
}

/// The list of class `c` is empty.
[[gnu::noinline]] void* refill(size_t c) {
  for (Block* b = strays.exchange(nullptr, std::memory_order_acquire); b != nullptr;) {
    Block* next = b->next;
    size_t k = class_at(b);
    b->next = lists.free[k];
    lists.free[k] = b;
    b = next;
  }
  if (Block* b = lists.free[c]) {
    lists.free[c] = b->next;
    return b;
  }
  if (static_cast<size_t>(lists.end[c] - lists.next[c]) < class_size(c)) {
    if (chunks == kRange / kChunk) return general(class_size(c));
    chunk_class[chunks] = static_cast<uint8_t>(c);
    lists.next[c] = range + chunks++ * kChunk;
    lists.end[c] = lists.next[c] + kChunk;
  }
  void* p = lists.next[c];
  lists.next[c] += class_size(c);
  return p;
}

void* take(size_t size) {
  if (!is_owner || size > kLargest) return general(size);
  size_t c = class_of(size);
  Block* b = lists.free[c];
  if (b == nullptr) return refill(c);
  lists.free[c] = b->next;
  return b;
}

void give_back(void* p) {
  if (!inside(p)) return std::free(p);
  auto* b = static_cast<Block*>(p);
  if (is_owner) {
    Block*& list = lists.free[class_at(p)];
    b->next = list;
    list = b;
    return;
  }
  b->next = strays.load(std::memory_order_relaxed);
  while (!strays.compare_exchange_weak(b->next, b, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

}  // namespace

void use_fast_memory() {
  void* p = mmap(nullptr, kRange, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return;  // an address space limit: the general allocator is only slower
  range = static_cast<char*>(p);
  is_owner = true;
}

}  // namespace orus::fuzz

void* operator new(size_t size) { return orus::fuzz::take(size); }
void* operator new[](size_t size) { return orus::fuzz::take(size); }
void operator delete(void* p) noexcept { orus::fuzz::give_back(p); }
void operator delete[](void* p) noexcept { orus::fuzz::give_back(p); }
void operator delete(void* p, size_t) noexcept { orus::fuzz::give_back(p); }
void operator delete[](void* p, size_t) noexcept { orus::fuzz::give_back(p); }

#else

namespace orus::fuzz {
void use_fast_memory() {}
}  // namespace orus::fuzz

#endif
