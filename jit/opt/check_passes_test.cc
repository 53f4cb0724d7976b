// eliminate-checks and hoist-checks on IR text: what goes, what must stay.
#include <gtest/gtest.h>

#include "jit/ir/ir_text.h"
#include "jit/ir/test_module.h"
#include "jit/opt/passes.h"
#include "jit/pipeline.h"

namespace orus::jit {
namespace {

VerifiedModule& test_module() {
  static VerifiedModule module{TestModule::make().module, {}};
  return module;
}

/// Runs passes over a function and prints what comes out.
std::string after(std::string_view text, std::initializer_list<bool (*)(Function&, PassContext&)> passes, bool hoist = true) {
  Result<Function> fn = parse_ir(text, test_module().module);
  if (!fn.ok()) return "parse: " + fn.error().where + " " + fn.error().detail;
  CompileOptions options;
  options.hoist_checks = hoist;
  PassContext ctx{test_module(), options};
  for (auto pass : passes) {
    pass(fn.value(), ctx);
    Status status = verify_ir(fn.value());
    if (!status.ok()) return "verify: " + status.error().where + " " + status.error().detail + "\n" + print_ir(fn.value());
  }
  return print_ir(fn.value());
}

std::string eliminated(std::string_view text) { return after(text, {eliminate_checks, eliminate_dead}); }
std::string hoisted(std::string_view text, bool hoist = true) {
  return after(text, {eliminate_checks, hoist_checks, eliminate_checks, eliminate_dead}, hoist);
}

/// The block that polls, up to its end.
std::string loop_body(const std::string& text) {
  size_t poll = text.find("  poll");
  if (poll == std::string::npos) return text;
  size_t end = text.find("\nb", poll);
  return text.substr(poll, end - poll);
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

const char* const kOverflow = " reason overflow frame [fn 0 pc 0 charged {}]\n";
const char* const kBounds = " reason bounds frame [fn 0 pc 0 charged {}]\n";

TEST(EliminateChecks, UsesDominatingBranches) {
  std::string text = eliminated(std::string("func @f(v0: i32, v1: i32) -> i32 {\nb0:\n  v2 = const.i32 1\n  v3 = lt.bool v0, v1\n"
                                            "  branch v3, b1, b2\nb1:\n  v4 = add_ov.i32 v0, v2") +
                                kOverflow + "  ret v4\nb2:\n  v5 = add_ov.i32 v0, v2" + kOverflow + "  ret v5\n}\n");
  EXPECT_HAS(text, "= add.i32 v0, v2");
  EXPECT_HAS(text, "= add_ov.i32 v0, v2");  // where v0 may be the maximum
}

TEST(EliminateChecks, ProvesRemainderProducts) {
  std::string text = eliminated(std::string("func @f(v0: i64) -> i64 {\nb0:\n  v1 = const.i64 2147483563\n  v2 = const.i64 40014\n"
                                            "  v3 = srem.i64 v0, v1\n  v4 = mul_ov.i64 v3, v2") +
                                kOverflow + "  ret v4\n}\n");
  EXPECT_HAS(text, "= mul.i64");
  EXPECT_LACKS(text, "mul_ov");
}

TEST(EliminateChecks, KeepsWhatOneBoundDoesNotProve) {
  // v0 < length says nothing about negative indexes.
  std::string text =
      eliminated(std::string("func @f(v0: i32, v1: ref) -> i32 {\nb0:\n  v2 = load.i32 v1 offset 8 width 4 alias array_length\n"
                             "  v3 = lt.bool v0, v2\n  branch v3, b1, b2\nb1:\n  v4 = bounds.i32 v0, v2") +
                 kBounds + "  ret v4\nb2:\n  ret v2\n}\n");
  EXPECT_HAS(text, "bounds");
}

TEST(EliminateChecks, BoundsBecomePinnedCopies) {
  std::string text =
      eliminated(std::string("func @f(v0: i32, v1: ref) -> i32 {\nb0:\n  v2 = load.i32 v1 offset 8 width 4 alias array_length\n"
                             "  v3 = const.i32 1\n  v4 = bounds.i32 v0, v2") +
                 kBounds + "  v5 = bounds.i32 v0, v2" + kBounds + "  v6 = add_ov.i32 v5, v3" + kOverflow + "  ret v6\n}\n");
  EXPECT_HAS(text, "= bounds.i32");
  EXPECT_HAS(text, "= pi.i32 v0");
  EXPECT_HAS(text, "= add.i32");  // an index has room above it
}

TEST(EliminateChecks, UnsignedSumsMayWrap) {
  // A wrapped sum is not above its operand.
  std::string text =
      eliminated(std::string("func @f(v0: i32, v1: i32) -> bool {\nb0:\n  v2 = add.i32 v0, v1\n  v3 = lt.bool v2, v0\n"
                             "  branch v3, b1, b2\nb1:\n  ret v3\nb2:\n  ret v3\n}\n"));
  EXPECT_HAS(text, "branch");
}

/// for i in 0..n: body
std::string loop(const std::string& body, const std::string& test = "lt.bool v21, v1", const std::string& step = "v11") {
  std::string frame = "frame [fn 0 pc 0 charged {r0: v20}]\n";
  return "func @f(v0: ref, v1: i32) {\nb0:\n  v10 = const.i32 0\n  v11 = const.i32 1\n  v12 = const.i32 -1\n  v13 = const.i32 3\n  v14 = "
         "lt.bool v10, v1\n"
         "  branch v14, b1(v10), b2\nb1(v20: i32):\n  poll reason interrupt " +
         frame + body + "  v21 = add_ov.i32 v20, " + step + " reason overflow " + frame + "  v22 = " + test +
         "\n  branch v22, b1(v21), b2\nb2:\n  ret\n}\n";
}
const std::string kLength = "  v30 = load.i32 v0 offset 8 width 4 alias array_length\n";
const std::string kStore = "  v32 = load.ref v0 offset 16 width 8 alias array_buffer\n  store_elem v32, v31, v10 width 4 alias elem4\n";
const std::string kInLoop = " reason bounds frame [fn 0 pc 0 charged {r0: v20}]\n";

TEST(HoistChecks, MovesBoundsOfCountedLoops) {
  std::string text = hoisted(loop(kLength + "  v31 = bounds.i32 v20, v30" + kInLoop + kStore));
  EXPECT_HAS(text, "reason hoisted_check");
  EXPECT_LACKS(loop_body(text), "bounds");
  EXPECT_LACKS(loop_body(text), "_ov");
  EXPECT_HAS(loop_body(text), "pi.i32");
}

TEST(HoistChecks, ChecksTheLastValueOfAClosedRange) {
  // i <= n: the sum may overflow when n is the maximum, and is checked once.
  std::string text = hoisted(loop("", "le.bool v21, v1"));
  EXPECT_LACKS(loop_body(text), "_ov");
  EXPECT_HAS(text, "add_ov.i32 v0, ");
}

TEST(HoistChecks, KeepsBoundsOfArraysThatChange) {
  std::string shrink = "  v33 = sub.i32 v30, v11\n  store v0, v33 offset 8 width 4 alias array_length\n";
  std::string text = hoisted(loop(kLength + "  v31 = bounds.i32 v20, v30" + kInLoop + kStore + shrink));
  EXPECT_HAS(loop_body(text), "bounds");
}

TEST(HoistChecks, KeepsChecksOfNonlinearIndexes) {
  std::string text = hoisted(loop(kLength + "  v34 = and.i32 v20, v13\n  v31 = bounds.i32 v34, v30" + kInLoop + kStore));
  EXPECT_HAS(loop_body(text), "bounds");
}

TEST(HoistChecks, LeavesLoopsAloneAfterAFailure) {
  std::string text = hoisted(loop(kLength + "  v31 = bounds.i32 v20, v30" + kInLoop + kStore), false);
  EXPECT_LACKS(text, "hoisted_check");
  EXPECT_HAS(loop_body(text), "bounds");
}

TEST(HoistChecks, LongStepsEndWhereTheyLand) {
  std::string text = hoisted(loop(kLength + "  v31 = bounds.i32 v20, v30" + kInLoop + kStore, "lt.bool v21, v1", "v13"));
  EXPECT_LACKS(loop_body(text), "bounds");
  EXPECT_HAS(text, "sdiv.i32");
}

TEST(HoistChecks, NeedsALimit) {
  // A falling counter is not bounded by what it stays below.
  std::string text = hoisted(loop(kLength + "  v31 = bounds.i32 v20, v30" + kInLoop + kStore, "lt.bool v21, v1", "v12"));
  EXPECT_HAS(loop_body(text), "bounds");
}

}  // namespace
}  // namespace orus::jit
