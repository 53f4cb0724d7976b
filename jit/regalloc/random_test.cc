// Random functions, allocated in every mode, judged by the checker and by running them.
#include <gtest/gtest.h>

#include <string>

#include "jit/regalloc/checker.h"
#include "jit/regalloc/test_generator.h"
#include "jit/regalloc/test_machine.h"

namespace orus::jit {
namespace {

constexpr uint32_t kFuel = 400;

std::string describe(const Error& e) { return e.where + ": " + e.detail; }

void expect_sound(const RaFunction& fn, const RaEnv& env, const RaOptions& options, const std::string& label) {
  SCOPED_TRACE(label);
  auto result = allocate_linear_scan(fn, env, options);
  ASSERT_TRUE(result.ok()) << describe(result.error());
  auto verdict = check_allocation(fn, env, *result);
  ASSERT_TRUE(verdict.ok()) << describe(verdict.error());
  test::VirtualState before(fn);
  test::AllocatedState after(fn, env, *result);
  ASSERT_EQ(test::run(fn, before, kFuel), test::run(fn, after, kFuel));
}

void run_cases(uint64_t first_seed, uint64_t count, bool structured) {
  for (uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    Rng rng(seed);
    test::GeneratorOptions shape;
    shape.blocks = 1 + static_cast<uint32_t>(rng.below(structured ? 24 : 16));
    shape.insts_per_block = 1 + static_cast<uint32_t>(rng.below(8));
    shape.structured = structured;
    shape.shuffle_blocks = rng.chance(4);
    RaFunction fn = test::Generator(seed, shape).run();
    RaEnv env = test::toy_env(rng.chance(2) ? 8 : 12, rng.chance(2) ? 6 : 8);
    std::string label = std::string(structured ? "structured" : "unstructured") + " seed " + std::to_string(seed);
    expect_sound(fn, env, {}, label);
    expect_sound(fn, env, {.spill_everything = true}, label + " spill everything");
    expect_sound(fn, env, {.random_seed = seed * 2 + 1}, label + " random");
    expect_sound(fn, env, {.random_seed = seed * 2 + 2, .reserve = 2}, label + " random, reserve 2");
    expect_sound(fn, env, {.reserve = 1}, label + " reserve 1");
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(RandomFunctions, UnstructuredControlFlow) { run_cases(1, 2000, false); }
TEST(RandomFunctions, StructuredControlFlow) { run_cases(1, 2000, true); }

TEST(RandomFunctions, SameInputGivesSameOutput) {
  for (uint64_t seed = 1; seed < 40; ++seed) {
    RaFunction fn = test::Generator(seed, {}).run();
    for (uint64_t random_seed : {uint64_t{0}, seed}) {
      auto a = allocate_linear_scan(fn, test::toy_env(), {.random_seed = random_seed});
      auto b = allocate_linear_scan(fn, test::toy_env(), {.random_seed = random_seed});
      ASSERT_TRUE(a.ok() && b.ok());
      ASSERT_EQ(a->operand_allocs, b->operand_allocs);
      ASSERT_EQ(a->edits.size(), b->edits.size());
      for (size_t k = 0; k < a->edits.size(); ++k) ASSERT_EQ(a->edits[k].to, b->edits[k].to);
    }
  }
}

}  // namespace
}  // namespace orus::jit
