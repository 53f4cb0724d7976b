#include "jit/compile_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace orus::jit {
namespace {

CompileJob job(uint32_t id) { return CompileJob{.unit = Unit{id, false, 0}, .id = id, .options = {}, .pass_ns = {}}; }

TEST(CompileQueue, BringsEveryJobBackOnce) {
  CompileQueue queue([](CompileJob& job, const std::atomic<bool>*) { job.pass_ns.emplace_back("seen", job.id); });
  ASSERT_TRUE(queue.start());
  std::set<uint32_t> back;
  uint32_t submitted = 0;
  while (back.size() < 200) {
    for (int i = 0; i < 3 && submitted < 200; ++i) queue.submit(job(submitted++));
    if (!queue.has_finished()) {
      std::this_thread::yield();
      continue;
    }
    for (CompileJob& done : queue.collect()) {
      ASSERT_EQ(done.pass_ns.size(), 1u);
      EXPECT_EQ(done.pass_ns[0].second, done.id);
      EXPECT_TRUE(back.insert(done.id).second);
    }
  }
  EXPECT_FALSE(queue.has_finished());
}

TEST(CompileQueue, GivesUpWhatRunsWhenItEnds) {
  std::atomic<bool> started{false};
  uint32_t compiled = 0;
  {
    CompileQueue queue([&](CompileJob&, const std::atomic<bool>* cancelled) {
      ++compiled;
      started = true;
      while (!cancelled->load()) std::this_thread::yield();
    });
    ASSERT_TRUE(queue.start());
    queue.submit(job(1));
    queue.submit(job(2));
    while (!started) std::this_thread::yield();
  }
  EXPECT_EQ(compiled, 1u);  // the one that waited was never begun
}

TEST(CompileQueue, EndsWithoutHavingWorked) {
  CompileQueue never_started([](CompileJob&, const std::atomic<bool>*) { FAIL(); });
  CompileQueue idle([](CompileJob&, const std::atomic<bool>*) { FAIL(); });
  ASSERT_TRUE(idle.start());
}

TEST(CompileQueue, CancelledPipelinesSaySo) {
  Module module;
  module.functions.resize(1);
  Function fn(module, 0);
  fn.append(fn.add_block(), IrOp::ret, IrType::kVoid, {});
  VerifiedModule verified{module, {}};
  std::atomic<bool> cancelled{true};
  CompileOptions options;
  PassContext ctx{.module = verified, .options = options, .cancelled = &cancelled};
  Status status = optimize(fn, ctx);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace orus::jit
