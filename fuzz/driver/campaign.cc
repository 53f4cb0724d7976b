#include "fuzz/driver/campaign.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <new>
#include <set>

#include "fuzz/driver/findings.h"
#include "fuzz/driver/worker.h"
#include "fuzz/targets/target.h"

namespace orus::fuzz {
namespace {

constexpr double kProgressSeconds = 5;

double percent(uint64_t part, uint64_t whole) { return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole); }

void print_progress(const Shared& s, double seconds, double rate, size_t findings) {
  uint64_t cells = 0;
  for (const auto& row : s.grid) {
    for (const auto& cell : row) cells += cell != 0;
  }
  std::fprintf(stderr,
               "%6.0f s  %8llu execs  %6.0f/s  %6.0f/cpu s  valid %5.1f %%  native %5.1f %%  out of fuel %4.1f %%  early trap %4.1f %%  "
               "cells %llu  findings %zu\n",
               seconds, static_cast<unsigned long long>(s.executions), rate,
               s.cpu_ns == 0 ? 0 : static_cast<double>(s.executions) * 1e9 / static_cast<double>(s.cpu_ns), percent(s.valid, s.executions),
               percent(s.native, s.executions), percent(s.out_of_fuel, s.executions), percent(s.early, s.executions),
               static_cast<unsigned long long>(cells), findings);
}

/// How a worker ended, as a failure. False: it ended by itself, having found nothing.
bool describe_end(int status, bool hung, const Shared& s, Finding* f) {
  f->target = targets()[s.target].name;
  f->input.assign(s.input, s.input + s.input_size);
  f->settings = parse_settings(s.settings);
  f->about_program = find_mode(s.mode) != nullptr;
  if (hung) {
    f->oracle = "hang";
    f->mode = s.mode[0] != 0 ? s.mode : "any";
    f->what = "timeout";
    return true;
  }
  if (WIFSIGNALED(status)) {
    f->oracle = "crash";
    f->mode = s.mode[0] != 0 ? s.mode : "any";
    f->what = fmt::format("signal {}", WTERMSIG(status));
    return true;
  }
  if (WEXITSTATUS(status) == kWorkerDone) return false;
  if (WEXITSTATUS(status) != kWorkerFound) {
    f->oracle = "crash";
    f->mode = "any";
    f->what = fmt::format("exit {}", WEXITSTATUS(status));  // a sanitizer
    return true;
  }
  f->oracle = s.oracle;
  f->mode = s.mode;
  f->what = s.what;
  f->detail = s.detail;
  return true;
}

class Campaign {
 public:
  Campaign(const Options& options, Shared* shared) : options_(options), shared_(shared), start_(now_ns()) {
    if (options.seconds > 0) deadline_ = start_ + static_cast<uint64_t>(options.seconds * 1e9);
  }

  CampaignResult run() {
    while (!done_) one_worker();
    result_.seconds = seconds();
    if (!options_.quiet)
      print_progress(*shared_, result_.seconds, static_cast<double>(shared_->executions) / result_.seconds, result_.findings.size());
    return std::move(result_);
  }

 private:
  double seconds() const { return static_cast<double>(now_ns() - start_) / 1e9; }

  void one_worker() {
    pid_t worker = fork();
    if (worker == 0) run_worker(options_, shared_, deadline_);
    if (worker < 0) {
      std::perror("orus_fuzz: fork");
      done_ = true;
      return;
    }
    bool hung = false;
    int status = wait_for(worker, &hung);
    Finding finding;
    if (!describe_end(status, hung, *shared_, &finding)) {
      done_ = true;
      return;
    }
    if (shared_->case_started_ns != 0) ++shared_->executions;  // died inside a case: do not run it again
    shared_->case_started_ns = 0;
    shared_->mode[0] = 0;
    finding.executions = shared_->executions;
    finding.seconds = seconds();
    take(std::move(finding));
  }

  int wait_for(pid_t worker, bool* hung) {
    int status = 0;
    useconds_t nap = 200;
    while (waitpid(worker, &status, WNOHANG) == 0) {
      usleep(nap);
      nap = std::min<useconds_t>(nap * 2, 20000);
      uint64_t started = shared_->case_started_ns;
      if (started != 0 && now_ns() - started > static_cast<uint64_t>(options_.case_seconds * 1e9)) {
        kill(worker, SIGKILL);
        waitpid(worker, &status, 0);
        *hung = true;
        return status;
      }
      progress();
    }
    return status;
  }

  void progress() {
    double now = seconds();
    if (options_.quiet || now < next_progress_) return;
    uint64_t executions = shared_->executions;
    print_progress(*shared_, now, static_cast<double>(executions - last_executions_) / (now - last_seconds_), result_.findings.size());
    last_executions_ = executions;
    last_seconds_ = now;
    next_progress_ = now + kProgressSeconds;
  }

  /// New kinds of findings are triaged and kept; repeated ones are counted by the first.
  void take(Finding finding) {
    done_ = options_.stop_on_finding;
    std::string key = finding.oracle + " " + finding.mode + " " + finding.what;
    if (!options_.quiet) std::fprintf(stderr, "found: %s %s\n", key.c_str(), finding.detail.c_str());
    if (!seen_.insert(key).second) return;
    record_finding(options_, shared_, &finding);
    result_.findings.push_back(std::move(finding));
  }

  const Options& options_;
  Shared* shared_;
  uint64_t start_, deadline_ = 0;
  bool done_ = false;
  double next_progress_ = kProgressSeconds, last_seconds_ = 0;
  uint64_t last_executions_ = 0;
  std::set<std::string> seen_;
  CampaignResult result_;
};

}  // namespace

CampaignResult run_campaign(const Options& options, Shared* shared) { return Campaign(options, shared).run(); }

bool observe_in_child(const Options& options, Shared* shared, uint32_t target, std::span<const uint8_t> input, Finding* finding) {
  pid_t child = fork();
  if (child == 0) _exit(run_case(target, input, shared) ? kWorkerFound : kWorkerDone);
  if (child < 0) return false;
  uint64_t limit = now_ns() + static_cast<uint64_t>(options.case_seconds * 1e9);
  int status = 0;
  bool hung = false;
  for (useconds_t nap = 50; waitpid(child, &status, WNOHANG) == 0; nap = std::min<useconds_t>(nap * 2, 5000)) {
    usleep(nap);
    if (now_ns() < limit) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    hung = true;
    break;
  }
  bool failed = describe_end(status, hung, *shared, finding);
  shared->mode[0] = 0;
  shared->case_started_ns = 0;
  return failed;
}

Shared* map_shared() {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) Shared;
}

}  // namespace orus::fuzz
