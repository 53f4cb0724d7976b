#include "vm/runtime/spare_pages.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vm/runtime/heap_memory.h"
#include "vm/runtime/heap_test_world.h"

namespace orus {
namespace {

TEST(SparePages, GivesARangeToWhoWantsItsSizeAndAlignment) {
  SparePages pages;
  char* chunk = pages.take(kChunkBytes, kChunkBytes);
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(chunk) % kChunkBytes, 0u);
  pages.give_back(chunk, kChunkBytes, kChunkBytes);
  char* other = pages.take(kPageBytes, kPageBytes);
  EXPECT_NE(other, chunk);
  EXPECT_EQ(pages.take(kChunkBytes, kChunkBytes), chunk);
  unmap_pages(chunk, kChunkBytes);
  unmap_pages(other, kPageBytes);
}

TEST(SparePages, KeepsFewRanges) {
  SparePages pages;
  char* first = pages.take(kPageBytes, kPageBytes);
  *first = 1;
  pages.give_back(first, kPageBytes, kPageBytes);
  for (size_t i = 2; i < 40; ++i) pages.give_back(map_pages(i * kPageBytes), i * kPageBytes, kPageBytes);
  char* again = pages.take(kPageBytes, kPageBytes);
  EXPECT_EQ(*again, 0) << "the first range was unmapped for a later one, so this one is new";
  unmap_pages(again, kPageBytes);
}

TEST(SparePages, ANurseryComesBackZeroed) {
  SparePages pages;
  HeapConfig config = small_config();
  config.spare_pages = &pages;
  for (int round = 0; round < 2; ++round) {
    World world(config);
    for (int i = 0; i < 5000; ++i) world.root(0) = world.heap.allocate(ObjectKind::kStruct, world.types.plain, sizeof(Object) + 16);
    EXPECT_EQ(world.heap.walk(), "");
  }
  char* nursery = pages.take(config.nursery_bytes, kPageBytes);
  EXPECT_TRUE(std::all_of(nursery, nursery + config.nursery_bytes, [](char c) { return c == 0; }));
  unmap_pages(nursery, config.nursery_bytes);
}

}  // namespace
}  // namespace orus
