// Machine code of every unit of a program: the same bytes when compiled again, and bytes that say, read back by a decoder
// that shares nothing with the emitter, what the LIR and the allocation say.
#include <fmt/format.h>

#include "fuzz/targets/program.h"
#include "jit/code/unit.h"
#include "jit/target/target.h"

namespace orus::fuzz {
namespace {

struct Compiler {
  const VerifiedModule& module;
  jit::JitConfig config;
  jit::CodeAddresses addresses = {};

  Compiler(const VerifiedModule& m, int level, const RunSettings& settings, bool counting) : module(m) {
    config.compile.opt_level = level;
    config.compile.counting = counting;
    config.compile.verify_each = true;
    config.check_allocation = true;
    config.seed = counting ? settings.seed : 0;
    for (const Function& fn : m.module.functions) {
      addresses.code.push_back(const_cast<Insn*>(fn.code.data()));
      addresses.functions.push_back(nullptr);
    }
  }

  Result<std::unique_ptr<jit::CompiledUnit>> compile(const jit::Unit& unit) {
    jit::PassContext context{.module = module, .options = config.compile};
    return jit::compile_unit(unit, config, addresses, 2, context);
  }
};

std::optional<Failure> check_unit(Compiler& compiler, const jit::Unit& unit, const RunSettings& settings) {
  auto first = compiler.compile(unit), second = compiler.compile(unit);
  auto fail = [&](const char* oracle, const char* what, std::string detail) {
    return Failure{oracle, fmt::format("O{}", compiler.config.compile.opt_level), what, std::move(detail), settings};
  };
  std::string name = fmt::format("function {}{}", unit.function, unit.is_loop ? fmt::format(" loop {}", unit.loop) : "");
  if (first.ok() != second.ok()) return fail("recompile", "unequal", name + ": only one of two compilations succeeded");
  if (!first.ok()) {
    if (first.error().code == ErrorCode::kUsage) return std::nullopt;
    return fail("compile", "refused", name + ": " + first.error().where + ": " + first.error().detail);
  }
  if ((*first)->bytes != (*second)->bytes) return fail("recompile", "unequal", name + ": two compilations gave different bytes");
  // Every value on the stack in one program of four: other forms of the same instructions.
  jit::JudgeRequest request{.function = unit.function,
                            .loop = unit.is_loop ? static_cast<int32_t>(unit.loop) : -1,
                            .spill = settings.seed / 2 % 4 == 0,
                            .seed = compiler.config.seed};
  Status judged = jit::judge_unit(compiler.module, compiler.config.compile, request);
  if (!judged.ok()) return fail("decoder", "unequal", name + ": " + judged.error().where + ": " + judged.error().detail);
  return std::nullopt;
}

}  // namespace

std::optional<Failure> target_emitter(std::span<const uint8_t> input, CaseStats* stats) {
  Case c = make_case(input, stats);
  if (c.failure) return c.failure;
  stats->announce("emitter", c.settings);
  if (jit::host_target() == nullptr) return std::nullopt;
  for (int level : {0, 2}) {
    Compiler compiler(*c.module, level, c.settings, (c.settings.seed & 1) != 0);
    const auto& functions = c.module->module.functions;
    for (uint32_t f = 0; f < functions.size(); ++f) {
      if (auto failure = check_unit(compiler, {f, false, 0}, c.settings)) return failure;
      for (uint32_t loop = 0; loop < functions[f].loops; ++loop) {
        if (auto failure = check_unit(compiler, {f, true, loop}, c.settings)) return failure;
      }
    }
  }
  return std::nullopt;
}

}  // namespace orus::fuzz
