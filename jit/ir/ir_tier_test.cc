// Whole programs with their hot parts in the IR interpreter end as they do in the bytecode interpreter: output, error
// and its position, limit and its position, whatever the optimization level and wherever the unit is made to leave.
#include "jit/ir/ir_tier.h"

#include <gtest/gtest.h>

#include "jit/ir/ir_text.h"
#include "jit/pipeline.h"
#include "vm/bytecode/builder.h"
#include "vm/bytecode/verifier.h"
#include "vm/runtime/console.h"

namespace orus::jit {
namespace {

/// How a program is run; the first of kModes is the judge.
struct Mode {
  const char* name;
  int opt_level = -1;  // -1: bytecode interpreter only
  uint32_t force_one_in = 0;
  bool stress = false;
};
constexpr Mode kModes[] = {{"interpreter"},
                           {"O0", 0},
                           {"O1", 1},
                           {"O2", 2},
                           {"O0 forced", 0, 3},
                           {"O2 forced", 2, 3},
                           {"O2 forced always", 2, 1},
                           {"O2 stress", 2, 0, true},
                           {"O2 stress forced", 2, 4, true}};

class Program {
 public:
  Program() : builder_("test") {}
  ModuleBuilder& builder() { return builder_; }
  ConstantId i32(int32_t v) { return builder_.constant(kTypeI32, static_cast<uint32_t>(v)); }
  FunctionId declare(const char* name, std::initializer_list<TypeId> params, TypeId result) {
    return builder_.declare_function(name, std::span(params.begin(), params.size()), result);
  }
  void finish(FunctionId main) {
    builder_.module().main = main;
    auto verified = verify(builder_.take());
    ASSERT_TRUE(verified.ok()) << verified.error().where << ": " << verified.error().detail;
    module_ = std::move(verified).value();
  }

  /// Everything that can be told about a run.
  std::string run(const Mode& mode, VmConfig config = {}) {
    CaptureConsole console;
    config.loop_countdown = 3;
    config.call_countdown = 2;
    config.heap.stress = mode.stress;
    auto created = Vm::create(*module_, config, console);
    if (!created.ok()) return "not created: " + created.error().detail;
    Vm& vm = *created.value();
    CompileOptions options;
    options.opt_level = mode.opt_level;
    options.verify_each = true;
    options.gc_stress = mode.stress;
    options.counting = vm.counting();
    std::string broken;
    IrTier tier({.compile = [&](const Unit& unit, bool hoist_checks) -> std::unique_ptr<Function> {
                   options.hoist_checks = hoist_checks;
                   std::unique_ptr<Function> fn = build_ir(*module_, unit, options);
                   if (fn == nullptr) return nullptr;
                   Status built = verify_ir(*fn);
                   if (!built.ok()) broken += "build_ir: " + built.error().where + ": " + built.error().detail;
                   PassContext context{.module = *module_, .options = options};
                   Status status = optimize(*fn, context);
                   if (!status.ok()) broken += status.error().where + ": " + status.error().detail;
                   return broken.empty() ? std::move(fn) : nullptr;
                 },
                 .force_one_in = mode.force_one_in,
                 .seed = 7});
    if (mode.opt_level >= 0) vm.set_tier(&tier);
    Outcome outcome = vm.run_main();
    std::string end = broken + vm.heap().walk();
    auto report = [&](const Vm::ErrorReport& r) {
      end += r.kind + ": " + r.message + " in " + r.function + " line " + std::to_string(r.position.line);
    };
    if (outcome == Outcome::kError) report(vm.error_report());
    if (outcome == Outcome::kLimit) report(vm.limit_report());
    if (vm.counting()) end += " fuel " + std::to_string(vm.fuel_left());
    entries_ = tier.stats().entries;
    exits_ = tier.stats().exits;
    return console.output() + end;
  }

  void expect_equal_everywhere(VmConfig config = {}) {
    std::string want = run(kModes[0], config);
    for (const Mode& mode : kModes) {
      SCOPED_TRACE(mode.name);
      EXPECT_EQ(run(mode, config), want);
      if (mode.opt_level >= 0 && config.fuel < 0) EXPECT_GT(entries_, 0u);
    }
  }
  uint64_t entries() const { return entries_; }
  const std::array<uint64_t, kExitReasonCount>& exits() const { return exits_; }

 private:
  ModuleBuilder builder_;
  std::unique_ptr<const VerifiedModule> module_;
  uint64_t entries_ = 0;
  std::array<uint64_t, kExitReasonCount> exits_{};
};

void print(FunctionBuilder& code, std::initializer_list<Reg> args) {
  code.rt(kNoReg, Builtin::print, std::span(args.begin(), args.size()));
}

/// fib(n) by recursion, called from main with `n`.
void make_fib(Program* p, int32_t n) {
  FunctionId fib = p->declare("fib", {kTypeI32}, kTypeI32), main = p->declare("main", {}, kTypeVoid);
  {
    FunctionBuilder code(p->builder(), fib);
    Reg a = code.reg(kTypeI32), b = code.reg(kTypeI32);
    Label deeper = code.label();
    code.set_position({2, 1});
    code.jump_op(Op::jgek_i32, 0, 2, deeper);
    code.emit(Op::ret, 0);
    code.bind(deeper);
    for (auto [reg, minus] : {std::pair{a, -1}, {b, -2}}) {
      code.set_position({static_cast<uint32_t>(3 - minus), 1});
      code.emit(Op::addk_i32, reg, 0, static_cast<uint16_t>(minus));
      Reg args[] = {reg};
      code.call(reg, fib, args);
    }
    code.emit(Op::add_i32, a, a, b);
    code.emit(Op::ret, a);
    code.finish();
  }
  {
    FunctionBuilder code(p->builder(), main);
    Reg r = code.reg(kTypeI32);
    code.load_k(r, p->i32(n));
    Reg args[] = {r};
    code.call(r, fib, args);
    print(code, {r});
    code.emit(Op::ret_void);
    code.finish();
  }
  p->finish(main);
}

TEST(IrTier, Recursion) {
  Program p;
  make_fib(&p, 14);
  p.expect_equal_everywhere();
}

TEST(IrTier, StackOverflowAtTheSameDepth) {
  Program p;
  make_fib(&p, 1000000);
  for (uint32_t depth : {1, 2, 3, 7, 50, 20000}) {
    SCOPED_TRACE(depth);
    VmConfig config;
    config.max_depth = depth;
    std::string want = p.run(kModes[0], config);
    EXPECT_NE(want.find("Stack overflow"), std::string::npos) << want;
    for (const Mode& mode : kModes) {
      SCOPED_TRACE(mode.name);
      EXPECT_EQ(p.run(mode, config), want);
    }
  }
}

TEST(IrTier, FuelEndsAtTheSameInstruction) {
  Program p;
  make_fib(&p, 9);
  for (int64_t fuel = 0; fuel < 700; fuel += fuel < 60 ? 1 : 37) {
    SCOPED_TRACE(fuel);
    VmConfig config;
    config.fuel = fuel;
    p.expect_equal_everywhere(config);
  }
}

/// A loop over i that appends, sums with overflow inside a handler, and concatenates.
void make_loop(Program* p, int32_t trips) {
  FunctionId main = p->declare("main", {}, kTypeVoid);
  FunctionBuilder code(p->builder(), main);
  Reg i = code.reg(kTypeI32), limit = code.reg(kTypeI32), sum = code.reg(kTypeI32), step = code.reg(kTypeI32);
  Reg array = code.reg(p->builder().array_of(kTypeString)), text = code.reg(kTypeString), piece = code.reg(kTypeString);
  Reg error = code.reg(kTypeError), caught = code.reg(kTypeI32), length = code.reg(kTypeI32);
  code.load_k(i, p->i32(0));
  code.load_k(limit, p->i32(trips));
  code.load_k(sum, p->i32(2000000000));
  code.load_k(step, p->i32(9000000));
  code.load_k(caught, p->i32(0));
  code.load_k(text, p->builder().string_constant(""));
  code.emit(Op::new_array, array, 0);
  Label head = code.label(), handler = code.label(), next = code.label();
  code.set_position({3, 1});
  code.bind_loop(head);
  auto range = code.begin_try();
  code.set_position({4, 1});
  code.emit(Op::add_i32, sum, sum, step);
  code.end_try(range, handler, error);
  code.jump(next);
  code.bind(handler);
  code.emit(Op::addk_i32, caught, caught, 1);
  code.load_k(sum, p->i32(-5));
  code.bind(next);
  Reg number[] = {sum};
  code.rt(piece, Builtin::str_from_i32, number);
  code.emit(Op::str_concat, text, text, piece);
  code.emit(Op::array_push_ref, array, piece);
  code.jump_op(Op::inc_lt, i, limit, head);
  code.emit(Op::array_len, length, array);
  code.set_position({9, 1});
  print(code, {caught, sum, length, text});
  code.emit(Op::array_get_ref, piece, array, length);  // out of bounds
  code.emit(Op::ret_void);
  code.finish();
  p->finish(main);
}

TEST(IrTier, LoopWithHandlersStringsAndArrays) {
  Program p;
  make_loop(&p, 60);
  EXPECT_NE(p.run(kModes[0]).find("Array index out of bounds"), std::string::npos);
  p.expect_equal_everywhere();
}

TEST(IrTier, FuelInALoop) {
  Program p;
  make_loop(&p, 12);
  for (int64_t fuel = 0; fuel < 130; fuel += 3) {
    SCOPED_TRACE(fuel);
    VmConfig config;
    config.fuel = fuel;
    p.expect_equal_everywhere(config);
  }
}

TEST(IrTier, CountsExits) {
  Program p;
  make_loop(&p, 60);
  (void)p.run(kModes[2]);
  EXPECT_GT(p.exits()[static_cast<size_t>(ExitReason::overflow)], 0u);
  (void)p.run({"always", 2, 1});
  EXPECT_GT(p.exits()[static_cast<size_t>(ExitReason::forced)], 0u);
}

// A unit whose check in front of the loop fails is compiled again without such checks.
TEST(IrTier, CompilesAgainAfterAHoistedCheck) {
  ModuleBuilder builder("test");
  FunctionId main = builder.declare_function("main", {}, kTypeVoid);
  {
    FunctionBuilder code(builder, main);
    Reg i = code.reg(kTypeI32), limit = code.reg(kTypeI32);
    code.load_k(i, builder.constant(kTypeI32, 0));
    code.load_k(limit, builder.constant(kTypeI32, 100));
    Label head = code.label();
    code.bind_loop(head);
    code.jump_op(Op::inc_lt, i, limit, head);
    print(code, {i});
    code.emit(Op::ret_void);
    code.finish();
  }
  builder.module().main = main;
  auto verified = verify(builder.take());
  ASSERT_TRUE(verified.ok());
  CaptureConsole console;
  VmConfig config;
  config.loop_countdown = 2;
  auto vm = Vm::create(*verified.value(), config, console);
  ASSERT_TRUE(vm.ok());
  std::vector<bool> asked;
  IrTier tier({.compile = [&](const Unit& unit, bool hoist_checks) -> std::unique_ptr<Function> {
    asked.push_back(hoist_checks);
    if (!hoist_checks) return build_ir(*verified.value(), unit, CompileOptions());
    auto fn = parse_ir(R"(loop @main at 2 {
b0:
  v0 = slot.i32 r0
  v1 = slot.i32 r1
  v2 = const.bool false
  guard v2 reason hoisted_check frame [fn 0 pc 2 charged {r0: v0, r1: v1}]
  ret
})",
                       verified.value()->module);
    EXPECT_TRUE(fn.ok()) << fn.error().where << fn.error().detail;
    return std::make_unique<Function>(std::move(fn).value());
  }});
  (*vm)->set_tier(&tier);
  EXPECT_EQ((*vm)->run_main(), Outcome::kReturned);
  EXPECT_EQ(console.output(), "99\n");
  EXPECT_EQ(asked, (std::vector<bool>{true, false}));
  EXPECT_EQ(tier.stats().recompiled, 1u);
}

}  // namespace
}  // namespace orus::jit
