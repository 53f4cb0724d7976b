// build, asm and verify: between the forms of a program.
#include <fmt/format.h>

#include "tools/orus/output.h"
#include "vm/bytecode/text.h"

namespace orus::tool {
namespace {

int write_bytecode(const Invocation& invocation, const api::Program& program) {
  std::vector<uint8_t> bytes = write_obc(program.module->module);
  Status written = api::write_file(invocation.options.output, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (written.ok()) return api::kExitOk;
  return plain_error(invocation, invocation.options.output, written.error().detail, api::kExitNoFile);
}

/// Loads the file as `form`, whatever its name says, and writes bytecode.
int convert(const Invocation& invocation, api::ProgramForm form) {
  if (invocation.options.output.empty()) return usage_error(invocation, "missing -o OUT, the output file");
  int exit_code = api::kExitOk;
  auto program = load_or_report(invocation, invocation.files[0], form, &exit_code);
  return program == nullptr ? exit_code : write_bytecode(invocation, *program);
}

}  // namespace

int build_command(const Invocation& invocation) {
  const std::string& file = invocation.files[0];
  auto form = file.ends_with(".oasm") ? api::ProgramForm::kAssembly : api::ProgramForm::kSource;
  return convert(invocation, form);
}

int asm_command(const Invocation& invocation) { return convert(invocation, api::ProgramForm::kAssembly); }

int verify_command(const Invocation& invocation) {
  int exit_code = api::kExitOk;
  for (const std::string& file : invocation.files) {
    bool text = file.ends_with(".orus") || file.ends_with(".oasm");
    auto program =
        text ? load_or_report(invocation, file, &exit_code) : load_or_report(invocation, file, api::ProgramForm::kBytecode, &exit_code);
    if (program == nullptr) continue;
    const Module& module = program->module->module;
    write_output(fmt::format("ok {} ({} functions)\n", file, module.functions.size()));
  }
  return exit_code;
}

}  // namespace orus::tool
