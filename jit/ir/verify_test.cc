// What the verifier refuses, one broken rule a case, and where it says the error is.
#include <gtest/gtest.h>

#include "jit/ir/ir_text.h"
#include "jit/ir/test_module.h"

namespace orus::jit {
namespace {

const Module& test_module() {
  static const TestModule module = TestModule::make();
  return module.module;
}

struct Case {
  const char* name;
  const char* body;      // of a unit of f(i32, i32) -> i32, unless it starts with func or loop
  const char* rule;
  const char* location;  // part of `where`
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class Verify : public testing::TestWithParam<Case> {};

TEST_P(Verify, Refuses) {
  std::string text = GetParam().body;
  if (!text.starts_with("func") && !text.starts_with("loop")) text = "func @f(v0: i32, v1: i32) -> i32 {\n" + text + "\n}";
  auto fn = parse_ir(text, test_module());
  ASSERT_TRUE(fn.ok()) << fn.error().where << ": " << fn.error().detail;
  Status status = verify_ir(*fn);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kBadIr);
  EXPECT_NE(status.error().detail.find(GetParam().rule), std::string::npos) << status.error().detail;
  EXPECT_NE(status.error().where.find(GetParam().location), std::string::npos) << status.error().where;
}

const Case kShape[] = {
    {"Unreachable", "b0: ret v0 b1: ret v0", "cannot be reached", "@f b1"},
    {"EntryHasPredecessor", "b0: jump b0", "entry block has a predecessor", "b0"},
    {"EntryHasPhis", "b0(v2: i32): ret v0", "entry block has block parameters", "b0"},
    {"EmptyBlock", "b0: jump b1 b1:", "the block is empty", "b1"},
    {"NoTerminator", "b0: v2 = add.i32 v0, v1", "does not end in a terminator", "b0: v2 = add.i32 v0, v1"},
    {"TerminatorInMiddle", "b0: ret v0 v2 = add.i32 v0, v1 ret v2", "terminator in the middle", "b0: ret v0"},
    {"TwoJumps", "b0: jump b1 jump b1 b1: ret v0", "terminator in the middle", "b0: jump"},
    {"JumpWithoutTarget", "b0: jump", "wrong number of successors", "b0: jump"},
    {"BranchOneTarget", "b0: v2 = eq.bool v0, v1 branch v2, b1 b1: ret v0", "wrong number of successors", "branch v2"},
    {"BranchThreeTargets", "b0: v2 = eq.bool v0, v1 branch v2, b1, b1, b1 b1: ret v0", "wrong number of successors", "b0"},
    {"BranchWithoutCondition", "b0: branch b1, b1 b1: ret v0", "wrong number of arguments", "branch"},
    {"EdgeTooFewArguments", "b0: jump b1 b1(v2: i32): ret v2", "another number of arguments", "b0: jump b1"},
    {"EdgeTooManyArguments", "b0: jump b1(v0, v1) b1(v2: i32): ret v2", "another number of arguments", "b0: jump b1(v0, v1)"},
    {"EdgeArgumentType", "b0: v3 = const.i64 1 jump b1(v3) b1(v2: i32): ret v2", "another type than the parameter", "b0: jump"},
};

const Case kDominance[] = {
    {"UseBeforeDefinition", "b0: v2 = add.i32 v3, v0 v3 = add.i32 v0, v1 ret v2", "does not dominate", "b0: v2 = add.i32 v3, v0"},
    {"UseOfItself", "b0: v2 = add.i32 v2, v0 ret v2", "does not dominate", "v2 = add.i32 v2"},
    {"UseAcrossBranches", "b0: v2 = eq.bool v0, v1 branch v2, b1, b2 b1: v3 = add.i32 v0, v1 jump b3 b2: jump b3 b3: ret v3",
     "does not dominate", "b3: ret v3"},
    {"EdgeArgument", "b0: v2 = eq.bool v0, v1 branch v2, b1, b2 b1: v3 = add.i32 v0, v1 jump b3(v3) b2: jump b3(v3) b3(v4: i32): ret v4",
     "edge argument does not dominate", "b2: jump b3(v3)"},
    {"PhiOfALaterBlock", "b0: v2 = eq.bool v0, v1 jump b1 b1: v9 = add.i32 v3, v0 jump b2(v9) b2(v3: i32): ret v3", "does not dominate",
     "b1: v3 = add.i32 v4, v0"},
    {"LoopValueBeforeLoop", "b0: v3 = add.i32 v2, v0 jump b1(v0) b1(v2: i32): v4 = eq.bool v2, v1 branch v4, b1(v2), b2 b2: ret v2",
     "does not dominate", "b0: v2 = add.i32 v3, v0"},
    {"FrameStateValue", "b0: v2 = add_ov.i32 v0, v1 reason overflow frame [fn 0 pc 8 charged {r2: v3}] v3 = add.i32 v2, v2 ret v3",
     "value of the frame state does not dominate", "b0: v2 = add_ov"},
    {"FrameStateOwnResult", "b0: v2 = add_ov.i32 v0, v1 reason overflow frame [fn 0 pc 8 charged {r2: v2}] ret v2",
     "value of the frame state does not dominate", "b0: v2"},
    {"ParentFrameValue",
     "b0: v2 = add_ov.i32 v0, v1 reason overflow frame [fn 1 pc 1 offset 12 charged {} <- fn 0 pc 1 charged {r1: v2}] ret v2",
     "value of the frame state does not dominate", "b0: v2"},
    {"VoidArgument", "b0: v2 = add.i32 v0, v0 ret v0, v0", "wrong number of arguments", "ret"},
};

const Case kTypes[] = {
    {"AddOfTwoTypes", "b0: v2 = sext.i64 v0 v3 = add.i32 v0, v2 ret v3", "types differ", "v3 = add.i32 v0, v2"},
    {"AddOfBool", "b0: v2 = eq.bool v0, v1 v3 = add.bool v2, v2 ret v0", "wrong result type", "add.bool"},
    {"AddOfRef", "b0: v2 = const.ref null v3 = add.ref v2, v2 ret v0", "wrong result type", "add.ref"},
    {"AddResult", "b0: v2 = add.i64 v0, v1 ret v0", "types differ", "add.i64"},
    {"AddWithoutResult", "b0: add v0, v1 ret v0", "wrong result type", "add v0, v1"},
    {"AddOneArgument", "b0: v2 = add.i32 v0 ret v0", "wrong number of arguments", "add"},
    {"AddThreeArguments", "b0: v2 = add.i32 v0, v1, v1 ret v0", "wrong number of arguments", "add"},
    {"OverflowOfF64", "b0: v2 = const.f64 1 v3 = add_ov.f64 v2, v2 frame [fn 0 pc 8 {}] ret v0", "wrong result type", "add_ov"},
    {"FdivOfI32", "b0: v2 = fdiv.i32 v0, v1 ret v2", "wrong result type", "fdiv"},
    {"SdivOfF64", "b0: v2 = const.f64 1 v3 = sdiv.f64 v2, v2 ret v0", "wrong result type", "sdiv"},
    {"ShiftCount", "b0: v2 = sext.i64 v0 v3 = shl.i64 v2, v2 ret v0", "argument 1 has the wrong type", "shl"},
    {"SextToI32", "b0: v2 = sext.i32 v0 ret v0", "wrong result type", "sext"},
    {"ZextOfI64", "b0: v2 = sext.i64 v0 v3 = zext.i64 v2 ret v0", "argument 0 has the wrong type", "zext"},
    {"ZextToTheSame", "b0: v2 = zext.i32 v0 ret v0", "not narrower", "zext"},
    {"TruncOfI32", "b0: v2 = trunc.i32 v0 ret v0", "argument 0 has the wrong type", "trunc"},
    {"UintToF64OfI32", "b0: v2 = uint_to_f64.f64 v0 ret v0", "argument 0 has the wrong type", "uint_to_f64"},
    {"CompareResult", "b0: v2 = eq.i32 v0, v1 ret v2", "wrong result type", "eq.i32"},
    {"CompareTwoTypes", "b0: v2 = sext.i64 v0 v3 = lt.bool v0, v2 ret v0", "types differ", "lt"},
    {"LessOfRef", "b0: v2 = const.ref null v3 = lt.bool v2, v2 ret v0", "argument 0 has the wrong type", "lt"},
    {"UnsignedLessOfF64", "b0: v2 = const.f64 1 v3 = ult.bool v2, v2 ret v0", "argument 0 has the wrong type", "ult"},
    {"SelectCondition", "b0: v2 = select.i32 v0, v0, v1 ret v2", "argument 0 has the wrong type", "select"},
    {"SelectArms", "b0: v2 = sext.i64 v0 v3 = eq.bool v0, v1 v4 = select.i32 v3, v0, v2 ret v4", "types differ", "select"},
    {"BranchCondition", "b0: branch v0, b1, b1 b1: ret v0", "argument 0 has the wrong type", "branch"},
    {"GuardCondition", "b0: guard v0 frame [fn 0 pc 8 {}] ret v0", "argument 0 has the wrong type", "guard"},
    {"BoundsOfI64", "b0: v2 = sext.i64 v0 v3 = bounds.i32 v2, v0 frame [fn 0 pc 8 {}] ret v0", "argument 0 has the wrong type", "bounds"},
    {"PiType", "b0: v2 = pi.i64 v0 ret v0", "types differ", "pi"},
    {"ReturnType", "b0: v2 = sext.i64 v0 ret v2", "another result type", "ret"},
    {"ReturnNothing", "b0: ret", "wrong number of arguments", "ret"},
    {"I32ConstantBits", "b0: v2 = const.i32 0x100000000 ret v2", "upper bits", "const"},
    {"BoolConstantBits", "b0: v2 = const.bool 0x2 ret v0", "not 0 or 1", "const"},
    {"RefConstantBits", "b0: v2 = const.ref 0x10 ret v0", "not null", "const"},
};

const Case kEntry[] = {
    {"ParamOutsideEntry", "b0: jump b1 b1: v2 = param.i32 0 ret v2", "outside the entry", "b1"},
    {"ParamNumber", "b0: v2 = param.i32 2 ret v2", "no such parameter", "param"},
    {"ParamType", "b0: v2 = param.i64 0 ret v0", "parameter has another type", "param"},
    {"ParamInLoop", "loop @f at 8 -> i32 { b0: v2 = param.i32 0 ret v2 }", "entered at a loop", "param"},
    {"SlotInFunction", "b0: v2 = slot.i32 r0 ret v2", "unit that is called", "slot"},
    {"SlotNumber", "loop @f at 8 -> i32 { b0: v2 = slot.i32 r9 ret v2 }", "no such register", "slot"},
    {"SlotType", "loop @f at 8 -> i32 { b0: v2 = slot.i32 r3 ret v2 }", "register has another type", "slot"},
    {"SlotOutsideEntry", "loop @f at 8 -> i32 { b0: jump b1 b1: v2 = slot.i32 r0 ret v2 }", "outside the entry", "slot"},
    {"PoolNumber", "b0: v2 = pool.ref k2 ret v0", "no such string", "pool"},
    {"PoolOfInteger", "b0: v2 = pool.ref k1 ret v0", "no such string", "pool"},
};

const Case kFrames[] = {
    {"Missing", "b0: v2 = add_ov.i32 v0, v1 reason overflow ret v2", "frame state is missing", "add_ov"},
    {"MissingAtCall", "b0: v2 = call.i32 @g, v0 ret v2", "frame state is missing", "call"},
    {"MissingAtLeave", "b0: leave reason forced", "frame state is missing", "leave"},
    {"OnAdd", "b0: v2 = add.i32 v0, v1 frame [fn 0 pc 8 {}] ret v2", "on an op that cannot leave", "add"},
    {"NoFunction", "b0: leave frame [fn 9 pc 0 {}]", "function does not exist", "leave"},
    {"PcOutside", "b0: leave frame [fn 0 pc 10 {}]", "outside the code", "leave"},
    {"Register", "b0: leave frame [fn 0 pc 8 {r9: v0}]", "register that does not exist", "leave"},
    {"RegisterTwice", "b0: leave frame [fn 0 pc 8 {r0: v0, r0: v0}]", "do not ascend", "leave"},
    {"RegisterType", "b0: leave frame [fn 0 pc 8 {r3: v0}]", "value for r3 has another type", "leave"},
    {"GlobalNumber", "b0: leave frame [fn 0 pc 8 {} globals {g3: v0}]", "global that does not exist", "leave"},
    {"GlobalTwice", "b0: leave frame [fn 0 pc 8 {} globals {g0: v0, g0: v0}]", "globals do not ascend", "leave"},
    {"GlobalType", "b0: leave frame [fn 0 pc 8 {} globals {g1: v0}]", "value for g1 has another type", "leave"},
    {"GlobalNotDominating", "b0: v2 = add_ov.i32 v0, v1 frame [fn 0 pc 8 {} globals {g0: v2}] ret v2",
     "global of the frame state does not dominate", "add_ov"},
    {"GlobalInParent", "b0: leave frame [fn 1 pc 1 offset 12 {} <- fn 0 pc 1 {} globals {g0: v0}]", "not the innermost", "leave"},
    {"OutermostFunction", "b0: leave frame [fn 1 pc 1 {}]", "outermost frame is not the unit's function", "leave"},
    {"OutermostOffset", "b0: leave frame [fn 0 pc 8 offset 4 {}]", "outermost frame has an offset", "leave"},
    {"InlinedOffset", "b0: leave frame [fn 1 pc 1 offset 11 {} <- fn 0 pc 1 {}]", "not right above its parent", "leave"},
    {"InlinedAtNoCall", "b0: leave frame [fn 1 pc 1 offset 12 {} <- fn 0 pc 3 {}]", "not at a call of the inlined function", "leave"},
    {"InlinedOther", "b0: leave frame [fn 2 pc 0 offset 12 {} <- fn 0 pc 1 {}]", "not at a call of the inlined function", "leave"},
};

const Case kOps[] = {
    {"LoadWidth", "b0: v2 = const.ref null v3 = load.i32 v2 offset 8 width 3 alias string ret v3", "width is not", "load"},
    {"LoadNoWidth", "b0: v2 = const.ref null v3 = load.i32 v2 offset 8 alias string ret v3", "width is not", "load"},
    {"LoadI32Of8", "b0: v2 = const.ref null v3 = load.i32 v2 offset 8 width 8 alias string ret v3", "i32 load of 8", "load"},
    {"LoadBoolOf4", "b0: v2 = const.ref null v3 = load.bool v2 offset 8 width 4 alias string ret v0", "bool load of more", "load"},
    {"LoadF64Of4", "b0: v2 = const.ref null v3 = load.f64 v2 offset 8 width 4 alias string ret v0", "takes 8 bytes", "load"},
    {"StoreRefOf4", "b0: v2 = const.ref null store v2, v2 offset 8 width 4 alias range ret v0", "takes 8 bytes", "store"},
    {"LoadNoClass", "b0: v2 = const.ref null v3 = load.i32 v2 offset 8 width 4 ret v3", "no such alias class", "load"},
    {"LoadOfGlobalClass", "b0: v2 = const.ref null v3 = load.i32 v2 offset 8 width 4 alias global0 ret v3", "no such alias class", "load"},
    {"LoadOfElementClass", "b0: v2 = const.ref null v3 = load.i32 v2 offset 8 width 4 alias elem4 ret v3", "needs an element access",
     "load"},
    {"ElementOfOtherClass", "b0: v2 = const.ref null v3 = load_elem.i32 v2, v0 width 4 alias range ret v3", "needs an element class",
     "load_elem"},
    {"StoreToString", "b0: v2 = const.ref null store v2, v0 offset 8 width 4 alias string ret v0", "never written", "store"},
    {"LoadNegativeOffset", "b0: v2 = const.ref null v3 = load.i32 v2 offset -8 width 4 alias range ret v3", "offset out of range", "load"},
    {"LoadOfI32", "b0: v3 = load.i32 v0 offset 8 width 4 alias range ret v3", "argument 0 has the wrong type", "load"},
    {"StoreResult", "b0: v2 = const.ref null v3 = store.i32 v2, v0 offset 8 width 4 alias range ret v0", "wrong result type", "store"},
    {"ElementIndex", "b0: v2 = const.ref null v4 = sext.i64 v0 v3 = load_elem.i32 v2, v4 width 4 alias elem4 ret v3",
     "argument 1 has the wrong type", "load_elem"},
    {"GlobalNumber", "b0: v2 = load_global.i32 g3 ret v2", "no such global", "load_global"},
    {"GlobalType", "b0: v2 = load_global.i32 g1 ret v2", "global has another type", "load_global"},
    {"StoreGlobalType", "b0: store_global g1, v0 ret v0", "global has another type", "store_global"},
    {"NewObjectSize", "b0: v2 = new_object.ref 20 object array 10 ret v0", "multiple of 8", "new_object"},
    {"ChargeNothing", "b0: charge 0 reason fuel frame [fn 0 pc 0 {}] ret v0", "not positive", "charge"},
    {"ChargeCharged", "b0: charge 1 reason fuel frame [fn 0 pc 0 charged {}] ret v0", "charged already", "charge"},
    {"CallArguments", "b0: v2 = call.i32 @g, v0, v1 reason raised frame [fn 0 pc 1 charged {}] ret v2", "wrong number of arguments",
     "call"},
    {"CallArgumentType", "b0: v3 = const.i64 1 v2 = call.i32 @g, v3 reason raised frame [fn 0 pc 1 charged {}] ret v2",
     "argument 0 has another type", "call"},
    {"CallResult", "b0: v2 = call.i64 @g, v0 reason raised frame [fn 0 pc 1 charged {}] ret v0", "another result type", "call"},
    {"CallNoResult", "b0: call @g, v0 reason raised frame [fn 0 pc 1 charged {}] ret v0", "another result type", "call"},
    {"CallElsewhere", "b0: v2 = call.i32 @g, v0 reason raised frame [fn 0 pc 3 charged {}] ret v2", "is not this call", "call"},
    {"CallOfAnother", "b0: call @h reason raised frame [fn 0 pc 1 charged {}] ret v0", "is not this call", "call"},
    {"RuntimeOfAdd", "b0: v2 = runtime.i32 v0, v1 reason raised frame [fn 0 pc 8 charged {}] ret v2", "has no runtime function", "runtime"},
    {"RuntimeArguments", "b0: v2 = runtime.ref reason raised frame [fn 0 pc 3 charged {}] ret v0", "wrong number of arguments", "runtime"},
    {"RuntimeArgumentType", "b0: v3 = const.ref null v2 = runtime.ref v3 reason raised frame [fn 0 pc 3 charged {}] ret v0",
     "argument 0 has another type", "runtime"},
    {"RuntimeResult", "b0: v2 = runtime.i32 v0 reason raised frame [fn 0 pc 3 charged {}] ret v2", "result has another type", "runtime"},
};

auto case_name(const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); }
INSTANTIATE_TEST_SUITE_P(Shape, Verify, testing::ValuesIn(kShape), case_name);
INSTANTIATE_TEST_SUITE_P(Dominance, Verify, testing::ValuesIn(kDominance), case_name);
INSTANTIATE_TEST_SUITE_P(Types, Verify, testing::ValuesIn(kTypes), case_name);
INSTANTIATE_TEST_SUITE_P(Entry, Verify, testing::ValuesIn(kEntry), case_name);
INSTANTIATE_TEST_SUITE_P(Frames, Verify, testing::ValuesIn(kFrames), case_name);
INSTANTIATE_TEST_SUITE_P(Ops, Verify, testing::ValuesIn(kOps), case_name);

// Damage that text cannot express.
class VerifyDamage : public testing::Test {
 protected:
  VerifyDamage() : fn_(parse()) {}
  static Function parse() {
    auto fn = parse_ir(R"(func @f(v0: i32, v1: i32) -> i32 {
b0:
  v2 = lt.bool v0, v1
  branch v2, b1, b2(v0)
b1:
  v3 = add_ov.i32 v0, v1 reason overflow frame [fn 0 pc 8 charged {r2: v0}]
  jump b2(v3)
b2(v4: i32):
  ret v4
})",
                       test_module());
    return std::move(fn).value();
  }
  std::string rule() {
    Status status = verify_ir(fn_);
    return status.ok() ? "" : status.error().detail;
  }
  InstId find(IrOp op) {
    for (uint32_t i = 0; i < fn_.insts.size(); ++i) {
      if (fn_.insts[i].op == op) return InstId(i);
    }
    return {};
  }
  Function fn_;
};

TEST_F(VerifyDamage, None) { EXPECT_EQ(rule(), ""); }
TEST_F(VerifyDamage, NoBlocks) {
  fn_.blocks.clear();
  EXPECT_EQ(rule(), "the entry block is missing");
}
TEST_F(VerifyDamage, NoFunction) {
  fn_.index = 77;
  EXPECT_EQ(rule(), "the unit's function is not in the module");
}
TEST_F(VerifyDamage, SuccessorDoesNotExist) {
  fn_.blocks[1].successors[0].target = BlockId(9u);
  EXPECT_EQ(rule(), "a successor does not exist");
}
TEST_F(VerifyDamage, SuccessorIsDead) {
  fn_.blocks[2].dead = true;
  EXPECT_EQ(rule(), "a successor does not exist");
}
TEST_F(VerifyDamage, StalePredecessors) {
  fn_.blocks[2].predecessors.pop_back();
  EXPECT_EQ(rule(), "the recorded predecessors are not the sources of its edges");
}
TEST_F(VerifyDamage, InstructionDoesNotExist) {
  fn_.blocks[1].insts.insert(fn_.blocks[1].insts.begin(), InstId(1000u));
  EXPECT_EQ(rule(), "an instruction does not exist");
}
TEST_F(VerifyDamage, InstructionInTwoPlaces) {
  fn_.blocks[1].insts.insert(fn_.blocks[1].insts.begin(), find(IrOp::add_ov));
  EXPECT_EQ(rule(), "the instruction stands in two places");
}
TEST_F(VerifyDamage, DeadInstruction) {
  fn_.at(find(IrOp::add_ov)).dead = true;
  EXPECT_EQ(rule(), "the instruction is dead but stands in a block");
}
TEST_F(VerifyDamage, RecordedInAnotherBlock) {
  fn_.at(find(IrOp::add_ov)).block = BlockId(0u);
  EXPECT_EQ(rule(), "the instruction is recorded in another block");
}
TEST_F(VerifyDamage, NoOp) {
  fn_.at(find(IrOp::lt)).op = static_cast<IrOp>(250);
  EXPECT_EQ(rule(), "an instruction has no op");
}
TEST_F(VerifyDamage, PhiAmongInstructions) {
  fn_.at(find(IrOp::lt)).op = IrOp::phi;
  EXPECT_EQ(rule(), "a phi among the instructions");
}
TEST_F(VerifyDamage, ParameterThatIsNoPhi) {
  fn_.at(find(IrOp::phi)).op = IrOp::constant;
  EXPECT_EQ(rule(), "a block parameter is not a phi");
}
TEST_F(VerifyDamage, PhiWithoutType) {
  fn_.at(find(IrOp::phi)).type = IrType::kVoid;
  EXPECT_EQ(rule(), "a block parameter without a type");
}
TEST_F(VerifyDamage, ArgumentDoesNotExist) {
  fn_.set_arg(find(IrOp::lt), 0, InstId());
  EXPECT_EQ(rule(), "an argument is not defined");
}
TEST_F(VerifyDamage, ArgumentIsRemoved) {
  InstId lost = fn_.create(IrOp::constant, IrType::kI32, {});
  fn_.set_arg(find(IrOp::lt), 0, lost);
  EXPECT_EQ(rule(), "an argument is not defined");
}
TEST_F(VerifyDamage, ArgumentIsNoValue) {
  fn_.set_arg(find(IrOp::ret), 0, fn_.terminator(BlockId(1u)));
  EXPECT_EQ(rule(), "an argument is not a value");
}
TEST_F(VerifyDamage, ArgumentListDoesNotExist) {
  InstId ret = find(IrOp::ret);
  fn_.at(ret).arg_count = 9;
  EXPECT_EQ(rule(), "the argument list does not exist");
}
TEST_F(VerifyDamage, FrameStateDoesNotExist) {
  fn_.at(find(IrOp::add_ov)).frame = FrameId(5u);
  EXPECT_EQ(rule(), "the frame state does not exist");
}
TEST_F(VerifyDamage, FrameStateCycle) {
  fn_.frames[0].parent = FrameId(0u);
  EXPECT_EQ(rule(), "the frame states form a cycle");
}
TEST_F(VerifyDamage, ExitReasonDoesNotExist) {
  fn_.at(find(IrOp::add_ov)).reason = static_cast<ExitReason>(kExitReasonCount);
  EXPECT_EQ(rule(), "no such exit reason");
}
TEST_F(VerifyDamage, GlobalClass) {
  InstId load = fn_.create(IrOp::load_global, IrType::kI32, {}, 0);
  fn_.insert_before_terminator(BlockId(1u), load);
  EXPECT_EQ(rule(), "the alias class is not that of the global");
}
TEST_F(VerifyDamage, ObjectKind) {
  InstId object = fn_.create(IrOp::new_object, IrType::kRef, {}, 24);
  fn_.at(object).aux = 200u << 24;
  fn_.insert_before_terminator(BlockId(1u), object);
  EXPECT_EQ(rule(), "no such object kind");
}

// A long chain of blocks and one of nested dominance: quadratic work would take minutes.
TEST(VerifyTime, LongFunctions) {
  Function fn(test_module(), 2);
  constexpr uint32_t kBlocks = 200000;
  for (uint32_t b = 0; b < kBlocks; ++b) fn.add_block();
  InstId first = fn.append(BlockId(0u), IrOp::constant, IrType::kBool, {}, 1);
  for (uint32_t b = 0; b < kBlocks; ++b) {
    BlockId block(b);
    fn.append(block, IrOp::not_, IrType::kBool, {first});
    if (b + 2 < kBlocks) {
      fn.append(block, IrOp::branch, IrType::kVoid, {first});
      fn.at(block).successors = {{BlockId(b + 1), {}}, {BlockId(kBlocks - 1), {}}};
    } else if (b + 1 < kBlocks) {
      fn.append(block, IrOp::jump, IrType::kVoid, {});
      fn.at(block).successors = {{BlockId(b + 1), {}}};
    } else {
      fn.append(block, IrOp::ret, IrType::kVoid, {});
    }
  }
  fn.rebuild_predecessors();
  Status status = verify_ir(fn);
  EXPECT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail;
}

}  // namespace
}  // namespace orus::jit
