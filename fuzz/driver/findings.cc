#include "fuzz/driver/findings.h"

#include <fmt/format.h>

#include <filesystem>

#include "api/program.h"
#include "fuzz/gen/module_gen.h"
#include "vm/bytecode/text.h"

namespace orus::fuzz {
namespace {

std::string key_of(const Finding& f) {
  std::string key = f.oracle + "-" + f.mode + "-" + f.what;
  if (!f.pass.empty()) key += "-" + f.pass;
  if (!f.op.empty()) key += "-" + f.op;
  for (char& c : key) {
    if (!isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.') c = '_';
  }
  return key;
}

std::string report_of(const Finding& f) {
  return fmt::format(
      "# {} in mode {}: {}\n\n{}\n\nTarget {}, found at execution {} after {:.1f} s.\n\nRun it again:\n\n"
      "    build/release/orus_fuzz --target={} {}/case.dna\n",
      f.oracle, f.mode, f.what, f.detail, f.target, f.executions, f.seconds, f.target, f.file);
}

}  // namespace

void record_finding(const Options& options, Shared* shared, Finding* f) {
  (void)shared;
  f->file = options.findings + "/" + key_of(*f);
  std::error_code error;
  std::filesystem::create_directories(f->file, error);
  std::string_view bytes(reinterpret_cast<const char*>(f->input.data()), f->input.size());
  bool written = api::write_file(f->file + "/case.dna", bytes).ok();
  Choices choices(Dna::decode(f->input));
  written = written && api::write_file(f->file + "/case.oasm", print_assembly(generate_module(choices))).ok();
  written = written && api::write_file(f->file + "/report.md", report_of(*f)).ok();
  if (!written) fmt::print(stderr, "orus_fuzz: cannot write to {}\n", f->file);
}

}  // namespace orus::fuzz
