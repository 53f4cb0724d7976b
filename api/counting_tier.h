// CountingTier: stands in for the compiler and counts, exactly, how often each loop header and each function is reached
// while everything stays interpreted. From that and the code comes an estimate of what the program spends where.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "vm/runtime/vm.h"

namespace orus::api {

class CountingTier final : public Tier {
 public:
  explicit CountingTier(const VerifiedModule& module);

  void* loop_entry(Vm& vm, FunctionRuntime& fn, const Insn* pc) override;
  void* function_entry(Vm& vm, FunctionRuntime& fn) override;
  // Never called: no entry is ever returned.
  Outcome enter_loop(Vm& vm, void* entry, Slot* base) override;
  Outcome enter_function(Vm& vm, void* entry, FunctionRuntime& fn, Slot* base) override;
  void visit_roots(void* fp, RootSink& sink) override;

  uint64_t calls(uint32_t function) const { return calls_[function]; }
  uint64_t iterations(uint32_t function, uint32_t loop) const { return iterations_[function][loop]; }

 private:
  std::vector<uint64_t> calls_;                    // by function; main counts one
  std::vector<std::vector<uint64_t>> iterations_;  // by function and loop
};

/// Executed instructions of one opcode family or value kind.
struct GroupCount {
  std::string_view group;
  uint64_t ops = 0;
};
struct LoopCount {
  uint32_t function = 0, loop = 0;
  uint64_t iterations = 0;
  uint64_t ops = 0;  // in blocks of which this is the innermost loop
};
struct WorkEstimate {
  std::vector<GroupCount> families, kinds;  // most first
  std::vector<LoopCount> loops;             // most first
};

/// Multiplies each block's instructions with how often its innermost loop (else its function) was entered: exact where
/// a loop body is straight, too high for the sides of branches.
WorkEstimate estimate_work(const VerifiedModule& module, const CountingTier& counts);

}  // namespace orus::api
