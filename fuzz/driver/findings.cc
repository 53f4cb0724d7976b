#include "fuzz/driver/findings.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>

#include "api/program.h"
#include "fuzz/driver/module_editor.h"
#include "fuzz/driver/triage.h"
#include "vm/bytecode/text.h"

namespace orus::fuzz {
namespace {

std::string key_of(const Finding& f) {
  std::string key;
  for (const std::string& part : {f.oracle, f.mode, f.what, f.pass, f.op}) {
    if (!part.empty()) key += (key.empty() ? "" : "-") + part;
  }
  for (char& c : key) {
    if (isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-' && c != '.') c = '_';
  }
  return key;
}

std::string report_of(const Finding& f, const Triaged& t) {
  std::string out = fmt::format("# {} in mode {}: {}\n\n{}\n\n", f.oracle, f.mode, f.what, f.detail);
  out += fmt::format("Target {}, execution {}, after {:.1f} s. Settings: `{}`\n\n", f.target, f.executions, f.seconds,
                     print_settings(f.settings));
  if (!t.pass.empty())
    out += fmt::format("Guilty: **{}**\n\n{}\n", t.pass, t.story);
  else
    out += t.story + "\n";
  if (t.has_module) {
    out += fmt::format(
        "Reduced to {} instructions in case.oasm. Run it again:\n\n    build/release/orus_fuzz --mode={} --settings='{}' {}/case.oasm\n\n",
        instruction_count(t.module), f.mode, print_settings(t.settings), f.file);
    out += fmt::format("The whole input:\n\n    build/release/orus_fuzz --target={} {}/case.dna\n", f.target, f.file);
  } else {
    out += fmt::format("Run it again:\n\n    build/release/orus_fuzz --target={} {}/case.dna\n", f.target, f.file);
  }
  if (!t.messages.empty()) out += "\nIt writes:\n\n```\n" + t.messages + "\n```\n";
  return out;
}

}  // namespace

void record_finding(const Options& options, Shared* shared, Finding* f) {
  Triaged triaged;
  if (f->about_program) triaged = triage(options, shared, *f);
  f->pass = triaged.pass;
  f->op = triaged.op;
  f->file = options.findings + "/" + key_of(*f);
  std::error_code error;
  std::filesystem::create_directories(f->file, error);
  const std::vector<uint8_t>& input = triaged.has_module ? triaged.input : f->input;
  bool written = api::write_file(f->file + "/case.dna", {reinterpret_cast<const char*>(input.data()), input.size()}).ok();
  if (triaged.has_module) written = written && api::write_file(f->file + "/case.oasm", print_assembly(triaged.module)).ok();
  written = written && api::write_file(f->file + "/report.md", report_of(*f, triaged)).ok();
  if (!written) fmt::print(stderr, "orus_fuzz: cannot write to {}\n", f->file);
}

}  // namespace orus::fuzz
