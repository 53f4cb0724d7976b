#include "jit/code/code_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace orus::jit {
namespace {

constexpr size_t kBytes = 16 * 1024;

const uint8_t* fill(CodeMemory& memory, size_t bytes) { return memory.install(std::vector<uint8_t>(bytes, 0x90)); }

TEST(CodeMemory, ClearedIsAsNew) {
  auto created = CodeMemory::create(kBytes - 1);
  ASSERT_TRUE(created.ok());
  CodeMemory& memory = **created;
  EXPECT_EQ(memory.size(), CodeMemory::whole_pages(kBytes - 1));
  const uint8_t* first = fill(memory, 100);
  const uint8_t* second = fill(memory, 1000);
  ASSERT_TRUE(first != nullptr && second != nullptr);
  memory.release(first);
  EXPECT_EQ(fill(memory, kBytes), nullptr) << "does not fit beside the second";
  memory.clear();
  EXPECT_EQ(memory.used_bytes(), 0u);
  EXPECT_TRUE(std::all_of(first, second + 1000, [](uint8_t b) { return b == 0xCC; })) << "old code traps";
  EXPECT_EQ(fill(memory, kBytes), first) << "all of it is free again";
}

}  // namespace
}  // namespace orus::jit
