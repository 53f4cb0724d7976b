// A VM and one frame of it, to run IR units on in tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "jit/ir/ir_interp.h"
#include "jit/ir/ir_text.h"
#include "vm/bytecode/verifier.h"
#include "vm/runtime/console.h"
#include "vm/runtime/vm.h"

namespace orus::jit {

/// Roots of the IR interpreter, for units that run without the real tier. Never compiles.
class RootsTier final : public Tier {
 public:
  void* loop_entry(Vm&, FunctionRuntime&, const Insn*) override { return nullptr; }
  void* function_entry(Vm&, FunctionRuntime&) override { return nullptr; }
  Outcome enter_loop(Vm&, void*, Slot*) override { return Outcome::kReturned; }
  Outcome enter_function(Vm&, void*, FunctionRuntime&, Slot*) override { return Outcome::kReturned; }
  void visit_roots(void* fp, RootSink& sink) override { visit_ir_roots(fp, sink); }
};

class TestFrame {
 public:
  explicit TestFrame(Module module, VmConfig config = {}) {
    auto verified = verify(std::move(module));
    EXPECT_TRUE(verified.ok()) << verified.error().where << ": " << verified.error().detail;
    module_ = std::move(verified).value();
    auto vm = Vm::create(*module_, config, console);
    EXPECT_TRUE(vm.ok()) << vm.error().detail;
    vm_ = std::move(vm).value();
    vm_->set_tier(&tier_);
    stack_.assign(4096, 0x5555555555555555);
    entry_[1] = reinterpret_cast<Slot>(kHalt);
    reset(0);
  }

  Vm& vm() { return *vm_; }
  const Module& module() const { return module_->module; }
  const VerifiedModule& verified() const { return *module_; }
  Slot* base() { return stack_.data() + kFrameHeader; }

  /// A fresh frame of `function` with these arguments.
  void reset(uint32_t function, const std::vector<Slot>& arguments = {}) {
    Slot* frame = base();
    frame[-3] = reinterpret_cast<Slot>(entry_ + kFrameHeader);
    frame[-2] = reinterpret_cast<Slot>(vm_->function(function).code);
    frame[-1] = reinterpret_cast<Slot>(&vm_->function(function));
    for (size_t i = 0; i < arguments.size(); ++i) frame[i] = arguments[i];
    vm_->context.depth = 0;
    vm_->result = 0;
  }

  Function parse(std::string_view text) {
    auto fn = parse_ir(text, module());
    EXPECT_TRUE(fn.ok()) << fn.error().where << ": " << fn.error().detail;
    Status status = verify_ir(*fn);
    EXPECT_TRUE(status.ok()) << status.error().where << ": " << status.error().detail;
    return std::move(fn).value();
  }

  /// Runs a unit as the tier would, with its activation record.
  Outcome run(const Function& fn, const std::vector<Slot>& arguments, IrRun* run = nullptr) {
    reset(fn.index, arguments);
    if (fn.is_loop_entry) vm_->context.depth = 1;
    Vm::Activation record{vm_->activation, nullptr, vm_->context.native_frame};
    vm_->activation = &record;
    Outcome outcome = interpret_ir(*vm_, fn, base(), run);
    vm_->activation = record.previous;
    return outcome;
  }
  Outcome run(std::string_view text, const std::vector<Slot>& arguments) { return run(parse(text), arguments); }

  CaptureConsole console;

 private:
  static constexpr Insn kHalt[] = {make_insn(Op::call, 0, 0, 0)};
  RootsTier tier_;
  std::unique_ptr<const VerifiedModule> module_;
  std::unique_ptr<Vm> vm_;
  std::vector<Slot> stack_;
  Slot entry_[kFrameHeader + 1] = {};
};

/// What a run of a unit did, as far as the program or the interpreter after it can tell.
struct Observation {
  Outcome outcome = Outcome::kReturned;
  ExitReason reason{};             // kResume
  std::string text;                // result, frames, globals

  /// Runs the unit once from a clean state of the globals.
  static Observation of(TestFrame& frame, const Function& fn, const std::vector<Slot>& arguments) {
    Vm& vm = frame.vm();
    for (size_t g = 0; g < frame.module().globals.size(); ++g) {
      vm.context.globals[g] = 0;
      vm.context.globals_assigned[g] = 0;
    }
    IrRun run;
    Observation seen;
    seen.outcome = frame.run(fn, arguments, &run);
    auto show = [&](const char* name, IrType type, Slot slot) {
      double value = slot_f64(slot);
      // Which NaN it is nobody can observe.
      bool nan = type == IrType::kF64 && value != value;
      seen.text += std::string(name) + " " + (nan ? "nan" : std::to_string(slot)) + "\n";
    };
    if (seen.outcome == Outcome::kReturned) {
      if (fn.result != IrType::kVoid) show("result", fn.result, vm.result);
    } else {
      seen.reason = fn.at(run.exit).reason;
      for (FrameId f = fn.at(run.exit).frame; f.valid(); f = fn.at(f).parent) {
        const FrameState& state = fn.at(f);
        Slot* base = frame.base() + state.base_offset;
        seen.text += "frame " + std::to_string(state.function) + " pc " + std::to_string(frame_pc(base) - frame_function(base)->code) +
                     (state.charged ? " charged" : "") + "\n";
        for (const FrameValue& value : state.values) {
          std::string reg = "r" + std::to_string(value.reg);
          show(reg.c_str(), fn.at(value.value).type, base[value.reg]);
        }
      }
    }
    for (size_t g = 0; g < frame.module().globals.size(); ++g) {
      std::string name = "global" + std::to_string(g) + (vm.context.globals_assigned[g] != 0 ? " set" : "");
      show(name.c_str(), ir_type(frame.module().kind(frame.module().globals[g].type)), vm.context.globals[g]);
    }
    return seen;
  }

  /// Whether a unit may be replaced by one that did `other` instead of this. A check that was moved in front of a loop
  /// may leave where the original did not, or earlier.
  bool allows(const Observation& other) const {
    bool early = other.outcome == Outcome::kResume && other.reason == ExitReason::hoisted_check;
    return early || (outcome == other.outcome && text == other.text);
  }
};

}  // namespace orus::jit
