#include "jit/regalloc/regalloc.h"

#include "jit/regalloc/checker.h"
#include "jit/regalloc/demote.h"
#include "jit/regalloc/linear_scan.h"
#include "jit/regalloc/resolve.h"

namespace orus::jit {

Result<RaResult> allocate_linear_scan(const RaFunction& fn, const RaEnv& env, const RaOptions& options) {
  if (auto status = validate_ra_function(fn, env); !status.ok()) return status.error();
  ORUS_TRY(analysis, ra::analyse(fn));
  ORUS_TRY(assignment, ra::linear_scan(analysis, env, options));
  if (options.random_seed % 2 == 0) ra::demote_unprofitable(analysis, assignment);
  RaResult result = ra::resolve(analysis, env, options, assignment);
  if constexpr (kChecksAllocations) {
    Status verdict = check_allocation(fn, env, result);
    std::string problem = verdict.ok() ? "" : verdict.error().where + ": " + verdict.error().detail;
    CheckContext context("register allocation", problem.c_str());
    ORUS_CHECK(verdict.ok());
  }
  return result;
}

namespace {
constexpr RegisterAllocator kAllocators[] = {
    {"linear-scan", allocate_linear_scan},
};
}  // namespace

std::span<const RegisterAllocator> register_allocators() { return kAllocators; }

const RegisterAllocator* find_register_allocator(std::string_view name) {
  for (const RegisterAllocator& allocator : kAllocators) {
    if (allocator.name == name) return &allocator;
  }
  return nullptr;
}

}  // namespace orus::jit
