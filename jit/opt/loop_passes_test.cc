// The passes over loops on random units whose headers have polls: they move checks and keep globals in registers.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "jit/ir/random_ir.h"
#include "jit/ir/test_frame.h"
#include "jit/opt/passes.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

constexpr uint64_t kSeeds = 1500;

std::vector<Slot> random_arguments(Rng& rng) {
  auto integer = [&] { return rng.chance(2) ? rng.below(8) : rng.next() >> rng.below(64); };
  return {integer() & 0xffffffff,
          integer() & 0xffffffff,
          integer(),
          integer(),
          f64_slot(static_cast<double>(static_cast<int64_t>(integer())) / 8),
          rng.below(2)};
}

struct Tally {
  int changed = 0, runs = 0, early = 0;
};

/// Runs `passes` on random units and compares what the units do.
void compare(const char* name, std::vector<bool (*)(Function&, PassContext&)> passes, bool hoist_checks, Tally* tally) {
  TestFrame frame(random_ir_module());
  CompileOptions options;
  options.hoist_checks = hoist_checks;
  PassContext context{.module = frame.verified(), .options = options};
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(std::string(name) + " seed " + std::to_string(seed));
    RandomIrConfig config{.seed = seed,
                          .statements = 20 + static_cast<uint32_t>(seed % 100),
                          .exits = seed % 4 != 0,
                          .globals = true,
                          .polls = seed % 3 != 0,
                          .assigned = seed % 2 == 0};
    Function before = random_ir(frame.module(), config), after = random_ir(frame.module(), config);
    for (auto pass : passes) {
      tally->changed += pass(after, context) ? 1 : 0;
      Status status = verify_ir(after);
      ASSERT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail << "\n" << print_ir(before) << print_ir(after);
    }
    Rng rng(seed);
    for (int i = 0; i < 6; ++i) {
      std::vector<Slot> arguments = random_arguments(rng);
      Observation want = Observation::of(frame, before, arguments), got = Observation::of(frame, after, arguments);
      ASSERT_TRUE(want.allows(got)) << want.text << "--\n" << got.text << print_ir(before) << print_ir(after);
      ++tally->runs;
      tally->early += got.outcome == Outcome::kResume && got.reason == ExitReason::hoisted_check ? 1 : 0;
    }
    auto again = parse_ir(print_ir(after), frame.module());
    ASSERT_TRUE(again.ok()) << again.error().where << ": " << again.error().detail << "\n" << print_ir(after);
    ASSERT_EQ(print_ir(*again), print_ir(after));
  }
}

TEST(LoopPasses, PromotionKeepsTheMeaning) {
  Tally tally;
  compare("promote", {promote_globals}, true, &tally);
  EXPECT_GT(tally.changed, static_cast<int>(kSeeds) / 4);
  EXPECT_LT(tally.early, tally.runs / 2);
}

TEST(LoopPasses, PromotionWithoutChecksNeverLeavesEarlier) {
  Tally tally;
  compare("promote, no checks", {promote_globals, number_values, hoist_invariants}, false, &tally);
  EXPECT_EQ(tally.early, 0);
}

TEST(LoopPasses, HoistingKeepsTheMeaning) {
  Tally tally;
  compare("hoist", {hoist_invariants}, true, &tally);
  EXPECT_GT(tally.changed, static_cast<int>(kSeeds) / 4);
  EXPECT_LT(tally.early, tally.runs / 2);
}

TEST(LoopPasses, TogetherTheyKeepTheMeaning) {
  Tally tally;
  compare("all", {fold_constants, number_values, promote_globals, hoist_invariants, number_values, fold_constants, eliminate_dead}, true,
          &tally);
  EXPECT_LT(tally.early, tally.runs / 2);
}

}  // namespace
}  // namespace orus::jit
