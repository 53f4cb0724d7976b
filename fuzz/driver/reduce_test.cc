// Reduction: what is left still shows what was looked for, is valid, and is small.
#include "fuzz/driver/reduce.h"

#include <gtest/gtest.h>

#include "fuzz/driver/module_editor.h"
#include "fuzz/gen/module_gen.h"
#include "vm/bytecode/text.h"
#include "vm/bytecode/verifier.h"

namespace orus::fuzz {
namespace {

Module module_of(const Dna& dna) {
  Choices choices(dna);
  return generate_module(choices);
}

bool has(const Module& module, Op op) {
  Module reachable = without_unused(module);
  for (const Function& fn : reachable.functions) {
    for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
      if (fn.code[pc].opcode() == op) return true;
    }
  }
  return false;
}

TEST(ModuleEditor, PutsTogetherWhatItTookApart) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Module module = module_of(random_dna(seed));
    for (const Function& fn : module.functions) {
      Function again = fn;
      ASSERT_TRUE(put_together(take_apart(fn), &again));
      ASSERT_EQ(again, fn) << "seed " << seed;
    }
  }
}

TEST(ModuleEditor, LeavesOutWhatNothingUses) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Module module = without_unused(module_of(random_dna(seed)));
    ASSERT_TRUE(verify(module).ok()) << "seed " << seed;
    ASSERT_EQ(without_unused(module), module) << "seed " << seed;
  }
}

constexpr std::string_view kCalls = R"(module "calls.orus"
main f0
const k0 = i32 1
const k1 = f64 2
const k2 = i64 3
func f0 "main" params 0 -> void {
  reg r0: i32
  reg r1: f64
  reg r2: i64
  load_k r0, k0
  load_k r1, k1
  load_k r2, k2
  call _, f1(r0, r1, r0, r2, r1)
  ret_void
}
func f1 "takes_five" params 5 -> void {
  reg r0: i32
  reg r1: f64
  reg r2: i32
  reg r3: i64
  reg r4: f64
  add_i32 r0, r0, r2
  add_f64 r1, r1, r4
  ret_void
}
)";

TEST(ModuleEditor, DropsAParameterAndItsArguments) {
  Module module = parse_assembly(kCalls, "calls").value();
  Module fewer = module;
  ASSERT_TRUE(drop_parameter(&fewer, 1, 3));  // the one without a use; five arguments need a word more than four
  ASSERT_TRUE(verify(fewer).ok()) << verify(fewer).error().detail;
  EXPECT_EQ(fewer.functions[1].params, 4u);
  EXPECT_EQ(fewer.functions[0].code.size() + 1, module.functions[0].code.size());
  const Insn* call = &fewer.functions[0].code[3];
  std::vector<uint16_t> arguments;
  for (uint32_t i = 0; i < call->c; ++i) arguments.push_back(listed_register(call, i));
  EXPECT_EQ(arguments, (std::vector<uint16_t>{0, 1, 0, 1}));

  Module used = module;
  ASSERT_TRUE(drop_parameter(&used, 1, 0));
  EXPECT_FALSE(verify(used).ok()) << "a parameter that is read cannot go";
}

TEST(ReduceModule, FindsAFewInstructions) {
  for (Op op : {Op::mul_i64, Op::array_get_4, Op::get_field, Op::str_concat}) {
    int looked = 0;
    for (uint64_t seed = 0; looked < 4 && seed < 400; ++seed) {
      Module module = module_of(random_dna(seed));
      if (!has(module, op)) continue;
      ++looked;
      Module reduced = reduce_module(module, [&](const Module& m) { return verify(m).ok() && has(m, op); }, 4000);
      ASSERT_TRUE(verify(reduced).ok());
      ASSERT_TRUE(has(reduced, op));
      EXPECT_LE(instruction_count(reduced), 16u) << "seed " << seed << "\n" << print_assembly(reduced);
    }
    EXPECT_EQ(looked, 4) << info(op).name;
  }
}

TEST(ReduceModule, TriesNoMoreThanItMay) {
  for (uint32_t attempts : {0u, 1u, 17u}) {
    uint32_t asked = 0;
    Module module = module_of(random_dna(3));
    Module reduced = reduce_module(module, [&](const Module&) { return ++asked, false; }, attempts);
    EXPECT_LE(asked, attempts);
    EXPECT_EQ(reduced, module);
  }
}

TEST(ReduceChoices, KeepsWhatIsLookedFor) {
  auto shows = [](std::span<const uint8_t> input) { return has(module_of(Dna::decode(input)), Op::div_i64); };
  int looked = 0;
  for (uint64_t seed = 0; looked < 5 && seed < 400; ++seed) {
    Choices choices(random_dna(seed));
    Module whole = generate_module(choices);
    if (!has(whole, Op::div_i64)) continue;
    ++looked;
    auto input = reduce_choices(choices.spelled_out(), shows, 300);
    ASSERT_TRUE(shows(input));
    EXPECT_LE(instruction_count(module_of(Dna::decode(input))), instruction_count(whole));
  }
  EXPECT_EQ(looked, 5);
}

}  // namespace
}  // namespace orus::fuzz
