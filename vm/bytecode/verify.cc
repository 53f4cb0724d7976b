#include <fmt/format.h>

#include "vm/bytecode/verifier.h"
#include "vm/bytecode/verifier_parts.h"

namespace orus {

Error code_error(const Function& fn, uint32_t pc, std::string detail) {
  return {ErrorCode::kBadBytecode, std::move(detail), fmt::format("{}@{}", fn.name, pc)};
}

Result<std::unique_ptr<const VerifiedModule>> verify(Module module) {
  ORUS_TRY(checked, check_module(module));
  static_cast<void>(checked);
  auto verified = std::make_unique<VerifiedModule>();
  uint64_t fact_bits = kMaxFactBits;
  verified->facts.reserve(module.functions.size());
  for (const Function& fn : module.functions) {
    ORUS_TRY(starts, check_code(module, fn));
    ORUS_TRY(facts, compute_facts(fn, starts, &fact_bits));
    verified->facts.push_back(std::move(facts));
  }
  verified->module = std::move(module);
  return std::unique_ptr<const VerifiedModule>(std::move(verified));
}

}  // namespace orus
