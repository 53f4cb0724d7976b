// Random IR functions: verified after every pass, and every prefix of the pipeline leaves what they do unchanged.
#include <fmt/format.h>

#include "fuzz/targets/program.h"
#include "jit/ir/ir_interp.h"
#include "jit/ir/ir_text.h"
#include "jit/ir/random_ir.h"

namespace orus::fuzz {
namespace {

/// Lets the collector find what the IR interpreter holds; compiles nothing.
class RootsTier final : public Tier {
 public:
  void* loop_entry(Vm&, FunctionRuntime&, const Insn*) override { return nullptr; }
  void* function_entry(Vm&, FunctionRuntime&) override { return nullptr; }
  Outcome enter_loop(Vm&, void*, Slot*) override { return Outcome::kResume; }
  Outcome enter_function(Vm&, void*, FunctionRuntime&, Slot*) override { return Outcome::kResume; }
  void visit_roots(void* fp, RootSink& sink) override { jit::visit_ir_roots(fp, sink); }
};

class Silent final : public Console {
 public:
  void write(std::string_view) override {}
  void flush() override {}
  bool read_line(std::string*) override { return false; }
};

/// What a run of a unit left: outcome, result or frames, globals.
struct Seen {
  Outcome outcome = Outcome::kReturned;
  bool hoisted = false;  // left at a check that had moved in front of a loop, which may be early
  std::string text;
};

class Bench {
 public:
  explicit Bench(const VerifiedModule& module, Vm& vm) : module_(module.module), vm_(vm), stack_(4096, 0x5555555555555555) {
    vm.set_tier(&tier_);
  }

  Seen run(const jit::Function& fn, std::span<const Slot> arguments) {
    Slot* base = stack_.data() + kFrameHeader;
    base[-3] = reinterpret_cast<Slot>(entry_ + kFrameHeader);
    base[-2] = reinterpret_cast<Slot>(vm_.function(fn.index).code);
    base[-1] = reinterpret_cast<Slot>(&vm_.function(fn.index));
    for (size_t i = 0; i < arguments.size(); ++i) base[i] = arguments[i];
    for (size_t g = 0; g < module_.globals.size(); ++g) vm_.context.globals[g] = vm_.context.globals_assigned[g] = 0;
    vm_.context.depth = 0;
    Vm::Activation record{vm_.activation, nullptr, vm_.context.native_frame};
    vm_.activation = &record;
    jit::IrRun how;
    Seen seen;
    seen.outcome = interpret_ir(vm_, fn, base, &how);
    vm_.activation = record.previous;
    if (seen.outcome == Outcome::kReturned) {
      if (fn.result != jit::IrType::kVoid) show("result", fn.result, vm_.result, &seen.text);
    } else {
      show_frames(fn, how.exit, base, &seen);
    }
    for (size_t g = 0; g < module_.globals.size(); ++g) {
      show(vm_.context.globals_assigned[g] != 0 ? "assigned" : "global", jit::ir_type(module_.kind(module_.globals[g].type)),
           vm_.context.globals[g], &seen.text);
    }
    return seen;
  }

 private:
  static void show(std::string_view name, jit::IrType type, Slot slot, std::string* out) {
    bool nan = type == jit::IrType::kF64 && slot_f64(slot) != slot_f64(slot);
    *out += nan ? fmt::format("{} nan\n", name) : fmt::format("{} {:x}\n", name, slot);
  }

  void show_frames(const jit::Function& fn, jit::InstId exit, Slot* base, Seen* seen) {
    seen->hoisted = fn.at(exit).reason == jit::ExitReason::hoisted_check;
    for (jit::FrameId f = fn.at(exit).frame; f.valid(); f = fn.at(f).parent) {
      const jit::FrameState& state = fn.at(f);
      seen->text += fmt::format("frame {} pc {}\n", state.function, state.pc);
      for (const jit::FrameValue& v : state.values)
        show(fmt::format("r{}", v.reg), fn.at(v.value).type, base[state.base_offset + v.reg], &seen->text);
    }
  }

  const Module& module_;
  Vm& vm_;
  RootsTier tier_;
  std::vector<Slot> stack_;
  Slot entry_[kFrameHeader + 1] = {0, 0, 0, 0};
};

std::vector<Slot> draw_arguments(Stream& v) {
  auto integer = [&] {
    uint64_t word = v.word() >> v.below(64);
    return v.flip() ? word : uint64_t{0} - word;
  };
  return {integer() & 0xFFFFFFFF,
          integer() & 0xFFFFFFFF,
          integer(),
          integer(),
          f64_slot(static_cast<double>(static_cast<int64_t>(integer())) / 8),
          v.below(2)};
}

}  // namespace

std::optional<Failure> target_ir_passes(std::span<const uint8_t> input, CaseStats* stats) {
  Choices choices(Dna::decode(input));
  Stream& s = choices.structure;
  RunSettings settings;
  auto verified = verify(jit::random_ir_module());
  if (!verified.ok()) return Failure{"generator", "ir", "invalid", verified.error().detail, settings};
  jit::RandomIrConfig config{.seed = s.word(), .statements = 8 + s.below(70), .exits = !s.chance(3), .globals = s.flip()};
  stats->announce("ir", settings);
  const VerifiedModule& module = **verified;
  Silent console;
  auto vm = Vm::create(module, {.heap = {.nursery_bytes = 64 * 1024}, .max_depth = 64}, console);
  if (!vm.ok()) return std::nullopt;
  Bench bench(module, **vm);
  jit::Function before = jit::random_ir(module.module, config);
  stats->valid = true;
  std::vector<std::vector<Slot>> arguments;
  std::vector<Seen> expected;
  for (int i = 0; i < 3; ++i) {
    arguments.push_back(draw_arguments(choices.values));
    expected.push_back(bench.run(before, arguments.back()));
  }
  std::optional<Failure> failure;
  jit::CompileOptions options;
  options.verify_each = true;
  jit::PassContext context{.module = module, .options = options};
  context.after_pass = [&](std::string_view pass, const jit::Function& fn, bool changed, uint64_t) {
    if (!changed || failure) return;
    for (size_t i = 0; i < arguments.size() && !failure; ++i) {
      Seen seen = bench.run(fn, arguments[i]);
      bool early = seen.outcome == Outcome::kResume && seen.hoisted;
      if (early || (seen.outcome == expected[i].outcome && seen.text == expected[i].text)) continue;
      failure = Failure{"ir", std::string(pass), "unequal", expected[i].text + "-- became\n" + seen.text + print_ir(before), settings};
    }
  };
  jit::Function fn = jit::random_ir(module.module, config);
  Status status = jit::optimize(fn, context);
  if (failure) return failure;
  if (!status.ok()) return Failure{"ir", status.error().where, "broken", status.error().detail + "\n" + print_ir(before), settings};
  return std::nullopt;
}

}  // namespace orus::fuzz
