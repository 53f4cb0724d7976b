// What instructions do to memory, in the alias classes of ir.h: the one answer that every memory pass uses.
//
// Objects that an instruction allocates are new: nothing known about older memory changes. Moving objects changes no
// contents either, and references are updated wherever they are kept.
#pragma once

#include <map>
#include <memory>

#include "base/bitset.h"
#include "jit/ir/ir.h"

namespace orus::jit {

/// What a bytecode function and all that it calls may do.
struct CallEffects {
  bool writes_heap = false;
  bool everything = false;      // too much code to look at: assume the worst
  BitSet globals_read, globals_written;
};

/// Objects that the function allocates, by the value that names them behind the join of the inline and the slow path.
/// Whatever was computed before such a value is another object.
class FreshObjects {
 public:
  explicit FreshObjects(const Function& fn);
  bool contains(InstId id) const { return id.index < fresh_.size() && fresh_[id.index]; }
  /// The one that the store or load goes through a reference to, or none.
  InstId accessed(InstId access) const;

 private:
  bool is_source(InstId id) const;

  const Function& fn_;
  std::vector<bool> fresh_;  // by instruction; phis only
};

class MemoryEffects {
 public:
  explicit MemoryEffects(const Function& fn) : fn_(fn) {}

  /// Whether the instruction may change memory of this class.
  bool may_write(InstId id, uint32_t alias);
  /// Whether it may read the global, or let someone look at it, other than by being a load of it.
  bool may_read_global(InstId id, uint32_t global);
  /// Whether it may change any memory: false lets a caller skip asking about each class.
  bool writes(InstId id) const;
  /// Whether the effects are those of one store to class `aux`.
  static bool is_plain_store(IrOp op) { return op == IrOp::store || op == IrOp::store_elem || op == IrOp::store_global; }

 private:
  const CallEffects& effects_of(uint32_t callee);
  uint32_t runtime_effects(InstId id) const;
  const Insn& bytecode_at(InstId id) const;

  const Function& fn_;
  std::map<uint32_t, CallEffects> calls_;  // by callee
  size_t budget_ = 20000;                  // bytecode words that may still be scanned
};

constexpr bool is_global_alias(uint32_t alias) { return alias >= kAliasGlobalBase && alias < kAliasFieldBase; }

}  // namespace orus::jit
