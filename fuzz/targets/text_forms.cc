// The written forms round-trip: assembly, binary, IR.
#include "fuzz/targets/program.h"
#include "jit/build/build_ir.h"
#include "jit/ir/ir_text.h"
#include "vm/bytecode/text.h"

namespace orus::fuzz {
namespace {

std::optional<Failure> check_ir(const VerifiedModule& module, const jit::Unit& unit, int level, const RunSettings& settings) {
  jit::CompileOptions options;
  options.opt_level = level;
  auto fn = jit::build_ir(module, unit, options);
  if (fn == nullptr) return std::nullopt;
  jit::PassContext context{.module = module, .options = options};
  auto fail = [&](const char* what, std::string detail) { return Failure{"text", "ir", what, std::move(detail), settings}; };
  if (level > 0) {
    Status status = jit::optimize(*fn, context);
    if (!status.ok()) return fail("broken", status.error().where + ": " + status.error().detail);
  }
  Status valid = jit::verify_ir(*fn);
  if (!valid.ok()) return fail("broken", valid.error().where + ": " + valid.error().detail);
  std::string text = print_ir(*fn);
  auto again = jit::parse_ir(text, module.module);
  if (!again.ok()) return fail("unreadable", again.error().where + ": " + again.error().detail + "\n" + text);
  if (print_ir(*again) != text) return fail("unequal", text);
  return std::nullopt;
}

}  // namespace

std::optional<Failure> target_text_forms(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  stats->announce("text", c.settings);
  const Module& module = c.module->module;
  auto fail = [&](const char* mode, const char* what, const std::string& detail) {
    return Failure{"text", mode, what, detail, c.settings};
  };
  std::string text = print_assembly(module);
  auto parsed = parse_assembly(text, "fuzz.oasm");
  if (!parsed.ok()) return fail("assembly", "unreadable", parsed.error().where + ": " + parsed.error().detail);
  if (!(*parsed == module)) return fail("assembly", "unequal", "the parsed module differs");
  auto read = read_obc(write_obc(module));
  if (!read.ok()) return fail("binary", "unreadable", read.error().where + ": " + read.error().detail);
  if (!(*read == module)) return fail("binary", "unequal", "the module read differs");
  for (uint32_t f = 0; f < module.functions.size(); ++f) {
    for (int level : {0, 2}) {
      if (auto failure = check_ir(*c.module, {f, false, 0}, level, c.settings)) return failure;
      for (uint32_t loop = 0; loop < module.functions[f].loops; ++loop) {
        if (auto failure = check_ir(*c.module, {f, true, loop}, level, c.settings)) return failure;
      }
    }
  }
  return std::nullopt;
}

}  // namespace orus::fuzz
