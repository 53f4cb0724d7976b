// The builder: interning, register reuse, handler order, and long forms of jumps.
#include "vm/bytecode/builder.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "vm/bytecode/verifier.h"

namespace orus {
namespace {

TEST(Builder, ConstantsAreInternedAndCanonical) {
  ModuleBuilder m("t");
  EXPECT_EQ(m.constant(kTypeI32, 5), m.constant(kTypeI32, 5));
  EXPECT_NE(m.constant(kTypeI32, 5), m.constant(kTypeI64, 5));
  EXPECT_EQ(m.constant(kTypeI32, static_cast<uint64_t>(int64_t{-1})), m.constant(kTypeI32, 0xFFFFFFFF));
  EXPECT_EQ(m.constant(kTypeBool, 7), m.constant(kTypeBool, 1));
  EXPECT_EQ(m.constant(kTypeF64, 0xFFF8000000000000u), m.constant(kTypeF64, 0x7FF0000000000001u));
  EXPECT_NE(m.constant(kTypeF64, 0), m.constant(kTypeF64, uint64_t{1} << 63));
  EXPECT_EQ(m.string_constant("a"), m.string_constant("a"));
  EXPECT_NE(m.string_constant(""), m.constant(kTypeI32, 0));
  EXPECT_EQ(m.array_of(kTypeI32), m.array_of(kTypeI32));
}

TEST(Builder, ReleasedRegistersAreReusedByType) {
  ModuleBuilder m("t");
  FunctionId main = m.declare_function("main", {}, kTypeVoid);
  FunctionBuilder b(m, main);
  Reg a = b.reg(kTypeI32);
  b.release(a);
  EXPECT_NE(b.reg(kTypeI64), a);
  EXPECT_EQ(b.reg(kTypeI32), a);
  EXPECT_NE(b.reg(kTypeI32), a);
}

TEST(Builder, OverflowIsReportedNotFatal) {
  ModuleBuilder m("t");
  FunctionBuilder b(m, m.declare_function("main", {}, kTypeVoid));
  for (uint32_t i = 0; i < kMaxRegisters; ++i) b.reg(kTypeI32);
  EXPECT_FALSE(b.overflowed());
  Reg r = b.reg(kTypeI32);
  EXPECT_LT(r, kMaxRegisters);
  EXPECT_TRUE(b.overflowed());
  FunctionBuilder c(m, m.declare_function("f", {}, kTypeVoid));
  c.rt(kNoReg, Builtin::print, std::vector<Reg>(65536, 0));
  EXPECT_TRUE(c.overflowed());
}

TEST(Builder, ReachableFollowsTerminatorsAndLabels) {
  ModuleBuilder m("t");
  FunctionBuilder b(m, m.declare_function("main", {}, kTypeVoid));
  EXPECT_TRUE(b.reachable());
  Label l = b.label();
  b.jump(l);
  EXPECT_FALSE(b.reachable());
  b.bind(l);
  EXPECT_TRUE(b.reachable());
  b.fail(ErrorKind::kValue, "x");
  EXPECT_FALSE(b.reachable());
  b.finish();
}

TEST(Builder, InnerHandlersComeFirstAndEmptyOnesVanish) {
  ModuleBuilder m("t");
  FunctionId main = m.declare_function("main", {}, kTypeVoid);
  FunctionBuilder b(m, main);
  Reg e = b.reg(kTypeError), x = b.reg(kTypeI32);
  Label h = b.label();
  auto outer = b.begin_try();
  b.load_k(x, m.constant(kTypeI32, 1));
  auto inner = b.begin_try();
  b.emit(Op::add_i32, x, x, x);
  b.end_try(inner, h, e);
  auto empty = b.begin_try();
  b.end_try(empty, h, e);
  b.end_try(outer, h, e);
  b.emit(Op::ret_void);
  b.bind(h);
  b.emit(Op::ret_void);
  b.finish();
  m.module().main = main;
  Module module = m.take();
  const auto& handlers = module.functions[0].handlers;
  ASSERT_EQ(handlers.size(), 2u);
  EXPECT_EQ(handlers[0], (Handler{1, 2, 3, e}));
  EXPECT_EQ(handlers[1], (Handler{0, 2, 3, e}));
  EXPECT_TRUE(verify(std::move(module)).ok());
}

// Long jumps. Sections of random length, each starting with a load of its own number; jumps go to any section, backward
// ones to sections that start with a loop.
struct Sections {
  Module module;
  std::vector<std::vector<uint32_t>> jumps;  // by section: where its short jumps go
};

constexpr uint32_t kMaxFiller = 4000;

Sections make_sections(uint64_t seed, uint32_t count) {
  Rng rng(seed);
  ModuleBuilder m("t");
  FunctionId main = m.declare_function("main", {}, kTypeVoid);
  FunctionBuilder b(m, main);
  Reg marker = b.reg(kTypeI32), x = b.reg(kTypeI32), y = b.reg(kTypeI32), error = b.reg(kTypeError);
  b.load_k(x, m.constant(kTypeI32, 0));
  b.load_k(y, m.constant(kTypeI32, 0));
  Sections out;
  std::vector<Label> labels;
  for (uint32_t i = 0; i < count; ++i) labels.push_back(b.label());
  for (uint32_t i = 0; i < count; ++i) {
    b.set_position({i + 1, 1});
    b.bind_loop(labels[i]);
    auto covered = b.begin_try();
    b.load_k(marker, m.constant(kTypeI32, i));
    out.jumps.emplace_back();
    for (uint64_t n = rng.below(4); n > 0; --n) {
      auto to = static_cast<uint32_t>(rng.below(count));
      out.jumps.back().push_back(to);
      if (rng.chance(3)) {
        b.jump_op(Op::inc_lt, x, y, labels[to]);
      } else {
        b.jump_op(rng.chance(2) ? Op::jeq_i32 : Op::jltk_i32, x, y, labels[to]);
      }
    }
    for (uint64_t n = rng.below(rng.chance(2) ? 10 : kMaxFiller); n > 0; --n) b.emit(Op::add_i32, x, x, y);
    b.end_try(covered, labels[(i + 1) % count], error);
  }
  b.emit(Op::ret_void);
  b.finish();
  m.module().main = main;
  out.module = m.take();
  return out;
}

/// The number that the section at `pc` loads.
uint64_t section_at(const Module& module, uint32_t pc) {
  const Function& fn = module.functions[0];
  EXPECT_EQ(fn.code[pc].opcode(), Op::loop);
  EXPECT_EQ(fn.code[pc + 1].opcode(), Op::load_k);
  return module.constants[static_cast<uint32_t>(fn.code[pc + 1].bc())].bits;
}

TEST(Builder, LongJumpsReachTheirLabels) {
  size_t far = 0, near = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Sections s = make_sections(seed, 60);
    const Function& fn = s.module.functions[0];
    uint32_t pc = 2;
    for (uint32_t i = 0; i < s.jumps.size(); ++i) {
      ASSERT_EQ(section_at(s.module, pc), i) << "seed " << seed;
      pc += 2;
      for (uint32_t to : s.jumps[i]) {
        EXPECT_EQ(fn.positions[pc].line, i + 1);
        if (fn.code[pc].sc() == 2 && fn.code[pc + 1].opcode() == Op::jump) {
          EXPECT_EQ(fn.code[pc + 1].bc(), 2);
          int32_t displacement = fn.code[pc + 2].bc();
          EXPECT_EQ(section_at(s.module, pc + 2 + static_cast<uint32_t>(displacement)), to) << "seed " << seed;
          EXPECT_GT(std::abs(displacement), 32000) << "a long form that was not needed";
          EXPECT_EQ(fn.positions[pc + 2].line, i + 1);
          pc += 3;
          ++far;
        } else {
          EXPECT_EQ(section_at(s.module, pc + static_cast<uint32_t>(int32_t{fn.code[pc].sc()})), to) << "seed " << seed;
          pc += 1;
          ++near;
        }
      }
      EXPECT_EQ(fn.handlers[i].end,
                [&] {
                  while (fn.code[pc].opcode() == Op::add_i32) ++pc;
                  return pc;
                }())
          << "seed " << seed;
      EXPECT_EQ(section_at(s.module, fn.handlers[i].target), (i + 1) % s.jumps.size());
    }
    auto verified = verify(std::move(s.module));
    EXPECT_TRUE(verified.ok()) << verified.error().where << ": " << verified.error().detail;
  }
  EXPECT_GT(far, 100u);
  EXPECT_GT(near, 100u);
}

// Exactly at the edge of 16 bits, in both directions.
TEST(Builder, LongFormStartsWhereTheShortOneEnds) {
  for (uint32_t filler : {32765u, 32766u, 32767u, 32768u}) {
    for (bool backward : {false, true}) {
      ModuleBuilder m("t");
      FunctionId main = m.declare_function("main", {}, kTypeVoid);
      FunctionBuilder b(m, main);
      Reg x = b.reg(kTypeI32);
      b.load_k(x, m.constant(kTypeI32, 0));
      Label l = b.label();
      if (backward) b.bind_loop(l);
      if (!backward) b.jump_op(Op::jeqk_i32, x, 0, l);
      for (uint32_t i = 0; i < filler; ++i) b.emit(Op::mov, x, x);
      if (backward) b.jump_op(Op::jeqk_i32, x, 0, l);
      if (!backward) b.bind(l);
      b.emit(Op::ret_void);
      b.finish();
      m.module().main = main;
      Module module = m.take();
      bool fits = filler + 1 <= 32767;  // the jump itself, or the loop, counts
      EXPECT_EQ(module.functions[0].code.size(), filler + 3 + (backward ? 1 : 0) + (fits ? 0 : 2)) << filler;
      EXPECT_TRUE(verify(std::move(module)).ok()) << filler;
    }
  }
}

}  // namespace
}  // namespace orus
