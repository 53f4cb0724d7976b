// Arena: bump allocation for one compilation. Nothing is destroyed one by one, so only trivial types live here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace orus {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `count` value-initialised objects; lives until the arena dies.
  template <class T>
  std::span<T> make(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    T* p = static_cast<T*>(raw(count * sizeof(T), alignof(T)));
    for (size_t i = 0; i < count; ++i) new (p + i) T();
    return {p, count};
  }
  template <class T>
  std::span<T> copy(std::span<const T> from) {
    auto to = make<T>(from.size());
    for (size_t i = 0; i < from.size(); ++i) to[i] = from[i];
    return to;
  }
  size_t bytes() const { return bytes_; }

 private:
  void* raw(size_t size, size_t align) {
    size_t at = (top_ + align - 1) & ~(align - 1);
    if (chunks_.empty() || at + size > limit_) {
      size_t chunk = size > kChunk ? size : kChunk;
      chunks_.push_back(std::make_unique<std::byte[]>(chunk));
      bytes_ += chunk;
      limit_ = chunk;
      at = 0;
    }
    top_ = at + size;
    return chunks_.back().get() + at;
  }
  static constexpr size_t kChunk = 64 * 1024;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  size_t top_ = 0, limit_ = 0, bytes_ = 0;
};

}  // namespace orus
