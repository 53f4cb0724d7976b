// Random units: the verifier accepts them, their text round-trips, and no pass changes what they do.
#include "jit/ir/random_ir.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "jit/ir/test_frame.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

constexpr uint64_t kSeeds = 400;

std::vector<Slot> random_arguments(Rng& rng) {
  auto integer = [&] { return rng.chance(2) ? rng.next() >> rng.below(64) : uint64_t{0} - (rng.next() >> rng.below(64)); };
  return {integer() & 0xffffffff,
          integer() & 0xffffffff,
          integer(),
          integer(),
          f64_slot(static_cast<double>(static_cast<int64_t>(integer())) / 8),
          rng.below(2)};
}

RandomIrConfig config_of(uint64_t seed) {
  return {.seed = seed, .statements = 10 + static_cast<uint32_t>(seed % 90), .exits = seed % 3 != 0, .globals = seed % 2 == 0};
}

void expect_valid(const Function& fn) {
  Status status = verify_ir(fn);
  ASSERT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail << "\n" << print_ir(fn);
}

TEST(RandomIr, VerifiesAndRoundTrips) {
  Module module = random_ir_module();
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Function fn = random_ir(module, config_of(seed));
    expect_valid(fn);
    std::string text = print_ir(fn);
    auto again = parse_ir(text, module);
    ASSERT_TRUE(again.ok()) << again.error().where << ": " << again.error().detail << "\n" << text;
    expect_valid(*again);
    ASSERT_EQ(print_ir(*again), text);
  }
}

TEST(RandomIr, SameSeedSameUnit) {
  Module module = random_ir_module();
  EXPECT_EQ(print_ir(random_ir(module, config_of(5))), print_ir(random_ir(module, config_of(5))));
  EXPECT_NE(print_ir(random_ir(module, config_of(5))), print_ir(random_ir(module, config_of(6))));
}

TEST(RandomIr, ReachesEveryPureOp) {
  Module module = random_ir_module();
  std::set<IrOp> seen;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Function fn = random_ir(module, config_of(seed));
    for (const Inst& inst : fn.insts) seen.insert(inst.op);
  }
  for (size_t i = 0; i < kIrOpCount; ++i) {
    auto op = static_cast<IrOp>(i);
    constexpr uint16_t kOther = kIrCall | kIrSafepoint;
    std::string_view types = info(op).types;
    bool reachable = types.find('r') == std::string_view::npos && (info(op).effects & kOther) == 0;
    for (IrOp left_out : {IrOp::slot, IrOp::fmod, IrOp::f64_to_uint, IrOp::poll, IrOp::charge, IrOp::leave})
      reachable = reachable && op != left_out;
    if (reachable) EXPECT_TRUE(seen.contains(op)) << info(op).name;
  }
}

// Parsing what was printed gives a unit that does the same.
TEST(RandomIr, TextKeepsTheMeaning) {
  TestFrame frame(random_ir_module());
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Function fn = random_ir(frame.module(), config_of(seed));
    Function again = frame.parse(print_ir(fn));
    Rng rng(seed);
    for (int i = 0; i < 3; ++i) {
      std::vector<Slot> arguments = random_arguments(rng);
      Observation before = Observation::of(frame, fn, arguments), after = Observation::of(frame, again, arguments);
      ASSERT_TRUE(before.outcome == after.outcome && before.text == after.text) << before.text << "--\n" << after.text;
    }
  }
}

class EveryPass : public testing::TestWithParam<size_t> {};

TEST_P(EveryPass, KeepsTheMeaning) {
  const Pass& pass = pipeline()[GetParam()];
  TestFrame frame(random_ir_module());
  CompileOptions options;
  PassContext context{.module = frame.verified(), .options = options};
  int changed = 0, returned = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Function before = random_ir(frame.module(), config_of(seed));
    Function after = random_ir(frame.module(), config_of(seed));
    if (pass.run(after, context)) ++changed;
    ASSERT_NO_FATAL_FAILURE(expect_valid(after)) << print_ir(before);
    Rng rng(seed);
    for (int i = 0; i < 4; ++i) {
      std::vector<Slot> arguments = random_arguments(rng);
      Observation want = Observation::of(frame, before, arguments), got = Observation::of(frame, after, arguments);
      returned += want.outcome == Outcome::kReturned ? 1 : 0;
      ASSERT_TRUE(want.allows(got)) << want.text << "--\n" << got.text << print_ir(before) << print_ir(after);
    }
  }
  RecordProperty("changed", changed);
  EXPECT_GT(returned, static_cast<int>(kSeeds)) << "too few runs get to the end";
}

INSTANTIATE_TEST_SUITE_P(RandomIr, EveryPass, testing::Range(size_t{0}, pipeline().size()), [](const auto& info) {
  std::string name(pipeline()[info.param].name);
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

TEST(RandomIr, WholePipelineKeepsTheMeaning) {
  TestFrame frame(random_ir_module());
  CompileOptions options;
  options.verify_each = true;
  PassContext context{.module = frame.verified(), .options = options};
  for (uint64_t seed = kSeeds; seed <= 3 * kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Function before = random_ir(frame.module(), config_of(seed));
    Function after = random_ir(frame.module(), config_of(seed));
    Status status = optimize(after, context);
    ASSERT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail;
    Rng rng(seed);
    for (int i = 0; i < 4; ++i) {
      std::vector<Slot> arguments = random_arguments(rng);
      Observation want = Observation::of(frame, before, arguments), got = Observation::of(frame, after, arguments);
      ASSERT_TRUE(want.allows(got)) << want.text << "--\n" << got.text << print_ir(before) << print_ir(after);
    }
  }
}

}  // namespace
}  // namespace orus::jit
