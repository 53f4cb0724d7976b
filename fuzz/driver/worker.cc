#include "fuzz/driver/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "api/program.h"
#include "fuzz/gen/mutate.h"
#include "fuzz/targets/program.h"

// In builds that count what is executed (ci/fuzz --optimize, the preset cov): the counters of a process that leaves by
// _exit are lost unless it writes them. Absent elsewhere.
extern "C" int __llvm_profile_write_file() __attribute__((weak));

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

/// Inputs worth changing: those that did something new, and the corpus.
class Pool {
 public:
  explicit Pool(const Options& options) : seen_(1 << 20), keep_(options.keep) {
    if (options.corpus.empty()) return;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(options.corpus, error)) names_.push_back(entry.path());
    std::sort(names_.begin(), names_.end());
    for (const std::string& name : names_) {
      auto content = api::read_file(name);
      if (content.ok()) inputs_.emplace_back(content->begin(), content->end());
    }
  }

  /// The corpus first, each as it is; then fresh inputs, and changed ones now and then.
  std::vector<uint8_t> next(uint64_t seed, uint64_t index) {
    if (index < names_.size() && index < inputs_.size()) return inputs_[index];
    Rng rng(seed);
    if (inputs_.size() < 2 || !rng.chance(kMutateOneIn)) return random_dna(seed).encode();
    return mutate(inputs_[rng.below(inputs_.size())], inputs_[rng.below(inputs_.size())], rng);
  }

  void note(const std::vector<uint8_t>& input, const std::vector<uint32_t>& features) {
    bool fresh = false;
    for (uint32_t f : features) {
      auto bit = seen_[(f * 0x9e3779b1u) >> 12];
      fresh |= !bit;
      bit = true;
    }
    if (!fresh) return;
    if (!keep_.empty()) keep(input);
    // Spelled out, so that changing one choice leaves the others alone.
    Choices choices(Dna::decode(input));
    RunSettings settings;
    draw_program(choices, &settings);
    std::vector<uint8_t> whole = choices.spelled_out().encode();
    if (whole.size() > kMaxInput) return;
    if (inputs_.size() < kPoolSize) {
      inputs_.push_back(std::move(whole));
    } else {
      inputs_[next_++ % kPoolSize] = std::move(whole);
    }
  }

 private:
  static constexpr uint32_t kMutateOneIn = 3;
  static constexpr size_t kPoolSize = 512;
  void keep(const std::vector<uint8_t>& input) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (uint8_t b : input) hash = (hash ^ b) * 0x100000001B3u;
    std::error_code error;
    std::filesystem::create_directories(keep_, error);
    std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());
    if (!api::write_file(fmt::format("{}/{:016x}", keep_, hash), bytes).ok()) fmt::print(stderr, "orus_fuzz: cannot write to {}\n", keep_);
  }

  std::vector<bool> seen_;
  std::string keep_;
  std::vector<std::string> names_;
  std::vector<std::vector<uint8_t>> inputs_;
  size_t next_ = 0;
};

uint64_t case_seed(uint64_t seed, uint64_t index) { return seed * 0x9e3779b97f4a7c15u + index * 0xd1342543de82ef95u + 1; }

[[noreturn]] void leave(int status) {
  if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  _exit(status);
}

}  // namespace

uint64_t now_ns() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

uint64_t cpu_now_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

bool run_case(uint32_t target, std::span<const uint8_t> input, Shared* shared, CaseStats* stats_out) {
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
    for (uint32_t left = stats.modes; left != 0; left &= left - 1)
      shared->grid[op][std::countr_zero(left)].fetch_add(1, std::memory_order_relaxed);
  }
  shared->mode[0] = 0;
  if (stats_out != nullptr) *stats_out = std::move(stats);
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
  Pool pool(options);
  for (;;) {
    uint64_t index = shared->executions;
    if (options.runs != 0 && index >= options.runs) leave(kWorkerDone);
    if (deadline_ns != 0 && now_ns() >= deadline_ns) leave(kWorkerDone);
    uint32_t target = !mix ? only : index % (kFastPerDeep + 1) == kFastPerDeep ? deep : fast;
    std::vector<uint8_t> input = pool.next(case_seed(options.seed, index), index);
    CaseStats stats;
    bool found = run_case(target, input, shared, &stats);
    if (found || index % 64 == 0) shared->cpu_ns = cpu_before + cpu_now_ns();
    if (found) leave(kWorkerFound);
    pool.note(input, stats.features);
  }
}

}  // namespace orus::fuzz
