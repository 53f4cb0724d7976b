#include "vm/runtime/spare_pages.h"

#include "vm/runtime/heap_memory.h"

namespace orus {

SparePages::~SparePages() {
  for (const Range& range : free_) unmap_pages(range.start, range.bytes);
}

char* SparePages::take(size_t bytes, size_t alignment) {
  for (size_t i = free_.size(); i-- > 0;) {
    if (free_[i].bytes != bytes || free_[i].alignment != alignment) continue;
    char* start = free_[i].start;
    free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
    return start;
  }
  return map_pages(bytes, alignment);
}

void SparePages::give_back(char* start, size_t bytes, size_t alignment) {
  if (free_.size() == kMost) {
    unmap_pages(free_.front().start, free_.front().bytes);
    free_.erase(free_.begin());
  }
  free_.push_back({start, bytes, alignment});
}

}  // namespace orus
