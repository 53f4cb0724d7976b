#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/test_objects.h"
#include "vm/runtime/test_program.h"

namespace orus {
namespace {

TEST(Strings, CompareBytewise) {
  Module module;
  TestObjects make(module);
  auto order = [&](std::string_view a, std::string_view b) {
    const auto* x = slot_ref<String>(make.string(a));
    const auto* y = slot_ref<String>(make.string(b));
    int c = compare_strings(x, y);
    EXPECT_EQ(equal_strings(x, y), c == 0);
    return c < 0 ? -1 : c > 0;
  };
  EXPECT_EQ(order("", ""), 0);
  EXPECT_EQ(order("", "a"), -1);
  EXPECT_EQ(order("abc", "abc"), 0);
  EXPECT_EQ(order("abc", "ab"), 1);
  EXPECT_EQ(order("\x80", "a"), 1);
  EXPECT_EQ(order(std::string_view("a\0b", 3), std::string_view("a\0c", 3)), -1);
}

TEST(Concat, EveryShortLength) {
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string expected;
  TestProgram p;
  for (size_t a = 0; a < 20; ++a) {
    for (size_t b = 0; b < 20; ++b) {
      p.print({p.boolean(true), p.concat(p.string(text.substr(0, a)), p.string(text.substr(a, b)))});
      expected += "true " + text.substr(0, a + b) + "\n";
    }
  }
  EXPECT_EQ(p.run(), expected);
}

TEST(Concat, OperandsKeepTheirText) {
  TestProgram p;
  Reg a = p.concat(p.string("left-"), p.string("x"));
  Reg b = p.concat(a, p.string("1"));
  Reg c = p.concat(a, p.string("2"));  // a no longer ends its bytes
  Reg d = p.concat(b, b);
  Reg e = p.concat(d, a);
  Reg f = p.concat(e, e);
  p.print({p.boolean(true), a, b, c, d, e, f});
  EXPECT_EQ(p.run(), "true left-x left-x1 left-x2 left-x1left-x1 left-x1left-x1left-x left-x1left-x1left-xleft-x1left-x1left-x\n");
}

TEST(Concat, DestinationMayBeAnOperand) {
  TestProgram p;
  Reg s = p.string("a"), t = p.string("b");
  p.code.emit(Op::str_concat, s, s, s);
  p.code.emit(Op::str_concat, t, s, t);
  p.code.emit(Op::str_concat, s, s, t);
  p.print({p.boolean(true), s, t});
  EXPECT_EQ(p.run(), "true aaaab aab\n");
}

TEST(Concat, GrowsByAppending) {
  TestProgram p;
  Reg s = p.string("");
  Reg piece = p.string("abcd");
  p.repeat(300, [&](Reg i) {
    p.code.emit(Op::str_concat, s, s, piece);
    Reg digits = p.call(kTypeString, Builtin::str_from_i32, {i});
    p.code.emit(Op::str_concat, s, s, digits);
  });
  p.print({p.boolean(true), s});
  std::string expected = "true ";
  for (int i = 0; i < 300; ++i) expected += "abcd" + std::to_string(i);
  EXPECT_EQ(p.run(), expected + "\n");
}

TEST(Concat, GrowsByPrependingAndFromSharedBytes) {
  TestProgram p;
  Reg s = p.string("");
  Reg t = p.string("ab");
  p.repeat(100, [&](Reg) {
    p.code.emit(Op::str_concat, s, t, s);
    Reg dropped = p.concat(t, s);
    p.code.emit(Op::str_concat, dropped, t, dropped);
  });
  p.print({p.boolean(true), s});
  std::string expected = "true ";
  for (int i = 0; i < 100; ++i) expected += "ab";
  EXPECT_EQ(p.run(), expected + "\n");
}

TEST(Concat, RandomAgreesWithModel) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Rng rng(seed);
    TestProgram p;
    std::vector<Reg> regs;
    std::vector<std::string> model;
    for (size_t i = 0; i < 10; ++i) {
      model.push_back(std::string(i, static_cast<char>('a' + i)));
      regs.push_back(p.string(model.back()));
    }
    for (int step = 0; step < 400; ++step) {
      size_t d = rng.below(10), a = rng.below(10), b = rng.below(10);
      if (model[a].size() + model[b].size() > 3000) continue;
      p.code.emit(Op::str_concat, regs[d], regs[a], regs[b]);
      model[d] = model[a] + model[b];
    }
    std::string expected;
    for (size_t i = 0; i < 10; ++i) {
      p.print({p.boolean(true), regs[i]});
      expected += "true " + model[i] + "\n";
    }
    EXPECT_EQ(p.run(), expected) << "seed " << seed;
  }
}

TEST(Concat, IsLinear) {
  TestProgram p;
  Reg s = p.string("");
  Reg piece = p.string("abcd");
  p.repeat(2000000, [&](Reg) { p.code.emit(Op::str_concat, s, s, piece); });
  Reg n = p.reg(kTypeI32);
  p.code.emit(Op::str_len, n, s);
  p.print({n});
  EXPECT_EQ(p.run_normal(), "8000000\n");
}

TEST(Concat, TooLong) {
  TestProgram p;
  Reg a = p.string("a"), b = p.string("b");
  p.code.emit(Op::str_concat, a, a, b);
  CaptureConsole console;
  auto vm = p.load(console);
  ASSERT_NE(vm, nullptr);

  Module module;
  TestObjects make(module);
  Slot frame[kFrameHeader + 2] = {0, 0, reinterpret_cast<Slot>(&vm->function(0)), make.string("forged"), make.string("b")};
  Slot* base = frame + kFrameHeader;
  auto* forged = slot_ref<String>(base[a]);
  forged->length = forged->bytes->used = forged->bytes->capacity = kMaxStringLength;
  Slot before = base[a];
  EXPECT_FALSE(op_str_concat(*vm, base, vm->function(0).code + 2));
  EXPECT_EQ(vm->error_report().kind, "memory");
  EXPECT_EQ(vm->error_report().message, "String is too long");
  EXPECT_EQ(base[a], before);
}

TEST(Concat, HeapLimit) {
  TestProgram p;
  Reg s = p.string("abcdefgh");
  p.repeat(28, [&](Reg) { p.code.emit(Op::str_concat, s, s, s); });
  EXPECT_EQ(p.run_normal({.limit_bytes = size_t{8} << 20}), "heap limit reached");
}

TEST(StringIndex, Rules) {
  auto index = [](int32_t i) {
    TestProgram p;
    Reg d = p.reg(kTypeString);
    p.code.emit(Op::str_index, d, p.string("h\xc3\xa9y"), p.i32(i));
    p.print({p.boolean(true), d});
    return p.run();
  };
  EXPECT_EQ(index(0), "true h\n");
  EXPECT_EQ(index(1), "true \xc3\n");
  EXPECT_EQ(index(3), "true y\n");
  EXPECT_EQ(index(4), "index error: String index out of bounds");
  EXPECT_EQ(index(std::numeric_limits<int32_t>::max()), "index error: String index out of bounds");
  EXPECT_EQ(index(-1), "type error: String index must be a non-negative integer");
}

}  // namespace
}  // namespace orus
