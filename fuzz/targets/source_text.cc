// Programs in source text: the front end accepts or refuses in order, and what it accepts verifies and runs alike.
#include "fuzz/gen/source_gen.h"
#include "fuzz/targets/program.h"
#include "lang/orus/compile.h"

namespace orus::fuzz {

std::optional<Failure> target_source_text(std::span<const uint8_t> input, CaseStats* stats) {
  Choices choices(Dna::decode(input));
  RunSettings settings;
  settings.seed = 1 + choices.config.word() % 1000003;
  SourceProgram program = generate_source(choices);
  stats->announce("source", settings);
  auto compiled = lang::compile_orus(program.text, "fuzz.orus");
  if (!compiled.module) {
    if (compiled.diagnostics.empty())
      return Failure{"front_end", "source", "silent", "refused without a diagnostic:\n" + program.text, settings};
    return std::nullopt;
  }
  auto verified = verify(std::move(*compiled.module));
  if (!verified.ok())
    return Failure{"front_end", "source", "invalid", verified.error().where + ": " + verified.error().detail + "\n" + program.text,
                   settings};
  stats->valid = true;
  static constexpr ModeId kModes[] = {ModeId::native_O2, ModeId::counted_O0, ModeId::exits_O2};
  auto failure = diff_module(**verified, kModes, settings, stats);
  if (failure) failure->detail += "\n" + program.text;
  return failure;
}

}  // namespace orus::fuzz
