#include "vm/runtime/sorted.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "vm/runtime/test_objects.h"

namespace orus {
namespace {

template <class T>
std::vector<T> sorted_values(TypeKind kind, std::vector<T> values) {
  sort_elements(kind, values.data(), values.size());
  return values;
}

TEST(SortElements, Integers) {
  using V32 = std::vector<int32_t>;
  EXPECT_EQ(sorted_values<int32_t>(TypeKind::kI32, {3, -1, 2, -1}), (V32{-1, -1, 2, 3}));
  EXPECT_EQ(sorted_values<uint32_t>(TypeKind::kU32, {3, 0xFFFFFFFF, 2}), (std::vector<uint32_t>{2, 3, 0xFFFFFFFF}));
  EXPECT_EQ(sorted_values<int64_t>(TypeKind::kI64, {5, -5, int64_t{1} << 40}), (std::vector<int64_t>{-5, 5, int64_t{1} << 40}));
  EXPECT_EQ(sorted_values<uint64_t>(TypeKind::kU64, {~uint64_t{0}, 1}), (std::vector<uint64_t>{1, ~uint64_t{0}}));
  EXPECT_EQ(sorted_values<uint8_t>(TypeKind::kBool, {1, 0, 1, 0}), (std::vector<uint8_t>{0, 0, 1, 1}));
}

TEST(SortElements, FloatsNanLastZerosStable) {
  double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  auto v = sorted_values<double>(TypeKind::kF64, {nan, 0.0, 1.0, -0.0, inf, -nan, 0.0, -2.0, -0.0, -inf});
  ASSERT_EQ(v.size(), 10u);
  EXPECT_EQ(v[0], -inf);
  EXPECT_EQ(v[1], -2);
  for (int i = 2; i < 6; ++i) {
    EXPECT_EQ(v[i], 0);
    EXPECT_EQ(std::signbit(v[i]), i % 2 == 1) << i;
  }
  EXPECT_EQ(v[6], 1);
  EXPECT_EQ(v[7], inf);
  EXPECT_TRUE(std::isnan(v[8]) && std::isnan(v[9]));
}

TEST(SortElements, Strings) {
  Module module;
  TestObjects make(module);
  std::vector<std::string> texts = {"b", "", "ab", "a", "\xff", "B", std::string("a\0", 2)};
  std::vector<Slot> slots;
  for (const std::string& t : texts) slots.push_back(make.string(t));
  sort_elements(TypeKind::kString, slots.data(), slots.size());
  std::vector<std::string> got;
  for (Slot s : slots) got.emplace_back(slot_ref<String>(s)->view());
  EXPECT_EQ(got, (std::vector<std::string>{"", "B", "a", std::string("a\0", 2), "ab", "b", "\xff"}));
}

TEST(SortElements, RandomAgreesWithInsertionSort) {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values(rng.next() % 300);
    for (double& v : values) {
      v = static_cast<double>(rng.next() % 9) - 4;
      if (v == 0 && rng.next() % 2) v = -0.0;
    }
    std::vector<double> expected;
    for (double v : values) expected.insert(std::upper_bound(expected.begin(), expected.end(), v), v);
    sort_elements(TypeKind::kF64, values.data(), values.size());
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(f64_slot(values[i]), f64_slot(expected[i]));
  }
}

TEST(SortElements, Kinds) {
  EXPECT_TRUE(is_sortable(TypeKind::kBool));
  EXPECT_TRUE(is_sortable(TypeKind::kString));
  for (TypeKind kind : {TypeKind::kVoid, TypeKind::kError, TypeKind::kRange, TypeKind::kArray, TypeKind::kStruct}) {
    EXPECT_FALSE(is_sortable(kind));
  }
}

}  // namespace
}  // namespace orus
