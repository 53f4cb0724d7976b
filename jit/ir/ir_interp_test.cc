// The IR interpreter on real frames: memory, calls, limits, and the exactness of exits.
#include "jit/ir/ir_interp.h"

#include <gtest/gtest.h>

#include "jit/ir/test_frame.h"
#include "jit/ir/test_module.h"

namespace orus::jit {
namespace {

constexpr Slot kStale = 0x5555555555555555;

class Interp : public testing::Test {
 protected:
  explicit Interp(VmConfig config = {}) : frame_(TestModule::make().module, config) {}
  Vm& vm() { return frame_.vm(); }
  Slot* base() { return frame_.base(); }
  /// Runs a unit of f(i32, i32) -> i32 given by its blocks.
  Outcome run(const std::string& blocks, Slot a = 0, Slot b = 0) {
    unit_ = std::make_unique<Function>(frame_.parse("func @f(v0: i32, v1: i32) -> i32 {\n" + blocks + "\n}"));
    return frame_.run(*unit_, {a, b}, &run_);
  }
  std::string string_at(Slot slot) { return std::string(slot_ref<String>(slot)->view()); }

  TestFrame frame_;
  std::unique_ptr<Function> unit_;
  IrRun run_;
};

TEST_F(Interp, ReturnsAndCountsDepth) {
  EXPECT_EQ(run("b0: v2 = sub.i32 v0, v1 ret v2", 5, 7), Outcome::kReturned);
  EXPECT_EQ(vm().result, 0xfffffffeu);
  EXPECT_EQ(vm().context.depth, 0u);
  EXPECT_FALSE(run_.exit.valid());
  EXPECT_EQ(run_.steps, 4u);  // two parameters, the sum, the return
}

TEST_F(Interp, PhisAreParallel) {
  // Swaps two parameters ten times, then once more.
  Outcome outcome = run(R"(
b0:
  v2 = const.i32 11
  v3 = const.i32 1
  v4 = const.i32 0
  jump b1(v0, v1, v2)
b1(v5: i32, v6: i32, v7: i32):
  v8 = sub.i32 v7, v3
  v9 = gt.bool v8, v4
  branch v9, b1(v6, v5, v8), b2
b2:
  ret v5
)",
                        100, 200);
  EXPECT_EQ(outcome, Outcome::kReturned);
  EXPECT_EQ(vm().result, 100u);
}

TEST_F(Interp, LoopUnitReadsSlotsAndLeaves) {
  Function fn = frame_.parse(R"(loop @f at 8 -> i32 {
b0:
  v0 = slot.i32 r0
  v1 = slot.i32 r1
  v2 = add.i32 v0, v1
  v3 = lt.bool v2, v1
  branch v3, b1, b2
b1:
  ret v2
b2:
  leave reason loop_done frame [fn 0 pc 9 {r2: v2}]
})");
  EXPECT_EQ(frame_.run(fn, {3, 4}), Outcome::kResume);
  EXPECT_EQ(vm().context.depth, 1u);  // the interpreter's frame is still there
  EXPECT_EQ(base()[2], 7u);
  EXPECT_EQ(frame_pc(base()), vm().function(0).code + 9);
  EXPECT_FALSE(vm().resume_charged);
  EXPECT_EQ(frame_.run(fn, {0xffffffff, 4}), Outcome::kReturned);
  EXPECT_EQ(vm().result, 3u);
  EXPECT_EQ(vm().context.depth, 1u);  // and popped by the interpreter
}

TEST_F(Interp, ExitWritesTheFrameExactly) {
  Outcome outcome = run(R"(
b0:
  v2 = const.f64 2.5
  v3 = eq.bool v0, v1
  v4 = sext.i64 v1
  v5 = pool.ref k0
  v6 = add_ov.i32 v0, v1 reason overflow frame [fn 0 pc 8 charged {r0: v0, r2: v1, r3: v5, r5: v4, r6: v2, r7: v3}]
  ret v6
)",
                        0x7fffffff, 0xffffffff);
  EXPECT_EQ(outcome, Outcome::kReturned);
  outcome = frame_.run(*unit_, {0x80000000, 0xffffffff}, &run_);
  EXPECT_EQ(outcome, Outcome::kResume);
  EXPECT_EQ(vm().resume_base, base());
  EXPECT_TRUE(vm().resume_charged);
  EXPECT_EQ(frame_function(base()), &vm().function(0));
  EXPECT_EQ(frame_pc(base()), vm().function(0).code + 8);
  EXPECT_EQ(frame_caller(base())[-1], 0u);  // still the entry frame
  EXPECT_EQ(vm().context.depth, 1u);
  EXPECT_EQ(unit_->at(run_.exit).reason, ExitReason::overflow);
  EXPECT_EQ(base()[0], 0x80000000u);
  EXPECT_EQ(base()[2], 0xffffffffu);
  EXPECT_EQ(string_at(base()[3]), "text");
  EXPECT_EQ(base()[5], ~Slot{0});
  EXPECT_EQ(base()[6], f64_slot(2.5));
  EXPECT_EQ(base()[7], 0u);
  EXPECT_EQ(base()[4], 0u);  // references that are not live are null
  EXPECT_EQ(base()[8], 0u);
#if defined(ORUS_CHECKED)
  EXPECT_EQ(base()[1], kPoison);
#endif
  EXPECT_EQ(base()[9], kStale);  // nothing above the frame
}

TEST_F(Interp, ExitMakesInlinedFrames) {
  Outcome outcome = run(R"(
b0:
  v2 = add_ov.i32 v0, v1 reason overflow frame [fn 1 pc 1 offset 12 charged {r0: v0, r1: v1} <- fn 0 pc 1 charged {r1: v1}]
  ret v2
)",
                        0x7fffffff, 1);
  EXPECT_EQ(outcome, Outcome::kResume);
  Slot* inner = base() + 12;
  EXPECT_EQ(vm().resume_base, inner);
  EXPECT_EQ(frame_function(inner), &vm().function(1));
  EXPECT_EQ(frame_pc(inner), vm().function(1).code + 1);
  EXPECT_EQ(frame_caller(inner), base());
  EXPECT_EQ(inner[0], 0x7fffffffu);
  EXPECT_EQ(inner[1], 1u);
  EXPECT_EQ(frame_pc(base()), vm().function(0).code + 1);
  EXPECT_EQ(base()[1], 1u);
  EXPECT_EQ(vm().context.depth, 2u);
}

TEST_F(Interp, ExitStoresPendingGlobals) {
  Outcome outcome = run(R"(
b0:
  v2 = pool.ref k0
  leave reason loop_done frame [fn 1 pc 1 offset 12 charged {r0: v0} globals {g0: v1, g1: v2} <- fn 0 pc 1 charged {}]
)",
                        1, 42);
  EXPECT_EQ(outcome, Outcome::kResume);
  EXPECT_EQ(vm().context.globals[0], 42u);
  EXPECT_EQ(string_at(vm().context.globals[1]), "text");
  EXPECT_EQ(vm().context.globals_assigned[0], 1);
  EXPECT_EQ(vm().context.globals_assigned[1], 1);
  EXPECT_EQ(vm().context.globals_assigned[2], 0);
}

// The interpreter goes on from an exit and ends as if it had run everything.
TEST_F(Interp, ResumeFromAnInlinedFrame) {
  Outcome outcome = run(R"(
b0:
  v2 = const.i32 7
  v3 = new_object.ref 24 object array 10
  v4 = const.bool false
  guard v4 reason forced frame [fn 1 pc 1 offset 12 charged {r0: v0, r1: v2} <- fn 0 pc 1 charged {r1: v1, r4: v3}]
  ret v0
)",
                        30, 2);
  ASSERT_EQ(outcome, Outcome::kResume);
  EXPECT_EQ(vm().resume(vm().resume_base, base(), false, vm().resume_charged), Outcome::kReturned);
  EXPECT_EQ(frame_.console.output(), "37 37\n");
  EXPECT_EQ(vm().result, 39u);
  EXPECT_EQ(vm().context.depth, 0u);
}

TEST_F(Interp, CallsTheInterpreter) {
  Outcome outcome = run("b0: v2 = call.i32 @g, v0 reason raised frame [fn 0 pc 1 charged {r1: v1}] ret v2", 35, 1);
  EXPECT_EQ(outcome, Outcome::kReturned);
  EXPECT_EQ(vm().result, 42u);
  EXPECT_EQ(vm().context.depth, 0u);
}

TEST_F(Interp, ErrorInACallee) {
  Outcome outcome = run("b0: v2 = call.i32 @g, v0 reason raised frame [fn 0 pc 1 charged {r1: v1}] ret v2", 0x7fffffff, 9);
  EXPECT_EQ(outcome, Outcome::kError);
  EXPECT_EQ(vm().error_report().message, "Integer overflow");
  EXPECT_EQ(vm().error_report().function, "g");
  EXPECT_EQ(vm().resume_base, base());
  EXPECT_EQ(frame_pc(base()), vm().function(0).code + 1);
  EXPECT_EQ(base()[1], 9u);
  EXPECT_EQ(vm().context.depth, 1u);  // f's frame, which the interpreter unwinds
}

TEST_F(Interp, StackOverflowAtACall) {
  vm().context.max_depth = 1;
  Outcome outcome = run("b0: v2 = call.i32 @g, v0 reason raised frame [fn 0 pc 1 charged {r1: v1}] ret v2", 1, 2);
  EXPECT_EQ(outcome, Outcome::kError);
  EXPECT_EQ(vm().error_report().message, "Stack overflow");
  EXPECT_EQ(vm().error_report().function, "f");
  EXPECT_EQ(vm().resume_base, base());
}

TEST_F(Interp, RuntimeFunctions) {
  Outcome outcome = run(R"(
b0:
  v2 = runtime.ref v0 reason raised frame [fn 0 pc 3 charged {}]
  runtime v2, v1 reason raised frame [fn 0 pc 6 charged {}]
  ret v0
)",
                        12, 0xffffffff);
  EXPECT_EQ(outcome, Outcome::kReturned);
  EXPECT_EQ(frame_.console.output(), "12 -1\n");
}

constexpr const char* kArrays = R"(
b0:
  v2 = runtime.ref reason raised frame [fn 0 pc 0 charged {}]
  runtime v2, v0 reason raised frame [fn 0 pc 5 charged {r4: v2}]
  runtime v2, v1 reason raised frame [fn 0 pc 5 charged {r4: v2}]
  v3 = load.i32 v2 offset 8 width 4 alias array_length
  v4 = load.ref v2 offset 16 width 8 alias array_buffer
  v5 = const.i32 1
  v6 = bounds.i32 v5, v3 reason bounds frame [fn 0 pc 8 charged {}]
  v7 = load_elem.i32 v4, v6 width 4 alias elem4
  store_elem v4, v5, v0 width 4 alias elem4
  v8 = load_elem.i32 v4, v5 width 4 alias elem4
  v9 = sub.i32 v7, v8
  ret v9
)";

TEST_F(Interp, ArraysAndElements) {
  EXPECT_EQ(run(kArrays, 5, 12), Outcome::kReturned);
  EXPECT_EQ(vm().result, 7u);
}

TEST_F(Interp, GlobalsAndBarrier) {
  Outcome outcome = run(R"(
b0:
  v2 = load_assigned.bool g0
  v3 = pool.ref k0
  store_global g0, v1
  store_global g1, v3
  v4 = load_assigned.bool g0
  v5 = load_global.i32 g0
  v6 = load_global.ref g1
  barrier v6
  v7 = eq.bool v3, v6
  v8 = zext.i32 v2
  v9 = zext.i32 v4
  v10 = zext.i32 v7
  v11 = add.i32 v8, v9
  v12 = add.i32 v11, v10
  v13 = add.i32 v12, v5
  ret v13
)",
                        0, 40);
  EXPECT_EQ(outcome, Outcome::kReturned);
  EXPECT_EQ(vm().result, 42u);
  EXPECT_EQ(vm().context.globals_assigned[1], 1);
}

TEST_F(Interp, NewObjectUsesTheWindow) {
  const char* blocks = R"(
b0:
  v2 = new_object.ref 24 object array 10
  v3 = load.i32 v2 offset 8 width 4 alias array_length
  v4 = load.i32 v2 offset 4 width 4 alias object_flags
  v5 = add.i32 v3, v4
  ret v5
)";
  EXPECT_EQ(run(blocks), Outcome::kReturned);
  EXPECT_EQ(vm().result, 10u);
  EXPECT_EQ(vm().heap().walk(), "");
  vm().context.window.limit = vm().context.window.top + 16;
  EXPECT_EQ(run(R"(
b0:
  v2 = new_object.ref 24 object array 10
  v3 = const.ref null
  v4 = eq.bool v2, v3
  v5 = zext.i32 v4
  ret v5
)"),
            Outcome::kReturned);
  EXPECT_EQ(vm().result, 1u);
}

TEST_F(Interp, ChargeTakesFuelOrLeavesBefore) {
  const char* blocks = "b0: charge 3 reason fuel frame [fn 0 pc 0 {}] charge 4 reason fuel frame [fn 0 pc 8 {r0: v0}] ret v0";
  vm().context.fuel = 10;
  EXPECT_EQ(run(blocks), Outcome::kReturned);
  EXPECT_EQ(vm().context.fuel, 3);
  vm().context.fuel = 6;
  EXPECT_EQ(run(blocks, 7), Outcome::kResume);
  EXPECT_EQ(vm().context.fuel, 3);
  EXPECT_FALSE(vm().resume_charged);
  EXPECT_EQ(frame_pc(base()), vm().function(0).code + 8);
}

TEST_F(Interp, PollLeavesOnInterrupt) {
  const char* blocks = "b0: poll reason interrupt frame [fn 0 pc 0 charged {}] ret v0";
  EXPECT_EQ(run(blocks), Outcome::kReturned);
  vm().interrupt();
  EXPECT_EQ(run(blocks), Outcome::kResume);
  EXPECT_TRUE(vm().resume_charged);
}

TEST_F(Interp, RefusesWhatCouldOverflowTheStacks) {
  const char* inlined = R"(
b0:
  v2 = add_ov.i32 v0, v1 reason overflow frame [fn 1 pc 1 offset 12 charged {} <- fn 0 pc 1 charged {}]
  ret v2
)";
  vm().context.max_depth = 2;
  EXPECT_EQ(run(inlined, 1, 2), Outcome::kReturned);
  vm().context.max_depth = 1;
  EXPECT_EQ(run(inlined, 1, 2), Outcome::kResume);
  EXPECT_FALSE(run_.exit.valid());
  EXPECT_EQ(frame_pc(base()), vm().function(0).code);
  EXPECT_FALSE(vm().resume_charged);
  EXPECT_EQ(vm().context.depth, 1u);
  vm().context.max_depth = 100;
  vm().context.host_stack_limit = static_cast<char*>(__builtin_frame_address(0)) + 4096;
  EXPECT_EQ(run("b0: ret v0", 1, 2), Outcome::kResume);
  EXPECT_FALSE(run_.exit.valid());
  vm().context.host_stack_limit = nullptr;
}

TEST_F(Interp, ForcedExits) {
  Function fn = frame_.parse(R"(func @f(v0: i32, v1: i32) -> i32 {
b0:
  v2 = add_ov.i32 v0, v1 reason overflow frame [fn 0 pc 8 charged {r1: v1, r2: v0}]
  ret v2
})");
  Rng rng(1);
  IrRun always;
  always.forced_exits = &rng;
  always.force_one_in = 1;
  EXPECT_EQ(frame_.run(fn, {1, 2}, &always), Outcome::kResume);
  EXPECT_TRUE(always.forced);
  EXPECT_EQ(vm().resume(base(), base(), false, true), Outcome::kReturned);
  EXPECT_EQ(vm().result, 3u);

  // The frame state of a conditional check is that of the path on which it can fail.
  for (BlockId b : fn.reverse_postorder()) {
    for (InstId id : fn.at(b).insts) fn.at(id).conditional = fn.at(id).op == IrOp::add_ov;
  }
  always.forced = false;
  EXPECT_EQ(frame_.run(fn, {1, 2}, &always), Outcome::kReturned);
  EXPECT_FALSE(always.forced);
}

class InterpStress : public Interp {
 protected:
  static VmConfig stressed() {
    VmConfig config;
    config.heap.stress = true;
    return config;
  }
  InterpStress() : Interp(stressed()) {}
};

// Everything moves at every allocation: values and operands must be found and updated.
TEST_F(InterpStress, ReferencesMove) {
  EXPECT_EQ(run(kArrays, 5, 12), Outcome::kReturned);
  EXPECT_EQ(vm().result, 7u);
  Outcome outcome = run(R"(
b0:
  v2 = runtime.ref v0 reason raised frame [fn 0 pc 3 charged {}]
  v3 = runtime.ref v1 reason raised frame [fn 0 pc 3 charged {}]
  v4 = call.i32 @g, v0 reason raised frame [fn 0 pc 1 charged {r1: v1}]
  v5 = runtime.ref v4 reason raised frame [fn 0 pc 3 charged {}]
  runtime v2, v0 reason raised frame [fn 0 pc 6 charged {}]
  runtime v3, v1 reason raised frame [fn 0 pc 6 charged {}]
  runtime v5, v4 reason raised frame [fn 0 pc 6 charged {}]
  ret v4
)",
                        5, 12);
  EXPECT_EQ(outcome, Outcome::kReturned);
  EXPECT_EQ(frame_.console.output(), "5 5\n12 12\n12 12\n");
  EXPECT_EQ(vm().heap().walk(), "");
}

TEST_F(InterpStress, ExitWritesMovedReferences) {
  Outcome outcome = run(R"(
b0:
  v2 = runtime.ref v0 reason raised frame [fn 0 pc 3 charged {}]
  v3 = runtime.ref v1 reason raised frame [fn 0 pc 3 charged {}]
  leave reason loop_done frame [fn 0 pc 6 charged {r1: v1, r2: v0, r3: v2}]
)",
                        77, 1);
  ASSERT_EQ(outcome, Outcome::kResume);
  EXPECT_EQ(string_at(base()[3]), "77");
  EXPECT_EQ(vm().resume(base(), base(), false, true), Outcome::kReturned);
  EXPECT_EQ(frame_.console.output(), "77 77\n");
}

class InterpDeathTest : public Interp {};

TEST_F(InterpDeathTest, WhatVerifiedIrCanStillGetWrong) {
  EXPECT_DEATH(run("b0: v2 = const.ref null v3 = load.i32 v2 offset 8 width 4 alias range ret v3"), "check failed");
  EXPECT_DEATH(run(R"(
b0:
  v2 = runtime.ref reason raised frame [fn 0 pc 0 charged {}]
  v3 = load.ref v2 offset 16 width 8 alias array_buffer
  v4 = load_elem.i32 v3, v0 width 4 alias elem4
  ret v4
)",
                   100),
               "check failed");
}

}  // namespace
}  // namespace orus::jit
