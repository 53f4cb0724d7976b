#include "fuzz/targets/program.h"

#include "fuzz/gen/module_gen.h"

namespace orus::fuzz {

Module draw_program(Choices& choices, RunSettings* settings) {
  static constexpr int32_t kHot[] = {3, 2, 1, 7, 8, 16, 31, 64};
  static constexpr size_t kNurseries[] = {64 * 1024, 16 * 1024, 4 * 1024};
  settings->seed = 1 + choices.config.word() % 1000003;
  settings->hot = choices.config.pick(kHot);
  settings->nursery_bytes = choices.config.pick(kNurseries);
  return generate_module(choices);
}

Case make_case(std::span<const uint8_t> input, CaseStats* stats) {
  Choices choices(Dna::decode(input));
  Case out;
  Module module = draw_program(choices, &out.settings);
  auto verified = verify(std::move(module));
  if (!verified.ok()) {
    out.failure = Failure{"generator", "verify", "invalid", verified.error().where + ": " + verified.error().detail};
    return out;
  }
  stats->valid = true;
  out.module = std::move(verified).value();
  return out;
}

}  // namespace orus::fuzz
