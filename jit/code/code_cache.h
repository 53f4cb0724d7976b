// CodeCache: the machine code of one tier and the units that it belongs to, by id and by entry. Units come and go; ids are
// never used twice.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "jit/code/code_memory.h"
#include "jit/code/unit.h"

namespace orus::jit {

class CodeCache {
 public:
  /// Ids below it belong to frames without a unit: the target's stubs.
  static constexpr uint32_t kFirstUnit = 2;

  explicit CodeCache(std::unique_ptr<CodeMemory> memory) : memory_(std::move(memory)) { units_.resize(kFirstUnit); }

  CodeMemory& memory() { return *memory_; }
  const CodeMemory& memory() const { return *memory_; }
  /// The last thing to do with a cache.
  std::unique_ptr<CodeMemory> take_memory() { return std::move(memory_); }
  /// An id for a unit that is about to be compiled: its code contains it.
  uint32_t new_id();
  /// Puts the unit's bytes where they run. On false there was no room and the unit is as it was.
  bool install(std::unique_ptr<CompiledUnit>& unit);
  /// Gives the unit and its code back. No frame of it may be on a stack.
  void release(uint32_t id);

  CompiledUnit& at(uint64_t id) { return *units_[id]; }
  CompiledUnit& at_entry(const void* entry) { return *units_[by_entry_.find(entry)->second]; }
  /// One past the largest id; ids in between may have no unit.
  uint32_t end() const { return static_cast<uint32_t>(units_.size()); }
  CompiledUnit* find(uint32_t id) { return units_[id].get(); }
  const CompiledUnit* find(uint32_t id) const { return units_[id].get(); }

 private:
  std::unique_ptr<CodeMemory> memory_;
  std::vector<std::unique_ptr<CompiledUnit>> units_;        // by id
  std::unordered_map<const void*, uint32_t> by_entry_;
};

}  // namespace orus::jit
