// Machine code read back: every function and loop of the conformance programs, at several levels and with random register
// choices, must decode to what the allocation says (Target::judge), and damaged code must not.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/program.h"
#include "jit/jit_tier.h"

namespace orus {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> programs() {
  std::vector<fs::path> found;
  for (const char* folder : {"programs", "regress"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(ORUS_CONFORMANCE_DIR) / folder)) {
      if (entry.path().extension() == ".orus" || entry.path().extension() == ".oasm") found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Judges every unit of the module; gives how many there were.
size_t judge_module(const VerifiedModule& module, const jit::CompileOptions& options, jit::JudgeRequest request, const std::string& name) {
  size_t units = 0;
  for (uint32_t f = 0; f < module.module.functions.size(); ++f) {
    for (int32_t loop = -1; loop < static_cast<int32_t>(module.module.functions[f].loops); ++loop) {
      request.function = f;
      request.loop = loop;
      Status status = jit::judge_unit(module, options, request);
      if (!status.ok() && status.error().code == ErrorCode::kUsage) continue;
      EXPECT_TRUE(status.ok()) << name << " function " << f << " loop " << loop << ": " << status.error().where << ": "
                               << status.error().detail;
      ++units;
    }
  }
  return units;
}

class Encoding : public testing::TestWithParam<int> {};

TEST_P(Encoding, IsWhatTheAllocationSays) {
  jit::CompileOptions options;
  int variant = GetParam();
  options.opt_level = variant == 0 ? 0 : 2;
  options.counting = variant == 1;
  jit::JudgeRequest request;
  request.spill = variant == 2;
  request.seed = variant >= 3 ? static_cast<uint64_t>(variant) * 7919 : 0;
  request.baseline_isa = variant >= 5;
  options.layout_seed = request.seed;
  size_t units = 0;
  for (const fs::path& path : programs()) {
    auto form = path.extension() == ".orus" ? api::ProgramForm::kSource : api::ProgramForm::kAssembly;
    api::LoadResult loaded = api::load_text(path.string(), read(path), form);
    ASSERT_NE(loaded.program, nullptr) << path;
    units += judge_module(*loaded.program->module, options, request, path.filename().string());
    if (HasFailure()) return;
  }
  EXPECT_GT(units, 800u);
}
/// A judge that accepts everything would pass the tests above. Most single bits of a unit matter to it; those that do not
/// are displacements into frames and tables, addresses, and immediates of moves.
TEST(EncodingJudge, SeesDamage) {
  api::LoadResult loaded = api::load_text("damage.orus", R"(
fn f(a: [i32], b: [i64], n: i32, x: f64) -> f64:
    mut s: i32 = 0
    mut t = 0.5
    mut u: i64 = 1
    for i in 0..n:
        s = (s + a[i & 3] * 5) & 4095
        b[i & 1] = u ^ b[1]
        u = u - (s as i64)
        if t < x:
            t = t * 1.5 - x
        a[3] = s / (a[0] | 1)
    return t + (s as f64)
print(f([1, 2, 3, 4], [5, 6], 5, 2.0))
)",
                                          api::ProgramForm::kSource);
  ASSERT_NE(loaded.program, nullptr);
  jit::CompileOptions options;
  options.opt_level = 1;
  jit::JudgeRequest request{.function = 1};
  ASSERT_TRUE(jit::judge_unit(*loaded.program->module, options, request).ok());
  size_t bits = 0, seen = 0, size = 0;
  request.damage = [&](std::vector<uint8_t>& code) { size = code.size(); };
  ASSERT_TRUE(jit::judge_unit(*loaded.program->module, options, request).ok());
  for (size_t at = 0; at < size; ++at) {
    for (int b = 0; b < 8; ++b) {
      request.damage = [&](std::vector<uint8_t>& code) { code[at] ^= static_cast<uint8_t>(1 << b); };
      ++bits;
      seen += jit::judge_unit(*loaded.program->module, options, request).ok() ? 0 : 1;
    }
  }
  RecordProperty("seen_percent", static_cast<int>(100 * seen / bits));
  EXPECT_GT(seen * 100, bits * 50) << seen << " of " << bits;
}

INSTANTIATE_TEST_SUITE_P(Variants, Encoding, testing::Range(0, 7));

}  // namespace
}  // namespace orus
