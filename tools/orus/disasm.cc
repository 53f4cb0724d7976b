// disasm: a program at any stage between bytecode and machine code.
#include "api/session.h"
#include "jit/jit_tier.h"
#include "jit/target/target.h"
#include "tools/orus/output.h"
#include "vm/bytecode/text.h"

namespace orus::tool {
namespace {

constexpr std::string_view kStageNames[] = {"bytecode", "ir", "lir", "asm"};

/// The functions to print, by index. Errors: kUsage when there is none of that name.
Result<std::vector<uint32_t>> chosen_functions(const Module& module, const std::string& name) {
  std::vector<uint32_t> out;
  for (uint32_t i = 0; i < module.functions.size(); ++i) {
    if (name.empty() || module.functions[i].name == name) out.push_back(i);
  }
  if (out.empty()) return Error{ErrorCode::kUsage, "--function: there is no function '" + name + "'"};
  return out;
}

int print_bytecode(const CommandOptions& options, const Module& module, const std::vector<uint32_t>& functions, std::string* out) {
  if (options.function.empty()) {
    *out = print_assembly(module);
  } else {
    for (uint32_t index : functions) *out += print_assembly(module, FunctionId{index});
  }
  return api::kExitOk;
}

int print_compiled(const Invocation& invocation, const VerifiedModule& module, const std::vector<uint32_t>& functions, std::string* out) {
  const CommandOptions& options = invocation.options;
  jit::JitConfig config = api::jit_config(invocation.config, invocation.config.fuel.value >= 0);
  for (uint32_t index : functions) {
    jit::DumpRequest request;
    request.stage = kStageNames[static_cast<size_t>(options.stage)];
    request.after = options.after;
    request.function = index;
    request.baseline_isa = config.baseline_isa;
    if (options.loop.value >= 0) {
      uint32_t loops = module.module.functions[index].loops;
      if (options.loop.value >= loops) {
        if (options.function.empty()) continue;
        return usage_error(invocation, "--loop: '" + options.function + "' has " + std::to_string(loops) + " loops");
      }
      request.loop = static_cast<int32_t>(options.loop.value);
    }
    auto text = jit::dump_unit(module, config.compile, request);
    if (!text.ok()) return plain_error(invocation, invocation.files[0], text.error().detail, api::kExitCompile);
    if (!out->empty()) *out += "\n";
    *out += *text;
  }
  return api::kExitOk;
}

}  // namespace

int disasm_command(const Invocation& invocation) {
  const CommandOptions& options = invocation.options;
  if (!options.after.empty() && options.after != "build" && jit::find_pass(options.after) == nullptr) {
    return usage_error(invocation, "--after: there is no pass '" + options.after + "'");
  }
  if (!options.target.empty() && jit::find_target(options.target) == nullptr) {
    return usage_error(invocation, "--target: '" + options.target + "' is no machine that this build has a back end for");
  }
  int exit_code = api::kExitOk;
  auto program = load_or_report(invocation, invocation.files[0], &exit_code);
  if (program == nullptr) return exit_code;
  const Module& module = program->module->module;
  auto functions = chosen_functions(module, options.function);
  if (!functions.ok()) return usage_error(invocation, functions.error().detail);
  std::string text;
  exit_code = options.stage == Stage::kBytecode ? print_bytecode(options, module, *functions, &text)
                                                : print_compiled(invocation, *program->module, *functions, &text);
  if (exit_code != api::kExitOk) return exit_code;
  if (options.output.empty()) {
    write_output(text);
    return api::kExitOk;
  }
  Status written = api::write_file(options.output, text);
  return written.ok() ? exit_code : plain_error(invocation, options.output, written.error().detail, api::kExitNoFile);
}

}  // namespace orus::tool
