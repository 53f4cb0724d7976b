// CodeMemory: where machine code lives (C9). One reserved region, mapped twice: written through one view, run through
// the other, so that no page is ever writable and executable. Where the host refuses that, one view whose pages are
// switched between the two states.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace orus::jit {

class CodeMemory {
 public:
  enum class Mode : uint8_t { kDualMapping, kSwitching };

  /// Reserves `bytes` of address space; pages are committed on use. Errors: kOutOfCodeMemory.
  static Result<std::unique_ptr<CodeMemory>> create(size_t bytes);
  /// size() of a memory made by create(bytes).
  static size_t whole_pages(size_t bytes);
  ~CodeMemory();
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;

  /// Copies code into the region and makes it executable; 64-byte aligned. Null when the region is full.
  /// Threads: one installer at a time; running code is never disturbed.
  const uint8_t* install(std::span<const uint8_t> code);
  /// Gives the space of a unit back and fills it with trapping bytes. No thread may be inside.
  void release(const uint8_t* code);
  /// As after create(): everything is given back at once. No thread may be inside.
  void clear();

  Mode mode() const { return mode_; }
  size_t used_bytes() const { return used_; }
  size_t size() const { return size_; }

 private:
  struct Piece {
    size_t offset, size;
  };
  CodeMemory() = default;
  bool reserve_dual(size_t bytes);
  bool reserve_switching(size_t bytes);
  bool make_writable(size_t offset, size_t size, bool writable);

  Mode mode_ = Mode::kDualMapping;
  uint8_t* run_ = nullptr;     // executable view, guard page on either side
  uint8_t* write_ = nullptr;   // writable view; equals run_ when switching
  size_t size_ = 0;
  size_t top_ = 0, used_ = 0;
  std::vector<Piece> free_;    // by offset, never adjacent
  std::vector<Piece> live_;    // by offset
};

}  // namespace orus::jit
