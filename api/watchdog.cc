#include "api/watchdog.h"

#include <algorithm>
#include <chrono>

namespace orus::api {
namespace {

constexpr uint32_t kTimeoutFlag = 2;  // of VmContext::interrupt; see Vm::poll

}  // namespace

Watchdog::Watchdog(Vm& vm, double seconds) : vm_(vm) {
  if (seconds > 0) thread_ = std::thread([this, seconds] { wait(seconds); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_one();
  thread_.join();
}

void Watchdog::wait(double seconds) {
  constexpr double kYear = 365.0 * 86400;  // the clock must not overflow
  auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(std::min(seconds, kYear)));
  std::unique_lock lock(mutex_);
  if (done_changed_.wait_for(lock, time, [this] { return done_; })) return;
  vm_.context.interrupt.fetch_or(kTimeoutFlag, std::memory_order_relaxed);
}

}  // namespace orus::api
