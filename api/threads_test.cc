// Isolates on threads, each with a thread that compiles for it: the threaded parts, for the thread sanitizer to judge.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "api/program.h"
#include "api/session.h"
#include "vm/runtime/console.h"

namespace orus::api {
namespace {

// Many functions and loops that get hot one after the other, allocate, leave compiled code and are interrupted by errors.
constexpr const char* kBusy = R"(
struct Pair:
    a: i32
    b: i32
mut total: i64 = 0
fn mix(p: Pair, n: i32) -> i32:
    mut s: i32 = 0
    for i in 0..n:
        q = Pair{a: p.b + i, b: p.a ^ i}
        s = (s + q.a * 3 - q.b) & 65535
    return s
fn fill(n: i32) -> [i32]:
    mut a: [i32] = []
    for i in 0..n:
        push(a, i * 7 & 127)
    return a
fn sum(a: [i32], to: i32) -> i32:
    mut s: i32 = 0
    for i in 0..to:
        s = s + a[i]
    return s
for round in 0..40:
    a = fill(300)
    try:
        total = total + (sum(a, 300 + round % 3 / 2) as i64)
    catch e:
        total = total + 1
    total = total + (mix(Pair{a: round, b: 2}, 400) as i64)
    mut text = ""
    for i in 0..30:
        text = text + "x"
    total = total + (len(text) as i64)
print(total)
)";

std::string run(const Program& program, const RunConfig& config) {
  CaptureConsole console;
  RunResult result = run_program(program, config, console);
  return console.output() + std::to_string(result.exit_code);
}

TEST(Threads, IsolatesCompileInTheBackground) {
  LoadResult loaded = load_text("busy.orus", kBusy, ProgramForm::kSource);
  ASSERT_NE(loaded.program, nullptr);
  RunConfig interpreted;
  interpreted.jit = JitMode::kOff;
  const std::string expected = run(*loaded.program, interpreted);
  std::vector<std::thread> threads;
  std::atomic<int> different{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 5; ++round) {
        RunConfig config;
        config.jit = JitMode::kOn;
        config.jit_sync = t == 3;  // one that compiles on its own thread
        if (run(*loaded.program, config) != expected) ++different;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST(Threads, AVmMayEndWhileItsCodeIsBeingCompiled) {
  // The loop gets hot just before the program ends.
  LoadResult loaded = load_text("short.orus", "mut s = 0\nfor i in 0..1100:\n    s = s + i % 7\nprint(s)\n", ProgramForm::kSource);
  ASSERT_NE(loaded.program, nullptr);
  for (int round = 0; round < 200; ++round) EXPECT_EQ(run(*loaded.program, RunConfig{}), "3297\n0");
}

}  // namespace
}  // namespace orus::api
