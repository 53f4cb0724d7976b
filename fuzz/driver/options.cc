#include "fuzz/driver/options.h"

#include <charconv>
#include <cstdio>
#include <string_view>

#include "fuzz/targets/target.h"

namespace orus::fuzz {
namespace {

template <class T>
bool parse_number(std::string_view text, T* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool parse_option(std::string_view name, std::string_view value, Options* o) {
  if (name == "--target") return o->target = value, true;
  if (name == "--seed") return parse_number(value, &o->seed);
  if (name == "--time") return parse_number(value, &o->seconds) && o->seconds >= 0;
  if (name == "--runs") return parse_number(value, &o->runs);
  if (name == "--case-time") return parse_number(value, &o->case_seconds) && o->case_seconds > 0;
  if (name == "--findings") return o->findings = value, !value.empty();
  if (name == "--json") return o->json = value, !value.empty();
  if (name == "--mode") return o->mode = value, true;
  if (name == "--settings") return o->settings = value, true;
  if (name == "--keep") return o->keep = value, !value.empty();
  if (name == "--corpus") return o->corpus = value, !value.empty();
  return false;
}

bool parse_flag(std::string_view name, Options* o) {
  if (name == "--stop-on-finding") return o->stop_on_finding = true;
  if (name == "--no-reduce") return o->reduce = false, true;
  if (name == "--quiet") return o->quiet = true;
  if (name == "--triage") return o->triage = true;
  if (name == "--list") return o->list = true;
  return false;
}

}  // namespace

bool parse_options(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (!argument.starts_with("--")) {
      options->files.emplace_back(argument);
      continue;
    }
    size_t equals = argument.find('=');
    bool good = equals == std::string_view::npos ? parse_flag(argument, options)
                                                 : parse_option(argument.substr(0, equals), argument.substr(equals + 1), options);
    if (good) continue;
    std::fprintf(stderr, "orus_fuzz: bad option '%s'; try --help\n", argv[i]);
    return false;
  }
  if (options->target == "mix" || find_target(options->target) != nullptr) return true;
  std::fprintf(stderr, "orus_fuzz: no target '%s'; --list shows them\n", options->target.c_str());
  return false;
}

void print_help() {
  std::printf(
      "usage: orus_fuzz [options] [FILE...]\n\n"
      "Runs generated programs through a target until time or runs are used up. With FILEs (inputs, or .oasm modules)\n"
      "it replays these instead.\n\n"
      "  --target=T         what to run; --list shows the targets; mix (default): diff_fast and diff_deep, 7 to 1\n"
      "  --seed=N           same seed, same inputs (default 1)\n"
      "  --time=SECONDS     stop after this time\n"
      "  --runs=N           stop after N executions\n"
      "  --case-time=S      an input that takes longer counts as a hang (default 5)\n"
      "  --findings=DIR     a folder for each finding (default findings)\n"
      "  --corpus=DIR       inputs to start from\n"
      "  --keep=DIR         where inputs that did something new are written\n"
      "  --mode=M           of replayed .oasm files: this mode only, not all of them\n"
      "  --settings=TEXT    of replayed .oasm files, as reports give them\n"
      "  --json=FILE        counters, findings and the opcode grid\n"
      "  --stop-on-finding  end at the first one\n"
      "  --no-reduce        write findings as they are\n"
      "  --triage           reduce replayed inputs that fail and write findings for them\n"
      "  --quiet            no progress lines\n\n"
      "Exit codes: 0 nothing found, 1 findings, 64 usage.\n");
}

}  // namespace orus::fuzz
