#include "jit/compile_queue.h"

#include <pthread.h>

#include <csignal>

namespace orus::jit {

CompileQueue::~CompileQueue() {
  {
    std::lock_guard lock(mutex_);
    cancelled_.store(true, std::memory_order_relaxed);
  }
  wake_.notify_all();
  if (started_) pthread_join(thread_, nullptr);
}

bool CompileQueue::start() {
  // The new thread inherits the mask: signals of the process stay with the threads that the program knows.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  auto run = [](void* self) -> void* {
    static_cast<CompileQueue*>(self)->work();
    return nullptr;
  };
  started_ = pthread_create(&thread_, nullptr, run, this) == 0;
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  return started_;
}

void CompileQueue::submit(CompileJob job) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
}

std::vector<CompileJob> CompileQueue::collect() {
  std::lock_guard lock(mutex_);
  finished_count_.store(0, std::memory_order_relaxed);
  return std::exchange(finished_, {});
}

void CompileQueue::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return cancelled_ || !waiting_.empty(); });
    if (cancelled_) return;
    CompileJob job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    compile_(job, &cancelled_);
    lock.lock();
    finished_.push_back(std::move(job));
    finished_count_.store(static_cast<uint32_t>(finished_.size()), std::memory_order_release);
  }
}

}  // namespace orus::jit
