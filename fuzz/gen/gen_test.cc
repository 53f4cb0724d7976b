// Generators: any bytes give a valid module, the same each time, and every choice can be spelled out.
#include <gtest/gtest.h>

#include "fuzz/gen/module_gen.h"
#include "fuzz/gen/renumber.h"
#include "vm/bytecode/verifier.h"

namespace orus::fuzz {
namespace {

Module module_of(const Dna& dna) {
  Choices choices(dna);
  return generate_module(choices);
}

TEST(Generator, GivesValidModules) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    auto verified = verify(module_of(random_dna(seed)));
    ASSERT_TRUE(verified.ok()) << "seed " << seed << ": " << verified.error().detail;
  }
}

TEST(Generator, TakesShortInputsAndZeros) {
  for (size_t size : {0, 1, 4, 5, 6, 40, 4096}) {
    for (uint8_t byte : {0, 1, 255}) {
      std::vector<uint8_t> input(size, byte);
      ASSERT_TRUE(verify(module_of(Dna::decode(input))).ok()) << size << " times " << int{byte};
    }
  }
}

TEST(Generator, GivesTheSameForTheSameBytes) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    auto bytes = random_dna(seed).encode();
    ASSERT_EQ(module_of(Dna::decode(bytes)), module_of(Dna::decode(bytes)));
  }
}

TEST(Generator, SpellsOutItsChoices) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Choices choices(random_dna(seed));
    Module module = generate_module(choices);
    ASSERT_EQ(module, module_of(Dna::decode(choices.spelled_out().encode()))) << "seed " << seed;
  }
}

TEST(Generator, CoversEveryOpcode) {
  std::vector<uint32_t> seen(kOpCount, 0);
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    for (const Function& fn : module_of(random_dna(seed)).functions) {
      for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) ++seen[fn.code[pc].op];
    }
  }
  for (uint32_t op = 0; op < kOpCount; ++op) EXPECT_NE(seen[op], 0u) << info(static_cast<Op>(op)).name;
}

TEST(Registers, ChangePlaces) {
  int swapped = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Module module = module_of(random_dna(seed));
    for (Function& fn : module.functions) {
      if (fn.registers.size() < fn.params + 2) continue;
      auto x = static_cast<uint16_t>(fn.params), y = static_cast<uint16_t>(fn.registers.size() - 1);
      Function before = fn;
      if (!swap_registers(&fn, x, y)) {
        ASSERT_EQ(fn, before);
        continue;
      }
      ++swapped;
      ASSERT_EQ(fn.registers[x], before.registers[y]);
      Function twice = fn;
      ASSERT_TRUE(swap_registers(&twice, x, y));
      ASSERT_EQ(twice, before);
    }
    ASSERT_TRUE(verify(module).ok()) << "seed " << seed;
  }
  EXPECT_GT(swapped, 50);
}

}  // namespace
}  // namespace orus::fuzz
