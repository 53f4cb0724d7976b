// CompileQueue: one thread that compiles for one tier. The tier's thread submits and collects; what is compiled reads only
// what never changes (the verified module, options, addresses), so jobs and results are all that the threads share.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "jit/code/unit.h"

namespace orus::jit {

/// One compilation, before and after.
struct CompileJob {
  Unit unit;
  uint32_t id = 0;              // of the unit that comes of it
  CompileOptions options;
  Result<std::unique_ptr<CompiledUnit>> result = Error{ErrorCode::kCancelled, "not compiled yet"};
  std::vector<std::pair<std::string, uint64_t>> pass_ns;
};

class CompileQueue {
 public:
  using Compile = std::function<void(CompileJob&, const std::atomic<bool>* cancelled)>;

  /// `compile` runs on the queue's thread and must stay valid until the queue is gone.
  explicit CompileQueue(Compile compile) : compile_(std::move(compile)) {}
  /// Gives up the compilation at hand and waits for the thread.
  ~CompileQueue();
  CompileQueue(const CompileQueue&) = delete;
  CompileQueue& operator=(const CompileQueue&) = delete;

  /// Starts the thread. False: the host grants none.
  bool start();
  void submit(CompileJob job);
  /// Whether collect() would bring something: one atomic load.
  bool has_finished() const { return finished_count_.load(std::memory_order_acquire) != 0; }
  std::vector<CompileJob> collect();

 private:
  void work();

  Compile compile_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<CompileJob> waiting_;
  std::vector<CompileJob> finished_;
  std::atomic<uint32_t> finished_count_{0};
  std::atomic<bool> cancelled_{false};
  pthread_t thread_{};  // not std::thread, which throws when the host grants none
  bool started_ = false;
};

}  // namespace orus::jit
