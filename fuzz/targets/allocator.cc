// Random problems straight into the register allocator, judged by the checker and by running them.
#include "fuzz/gen/dna.h"
#include "fuzz/targets/target.h"
#include "jit/regalloc/checker.h"
#include "jit/regalloc/test_generator.h"
#include "jit/regalloc/test_machine.h"

namespace orus::fuzz {

std::optional<Failure> target_allocator(std::span<const uint8_t> input, CaseStats* stats) {
  Choices choices(Dna::decode(input));
  Stream& s = choices.structure;
  RunSettings settings;
  jit::test::GeneratorOptions shape;
  uint64_t seed = choices.values.word();
  shape.structured = s.flip();
  shape.blocks = 1 + s.below(shape.structured ? 24 : 16);
  shape.insts_per_block = 1 + s.below(8);
  shape.shuffle_blocks = s.chance(4);
  stats->announce("allocator", settings);
  jit::RaFunction fn = jit::test::Generator(seed, shape).run();
  jit::RaEnv env = jit::test::toy_env(s.flip() ? 8 : 12, s.flip() ? 6 : 8);
  stats->valid = true;
  constexpr uint32_t kSteps = 300;
  jit::test::VirtualState before(fn);
  auto expected = jit::test::run(fn, before, kSteps);
  const struct {
    const char* name;
    jit::RaOptions options;
  } kWays[] = {{"plain", {}},
               {"spill", {.spill_everything = true}},
               {"random", {.random_seed = seed | 1}},
               {"reserve", {.random_seed = seed | 1, .reserve = 2}}};
  for (const auto& way : kWays) {
    auto result = allocate_linear_scan(fn, env, way.options);
    if (!result.ok()) return Failure{"allocator", way.name, "refused", result.error().where + ": " + result.error().detail, settings};
    Status verdict = check_allocation(fn, env, *result);
    if (!verdict.ok()) return Failure{"checker", way.name, "unsound", verdict.error().where + ": " + verdict.error().detail, settings};
    jit::test::AllocatedState after(fn, env, *result);
    if (jit::test::run(fn, after, kSteps) != expected)
      return Failure{"allocator", way.name, "unequal", "the allocated function computes something else", settings};
  }
  return std::nullopt;
}

}  // namespace orus::fuzz
