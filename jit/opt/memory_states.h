// MemoryStates: for each load and store, the number of the state that its alias class is in. Equal numbers mean equal
// contents; every store and clobber starts a new state.
//
// One walk in reverse postorder. A block takes the states of its predecessors where they agree and new ones where they
// do not. A loop header takes those from outside the loop, but for classes that the loop may write. Classes beyond
// kMaxClasses share one number, which any of them changes: time and memory stay linear.
#pragma once

#include <unordered_map>

#include "jit/opt/alias.h"

namespace orus::jit {

class MemoryStates {
 public:
  explicit MemoryStates(const Function& fn) : fn_(fn), effects_(fn), fresh_objects_(fn) {}
  /// Keeps a reference to the dominators.
  void compute(const Dominators& dominators);

  /// State of the instruction's own class in front of it, and behind it.
  uint32_t before(InstId id) const { return before_[id.index]; }
  uint32_t after(InstId id) const { return after_[id.index]; }
  /// The store that started the state; none when something else did.
  InstId store_of(uint32_t state) const { return store_of_[state]; }
  /// Whether the store left what the instruction accesses, in the same class, as it was.
  bool distinct(InstId store, InstId access) const;

 private:
  static constexpr uint32_t kMaxClasses = 128;
  using State = std::vector<uint32_t>;  // by class number

  void number_classes(const std::vector<BlockId>& order);
  uint32_t class_of(uint32_t alias) const;
  void apply(InstId id, State* state);
  void walk_block(BlockId block, State* state);
  uint32_t fresh(InstId store = {});
  State entry_state(BlockId block, const Dominators& dominators);

  const Function& fn_;
  MemoryEffects effects_;
  FreshObjects fresh_objects_;
  const Dominators* dominators_ = nullptr;
  std::unordered_map<uint32_t, uint32_t> class_number_;
  std::vector<uint32_t> aliases_;                 // by class number: one alias, or several for the last
  std::vector<uint32_t> overflow_;                // aliases that share the last class
  std::vector<uint32_t> before_, after_;          // by instruction
  std::vector<InstId> store_of_;                  // by state
  std::vector<State> out_;                        // by block
  std::vector<std::vector<uint32_t>> predecessors_;
  std::vector<uint32_t> loop_of_header_;          // by block
  std::vector<std::vector<bool>> written_;        // by loop: classes it may write
};

}  // namespace orus::jit
