// gen_bytecode_docs: writes docs/bytecode.md from the tables of vm/bytecode and the prose below.
//
//   gen_bytecode_docs FILE           write the page
//   gen_bytecode_docs --check FILE   exit 1 if the page is not what would be written
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "tools/gen_docs/bytecode_prose.h"
#include "vm/bytecode/opcode.h"
#include "vm/bytecode/text.h"
#include "vm/bytecode/verifier.h"

namespace {

using namespace orus;

/// Text for a table cell.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|' || c == '*' || c == '<') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  if (text.empty()) return "";
  std::string out = "`";
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out + "`";
}

std::string effect_names(uint32_t effects) {
  struct Name {
    uint32_t bit;
    std::string_view name;
  };
  static constexpr Name kNames[] = {{kMayRaise, "raises"},       {kMayGc, "allocates"},         {kReadHeap, "reads heap"},
                                    {kWriteHeap, "writes heap"}, {kReadGlobal, "reads global"}, {kWriteGlobal, "writes global"},
                                    {kBranch, "branches"},       {kTerminator, "ends block"},   {kCall, "calls"},
                                    {kSafepoint, "safepoint"},   {kOutput, "output"},           {kInput, "input"}};
  std::string out;
  for (const Name& n : kNames) {
    if ((effects & n.bit) == 0) continue;
    if (!out.empty()) out += ", ";
    out += n.name;
  }
  return out;
}

void print_opcodes(std::string& out) {
  out += "\n## Instructions\n\n";
  out += fmt::format("{} opcodes; the number is the encoding. `-` is an unused field, which is zero.\n", kOpCount);
  std::string_view family;
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    if (row.family != family) {
      family = row.family;
      out += fmt::format("\n**{}**\n\n| # | name | operands | kinds | effects | semantics |\n", family);
      out += "|---|---|---|---|---|---|\n";
    }
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", i, code(row.name), code(row.format), code(row.kinds), effect_names(row.effects),
                       cell(row.semantics));
  }
}

void print_builtins(std::string& out) {
  out += "\n## Builtins\n\nFunctions of the runtime that `rt` calls.\n\n";
  out += "| # | name | result | arguments | effects | semantics |\n|---|---|---|---|---|---|\n";
  for (size_t i = 0; i < kBuiltinCount; ++i) {
    const BuiltinInfo& row = kBuiltins[i];
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", i, code(row.name), code(row.result), code(row.arguments),
                       effect_names(row.effects), cell(row.semantics));
  }
}

void print_errors(std::string& out) {
  out += "\n## Error kinds\n\n| # | word |\n|---|---|\n";
  for (size_t i = 0; i < kErrorKindCount; ++i) out += fmt::format("| {} | {} |\n", i, kErrorKindWords[i]);
  out += "\n## Traps\n\nErrors that instructions and builtins raise, the same in every tier.\n\n";
  out += "| name | kind | message |\n|---|---|---|\n";
  for (const TrapInfo& trap : kTraps) {
    out += fmt::format("| {} | {} | {} |\n", trap.name, kErrorKindWords[static_cast<size_t>(trap.kind)], cell(trap.message));
  }
}

void print_limits(std::string& out) {
  out += "\n## Limits\n\n| limit | value |\n|---|---|\n";
  out += fmt::format("| registers of a function | {} |\n", kMaxRegisters);
  out += fmt::format("| words of code of a function | {} |\n", kMaxCode);
  out += fmt::format("| functions of a module | {} |\n", kMaxFunctions);
  out += fmt::format("| arrays in arrays | {} |\n", kMaxArrayNesting);
  out += fmt::format("| blocks times registers, summed over the functions of a module | {} |\n", kMaxFactBits);
  out += fmt::format("| passes over a function until its facts are stable | {} |\n", kMaxFactSweeps);
}

std::string page() {
  std::string out(kBytecodeProse);
  print_limits(out);
  out += kFormsProse;
  out += fmt::format("\nThis page describes version {}.\n", kObcVersion);
  print_opcodes(out);
  print_builtins(out);
  print_errors(out);
  return out;
}

int check(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  if (file && content.str() == page()) return 0;
  std::cerr << path << " is stale: run gen_bytecode_docs " << path << "\n";
  return 1;
}

int write(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << page();
  file.flush();
  if (file) return 0;
  std::cerr << "cannot write " << path << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--check") return check(argv[2]);
  if (argc == 2) return write(argv[1]);
  std::cerr << "usage: gen_bytecode_docs [--check] FILE\n";
  return 2;
}
