#include <gtest/gtest.h>

#include <limits>

#include "vm/runtime/format.h"
#include "vm/runtime/test_objects.h"

namespace orus {
namespace {

class DeepEqual : public testing::Test {
 protected:
  Module module;
  TestObjects make{module};
  TypeId ints = module.array_of(kTypeI32), longs = module.array_of(kTypeI64), floats = module.array_of(kTypeF64);
  TypeId grid = module.array_of(ints);

  TypeId add_struct(std::vector<Field> fields) {
    module.types.push_back(Type{.kind = TypeKind::kStruct, .name = "S", .fields = std::move(fields)});
    return TypeId(module.types.size() - 1);
  }
  bool equal(TypeId type, Slot a, Slot b) { return deep_equal(module, type, a, type, b); }
};

TEST_F(DeepEqual, KindsMustAgree) {
  EXPECT_TRUE(equal(kTypeI32, 1, 1));
  EXPECT_FALSE(deep_equal(module, kTypeI32, 1, kTypeI64, 1));
  EXPECT_FALSE(deep_equal(module, kTypeI32, 1, kTypeBool, 1));
  EXPECT_FALSE(deep_equal(module, ints, make.array(ints, {1}), longs, make.array(longs, {1})));
  EXPECT_TRUE(deep_equal(module, ints, make.array(ints, {}), longs, make.array(longs, {})));
}

TEST_F(DeepEqual, Floats) {
  EXPECT_TRUE(equal(kTypeF64, f64_slot(0.0), f64_slot(-0.0)));
  Slot nan = f64_slot(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(equal(kTypeF64, nan, nan));
  Slot array = make.array(floats, {nan});
  EXPECT_FALSE(equal(floats, array, array));
}

TEST_F(DeepEqual, Aggregates) {
  EXPECT_TRUE(equal(ints, make.array(ints, {1, 2}), make.array(ints, {1, 2})));
  EXPECT_FALSE(equal(ints, make.array(ints, {1, 2}), make.array(ints, {1, 3})));
  EXPECT_FALSE(equal(ints, make.array(ints, {1, 2}), make.array(ints, {1})));
  Slot a = make.array(grid, {make.array(ints, {1}), make.array(ints, {})});
  Slot b = make.array(grid, {make.array(ints, {1}), make.array(ints, {})});
  EXPECT_TRUE(equal(grid, a, b));
  EXPECT_FALSE(equal(grid, a, make.array(grid, {make.array(ints, {}), make.array(ints, {1})})));
  TypeId s = add_struct({{"n", kTypeI32}, {"t", kTypeString}}), other = add_struct({{"n", kTypeI32}, {"t", kTypeString}});
  EXPECT_TRUE(equal(s, make.structure(s, {1, make.string("x")}), make.structure(s, {1, make.string("x")})));
  EXPECT_FALSE(equal(s, make.structure(s, {1, make.string("x")}), make.structure(s, {1, make.string("y")})));
  EXPECT_FALSE(deep_equal(module, s, make.structure(s, {1, make.string("x")}), other, make.structure(other, {1, make.string("x")})));
}

TEST_F(DeepEqual, IdentityOfErrorsAndRanges) {
  Slot r = make.range(0, 3, 1), e = make.error(ErrorKind::kUser, "m");
  EXPECT_TRUE(equal(kTypeRange, r, r));
  EXPECT_FALSE(equal(kTypeRange, r, make.range(0, 3, 1)));
  EXPECT_TRUE(equal(kTypeError, e, e));
  EXPECT_FALSE(equal(kTypeError, e, make.error(ErrorKind::kUser, "m")));
}

TEST_F(DeepEqual, CyclesDepthAndSharing) {
  TypeId node = add_struct({{"v", kTypeI32}});
  module.types[node.index].fields.push_back({"next", node});
  auto ring = [&](int32_t last) {
    Slot first = make.structure(node, {1, 0});
    Slot second = make.structure(node, {static_cast<Slot>(last), first});
    slot_ref<Struct>(first)->fields()[1] = second;
    return first;
  };
  EXPECT_TRUE(equal(node, ring(2), ring(2)));
  EXPECT_FALSE(equal(node, ring(2), ring(3)));

  Slot a = ring(2), b = ring(2);
  for (int i = 0; i < 100000; ++i) {
    a = make.structure(node, {9, a});
    b = make.structure(node, {9, b});
  }
  EXPECT_TRUE(equal(node, a, b));

  TypeId type = ints;
  Slot x = make.array(ints, {1}), y = make.array(ints, {1}), z = make.array(ints, {2});
  for (int i = 0; i < 60; ++i) {
    type = module.array_of(type);
    x = make.array(type, {x, x});
    y = make.array(type, {y, y});
    z = make.array(type, {z, z});
  }
  EXPECT_TRUE(equal(type, x, y));
  EXPECT_FALSE(equal(type, x, z));
}

}  // namespace
}  // namespace orus
