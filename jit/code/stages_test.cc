#include "jit/code/stages.h"

#include <gtest/gtest.h>

#include "jit/jit_tier.h"
#include "vm/bytecode/text.h"

namespace orus::jit {
namespace {

constexpr std::string_view kProgram = R"(module "stages.orus"
main f0

func f0 "main" params 0 -> void {
  ret_void
}

func f1 "sum" params 2 -> i64 {
  reg r0..r2: i64
  add_i64 r2, r0, r1
  ret r2
}
)";

class StageCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    auto module = parse_assembly(kProgram, "stages.oasm");
    ASSERT_TRUE(module.ok()) << module.error().where << ": " << module.error().detail;
    auto verified = verify(std::move(module).value());
    ASSERT_TRUE(verified.ok()) << verified.error().detail;
    module_ = std::move(verified).value();
    ASSERT_NE(host_target(), nullptr);
  }
  const LoweredUnit* lower(const CompileOptions& options) {
    PassContext ctx{.module = *module_, .options = options};
    ctx.after_pass = [this](std::string_view, const Function&, bool, uint64_t) { ++passes_; };
    auto lowered = cache_.lower(Unit{1, false, 0}, *host_target(), ctx);
    return lowered.ok() ? *lowered : nullptr;
  }
  const RaResult* allocate(const LoweredUnit& lowered, const JitConfig& config) {
    auto result = cache_.allocate(lowered, *host_target(), config);
    return result.ok() ? *result : nullptr;
  }

  std::unique_ptr<const VerifiedModule> module_;
  StageCache cache_;
  int passes_ = 0;
};

TEST_F(StageCacheTest, RunsThePassesOnceForEqualOptions) {
  const LoweredUnit* first = lower({});
  ASSERT_NE(first, nullptr);
  int passes = passes_;
  EXPECT_GT(passes, 0);
  EXPECT_EQ(lower({}), first);
  EXPECT_EQ(passes_, passes);
}

TEST_F(StageCacheTest, TellsOptionsApart) {
  const LoweredUnit* first = lower({});
  CompileOptions plain_code, counting, kept, without_pass, shuffled;
  plain_code.opt_level = 0;
  counting.counting = true;
  kept.kept_checks = {3};
  without_pass.disabled_passes = {"fold-constants"};
  shuffled.layout_seed = 7;
  for (const CompileOptions& options : {plain_code, counting, kept, without_pass, shuffled}) {
    int passes = passes_;
    EXPECT_NE(lower(options), first);
    EXPECT_GT(passes_, passes);
  }
}

TEST_F(StageCacheTest, TellsWaysToAllocateApart) {
  const LoweredUnit* unit = lower({});
  ASSERT_NE(unit, nullptr);
  JitConfig plain, spilling, random;
  spilling.stress_spill = true;
  random.seed = 5;
  const RaResult* result = allocate(*unit, plain);
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(allocate(*unit, plain), result);
  const RaResult* spilled = allocate(*unit, spilling);
  ASSERT_NE(spilled, nullptr);
  EXPECT_GT(spilled->stats.spilled_vregs, 0u);
  EXPECT_NE(allocate(*unit, random), result);
}

}  // namespace
}  // namespace orus::jit
