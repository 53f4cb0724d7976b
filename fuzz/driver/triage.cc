#include "fuzz/driver/triage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "api/program.h"
#include "fuzz/driver/module_editor.h"
#include "fuzz/driver/reduce.h"
#include "fuzz/driver/worker.h"
#include "fuzz/targets/program.h"

namespace orus::fuzz {
namespace {

constexpr uint32_t kChoiceAttempts = 150, kModuleAttempts = 4000;
constexpr double kCheckSeconds = 3;       // at most; a candidate that loops costs this much
constexpr double kReductionSeconds = 25;  // then what there is has to do
constexpr double kSlowdown = 30, kLeastSeconds = 0.2;
// A hang is what takes so many times longer than the interpreter. Each candidate that still hangs costs that much.
constexpr double kHangSlowdown = 200, kLeastHangSeconds = 1;

/// Runs one mode on a module in this process and tells whether it fails in the way that `like` did.
int fails_like(Module module, const Finding& like, const RunSettings& settings) {
  auto verified = verify(std::move(module));
  if (!verified.ok()) return kWorkerDone;
  CaseStats stats;
  auto failure = check_mode(**verified, like.mode, settings, &stats);
  return failure && failure->oracle == like.oracle && failure->what == like.what ? kWorkerFound : kWorkerDone;
}

Module module_of(Choices& choices) {
  RunSettings drawn;
  return draw_program(choices, &drawn);
}

/// Exit status of a child that shows the finding.
int expected_status(const Finding& f) {
  if (f.oracle == "hang") return -1;
  if (f.oracle != "crash") return kWorkerFound;
  int number = 0;
  size_t space = f.what.find(' ');
  if (space != std::string::npos) number = std::atoi(f.what.c_str() + space);
  return f.what.starts_with("signal") ? 128 + number : number;
}

class Triage {
 public:
  Triage(const Options& options, const Finding& finding) : options_(options), finding_(finding), expected_(expected_status(finding)) {}

  Triaged run() {
    Choices choices(Dna::decode(finding_.input));
    out_.module = module_of(choices);
    out_.input = finding_.input;
    out_.settings = finding_.settings;
    out_.has_module = true;
    bool hang = finding_.oracle == "hang";
    check_seconds_ = hang ? hang_seconds() : options_.case_seconds;
    uint64_t start = now_ns();
    out_.reproduced = shows(out_.module, out_.settings);
    if (!hang) check_seconds_ = std::clamp(kSlowdown * seconds_since(start), kLeastSeconds, kCheckSeconds);
    if (!out_.reproduced) {
      out_.story = "The failure did not show again in a fresh process.\n";
      return std::move(out_);
    }
    deadline_ns_ = now_ns() + static_cast<uint64_t>(kReductionSeconds * 1e9);
    if (options_.reduce) {
      Dna dna = choices.spelled_out();
      InputCheck input_check = [this](std::span<const uint8_t> input) {
        Choices c(Dna::decode(input));
        return in_time() && shows(module_of(c), finding_.settings);
      };
      if (input_check(dna.encode())) {
        out_.input = reduce_choices(dna, input_check, kChoiceAttempts);
        Choices reduced(Dna::decode(out_.input));
        out_.module = module_of(reduced);
      }
      ModuleCheck module_check = [this](const Module& m) { return in_time() && shows(m, finding_.settings); };
      out_.module = reduce_module(std::move(out_.module), module_check, kModuleAttempts);
    }
    bisect();
    out_.op = central_opcode();
    collect_messages();
    return std::move(out_);
  }

 private:
  bool in_time() const { return now_ns() < deadline_ns_; }

  static double seconds_since(uint64_t start_ns) { return static_cast<double>(now_ns() - start_ns) / 1e9; }

  bool shows(const Module& module, const RunSettings& settings) {
    return run_in_child(check_seconds_, nullptr, [&] { return fails_like(module, finding_, settings); }) == expected_;
  }

  /// How long a candidate may take before it counts as hanging.
  double hang_seconds() {
    Finding interpreted = finding_;
    interpreted.mode = "interpreter";
    uint64_t start = now_ns();
    run_in_child(options_.case_seconds, nullptr, [&] { return fails_like(out_.module, interpreted, out_.settings); });
    return std::clamp(kHangSlowdown * seconds_since(start), std::min(kLeastHangSeconds, options_.case_seconds), options_.case_seconds);
  }

  RunSettings with_first_passes(size_t count) {
    RunSettings settings = out_.settings;
    auto passes = jit::pipeline();
    for (size_t i = count; i < passes.size(); ++i) settings.disabled_passes.emplace_back(passes[i].name);
    return settings;
  }

  /// The shortest prefix of the pipeline that shows the failure ends with the guilty pass.
  void bisect() {
    const Mode* m = find_mode(finding_.mode);
    if (m == nullptr || m->engine == Engine::kInterpreter) return blame("interpreter", "No compiler takes part in this mode.");
    auto passes = jit::pipeline();
    if (shows(out_.module, with_first_passes(0)))
      return blame(m->engine == Engine::kIr ? "build" : back_end(), "It shows without any pass.");
    for (size_t i = 0; i < passes.size(); ++i) {
      if (m->level < passes[i].min_opt || !shows(out_.module, with_first_passes(i + 1))) continue;
      RunSettings without = out_.settings;
      without.disabled_passes.emplace_back(passes[i].name);
      out_.story += fmt::format("It shows when the pipeline ends with {}, not when it ends before.\n", passes[i].name);
      out_.story += fmt::format("With that pass alone switched off it {}.\n", shows(out_.module, without) ? "still shows" : "is gone");
      out_.pass = passes[i].name;
      return;
    }
    blame("unknown", "No prefix of the pipeline shows it.");
  }

  /// Without passes: is it in the IR already, or does it come with registers or instructions?
  std::string back_end() {
    if (finding_.what == "fuel") return "backend";  // the modes to compare with do not count
    Finding in_ir = finding_;
    in_ir.mode = "ir_O2";
    RunSettings none = with_first_passes(0);
    bool ir = run_in_child(kCheckSeconds, nullptr, [&] { return fails_like(out_.module, in_ir, none); }) == expected_;
    if (ir) return "build";
    const Mode* m = find_mode(finding_.mode);
    if ((m->flags & ~uint32_t{kCount}) != 0) return "backend";
    Finding spilled = finding_;
    spilled.mode = "spill_O2";
    bool also = run_in_child(kCheckSeconds, nullptr, [&] { return fails_like(out_.module, spilled, none); }) == expected_;
    out_.story += also ? "It shows with every value on the stack too.\n"
                       : "With every value on the stack it is gone: look at the register allocation.\n";
    return also ? "emit" : "regalloc";
  }

  void blame(std::string pass, std::string_view why) {
    out_.pass = std::move(pass);
    out_.story += std::string(why) + "\n";
  }

  /// The opcode of a reduced case that says most: not one that every program has.
  std::string central_opcode() {
    std::string found;
    for (const Function& fn : out_.module.functions) {
      for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
        const OpInfo& row = info(fn.code[pc].opcode());
        if (row.family == "move" || row.family == "loop" || row.family == "global" || row.name == "jump" || row.name.starts_with("ret"))
          continue;
        if (found.empty() || (row.family != "branch" && row.family != "call")) found = row.name;
      }
    }
    return found;
  }

  void collect_messages() {
    std::error_code none;  // then the path is that of the current folder
    std::string path = (std::filesystem::temp_directory_path(none) / "orus_fuzz_XXXXXX").string();
    int fd = mkstemp(path.data());
    if (fd < 0) {
      out_.messages = "(not collected: no temporary file " + path + ": " + std::strerror(errno) + ")\n";
      return;
    }
    close(fd);
    run_in_child(kCheckSeconds, path.c_str(), [&] { return fails_like(out_.module, finding_, out_.settings); });
    auto text = api::read_file(path);
    if (text.ok()) out_.messages = text->substr(0, 8000);
    unlink(path.c_str());
  }

  const Options& options_;
  const Finding& finding_;
  int expected_;
  double check_seconds_ = kCheckSeconds;
  uint64_t deadline_ns_ = 0;
  Triaged out_;
};

}  // namespace

int run_in_child(double seconds, const char* messages_file, const std::function<int()>& body) {
  pid_t child = fork();
  if (child == 0) {
    int out = open(messages_file != nullptr ? messages_file : "/dev/null", O_WRONLY | O_TRUNC);
    if (out >= 0) dup2(out, STDERR_FILENO);
    _exit(body());
  }
  if (child < 0) return 0;
  uint64_t limit = now_ns() + static_cast<uint64_t>(seconds * 1e9);
  int status = 0;
  for (useconds_t nap = 100; waitpid(child, &status, WNOHANG) == 0; nap = std::min<useconds_t>(nap * 2, 5000)) {
    usleep(nap);
    if (now_ns() < limit) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Triaged triage(const Options& options, Shared* shared, const Finding& finding) {
  (void)shared;
  return Triage(options, finding).run();
}

}  // namespace orus::fuzz
