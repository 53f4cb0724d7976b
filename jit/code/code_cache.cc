#include "jit/code/code_cache.h"

namespace orus::jit {

uint32_t CodeCache::new_id() {
  units_.emplace_back();
  return end() - 1;
}

bool CodeCache::install(std::unique_ptr<CompiledUnit>& unit) {
  unit->code = memory_->install(unit->bytes);
  if (unit->code == nullptr) return false;
  unit->size = unit->bytes.size();
  unit->bytes = {};
  by_entry_[unit->entry()] = unit->id;
  units_[unit->id] = std::move(unit);
  return true;
}

void CodeCache::release(uint32_t id) {
  by_entry_.erase(units_[id]->entry());
  memory_->release(units_[id]->code);
  units_[id] = nullptr;
}

}  // namespace orus::jit
