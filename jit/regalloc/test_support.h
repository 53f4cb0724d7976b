// What the hand-written tests share: allocate, judge, and count edits.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "jit/regalloc/checker.h"
#include "jit/regalloc/print.h"
#include "jit/regalloc/test_generator.h"
#include "jit/regalloc/test_machine.h"

namespace orus::jit::test {

inline std::string describe(const Error& e) { return e.where + ": " + e.detail; }

/// Allocates, checks and runs `fn`; on failure the test fails and the result is empty.
inline RaResult allocate(const RaFunction& fn, const RaEnv& env, const RaOptions& options = {}) {
  auto result = allocate_linear_scan(fn, env, options);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()) + "\n" + print_allocation(fn, nullptr));
  if (!result.ok()) return {};
  auto verdict = check_allocation(fn, env, *result);
  EXPECT_TRUE(verdict.ok()) << (verdict.ok() ? "" : describe(verdict.error())) << "\n" << print_allocation(fn, &*result);
  VirtualState before(fn);
  AllocatedState after(fn, env, *result);
  EXPECT_EQ(run(fn, before, 300), run(fn, after, 300)) << print_allocation(fn, &*result);
  return std::move(result).value();
}

inline uint32_t edits_in(const RaFunction& fn, const RaResult& result, std::initializer_list<uint32_t> blocks) {
  uint32_t count = 0;
  for (const Edit& e : result.edits) {
    for (uint32_t b : blocks) count += e.inst >= fn.blocks[b].first_inst && e.inst < fn.blocks[b].end_inst;
  }
  return count;
}

struct Values : RaBuilder {
  VReg value() { return vreg(RegClass::kInt); }
  VReg ref() { return vreg(RegClass::kInt, true); }
  VReg real() { return vreg(RegClass::kFloat); }
};

}  // namespace orus::jit::test
