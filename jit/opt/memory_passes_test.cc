// Loads, stores and checks through arrays and globals: what value numbering may forward and what loops may give up.
#include <gtest/gtest.h>

#include "jit/ir/ir_text.h"
#include "jit/ir/test_module.h"
#include "jit/opt/passes.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

using PassFunction = bool (*)(Function&, PassContext&);

class MemoryPasses : public testing::Test {
 protected:
  MemoryPasses() : test_(TestModule::make()) {
    auto verified = verify(Module(test_.module));
    EXPECT_TRUE(verified.ok());
    verified_ = std::move(verified).value();
  }
  /// The unit after the passes; checked.
  Function after(const std::string& text, std::vector<PassFunction> passes) {
    auto parsed = parse_ir(text, verified_->module);
    EXPECT_TRUE(parsed.ok()) << parsed.error().where << ": " << parsed.error().detail;
    Function fn = std::move(parsed).value();
    EXPECT_TRUE(verify_ir(fn).ok()) << verify_ir(fn).error().where << ": " << verify_ir(fn).error().detail;
    PassContext context{.module = *verified_, .options = options_};
    for (PassFunction pass : passes) pass(fn, context);
    eliminate_dead(fn, context);
    EXPECT_TRUE(verify_ir(fn).ok()) << verify_ir(fn).error().where << ": " << verify_ir(fn).error().detail << print_ir(fn);
    return fn;
  }
  static int count(const Function& fn, IrOp op) {
    int n = 0;
    for (BlockId b : fn.reverse_postorder()) {
      for (InstId id : fn.at(b).insts) n += fn.at(id).op == op ? 1 : 0;
    }
    return n;
  }
  static int count_in(const Function& fn, uint32_t block, IrOp op) {
    int n = 0;
    for (InstId id : fn.at(fn.reverse_postorder()[block]).insts) n += fn.at(id).op == op ? 1 : 0;
    return n;
  }
  std::string at(uint32_t pc) const { return "[fn 0 pc " + std::to_string(pc) + " charged {}]"; }

  TestModule test_;
  std::unique_ptr<const VerifiedModule> verified_;
  CompileOptions options_;
};

// r4 of f is an array of i32; loop units take it as a slot.
const char* const kArray = "loop @f at 0 -> i32 {\nb0:\n  v0 = slot.ref r4\n  v1 = slot.i32 r0\n  v2 = slot.i32 r1\n";

TEST_F(MemoryPasses, ForwardsLoadsAndStores) {
  Function fn = after(std::string(kArray) +
                          "  v3 = load.ref v0 offset 16 width 8 alias array_buffer\n"
                          "  store_elem v3, v1, v2 width 4 alias elem4\n"
                          "  v4 = load_elem.i32 v3, v1 width 4 alias elem4\n"
                          "  v5 = load.ref v0 offset 16 width 8 alias array_buffer\n"
                          "  v6 = load_elem.i32 v5, v1 width 4 alias elem4\n"
                          "  v7 = add.i32 v4, v6\n  ret v7\n}\n",
                      {number_values});
  EXPECT_EQ(count(fn, IrOp::load_elem), 0);
  EXPECT_EQ(count(fn, IrOp::load), 1);
}

TEST_F(MemoryPasses, AStoreToAnotherIndexMayBeTheSame) {
  Function fn = after(std::string(kArray) +
                          "  v3 = load.ref v0 offset 16 width 8 alias array_buffer\n"
                          "  v4 = load_elem.i32 v3, v1 width 4 alias elem4\n"
                          "  store_elem v3, v2, v1 width 4 alias elem4\n"
                          "  v5 = load_elem.i32 v3, v1 width 4 alias elem4\n"
                          "  v6 = add.i32 v4, v5\n  ret v6\n}\n",
                      {number_values});
  EXPECT_EQ(count(fn, IrOp::load_elem), 2);
}

TEST_F(MemoryPasses, ConstantIndicesThatDifferAreApart) {
  Function fn = after(std::string(kArray) +
                          "  v3 = load.ref v0 offset 16 width 8 alias array_buffer\n"
                          "  v4 = const.i32 0\n  v5 = const.i32 1\n"
                          "  v6 = load_elem.i32 v3, v4 width 4 alias elem4\n"
                          "  store_elem v3, v5, v1 width 4 alias elem4\n"
                          "  v7 = load_elem.i32 v3, v4 width 4 alias elem4\n"
                          "  v8 = add.i32 v6, v7\n  ret v8\n}\n",
                      {number_values});
  EXPECT_EQ(count(fn, IrOp::load_elem), 1);
}

TEST_F(MemoryPasses, APushMayReplaceTheBuffer) {
  std::string push = "  runtime v0, v2 reason raised frame " + at(test_.push_pc) + "\n";
  std::string load = "load.ref v0 offset 16 width 8 alias array_buffer\n";
  Function fn = after(std::string(kArray) + "  v3 = " + load + push + "  v4 = " + load +
                          "  v5 = load_elem.i32 v3, v1 width 4 alias elem4\n"
                          "  v6 = load_elem.i32 v4, v1 width 4 alias elem4\n  v7 = add.i32 v5, v6\n  ret v7\n}\n",
                      {number_values});
  EXPECT_EQ(count(fn, IrOp::load), 2);
  EXPECT_EQ(count(fn, IrOp::load_elem), 2);
}

TEST_F(MemoryPasses, TextOfANumberChangesNoMemory) {
  std::string text = "  v3 = runtime.ref v1 reason raised frame " + at(test_.text_pc) + "\n";
  std::string load = "load_global.i32 g0\n";
  auto unit = [&](const std::string& between) {
    return std::string(kArray) + "  v4 = " + load + between + "  v5 = " + load + "  v6 = add.i32 v4, v5\n  ret v6\n}\n";
  };
  EXPECT_EQ(count(after(unit(""), {number_values}), IrOp::load_global), 1);
  // str_from_i32 reads its operand r2, a number.
  EXPECT_EQ(count(after(unit(text), {number_values}), IrOp::load_global), 1);
  // g of the module touches no global, so a call of it changes none.
  std::string call = "  v3 = call.i32 @g, v1 reason raised frame " + at(test_.call_pc) + "\n";
  EXPECT_EQ(count(after(unit(call), {number_values}), IrOp::load_global), 1);
}

// A test of a value loaded before the store says nothing about the store.
TEST_F(MemoryPasses, TestOfAssignedStandsWhenLoadedBefore) {
  Function fn = after(std::string(kArray) +
                          "  v3 = load_assigned.bool g0\n  store_global g0, v1\n"
                          "  guard v3 reason unassigned frame " +
                          at(0) +
                          "\n"
                          "  v4 = load_assigned.bool g0\n  guard v4 reason unassigned frame " +
                          at(0) + "\n  ret v1\n}\n",
                      {number_values, fold_constants});
  EXPECT_EQ(count(fn, IrOp::guard), 1);
}

std::string counting_loop(const std::string& body, const std::string& frame) {
  return std::string(kArray) +
         "  v10 = const.i32 0\n  v11 = const.i32 1\n  jump b1(v10)\n"
         "b1(v12: i32):\n  poll reason interrupt frame " +
         frame + "\n" + body +
         "  v13 = add.i32 v12, v11\n  v14 = lt.bool v13, v2\n  branch v14, b1(v13), b2\n"
         "b2:\n  ret v1\n}\n";
}

TEST_F(MemoryPasses, LoopGivesUpWhatItDoesNotWrite) {
  std::string body =
      "  v20 = load.i32 v0 offset 8 width 4 alias array_length\n"
      "  v21 = bounds.i32 v1, v20 reason bounds frame [fn 0 pc 0 charged {r2: v12}]\n"
      "  v22 = load.ref v0 offset 16 width 8 alias array_buffer\n"
      "  v23 = load_elem.i32 v22, v21 width 4 alias elem4\n"
      "  v24 = add_ov.i32 v23, v12 reason overflow frame [fn 0 pc 0 charged {r2: v12}]\n";
  std::string header = "[fn 0 pc 0 charged {r0: v1, r2: v12}]";
  Function fn = after(counting_loop(body, header), {hoist_invariants});
  EXPECT_EQ(count_in(fn, 0, IrOp::bounds), 1);
  EXPECT_EQ(count_in(fn, 0, IrOp::load), 2);
  EXPECT_EQ(count_in(fn, 0, IrOp::load_elem), 1);
  EXPECT_EQ(count_in(fn, 1, IrOp::add_ov), 1);
  for (const Inst& inst : fn.insts) {
    if (inst.op != IrOp::bounds) continue;
    EXPECT_EQ(inst.reason, ExitReason::hoisted_check);
    ASSERT_EQ(fn.at(inst.frame).values.size(), 2u);
    // The header's parameter is what the preheader passes for it.
    EXPECT_EQ(fn.at(fn.at(inst.frame).values[1].value).op, IrOp::constant);
  }
  // A store to the class keeps the element load inside, and nothing else.
  body += "  store_elem v22, v21, v12 width 4 alias elem4\n";
  fn = after(counting_loop(body, header), {hoist_invariants});
  EXPECT_EQ(count_in(fn, 1, IrOp::load_elem), 1);
  EXPECT_EQ(count_in(fn, 0, IrOp::bounds), 1);
  // Without checks in front of loops the element load stays behind its check.
  options_.hoist_checks = false;
  fn = after(counting_loop(body, header), {hoist_invariants});
  EXPECT_EQ(count_in(fn, 1, IrOp::bounds), 1);
  EXPECT_EQ(count_in(fn, 0, IrOp::load), 2);
}

TEST_F(MemoryPasses, GlobalOfALoopIsStoredWhereItEnds) {
  std::string body =
      "  v20 = load_global.i32 g0\n"
      "  v21 = add_ov.i32 v20, v12 reason overflow frame [fn 0 pc 0 charged {r2: v12}]\n"
      "  store_global g0, v21\n";
  std::string header = "[fn 0 pc 0 charged {r0: v1, r2: v12}]";
  Function fn = after(counting_loop(body, header), {promote_globals});
  EXPECT_EQ(count_in(fn, 0, IrOp::load_global), 1);
  EXPECT_EQ(count_in(fn, 0, IrOp::guard), 1) << "nothing says that the global is assigned";
  EXPECT_EQ(count_in(fn, 1, IrOp::store_global), 0);
  EXPECT_EQ(count(fn, IrOp::store_global), 1);
  for (InstId id : fn.at(fn.reverse_postorder()[1]).insts) {
    if (fn.at(id).op == IrOp::add_ov || fn.at(id).op == IrOp::poll) EXPECT_EQ(fn.at(fn.at(id).frame).globals.size(), 1u);
  }
  // Without hoisted checks it is left in memory.
  options_.hoist_checks = false;
  fn = after(counting_loop(body, header), {promote_globals});
  EXPECT_EQ(count_in(fn, 1, IrOp::store_global), 1);
}

}  // namespace
}  // namespace orus::jit
