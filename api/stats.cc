#include "api/stats.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace orus::api {
namespace {

using Json = nlohmann::ordered_json;

Json exits_json(const RunStats& stats) {
  Json out = Json::object();
  for (size_t i = 0; i < jit::kExitReasonCount; ++i) {
    if (stats.jit.exits[i] != 0) out[std::string(jit::kExitReasons[i].name)] = stats.jit.exits[i];
  }
  return out;
}

Json bailouts_json(const RunStats& stats) {
  Json out = Json::object();
  for (size_t i = 0; i < stats.jit.bailouts.size(); ++i) {
    std::string name = i == 0 ? "code_memory_full" : fmt::format("reason_{}", i);
    if (stats.jit.bailouts[i] != 0) out[name] = stats.jit.bailouts[i];
  }
  if (stats.code_memory_refused != 0) out["code_memory_refused"] = stats.code_memory_refused;
  return out;
}

Json passes_json(const RunStats& stats) {
  Json out = Json::object();
  for (const auto& [name, ns] : stats.jit.pass_ns) out[name] = ns;
  return out;
}

Json gc_json(const HeapStats& heap) {
  return {{"collections", heap.minor_collections + heap.full_collections},
          {"minor", heap.minor_collections},
          {"full", heap.full_collections},
          {"allocated_bytes", heap.allocated_bytes},
          {"copied_bytes", heap.copied_bytes},
          {"pause_ns_total", heap.pause_ns_total},
          {"pause_ns_max", heap.pause_ns_max}};
}

double compile_ns_per_op(const jit::JitStats& jit) {
  return jit.compiled_ops == 0 ? 0 : static_cast<double>(jit.compile_ns) / static_cast<double>(jit.compiled_ops);
}

Json to_json(const RunStats& stats) {
  return {{"interpreted_ops", stats.ops.interpreted_ops},
          {"native_ops", stats.ops.native_ops},
          {"native_coverage", stats.native_coverage()},
          {"functions_compiled", stats.jit.functions_compiled},
          {"loops_compiled", stats.jit.loops_compiled},
          {"recompiled", stats.jit.recompiled},
          {"evicted", stats.jit.evicted},
          {"compile_ns", stats.jit.compile_ns},
          {"compiled_ops", stats.jit.compiled_ops},
          {"compile_ns_per_op", compile_ns_per_op(stats.jit)},
          {"code_bytes", stats.jit.code_bytes},
          {"exits", exits_json(stats)},
          {"bailouts", bailouts_json(stats)},
          // Always empty: the IR builder is generated from the opcode table, so an opcode without a translation does
          // not compile. The key stays, for tools that watch it.
          {"unsupported_opcodes", Json::array()},
          {"spills", stats.jit.spills},
          {"passes", passes_json(stats)},
          {"gc", gc_json(stats.heap)},
          {"peak_heap_bytes", stats.heap.peak_bytes},
          {"load_ns", stats.load_ns},
          {"run_ns", stats.run_ns},
          {"cpu_ns", stats.cpu_ns}};
}

void append_lines(std::string& out, const std::string& prefix, const Json& object) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      append_lines(out, prefix + key + ".", value);
    } else if (!value.is_array()) {
      std::string text = value.is_number_float() ? fmt::format("{:.4f}", value.get<double>()) : value.dump();
      out += fmt::format("{:<28} {:>16}\n", prefix + key, text);
    }
  }
}

}  // namespace

double RunStats::native_coverage() const {
  uint64_t all = ops.interpreted_ops + ops.native_ops;
  return all == 0 ? 0 : static_cast<double>(ops.native_ops) / static_cast<double>(all);
}

std::string stats_json(const RunStats& stats) { return to_json(stats).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string stats_text(const RunStats& stats) {
  std::string out;
  append_lines(out, "", to_json(stats));
  return out;
}

}  // namespace orus::api
