#include "jit/code/code_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace orus::jit {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAlign = 64;
constexpr uint8_t kTrapByte = 0xCC;

size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

size_t CodeMemory::whole_pages(size_t bytes) { return round_up(bytes, kPage); }

Result<std::unique_ptr<CodeMemory>> CodeMemory::create(size_t bytes) {
  std::unique_ptr<CodeMemory> memory(new CodeMemory());
  bytes = whole_pages(bytes);
  if (memory->reserve_dual(bytes) || memory->reserve_switching(bytes)) return memory;
  return Error{ErrorCode::kOutOfCodeMemory, "the host grants no executable memory"};
}

bool CodeMemory::reserve_dual(size_t bytes) {
  int fd = memfd_create("orus-code", MFD_CLOEXEC);
  if (fd < 0) return false;
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    close(fd);
    return false;
  }
  // The reservation is two pages larger than the code: what is not mapped over stays inaccessible.
  void* region = mmap(nullptr, bytes + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  void* run = region == MAP_FAILED
                  ? MAP_FAILED
                  : mmap(static_cast<uint8_t*>(region) + kPage, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0);
  void* write = run == MAP_FAILED ? MAP_FAILED : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (write == MAP_FAILED) {
    if (region != MAP_FAILED) munmap(region, bytes + 2 * kPage);
    return false;
  }
  // A child would share the pages and could rewrite its parent's code.
  madvise(run, bytes, MADV_DONTFORK);
  madvise(write, bytes, MADV_DONTFORK);
  run_ = static_cast<uint8_t*>(run);
  write_ = static_cast<uint8_t*>(write);
  size_ = bytes;
  return true;
}

bool CodeMemory::reserve_switching(size_t bytes) {
  void* region = mmap(nullptr, bytes + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) return false;
  run_ = write_ = static_cast<uint8_t*>(region) + kPage;
  size_ = bytes;
  mode_ = Mode::kSwitching;
  // Ask once whether pages may become executable at all.
  if (mprotect(run_, kPage, PROT_READ | PROT_WRITE) != 0 || mprotect(run_, kPage, PROT_READ | PROT_EXEC) != 0) {
    munmap(region, bytes + 2 * kPage);
    run_ = write_ = nullptr;
    return false;
  }
  return true;
}

CodeMemory::~CodeMemory() {
  if (run_ == nullptr) return;
  munmap(run_ - kPage, size_ + 2 * kPage);
  if (mode_ == Mode::kDualMapping) munmap(write_, size_);
}

bool CodeMemory::make_writable(size_t offset, size_t size, bool writable) {
  if (mode_ == Mode::kDualMapping) return true;
  size_t first = offset / kPage * kPage, last = round_up(offset + size, kPage);
  return mprotect(run_ + first, last - first, writable ? PROT_READ | PROT_WRITE : PROT_READ | PROT_EXEC) == 0;
}

const uint8_t* CodeMemory::install(std::span<const uint8_t> code) {
  // While switching, the pages of a unit must not hold code that may be running: units get pages of their own.
  size_t unit = mode_ == Mode::kDualMapping ? kAlign : kPage;
  size_t size = round_up(code.size(), unit);
  size_t offset = SIZE_MAX;
  for (auto piece = free_.begin(); piece != free_.end(); ++piece) {
    if (piece->size < size) continue;
    offset = piece->offset;
    piece->offset += size;
    piece->size -= size;
    if (piece->size == 0) free_.erase(piece);
    break;
  }
  if (offset == SIZE_MAX) {
    if (size_ - top_ < size) return nullptr;
    offset = top_;
    top_ += size;
  }
  if (!make_writable(offset, size, true)) return nullptr;
  std::memcpy(write_ + offset, code.data(), code.size());
  std::memset(write_ + offset + code.size(), kTrapByte, size - code.size());
  if (!make_writable(offset, size, false)) return nullptr;
  __builtin___clear_cache(reinterpret_cast<char*>(run_ + offset), reinterpret_cast<char*>(run_ + offset + size));
  used_ += size;
  auto at = std::lower_bound(live_.begin(), live_.end(), offset, [](const Piece& p, size_t o) { return p.offset < o; });
  live_.insert(at, {offset, size});
  return run_ + offset;
}

void CodeMemory::release(const uint8_t* code) {
  auto offset = static_cast<size_t>(code - run_);
  auto it = std::lower_bound(live_.begin(), live_.end(), offset, [](const Piece& p, size_t o) { return p.offset < o; });
  ORUS_CHECK(it != live_.end() && it->offset == offset);
  Piece piece = *it;
  live_.erase(it);
  used_ -= piece.size;
  if (make_writable(piece.offset, piece.size, true)) {
    std::memset(write_ + piece.offset, kTrapByte, piece.size);
    make_writable(piece.offset, piece.size, false);
  }
  auto at = std::lower_bound(free_.begin(), free_.end(), piece.offset, [](const Piece& p, size_t o) { return p.offset < o; });
  at = free_.insert(at, piece);
  if (at + 1 != free_.end() && at->offset + at->size == (at + 1)->offset) {
    at->size += (at + 1)->size;
    free_.erase(at + 1);
  }
  if (at != free_.begin() && (at - 1)->offset + (at - 1)->size == at->offset) {
    (at - 1)->size += at->size;
    free_.erase(at);
  }
}

void CodeMemory::clear() {
  if (make_writable(0, top_, true)) {
    std::memset(write_, kTrapByte, top_);
    make_writable(0, top_, false);
  }
  top_ = used_ = 0;
  free_.clear();
  live_.clear();
}

}  // namespace orus::jit
