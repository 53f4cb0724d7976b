// Pages lent from one VM to the next, for those who make thousands of VMs a second: mapping and unmapping them costs more
// than most small programs take to run.
#pragma once

#include <cstddef>
#include <vector>

namespace orus {

/// Ranges that VMs no longer use, by size and alignment. Outlives the VMs that borrow from it; one thread.
class SparePages {
 public:
  SparePages() = default;
  ~SparePages();
  SparePages(const SparePages&) = delete;
  SparePages& operator=(const SparePages&) = delete;

  /// A range as map_pages() gives it; null if the host refuses. Zeroed if what was given back was.
  char* take(size_t bytes, size_t alignment);
  /// Takes over a range of `bytes` that starts at a multiple of `alignment`.
  void give_back(char* start, size_t bytes, size_t alignment);

 private:
  struct Range {
    char* start;
    size_t bytes, alignment;
  };
  static constexpr size_t kMost = 16;  // ranges kept; the one unused longest is unmapped for another
  std::vector<Range> free_;            // the back was used last
};

}  // namespace orus
