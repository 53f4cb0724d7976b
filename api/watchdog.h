// Watchdog: tells a VM, from another thread, that its time is up.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "vm/runtime/vm.h"

namespace orus::api {

/// Armed from construction to destruction. Does nothing when `seconds` is 0.
class Watchdog {
 public:
  Watchdog(Vm& vm, double seconds);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void wait(double seconds);

  Vm& vm_;
  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace orus::api
