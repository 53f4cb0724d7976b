// One-function programs for tests of the runtime functions: build code, run it, look at what it printed.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "vm/bytecode/builder.h"
#include "vm/bytecode/verifier.h"
#include "vm/runtime/console.h"
#include "vm/runtime/vm.h"

namespace orus {

class TestProgram {
 public:
  TestProgram() : builder("test"), code(builder, declare_main(builder)) {}

  Reg reg(TypeId type) { return code.reg(type); }
  Reg scalar(TypeId type, uint64_t bits) {
    Reg r = reg(type);
    code.load_k(r, builder.constant(type, bits));
    return r;
  }
  Reg i32(int32_t v) { return scalar(kTypeI32, static_cast<uint32_t>(v)); }
  Reg i64(int64_t v) { return scalar(kTypeI64, static_cast<uint64_t>(v)); }
  Reg u64(uint64_t v) { return scalar(kTypeU64, v); }
  Reg f64(double v) { return scalar(kTypeF64, f64_slot(v)); }
  Reg boolean(bool v) { return scalar(kTypeBool, v ? 1 : 0); }
  Reg string(std::string_view text) {
    Reg r = reg(kTypeString);
    code.load_k(r, builder.string_constant(text));
    return r;
  }
  Reg concat(Reg a, Reg b) {
    Reg d = reg(kTypeString);
    code.emit(Op::str_concat, d, a, b);
    return d;
  }
  TypeId array_of(TypeId element) { return builder.array_of(element); }
  /// A new array with these elements.
  Reg array(TypeId element, std::vector<Reg> elements) {
    Reg r = reg(array_of(element));
    code.emit(Op::new_array, r, 0);
    for (Reg e : elements) code.emit(push_op(element), r, e);
    return r;
  }
  Op push_op(TypeId element) {
    TypeKind kind = builder.module().kind(element);
    if (is_reference(kind)) return Op::array_push_ref;
    return element_bytes(kind) == 1 ? Op::array_push_1 : element_bytes(kind) == 4 ? Op::array_push_4 : Op::array_push_8;
  }
  Reg call(TypeId result, Builtin b, std::vector<Reg> arguments) {
    Reg d = reg(result);
    code.rt(d, b, arguments);
    return d;
  }
  void print(std::vector<Reg> arguments) { code.rt(kNoReg, Builtin::print, arguments); }
  /// Runs `body` `times` times; it may use the loop's counter.
  template <class Body>
  void repeat(int32_t times, Body body) {
    Reg i = reg(kTypeI32), limit = i32(times);
    code.load_k(i, builder.constant(kTypeI32, 0));
    Label head = code.label();
    code.bind_loop(head);
    body(i);
    code.jump_op(Op::inc_lt, i, limit, head);
  }

  /// Output, followed by the error or limit that ended the program. The same with and without heap stress. Ends the
  /// program: call once.
  std::string run(std::string input = "") {
    finish();
    std::string normal = run_with(false, input);
    EXPECT_EQ(run_with(true, input), normal) << "under heap stress";
    return normal;
  }
  /// Without stress, for programs that allocate much.
  std::string run_normal(HeapConfig heap = {}) {
    finish();
    return run_with(false, "", heap);
  }

  /// A VM that has loaded the program, to call runtime functions by hand. Ends the program.
  std::unique_ptr<Vm> load(Console& console) {
    finish();
    auto created = module_ == nullptr ? Error{ErrorCode::kBadBytecode, ""} : Vm::create(*module_, {}, console);
    return created.ok() ? std::move(created).value() : nullptr;
  }

  ModuleBuilder builder;
  FunctionBuilder code;

 private:
  static FunctionId declare_main(ModuleBuilder& builder) {
    FunctionId id = builder.declare_function("main", {}, kTypeVoid);
    builder.module().main = id;
    return id;
  }
  void finish() {
    if (code.reachable()) code.emit(Op::ret_void);
    code.finish();
    auto result = verify(builder.take());
    ASSERT_TRUE(result.ok()) << result.error().where << ": " << result.error().detail;
    module_ = std::move(result).value();
  }
  std::string run_with(bool stress, const std::string& input, HeapConfig heap = {}) {
    if (module_ == nullptr) return "not verified";
    CaptureConsole console(input);
    VmConfig config;
    config.heap = heap;
    config.heap.stress = stress;
    auto created = Vm::create(*module_, config, console);
    if (!created.ok()) return "not created: " + created.error().detail;
    Vm& vm = *created.value();
    Outcome outcome = vm.run_main();
    std::string end = vm.heap().walk();
    if (outcome == Outcome::kError) end += vm.error_report().kind + " error: " + vm.error_report().message;
    if (outcome == Outcome::kLimit) end += vm.limit_report().message;
    return console.output() + end;
  }

  std::unique_ptr<const VerifiedModule> module_;
};

}  // namespace orus
