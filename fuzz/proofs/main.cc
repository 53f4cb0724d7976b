// orus_proofs: proves the optimizer's local rewrite rules.
//
// Runs the passes themselves over the units of suite.h and proves for each that the unit after the pass does what the
// unit before it did, for all inputs. Groups whose units and results are as they were when they were last proved
// (proved.txt) are not asked about again. Fails when a group is refuted, when one is neither proved nor excused in
// unproved.txt, when an excuse is no longer needed, and when a named rule of jit/opt never fired.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "fuzz/proofs/encode.h"
#include "fuzz/proofs/ranges.h"
#include "fuzz/proofs/suite.h"
#include "jit/ir/ir_text.h"
#include "jit/pipeline.h"

namespace orus::proofs {
namespace {

constexpr const char* kUsage =
    "usage: orus_proofs [--source=DIR] [--update] [--all] [--only=TEXT] [--stop] [--time=MS] [--json=FILE]\n"
    "  --source=DIR  top of the source tree (default .)\n"
    "  --update      rewrite fuzz/proofs/proved.txt with what was proved\n"
    "  --all         prove again what proved.txt already has\n"
    "  --only=TEXT   only groups that contain TEXT\n"
    "  --stop        at the first refutation\n"
    "  --time=MS     for each question to the solver (default 2000)\n"
    "  --json=FILE   write rules, groups and verdicts\n"
    "Exit status: 0 everything proved or excused, 1 not, 64 wrong usage.\n";

struct Options {
  std::string source = ".", only, json;
  bool update = false, all = false, stop = false;
  unsigned milliseconds = 2000;
};

struct Group {
  uint64_t hash = 14695981039346656037u;
  size_t instances = 0, proved = 0;
  bool cached = false, refuted = false;
  std::string problem;          // of the first instance that was not proved
  std::set<std::string> rules;  // that fired
};

struct Run {
  Options options;
  std::map<std::string, Group> groups;
  std::map<std::string, uint64_t> fired;     // by rule: how often
  std::map<std::string, std::string> rules;  // declared: name -> file
  std::map<std::string, std::string> excuses;
  std::vector<std::string> failures;
};

void mix(uint64_t& hash, std::string_view text) {
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
}

/// Rule names are the string literals with an arrow in the code of the passes.
std::map<std::string, std::string> declared_rules(const std::string& source) {
  std::map<std::string, std::string> rules;
  std::regex literal("\"([^\"\\\\]* ->[^\"\\\\]*)\"");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source + "/jit/opt")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::string name = path.filename().string();
    if (!name.ends_with(".cc") || name.ends_with("_test.cc")) continue;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      size_t start = line.find_first_not_of(' ');
      if (start == std::string::npos || line.compare(start, 2, "//") == 0) continue;
      for (std::sregex_iterator it(line.begin(), line.end(), literal), end; it != end; ++it) rules[(*it)[1]] = "jit/opt/" + name;
    }
  }
  return rules;
}

/// "name | rest" lines; # starts a comment.
std::map<std::string, std::string> read_table(const std::string& path) {
  std::map<std::string, std::string> table;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    size_t bar = line.find(" | ");
    if (line.empty() || line[0] == '#' || bar == std::string::npos) continue;
    table[line.substr(0, bar)] = line.substr(bar + 3);
  }
  return table;
}

/// What a group was made of when it was proved, and how much of it was.
std::string fingerprint(const Group& group) { return fmt::format("{:016x} {}", group.hash, group.instances); }
std::string record_of(const Group& group) { return fmt::format("{} proved {}", fingerprint(group), group.proved); }

/// A unit before and after its pass.
struct Question {
  std::string group, text;
  std::optional<std::pair<jit::Function, jit::Function>> units;
  std::optional<RangeClaim> claim;
};

void apply_pass(Run& run, Instance& instance, std::vector<Question>& questions) {
  const jit::Pass* pass = jit::find_pass(instance.pass);
  ORUS_CHECK(pass != nullptr);
  Group& group = run.groups[instance.group];
  jit::CompileOptions options;
  jit::PassContext context{suite_module(), options};
  context.on_rewrite = [&](std::string_view rule) {
    ++run.fired[std::string(rule)];
    group.rules.emplace(rule);
  };
  std::string before_text = jit::print_ir(instance.before);
  Status valid = jit::verify_ir(instance.before);
  if (!valid.ok())
    return run.failures.push_back(instance.group + ": the suite made an invalid unit: " + valid.error().detail + "\n" + before_text);
  jit::Function after = instance.before;
  pass->run(after, context);
  valid = jit::verify_ir(after);
  std::string after_text = jit::print_ir(after);
  if (!valid.ok())
    return run.failures.push_back(instance.group + ": the pass broke the unit: " + valid.error().detail + "\n" + before_text + after_text);
  if (after_text == before_text) return;  // nothing to prove
  questions.push_back({instance.group, before_text + "=>\n" + after_text, std::pair(std::move(instance.before), std::move(after)), {}});
}

void decide(Run& run, const Question& question) {
  Group& group = run.groups[question.group];
  if (group.cached) return;
  Answer answer = question.claim ? prove(*question.claim, run.options.milliseconds)
                                 : equivalent(question.units->first, question.units->second, run.options.milliseconds);
  if (answer.verdict == Verdict::kProved) {
    ++group.proved;
    return;
  }
  bool refuted = answer.verdict == Verdict::kRefuted;
  if (group.problem.empty() || (refuted && !group.refuted))
    group.problem = (refuted ? "refuted " : "not decided: ") + answer.detail + "\n" + question.text;
  group.refuted = group.refuted || refuted;
}

void judge(Run& run) {
  for (auto& [name, group] : run.groups) {
    bool excused = run.excuses.contains(name);
    if (group.refuted) {
      run.failures.push_back(name + ": " + group.problem);
    } else if (group.proved < group.instances && !excused) {
      run.failures.push_back(fmt::format("{}: {} of {} not proved and not in unproved.txt; the first: {}", name,
                                         group.instances - group.proved, group.instances, group.problem));
    } else if (group.proved == group.instances && excused) {
      run.failures.push_back(name + ": is proved; take it out of fuzz/proofs/unproved.txt");
    }
  }
  if (!run.options.only.empty()) return;
  for (const auto& [name, reason] : run.excuses) {
    if (!run.groups.contains(name) && !run.rules.contains(name))
      run.failures.push_back(name + ": in unproved.txt, but no group or rule has this name");
  }
  for (const auto& [rule, file] : run.rules) {
    if (!run.fired.contains(rule) && !run.excuses.contains(rule)) {
      run.failures.push_back(fmt::format("{}: the rule \"{}\" never fired: add a shape to fuzz/proofs/suite.cc", file, rule));
    }
  }
  for (const auto& [rule, count] : run.fired) {
    if (!run.rules.contains(rule)) run.failures.push_back("a rule fired that the scan of jit/opt did not find: " + rule);
  }
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + "\"";
}

void write_json(const Run& run) {
  std::ofstream out(run.options.json);
  out << "{\n\"rules\": [";
  const char* separator = "\n";
  for (const auto& [rule, file] : run.rules) {
    auto fired = run.fired.find(rule);
    auto excuse = run.excuses.find(rule);
    out << separator
        << fmt::format("  {{\"rule\": {}, \"file\": {}, \"fired\": {}, \"excuse\": {}}}", json_text(rule), json_text(file),
                       fired == run.fired.end() ? 0 : fired->second, json_text(excuse == run.excuses.end() ? "" : excuse->second));
    separator = ",\n";
  }
  out << "\n],\n\"groups\": [";
  separator = "\n";
  for (const auto& [name, group] : run.groups) {
    auto excuse = run.excuses.find(name);
    out << separator
        << fmt::format("  {{\"group\": {}, \"instances\": {}, \"proved\": {}, \"refuted\": {}, \"excuse\": {}}}", json_text(name),
                       group.instances, group.proved, group.refuted, json_text(excuse == run.excuses.end() ? "" : excuse->second));
    separator = ",\n";
  }
  out << "\n],\n\"failures\": [";
  separator = "\n";
  for (const std::string& failure : run.failures) {
    out << separator << "  " << json_text(failure);
    separator = ",\n";
  }
  out << "\n]\n}\n";
}

void write_proved(const Run& run) {
  std::ofstream out(run.options.source + "/fuzz/proofs/proved.txt");
  out << "# group | fingerprint of its units before and after, how many, how many of them proved. Written by "
         "orus_proofs --update.\n";
  for (const auto& [name, group] : run.groups) {
    bool settled = group.proved == group.instances || run.excuses.contains(name);
    if (group.instances > 0 && settled && !group.refuted) out << name << " | " << record_of(group) << "\n";
  }
}

std::vector<Question> collect(Run& run) {
  std::vector<Question> questions;
  for (Instance& instance : make_suite()) {
    if (instance.group.find(run.options.only) != std::string::npos) apply_pass(run, instance, questions);
  }
  for (const RangeClaim& claim : range_claims()) {
    if (group_of(claim).find(run.options.only) != std::string::npos) questions.push_back({group_of(claim), text_of(claim), {}, claim});
  }
  for (const Question& question : questions) {
    Group& group = run.groups[question.group];
    mix(group.hash, question.text);
    ++group.instances;
  }
  return questions;
}

int prove_all(Options options) {
  Run run{.options = std::move(options), .groups = {}, .fired = {}, .rules = {}, .excuses = {}, .failures = {}};
  auto start = std::chrono::steady_clock::now();
  run.rules = declared_rules(run.options.source);
  run.excuses = read_table(run.options.source + "/fuzz/proofs/unproved.txt");
  auto known = read_table(run.options.source + "/fuzz/proofs/proved.txt");
  std::vector<Question> questions = collect(run);
  for (auto& [name, group] : run.groups) {
    auto it = known.find(name);
    std::string mark = fingerprint(group) + " proved ";
    group.cached = !run.options.all && it != known.end() && it->second.starts_with(mark);
    if (group.cached) group.proved = std::strtoul(it->second.c_str() + mark.size(), nullptr, 10);
  }
  size_t done = 0;
  for (const Question& question : questions) {
    auto asked = std::chrono::steady_clock::now();
    const Group& group = run.groups[question.group];
    decide(run, question);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - asked;
    if (took.count() > 1) fmt::print(stderr, "{:.1f} s: {}\n", took.count(), question.group);
    if (++done % 1000 == 0 && !group.cached) fmt::print(stderr, "{} of {}\n", done, questions.size());
    if (group.refuted && run.options.stop) break;
  }
  judge(run);
  size_t proved = 0, cached = 0, rules = 0;
  for (const auto& [name, group] : run.groups) {
    proved += group.proved;
    cached += group.cached ? group.instances : 0;
  }
  for (const auto& [rule, file] : run.rules) rules += run.fired.contains(rule) ? 1 : 0;
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{} of {} rules fired; {} of {} instances proved ({} of them known from proved.txt) in {} groups, {:.1f} s\n", rules,
             run.rules.size(), proved, questions.size(), cached, run.groups.size(), seconds.count());
  if (run.options.update) write_proved(run);
  if (!run.options.json.empty()) write_json(run);
  for (const std::string& failure : run.failures) fmt::print(stderr, "FAIL {}\n", failure);
  return run.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace orus::proofs

int main(int argc, char** argv) {
  orus::proofs::Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    auto value = [&](std::string_view name) { return arg.starts_with(name) ? std::string(arg.substr(name.size())) : std::string(); };
    if (arg == "--update") {
      options.update = true;
    } else if (arg == "--all") {
      options.all = true;
    } else if (arg == "--stop") {
      options.stop = true;
    } else if (std::string dir = value("--source="); !dir.empty()) {
      options.source = dir;
    } else if (std::string only = value("--only="); !only.empty()) {
      options.only = only;
    } else if (std::string time = value("--time="); !time.empty()) {
      options.milliseconds = static_cast<unsigned>(std::strtoul(time.c_str(), nullptr, 10));
    } else if (std::string json = value("--json="); !json.empty()) {
      options.json = json;
    } else {
      std::fputs(orus::proofs::kUsage, arg == "--help" ? stdout : stderr);
      return arg == "--help" ? 0 : 64;
    }
  }
  if (options.update && !options.only.empty()) {
    std::fputs("orus_proofs: --update needs every group\n", stderr);
    return 64;
  }
  return orus::proofs::prove_all(std::move(options));
}
