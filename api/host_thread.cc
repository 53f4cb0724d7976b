#include "api/host_thread.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "api/knobs.h"

namespace orus::api {
namespace {

constexpr size_t kGuardBytes = 64 * 1024;
// What C++ may still use once generated code sees that the limit is reached: the runtime and a collection.
constexpr size_t kReserveBytes = 256 * 1024;

struct Job {
  const std::function<void(char*)>* body;
  char* limit;
};

void* run_job(void* argument) {
  auto* job = static_cast<Job*>(argument);
  (*job->body)(job->limit);
  return nullptr;
}

}  // namespace

size_t host_stack_bytes(uint32_t frames) {
  // Unoptimised and instrumented code has several times larger C++ frames.
  constexpr size_t kFrameBytes = kCheckedBuild ? 8 * 1024 : 1536;
  return std::max<size_t>(size_t{64} << 20, size_t{frames} * kFrameBytes + (size_t{1} << 20));
}

Status run_on_large_stack(size_t stack_bytes, const std::function<void(char* stack_limit)>& body) {
  stack_bytes = (stack_bytes + kGuardBytes + 0xFFFF) & ~size_t{0xFFFF};
  void* memory = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  Error refused{ErrorCode::kOutOfMemory, "no room for a host stack of " + std::to_string(stack_bytes >> 20) + " MiB; lower --stack"};
  if (memory == MAP_FAILED) return refused;
  char* low = static_cast<char*>(memory);
  bool guarded = mprotect(low, kGuardBytes, PROT_NONE) == 0;
  Job job{&body, low + kGuardBytes + kReserveBytes};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  bool sized = pthread_attr_setstack(&attributes, low + kGuardBytes, stack_bytes - kGuardBytes) == 0;
  pthread_t thread;
  bool started = guarded && sized && pthread_create(&thread, &attributes, run_job, &job) == 0;
  if (started) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  munmap(memory, stack_bytes);
  if (!started) return refused;
  return Ok{};
}

}  // namespace orus::api
