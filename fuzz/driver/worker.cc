#include "fuzz/driver/worker.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>

#include "fuzz/targets/target.h"

namespace orus::fuzz {
namespace {

constexpr uint64_t kFastPerDeep = 7;

void copy_text(std::string_view from, char* to, size_t size) {
  size_t n = std::min(from.size(), size - 1);
  std::memcpy(to, from.data(), n);
  to[n] = 0;
}

uint32_t index_of(std::string_view name) {
  for (uint32_t i = 0; i < targets().size(); ++i) {
    if (targets()[i].name == name) return i;
  }
  return 0;
}

uint64_t case_seed(uint64_t seed, uint64_t index) { return seed * 0x9e3779b97f4a7c15u + index * 0xd1342543de82ef95u + 1; }

}  // namespace

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

uint64_t cpu_now_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

bool run_case(uint32_t target, std::span<const uint8_t> input, Shared* shared) {
  shared->target = target;
  shared->input_size = static_cast<uint32_t>(std::min(input.size(), kMaxInput));
  if (!input.empty()) std::memcpy(shared->input, input.data(), shared->input_size);
  shared->case_started_ns = now_ns();
  CaseStats stats;
  stats.context = shared;
  stats.before_run = [](std::string_view mode, const RunSettings& settings, void* context) {
    auto* to = static_cast<Shared*>(context);
    copy_text(mode, to->mode, sizeof to->mode);
    // Printing settings costs microseconds; they change rarely within a case.
    if (to->settings[0] != 0 && mode != "interpreter") return;
    copy_text(print_settings(settings), to->settings, sizeof to->settings);
  };
  std::optional<Failure> failure = targets()[target].run(input.first(shared->input_size), &stats);
  shared->case_started_ns = 0;
  ++shared->executions;
  shared->valid += stats.valid;
  shared->native += stats.native;
  shared->out_of_fuel += stats.out_of_fuel;
  shared->early += stats.early;
  for (size_t op = 0; op < kOpCount; ++op) {
    if (!stats.opcodes[op]) continue;
    for (uint32_t left = stats.modes; left != 0; left &= left - 1) shared->grid[op][std::countr_zero(left)].fetch_add(1, std::memory_order_relaxed);
  }
  shared->mode[0] = 0;
  if (!failure) return false;
  copy_text(failure->oracle, shared->oracle, sizeof shared->oracle);
  copy_text(failure->mode, shared->mode, sizeof shared->mode);
  copy_text(print_settings(failure->settings), shared->settings, sizeof shared->settings);
  copy_text(failure->what, shared->what, sizeof shared->what);
  copy_text(failure->detail, shared->detail, sizeof shared->detail);
  return true;
}

void run_worker(const Options& options, Shared* shared, uint64_t deadline_ns) {
  bool mix = options.target == "mix";
  uint32_t fast = index_of("diff_fast"), deep = index_of("diff_deep"), only = index_of(options.target);
  uint64_t cpu_before = shared->cpu_ns;
  for (;;) {
    uint64_t index = shared->executions;
    if (options.runs != 0 && index >= options.runs) _exit(kWorkerDone);
    if (deadline_ns != 0 && now_ns() >= deadline_ns) _exit(kWorkerDone);
    uint32_t target = !mix ? only : index % (kFastPerDeep + 1) == kFastPerDeep ? deep : fast;
    std::vector<uint8_t> input = random_dna(case_seed(options.seed, index)).encode();
    bool found = run_case(target, input, shared);
    if (found || index % 64 == 0) shared->cpu_ns = cpu_before + cpu_now_ns();
    if (found) _exit(kWorkerFound);
  }
}

}  // namespace orus::fuzz
