// orus_fuzz: the builtin engine. A parent process that never runs a program watches a worker that runs them all.
#include <cstdio>
#include <cstring>

#include "api/program.h"
#include "fuzz/driver/campaign.h"
#include "fuzz/driver/fast_memory.h"
#include "fuzz/driver/findings.h"
#include "fuzz/driver/options.h"
#include "fuzz/driver/triage.h"
#include "fuzz/targets/target.h"
#include "vm/bytecode/text.h"

namespace orus::fuzz {
namespace {

/// A module as text, in the given mode or in all.
int replay_module(const Options& options, const std::string& file) {
  auto text = api::read_file(file);
  if (!text.ok()) {
    std::fprintf(stderr, "orus_fuzz: %s: %s\n", file.c_str(), text.error().detail.c_str());
    return api::kExitNoFile;
  }
  auto module = parse_assembly(*text, file);
  if (!module.ok()) {
    std::fprintf(stderr, "orus_fuzz: %s: %s\n", module.error().where.c_str(), module.error().detail.c_str());
    return api::kExitCompile;
  }
  int failed = 0;
  RunSettings settings = parse_settings(options.settings);
  for (const Mode& mode : modes().subspan(1)) {
    if (!options.mode.empty() && options.mode != mode.name) continue;
    int status = run_in_child(options.case_seconds, "/dev/stderr", [&] {
      auto verified = verify(*module);
      if (!verified.ok())
        return std::printf("%s: %s: %s\n", file.c_str(), verified.error().where.c_str(), verified.error().detail.c_str()),
               std::fflush(stdout), 2;
      CaseStats stats;
      auto failure = check_mode(**verified, mode.name, settings, &stats);
      std::printf("%s: %s: %s\n", file.c_str(), mode.name.data(), failure ? (failure->what + ": " + failure->detail).c_str() : "ok");
      std::fflush(stdout);
      return failure ? 1 : 0;
    });
    if (status < 0 || status >= 128) std::printf("%s: %s: %s\n", file.c_str(), mode.name.data(), status < 0 ? "hangs" : "crashes");
    failed += status != 0;
  }
  return failed == 0 ? api::kExitOk : api::kExitDifference;
}

int replay(const Options& options, Shared* shared) {
  int failed = 0;
  for (const std::string& file : options.files) {
    if (file.ends_with(".oasm")) {
      if (int code = replay_module(options, file); code != api::kExitOk) failed = code;
      continue;
    }
    auto content = api::read_file(file);
    if (!content.ok()) {
      std::fprintf(stderr, "orus_fuzz: %s: %s\n", file.c_str(), content.error().detail.c_str());
      return api::kExitNoFile;
    }
    std::span<const uint8_t> input(reinterpret_cast<const uint8_t*>(content->data()), content->size());
    for (uint32_t t = 0; t < targets().size(); ++t) {
      bool selected = options.target == targets()[t].name || (options.target == "mix" && targets()[t].name.starts_with("diff_"));
      if (!selected) continue;
      Finding f;
      bool found = observe_in_child(options, shared, t, input, &f);
      std::printf("%s: %s: %s\n", file.c_str(), targets()[t].name.data(),
                  found ? (f.oracle + " " + f.mode + " " + f.what + " " + f.detail).c_str() : "ok");
      failed += found;
      if (found && options.triage) {
        record_finding(options, shared, &f);
        std::printf("  %s\n", f.file.c_str());
      }
    }
  }
  return failed == 0 ? api::kExitOk : failed >= api::kExitUsage ? failed : api::kExitDifference;
}

int run(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) return print_help(), api::kExitOk;
  }
  Options options;
  if (!parse_options(argc, argv, &options)) return api::kExitUsage;
  if (options.list) {
    for (const TargetInfo& t : targets()) std::printf("%-16s %s\n", t.name.data(), t.purpose.data());
    return api::kExitOk;
  }
  Shared* shared = map_shared();
  if (shared == nullptr) {
    std::perror("orus_fuzz: no shared memory");
    return api::kExitLimit;
  }
  if (!options.files.empty()) return replay(options, shared);
  CampaignResult result = run_campaign(options, shared);
  if (!options.json.empty() && !write_json(options, *shared, result)) {
    std::fprintf(stderr, "orus_fuzz: cannot write %s\n", options.json.c_str());
    return api::kExitNoFile;
  }
  return result.findings.empty() ? api::kExitOk : api::kExitDifference;
}

}  // namespace
}  // namespace orus::fuzz

int main(int argc, char** argv) {
  orus::fuzz::use_fast_memory();
  return orus::fuzz::run(argc, argv);
}
