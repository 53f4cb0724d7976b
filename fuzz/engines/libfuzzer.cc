// The entry points of libFuzzer (and of AFL++, which runs libFuzzer targets) for one target, named at compile time.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "fuzz/gen/mutate.h"
#include "fuzz/targets/program.h"

#ifndef ORUS_FUZZ_TARGET
#error "compile with -DORUS_FUZZ_TARGET=name"
#endif

namespace orus::fuzz {
namespace {

constexpr size_t kModeCount = []() {
  size_t n = 0;
#define MODE(...) ++n;
#include "fuzz/oracle/modes.def"
#undef MODE
  return n;
}();
constexpr size_t kPassSlots = 24;

/// One function for each culprit: engines tell crashes apart by their stacks, and all failures would share one.
template <size_t kMode, size_t kPass>
[[noreturn, gnu::noinline]] void fail_in() {
  std::fprintf(stderr, "orus_fuzz: failure of mode %zu, pass %zu\n", kMode, kPass);
  std::abort();
}
using FailFunction = void (*)();
template <size_t... kIndices>
constexpr auto fail_table(std::index_sequence<kIndices...>) {
  return std::array<FailFunction, sizeof...(kIndices)>{fail_in<kIndices / kPassSlots, kIndices % kPassSlots>...};
}
constexpr auto kFailures = fail_table(std::make_index_sequence<kModeCount * kPassSlots>());

/// Number of passes of the pipeline after which the failure shows: 0 when none is needed.
size_t guilty_pass(std::span<const uint8_t> input, const Failure& failure) {
  CaseStats stats;
  Case c = make_case(input, &stats);
  if (c.failure) return 0;
  auto passes = jit::pipeline();
  for (size_t keep = 0; keep < passes.size(); ++keep) {
    RunSettings settings = failure.settings;
    for (size_t i = keep; i < passes.size(); ++i) settings.disabled_passes.emplace_back(passes[i].name);
    if (check_mode(*c.module, failure.mode, settings, &stats)) return keep;
  }
  return passes.size();
}

[[noreturn]] void report(std::span<const uint8_t> input, const Failure& failure) {
  std::fprintf(stderr, "orus_fuzz: %s %s %s: %s\n  settings: %s\n", failure.oracle.c_str(), failure.mode.c_str(), failure.what.c_str(),
               failure.detail.c_str(), print_settings(failure.settings).c_str());
  const Mode* mode = find_mode(failure.mode);
  if (mode == nullptr) std::abort();
  size_t pass = guilty_pass(input, failure);
  std::fprintf(stderr, "  guilty: %s\n", pass == 0 ? "no pass" : jit::pipeline()[pass - 1].name.data());
  kFailures[static_cast<size_t>(mode - modes().data()) * kPassSlots + std::min(pass, kPassSlots - 1)]();
  std::abort();
}

}  // namespace
}  // namespace orus::fuzz

#define ORUS_CONCAT_(a, b) a##b
#define ORUS_CONCAT(a, b) ORUS_CONCAT_(a, b)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> input(data, size);
  if (size > orus::fuzz::kMaxInput) return -1;
  orus::fuzz::CaseStats stats;
  auto failure = orus::fuzz::ORUS_CONCAT(target_, ORUS_FUZZ_TARGET)(input, &stats);
  if (failure) orus::fuzz::report(input, *failure);
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// Half of the mutations know the streams, half are the engine's own.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  orus::Rng rng(seed);
  if (rng.chance(2)) return LLVMFuzzerMutate(data, size, max_size);
  std::vector<uint8_t> out = orus::fuzz::mutate({data, size}, {data, size}, rng);
  size_t n = std::min(out.size(), max_size);
  std::memcpy(data, out.data(), n);
  return n;
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, uint8_t* out, size_t max_size,
                                            unsigned int seed) {
  orus::Rng rng(seed);
  std::vector<uint8_t> mixed = orus::fuzz::mutate({a, a_size}, {b, b_size}, rng);
  size_t n = std::min(mixed.size(), max_size);
  std::memcpy(out, mixed.data(), n);
  return n;
}
