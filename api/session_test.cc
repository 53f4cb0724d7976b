#include "api/session.h"

#include <gtest/gtest.h>

#include <thread>

#include "api/counting_tier.h"
#include "api/host_thread.h"
#include "vm/bytecode/text.h"
#include "vm/runtime/console.h"

namespace orus::api {
namespace {

std::unique_ptr<Program> load(const std::string& source) {
  LoadResult loaded = load_text("test.orus", source, ProgramForm::kSource);
  EXPECT_NE(loaded.program, nullptr) << (loaded.diagnostics.empty() ? "" : loaded.diagnostics[0].message);
  return std::move(loaded.program);
}

RunConfig interpreted() {
  RunConfig config;
  config.jit = JitMode::kOff;
  return config;
}

RunConfig eager() {
  RunConfig config;
  config.jit = JitMode::kEager;
  return config;
}

constexpr const char* kLoop = "mut s = 0\nfor i in 0..1000:\n    s = s + i\nprint(s)\n";

TEST(Session, EveryTierPrintsTheSame) {
  auto program = load(kLoop);
  for (JitMode mode : {JitMode::kOff, JitMode::kOn, JitMode::kEager}) {
    RunConfig config;
    config.jit = mode;
    CaptureConsole console;
    RunResult result = run_program(*program, config, console);
    EXPECT_EQ(result.exit_code, kExitOk);
    EXPECT_FALSE(result.diagnostic.has_value());
    EXPECT_EQ(console.output(), "499500\n");
    EXPECT_GE(console.flushes(), 1u);
  }
}

TEST(Session, RuntimeErrorHasKindPositionAndCode) {
  auto program = load("a = 1\nmut z = 0\nprint(\"before\")\nprint(a / z)\n");
  CaptureConsole console;
  RunResult result = run_program(*program, interpreted(), console);
  EXPECT_EQ(result.exit_code, kExitRuntime);
  ASSERT_TRUE(result.diagnostic.has_value());
  EXPECT_EQ(result.diagnostic->category, "RUNTIME PANIC");
  EXPECT_EQ(result.diagnostic->kind, "runtime error");
  EXPECT_EQ(result.diagnostic->message, "Division by zero");
  EXPECT_EQ(result.diagnostic->file, "test.orus");
  EXPECT_EQ(result.diagnostic->line, 4u);
  EXPECT_EQ(console.output(), "before\n");
}

TEST(Session, FuelStopsEveryTierAtTheSamePlace) {
  auto program = load("mut s = 0\nfor i in 0..100000:\n    s = s + 1\n    if i % 100 == 0:\n        print(i)\n");
  RunConfig a = interpreted(), b = eager();
  a.fuel.value = b.fuel.value = 20000;
  CaptureConsole first, second;
  RunResult x = run_program(*program, a, first), y = run_program(*program, b, second);
  EXPECT_EQ(x.exit_code, kExitLimit);
  EXPECT_EQ(x.limit, Limit::kFuel);
  ASSERT_TRUE(x.diagnostic && y.diagnostic);
  EXPECT_EQ(x.diagnostic->kind, "fuel limit");
  EXPECT_EQ(*x.diagnostic, *y.diagnostic);
  EXPECT_EQ(first.output(), second.output());
}

TEST(Session, TimeoutStopsAnEndlessLoop) {
  auto program = load("mut s: i64 = 0\nwhile true:\n    s = (s + 1) % 1000\n");
  for (RunConfig config : {interpreted(), eager()}) {
    config.timeout.seconds = 0.1;
    CaptureConsole console;
    RunResult result = run_program(*program, config, console);
    EXPECT_EQ(result.exit_code, kExitLimit);
    EXPECT_EQ(result.limit, Limit::kTimeout);
  }
}

TEST(Session, UnusedTimeoutDoesNotDelay) {
  auto program = load("print(1)\n");
  RunConfig config = interpreted();
  config.timeout.seconds = 1e300;
  CaptureConsole console;
  EXPECT_EQ(run_program(*program, config, console).exit_code, kExitOk);
}

TEST(Session, HeapLimit) {
  auto program = load("mut a = [[0]]\nwhile true:\n    push(a, [1, 2, 3])\n");
  RunConfig config = interpreted();
  config.heap.bytes = 8 << 20;
  CaptureConsole console;
  RunResult result = run_program(*program, config, console);
  EXPECT_EQ(result.exit_code, kExitLimit);
  EXPECT_EQ(result.limit, Limit::kHeap);
}

TEST(Session, HostWithoutRoomIsALimitNotACrash) {
  auto program = load("print(1)\n");
  RunConfig config = interpreted();
  config.stack.frames = 100'000'000;
  CaptureConsole console;
  RunResult result = run_program(*program, config, console);
  EXPECT_TRUE(result.exit_code == kExitLimit || result.exit_code == kExitOk);
}

TEST(Session, CountsOnlyWhenAsked) {
  auto program = load(kLoop);
  CaptureConsole console;
  EXPECT_FALSE(run_program(*program, interpreted(), console).stats.counted);
  RunResult counted = run_program(*program, interpreted(), console, {.count_ops = true});
  EXPECT_TRUE(counted.stats.counted);
  EXPECT_GT(counted.stats.ops.interpreted_ops, 1000u);
  EXPECT_EQ(counted.stats.native_coverage(), 0);
  RunResult native = run_program(*program, eager(), console, {.count_ops = true});
  EXPECT_EQ(native.ops, counted.ops);
}

TEST(Session, DigestSeesValuesNotAddresses) {
  CaptureConsole console;
  auto digest = [&](const std::string& source, const RunConfig& config) {
    return run_program(*load(source), config, console, {.digest = true}).heap_digest;
  };
  std::string source = "pub a = [1, 2, 3]\npub b = \"x\"\nfn f() -> i32:\n    return len(a) + len(b)\nprint(f())\n";
  RunConfig stressed = interpreted();
  stressed.stress.gc = true;
  EXPECT_EQ(digest(source, interpreted()), digest(source, stressed));
  EXPECT_NE(digest(source, interpreted()), digest("pub a = [1, 2, 4]\n" + source.substr(source.find('\n') + 1), interpreted()));
}

TEST(Session, LoopReports) {
  auto program = load(kLoop);
  CaptureConsole console;
  RunResult result = run_program(*program, eager(), console);
  ASSERT_EQ(result.loops.size(), 1u);
  EXPECT_EQ(result.loops[0].function, "main");
  EXPECT_EQ(result.loops[0].position.line, 2u);
  EXPECT_TRUE(result.loops[0].compiled || result.loops[0].function_compiled);
}

TEST(Session, CountingTierCountsCallsAndIterations) {
  auto program = load("fn twice(x: i32) -> i32:\n    return x * 2\nmut s = 0\nfor i in 0..50:\n    s = s + twice(i)\nprint(s)\n");
  CountingTier tier(*program->module);
  RunConfig config = interpreted();
  config.loop_threshold = config.call_threshold = {1};
  CaptureConsole console;
  EXPECT_EQ(run_program(*program, config, console, {.tier = &tier}).exit_code, kExitOk);
  EXPECT_EQ(console.output(), "2450\n");
  const Module& module = program->module->module;
  for (uint32_t f = 0; f < module.functions.size(); ++f) {
    bool main = f == module.main.index;
    EXPECT_EQ(tier.calls(f), main ? 1u : 50u);
    if (main) EXPECT_EQ(tier.iterations(f, 0), 50u);
  }
  WorkEstimate work = estimate_work(*program->module, tier);
  ASSERT_EQ(work.loops.size(), 1u);
  EXPECT_GT(work.loops[0].ops, 50u);
}

TEST(Session, StatsAreOneLineOfJson) {
  auto program = load(kLoop);
  CaptureConsole console;
  std::string json = stats_json(run_program(*program, eager(), console, {.count_ops = true}).stats);
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  for (const char* key :
       {"interpreted_ops", "native_ops", "native_coverage", "loops_compiled", "functions_compiled", "compile_ns", "code_bytes", "exits",
        "bailouts", "unsupported_opcodes", "gc", "peak_heap_bytes", "spills", "passes", "run_ns", "load_ns"}) {
    EXPECT_NE(json.find("\"" + std::string(key) + "\":"), std::string::npos) << key;
  }
}

TEST(Session, ManyAtOnce) {
  auto program = load(kLoop);
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(4);
  for (size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] {
      CaptureConsole console;
      run_program(*program, eager(), console);
      outputs[i] = console.output();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& output : outputs) EXPECT_EQ(output, "499500\n");
}

TEST(Program, FormsRoundTrip) {
  auto program = load(kLoop);
  std::string assembly = print_assembly(program->module->module);
  std::vector<uint8_t> bytes = write_obc(program->module->module);
  LoadResult a = load_text("test.oasm", assembly, ProgramForm::kAssembly);
  LoadResult b = load_text("test.obc", std::string(bytes.begin(), bytes.end()), ProgramForm::kBytecode);
  ASSERT_NE(a.program, nullptr);
  ASSERT_NE(b.program, nullptr);
  EXPECT_EQ(a.program->module->module, b.program->module->module);
  EXPECT_EQ(form_of("x", std::string(bytes.begin(), bytes.end())), ProgramForm::kBytecode);
  EXPECT_EQ(form_of("x", "print(1)\n"), ProgramForm::kSource);
  EXPECT_EQ(form_of("x.oasm", ""), ProgramForm::kAssembly);
}

TEST(Program, BadInputIsLocated) {
  LoadResult source = load_text("bad.orus", "print(ghost)\n", ProgramForm::kSource);
  EXPECT_EQ(source.exit_code, kExitCompile);
  ASSERT_FALSE(source.diagnostics.empty());
  EXPECT_EQ(source.diagnostics[0].line, 1u);
  LoadResult assembly = load_text("bad.oasm", "nonsense\n", ProgramForm::kAssembly);
  EXPECT_EQ(assembly.exit_code, kExitCompile);
  ASSERT_FALSE(assembly.diagnostics.empty());
  EXPECT_EQ(assembly.diagnostics[0].line, 1u);
  for (std::string bytes : {std::string(),
                            std::string("\x7f"
                                        "ELF\0\0",
                                        6),
                            std::string(1000, '\xff')}) {
    LoadResult bytecode = load_text("bad.obc", bytes, ProgramForm::kBytecode);
    EXPECT_EQ(bytecode.exit_code, kExitCompile);
    ASSERT_FALSE(bytecode.diagnostics.empty());
    EXPECT_NE(bytecode.diagnostics[0].message.find("offset"), std::string::npos) << bytecode.diagnostics[0].message;
  }
}

TEST(Program, FilesThatCannotBeRead) {
  for (const char* path : {"/no/such/file.orus", "/", "/tmp"}) {
    LoadResult loaded = load_file(path);
    EXPECT_EQ(loaded.exit_code, kExitNoFile) << path;
    EXPECT_EQ(loaded.diagnostics.size(), 1u);
  }
  EXPECT_FALSE(write_file("/no/such/folder/x", "").ok());
}

TEST(HostThread, StackIsAsLargeAsAsked) {
  EXPECT_GE(host_stack_bytes(1), size_t{64} << 20);
  EXPECT_GT(host_stack_bytes(1'000'000), size_t{1000} << 20);
  char* low = nullptr;
  char* here = nullptr;
  ASSERT_TRUE(run_on_large_stack(size_t{256} << 20, [&](char* limit) {
                low = limit;
                here = static_cast<char*>(__builtin_frame_address(0));  // a local may lie elsewhere under sanitizers
              }).ok());
  EXPECT_GT(here - low, ptrdiff_t{250} << 20);
  EXPECT_FALSE(run_on_large_stack(size_t{1} << 60, [](char*) {}).ok());
}

}  // namespace
}  // namespace orus::api
