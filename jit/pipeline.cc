// The optimizer on one page. Order matters; each row says why it stands where it does.
#include "jit/pipeline.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "jit/ir/ir_text.h"
#include "jit/opt/passes.h"

namespace orus::jit {
namespace {

constexpr Pass kPipeline[] = {
    {"simplify-phis", simplify_phis, 0, "drop block parameters that always get the same value"},
    {"fold-constants", fold_constants, 1, "compute what is known; fewer values to number"},
    {"number-values", number_values, 1, "replace what was computed or loaded before"},
    {"promote-globals", promote_globals, 2, "module variables of a loop live in registers; needs loads numbered"},
    {"hoist-invariants", hoist_invariants, 2, "compute before a loop what stays the same in it"},
    {"number-values-again", number_values, 2, "checks and loads that met in front of a loop"},
    {"fold-constants-again", fold_constants, 2, "null checks of promoted globals"},
    {"eliminate-checks", eliminate_checks, 2, "drop checks that ranges and dominating conditions prove"},
    {"hoist-checks", hoist_checks, 2, "checks of every iteration move in front of the loop"},
    {"eliminate-checks-again", eliminate_checks, 2, "the copies in front of loops are often certain"},
    {"convert-branches", convert_branches, 2, "short conditional updates become conditional values"},
    {"reduce-strength", reduce_strength, 1, "divisions by constants become multiplications and shifts"},
    {"eliminate-dead", eliminate_dead, 0, "drop values that nothing uses"},
};

/// Whether an earlier run of this row's pass left the function alone as it is now: then so would another one.
bool found_nothing(size_t row, uint32_t version, std::span<const uint32_t> left_alone) {
  for (size_t earlier = 0; earlier < row; ++earlier) {
    if (kPipeline[earlier].run == kPipeline[row].run && left_alone[earlier] == version) return true;
  }
  return false;
}

}  // namespace

std::span<const Pass> pipeline() { return kPipeline; }

const Pass* find_pass(std::string_view name) {
  for (const Pass& pass : kPipeline) {
    if (pass.name == name) return &pass;
  }
  return nullptr;
}

Status optimize(Function& fn, PassContext& ctx) {
  int32_t fuel = ctx.options.pass_fuel;
  const auto& off = ctx.options.disabled_passes;
  uint32_t version = 1;                          // counts changes of the function
  std::array<uint32_t, std::size(kPipeline)> left_alone{};  // by row: the version in which its pass found nothing to do
  for (size_t row = 0; row < std::size(kPipeline); ++row) {
    const Pass& pass = kPipeline[row];
    if (ctx.options.opt_level < pass.min_opt || fuel <= 0) continue;
    if (std::find(off.begin(), off.end(), pass.name) != off.end()) continue;
    if (ctx.cancelled != nullptr && ctx.cancelled->load(std::memory_order_relaxed)) return Error{ErrorCode::kCancelled, "compilation"};
    CheckContext context("pass", pass.name.data());
    auto start = std::chrono::steady_clock::now();
    bool changed = !found_nothing(row, version, left_alone) && pass.run(fn, ctx);
    auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
    fuel -= changed ? 1 : 0;
    version += changed ? 1 : 0;
    left_alone[row] = changed ? 0 : version;
    if (ctx.options.verify_each) {
      Status status = verify_ir(fn);
      if (!status.ok()) {
        Error error = status.error();
        error.where = std::string(pass.name) + ": " + error.where;
        return error;
      }
    }
    if (ctx.after_pass) ctx.after_pass(pass.name, fn, changed, static_cast<uint64_t>(ns));
  }
  return Ok{};
}

}  // namespace orus::jit
