#include <gtest/gtest.h>

#include <limits>

#include "vm/runtime/ops.h"
#include "vm/runtime/test_objects.h"
#include "vm/runtime/test_program.h"

namespace orus {
namespace {

constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min(), kMax64 = std::numeric_limits<int64_t>::max();

TEST(Arrays, PushEveryWidth) {
  TestProgram p;
  Reg bools = p.array(kTypeBool, {}), ints = p.array(kTypeI32, {}), longs = p.array(kTypeI64, {});
  Reg strings = p.array(kTypeString, {});
  Reg yes = p.boolean(true), wide = p.i64(int64_t{1} << 40), text = p.string("s");
  p.repeat(20, [&](Reg i) {
    p.code.emit(Op::array_push_1, bools, yes);
    p.code.emit(Op::array_push_4, ints, i);
    p.code.emit(Op::array_push_8, longs, wide);
    p.code.emit(Op::array_push_ref, strings, p.concat(text, p.call(kTypeString, Builtin::str_from_i32, {i})));
  });
  for (Reg r : {bools, ints, longs, strings}) p.print({r});
  std::string expected[4];
  for (int i = 0; i < 20; ++i) {
    std::string sep = i == 0 ? "" : ", ";
    expected[0] += sep + "true";
    expected[1] += sep + std::to_string(i);
    expected[2] += sep + "1099511627776";
    expected[3] += sep + "s" + std::to_string(i);
  }
  EXPECT_EQ(p.run(), expected[0] + "\n" + expected[1] + "\n" + expected[2] + "\n" + expected[3] + "\n");
}

TEST(Arrays, ReservedRoomAndLargeBuffers) {
  TestProgram p;
  Reg a = p.reg(p.array_of(kTypeI64));
  p.code.emit(Op::new_array, a, 60000);
  Reg v = p.i64(-1);
  p.repeat(100000, [&](Reg) { p.code.emit(Op::array_push_8, a, v); });
  Reg n = p.reg(kTypeI32);
  p.code.emit(Op::array_len, n, a);
  p.print({n});
  EXPECT_EQ(p.run_normal(), "100000\n");
}

TEST(Arrays, PushTooLong) {
  TestProgram p;
  Reg a = p.reg(p.array_of(kTypeBool)), v = p.boolean(true);
  p.code.emit(Op::new_array, a, 0);
  p.code.emit(Op::array_push_1, a, v);
  CaptureConsole console;
  auto vm = p.load(console);
  ASSERT_NE(vm, nullptr);

  Module module;
  TestObjects make(module);
  Slot array = make.array(module.array_of(kTypeBool), {1});
  slot_ref<Array>(array)->length = slot_ref<Array>(array)->capacity = kMaxArrayLength;
  Slot frame[kFrameHeader + 2] = {0, 0, reinterpret_cast<Slot>(&vm->function(0)), array, 1};
  EXPECT_FALSE(op_array_push(*vm, frame + kFrameHeader, vm->function(0).code + 2));
  EXPECT_EQ(vm->error_report().message, "Array is too long");
  EXPECT_EQ(slot_ref<Array>(array)->length, kMaxArrayLength);
}

TEST(Arrays, Fill) {
  auto fill = [](TypeId element, auto value, int32_t count) {
    TestProgram p;
    Reg a = p.reg(p.array_of(element));
    p.code.emit(Op::array_fill, a, value(p), p.i32(count));
    p.print({a});
    return p.run();
  };
  EXPECT_EQ(fill(kTypeI32, [](auto& p) { return p.i32(-7); }, 3), "-7, -7, -7\n");
  EXPECT_EQ(fill(kTypeBool, [](auto& p) { return p.boolean(true); }, 2), "true, true\n");
  EXPECT_EQ(fill(kTypeF64, [](auto& p) { return p.f64(0.5); }, 2), "0.5, 0.5\n");
  EXPECT_EQ(fill(kTypeString, [](auto& p) { return p.concat(p.string("a"), p.string("b")); }, 2), "ab, ab\n");
  EXPECT_EQ(fill(kTypeI32, [](auto& p) { return p.i32(1); }, 0), "\n");
  EXPECT_EQ(fill(
                kTypeI32, [](auto& p) { return p.i32(1); }, -1),
            "runtime error: Array repetition requires a non-negative integer count and reasonable size");
  EXPECT_EQ(fill(kTypeI32, [](auto& p) { return p.i32(1); }, std::numeric_limits<int32_t>::max()), "memory error: Array is too long");
  EXPECT_EQ(fill(kTypeI64, [](auto& p) { return p.i64(1); }, 2000000000), "heap limit reached");
}

TEST(Arrays, LargeReferenceArraysKeepYoungElements) {
  TestProgram p;
  TypeId strings = p.array_of(kTypeString);
  Reg a = p.reg(strings);
  p.code.emit(Op::array_fill, a, p.concat(p.string("a"), p.string("b")), p.i32(5000));
  Reg b = p.reg(strings);
  p.code.emit(Op::new_array, b, 0);
  Reg text = p.string("x");
  p.repeat(5000, [&](Reg i) { p.code.emit(Op::array_push_ref, b, p.concat(text, p.call(kTypeString, Builtin::str_from_i32, {i}))); });
  Reg c = p.call(strings, Builtin::array_repeat, {b, p.i64(3)});
  Reg waste = p.string("");
  p.repeat(100000, [&](Reg) { p.code.emit(Op::str_concat, waste, text, text); });
  Reg d = p.reg(kTypeString);
  for (auto [array, at] : {std::pair{a, 4999}, {b, 4999}, {c, 14999}, {c, 10000}}) {
    p.code.emit(Op::array_get_ref, d, array, p.i32(at));
    p.print({p.boolean(true), d});
  }
  EXPECT_EQ(p.run_normal(), "true ab\ntrue x4999\ntrue x4999\ntrue x0\n");
}

TEST(Arrays, Slices) {
  auto slice = [](int64_t start, int64_t end) {
    TestProgram p;
    Reg a = p.array(kTypeI32, {p.i32(10), p.i32(20), p.i32(30), p.i32(40), p.i32(50)});
    p.print({p.call(p.array_of(kTypeI32), Builtin::array_slice, {a, p.i64(start), p.i64(end)})});
    return p.run();
  };
  EXPECT_EQ(slice(0, 2), "10, 20, 30\n");
  EXPECT_EQ(slice(1, 1), "20\n");
  EXPECT_EQ(slice(0, 5), "10, 20, 30, 40, 50\n");
  EXPECT_EQ(slice(0, 4), "10, 20, 30, 40, 50\n");
  EXPECT_EQ(slice(5, 5), "\n");
  EXPECT_EQ(slice(-1, 9), "type error: Array slice bound must be a non-negative integer");
  EXPECT_EQ(slice(9, -1), "type error: Array slice bound must be a non-negative integer");
  EXPECT_EQ(slice(6, 9), "index error: Array slice start out of bounds");
  EXPECT_EQ(slice(5, 6), "index error: Array slice end out of bounds");
  EXPECT_EQ(slice(5, kMax64), "index error: Array slice end out of bounds");
  EXPECT_EQ(slice(5, 4), "index error: Array slice end before start");
  EXPECT_EQ(slice(3, 1), "index error: Array slice end before start");
  EXPECT_EQ(slice(kMin64, kMin64), "type error: Array slice bound must be a non-negative integer");
}

TEST(Arrays, SlicesFrom) {
  auto slice = [](int64_t start) {
    TestProgram p;
    Reg a = p.array(kTypeString, {p.string("a"), p.concat(p.string("b"), p.string("c"))});
    p.print({p.call(p.array_of(kTypeString), Builtin::array_slice_from, {a, p.i64(start)})});
    return p.run();
  };
  EXPECT_EQ(slice(0), "a, bc\n");
  EXPECT_EQ(slice(1), "bc\n");
  EXPECT_EQ(slice(2), "\n");
  EXPECT_EQ(slice(3), "index error: Array slice start out of bounds");
  EXPECT_EQ(slice(-1), "type error: Array slice bound must be a non-negative integer");
}

TEST(Arrays, SlicesAreCopies) {
  TestProgram p;
  Reg a = p.array(kTypeI32, {p.i32(1), p.i32(2)});
  Reg b = p.call(p.array_of(kTypeI32), Builtin::array_slice_from, {a, p.i64(0)});
  p.code.emit(Op::array_set_4, b, p.i32(0), p.i32(9));
  p.code.emit(Op::array_push_4, b, p.i32(8));
  p.print({a});
  p.print({b});
  EXPECT_EQ(p.run(), "1, 2\n9, 2, 8\n");
}

TEST(Arrays, Repeat) {
  auto repeat = [](int elements, int64_t count) {
    TestProgram p;
    std::vector<Reg> values;
    for (int i = 0; i < elements; ++i) values.push_back(p.i32(i));
    Reg a = p.array(kTypeI32, values);
    p.print({p.call(p.array_of(kTypeI32), Builtin::array_repeat, {a, p.i64(count)})});
    return p.run();
  };
  const std::string error = "runtime error: Array repetition requires a non-negative integer count and reasonable size";
  EXPECT_EQ(repeat(3, 3), "0, 1, 2, 0, 1, 2, 0, 1, 2\n");
  EXPECT_EQ(repeat(1, 5), "0, 0, 0, 0, 0\n");
  EXPECT_EQ(repeat(3, 1), "0, 1, 2\n");
  EXPECT_EQ(repeat(3, 0), "\n");
  EXPECT_EQ(repeat(0, kMax64), "\n");
  EXPECT_EQ(repeat(0, -1), error);
  EXPECT_EQ(repeat(3, -1), error);
  EXPECT_EQ(repeat(3, kMax64), error);
  EXPECT_EQ(repeat(3, 0x30000000), error);
}

TEST(Arrays, Sorted) {
  TestProgram p;
  TypeId strings = p.array_of(kTypeString);
  Reg a = p.array(kTypeI32, {p.i32(3), p.i32(-1), p.i32(2)});
  p.print({p.call(p.array_of(kTypeI32), Builtin::sorted, {a})});
  p.print({a});
  Reg s = p.array(kTypeString, {p.string("b"), p.concat(p.string("a"), p.string("z")), p.string("")});
  p.print({p.call(strings, Builtin::sorted, {s})});
  Reg none = p.array(strings, {});
  p.print({p.call(p.array_of(strings), Builtin::sorted, {none})});
  p.print({p.call(p.array_of(strings), Builtin::sorted, {p.array(strings, {s})})});
  EXPECT_EQ(p.run(), "-1, 2, 3\n3, -1, 2\n, az, b\n\nruntime error: sorted() requires an array of comparable elements");
}

TEST(Structs, FieldsInOrder) {
  TestProgram p;
  TypeId s = p.builder.add_struct("S");
  p.builder.module().types[s.index].fields = {{"n", kTypeI32}, {"t", kTypeString}, {"x", kTypeF64}, {"u", kTypeString}, {"b", kTypeBool}};
  Reg fields[] = {p.i32(1), p.concat(p.string("a"), p.string("b")), p.f64(2), p.string("u"), p.boolean(true)};
  Reg r = p.reg(s);
  p.code.new_struct(r, fields);
  p.print({r});
  EXPECT_EQ(p.run(), "1, ab, 2, u, true\n");
}

TEST(Structs, Large) {
  TestProgram p;
  TypeId s = p.builder.add_struct("Large");
  std::vector<Reg> fields;
  Reg first = p.concat(p.string("a"), p.string("b"));
  for (int i = 0; i < 3000; ++i) {
    p.builder.module().types[s.index].fields.push_back({"f" + std::to_string(i), kTypeString});
    fields.push_back(first);
  }
  Reg r = p.reg(s);
  p.code.new_struct(r, fields);
  Reg waste = p.string(""), text = p.string("x"), d = p.reg(kTypeString);
  p.repeat(100000, [&](Reg) { p.code.emit(Op::str_concat, waste, text, text); });
  p.code.emit(Op::get_field, d, r, 2999);
  p.print({p.boolean(true), d});
  EXPECT_EQ(p.run_normal(), "true ab\n");
}

/// The values of range(start, stop, step), then the iterator's text.
std::string values_of(int64_t start, int64_t stop, int64_t step) {
  TestProgram p;
  Reg range = p.call(kTypeRange, Builtin::range_new, {p.i64(start), p.i64(stop), p.i64(step)});
  Reg value = p.reg(kTypeI64);
  Label head = p.code.label(), done = p.code.label();
  p.code.bind_loop(head);
  p.code.jump_op(Op::range_next, value, range, done);
  p.print({value});
  p.code.jump(head);
  p.code.bind(done);
  p.print({range});
  return p.run();
}

TEST(Ranges, Iterate) {
  EXPECT_EQ(values_of(0, 3, 1), "0\n1\n2\nrange(3..3)\n");
  EXPECT_EQ(values_of(0, 3, 2), "0\n2\nrange(4..3 step=2)\n");
  EXPECT_EQ(values_of(3, 0, -2), "3\n1\nrange(-1..0 step=-2)\n");
  EXPECT_EQ(values_of(3, 0, 1), "range(3..0)\n");
  EXPECT_EQ(values_of(0, 3, -1), "range(0..3 step=-1)\n");
  EXPECT_EQ(values_of(0, 3, 0), "argument error: Invalid arguments provided to range()");
}

TEST(Ranges, EndAtTheLimits) {
  EXPECT_EQ(values_of(kMax64 - 1, kMax64, 1), "9223372036854775806\nrange(9223372036854775807..9223372036854775807)\n");
  EXPECT_EQ(values_of(kMax64 - 1, kMax64, 5), "9223372036854775806\nrange(9223372036854775807..9223372036854775807 step=5)\n");
  EXPECT_EQ(values_of(kMin64 + 1, kMin64, kMin64),
            "-9223372036854775807\nrange(-9223372036854775808..-9223372036854775808 step=-9223372036854775808)\n");
}

TEST(Ranges, UnsignedArguments) {
  TestProgram p;
  p.print({p.call(kTypeI64, Builtin::range_argument, {p.u64(uint64_t{kMax64})})});
  p.print({p.call(kTypeI64, Builtin::range_argument, {p.u64(uint64_t{kMax64} + 1)})});
  EXPECT_EQ(p.run(), "9223372036854775807\nargument error: Invalid arguments provided to range()");
}

}  // namespace
}  // namespace orus
