// compile_unit: the pipeline from bytecode to bytes, and the dumps of its stages.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "jit/code/stages.h"
#include "jit/code/unit.h"
#include "jit/ir/ir_text.h"
#include "jit/regalloc/print.h"

namespace orus::jit {
namespace {

void record_exits(const Lowering& l, const RaResult& ra, CompiledUnit* out) {
  for (const LirExit& exit : l.out.exits) {
    ExitRecord record{.reason = exit.reason,
                      .raise = exit.raise,
                      .charged = l.fn.at(exit.frame).charged,
                      .frames = {},
                      .values = {},
                      .globals = {},
                      .hits = 0};
    if (exit.reason == ExitReason::hoisted_check) record.origin = l.fn.at(l.out.insts[exit.inst].source).aux;
    uint32_t next = exit.values.first;
    for (FrameId id = exit.frame; id.valid(); id = l.fn.at(id).parent) {
      const FrameState& state = l.fn.at(id);
      ExitFrame frame{state.function, state.pc, state.base_offset, static_cast<uint32_t>(record.values.size()),
                      static_cast<uint32_t>(state.values.size())};
      for (const FrameValue& value : state.values) {
        const Allocation& place = ra.cold_allocs[next];
        const Inst& source = l.fn.at(l.out.value_of[l.out.ra.cold_uses[next].index]);
        ++next;
        record.values.push_back({value.reg, l.fn.at(value.value).type, place, place.is_remat() ? static_cast<uint64_t>(source.imm) : 0});
      }
      for (const GlobalValue& global : state.globals) {
        const Allocation& place = ra.cold_allocs[next];
        const Inst& source = l.fn.at(l.out.value_of[l.out.ra.cold_uses[next].index]);
        ++next;
        record.globals.push_back({global.global, place, place.is_remat() ? static_cast<uint64_t>(source.imm) : 0});
      }
      record.frames.push_back(frame);
    }
    out->exits.push_back(std::move(record));
  }
}

void record_sites(const Lowering& l, const RaResult& ra, const EmittedUnit& emitted, CompiledUnit* out) {
  size_t map = 0;
  for (uint32_t i = 0; i < l.out.sites.size(); ++i) {
    const LirSite& site = l.out.sites[i];
    CallSite record{emitted.return_offsets[i], site.exit, {}, site.frame_refs};
    while (ra.safepoints[map].inst != site.inst) ++map;
    for (uint32_t slot : ra.slots_of(ra.safepoints[map])) record.slots.push_back(slot);
    out->sites.push_back(std::move(record));
  }
}

uint32_t count_ops(const Function& fn) {
  // Instructions translated: one fuel unit each, summed over the blocks that reached the unit.
  uint32_t ops = 0;
  const auto& code = fn.module->functions[fn.index].code;
  for (uint32_t pc = 0; pc < code.size(); pc += insn_length(code[pc])) ++ops;
  return ops;
}

/// Emits code that is never run: it names the module's bytecode where a VM's copy would stand.
EmittedUnit emit_for_reading(const LoweredUnit& lowered, const RaResult& allocation, const JitConfig& config, const Target& target) {
  const Function& ir = *lowered.ir;
  std::vector<Insn*> code;
  std::vector<void*> functions;
  for (const auto& fn : ir.module->functions) {
    code.push_back(const_cast<Insn*>(fn.code.data()));
    functions.push_back(nullptr);
  }
  EmitOptions emit;
  emit.baseline_isa = config.baseline_isa;
  emit.clobber = config.stress_clobber;
  emit.function = lowered.unit.function;
  emit.inline_depth = ir.inline_depth;
  emit.has_depth = !lowered.unit.is_loop;
  emit.code = code.data();
  emit.functions = functions.data();
  EmittedUnit emitted;
  target.emit(*lowered.lowering, allocation, emit, &emitted);
  return emitted;
}

}  // namespace

const CallSite* CompiledUnit::find_site(const uint8_t* return_address) const {
  auto offset = static_cast<uint32_t>(return_address - code);
  auto it = std::lower_bound(sites.begin(), sites.end(), offset, [](const CallSite& s, uint32_t o) { return s.return_offset < o; });
  ORUS_CHECK(it != sites.end() && it->return_offset == offset);
  return &*it;
}

Result<std::unique_ptr<CompiledUnit>> compile_unit(const Unit& unit, const JitConfig& config, const CodeAddresses& addresses, uint32_t id,
                                                   PassContext& ctx) {
  const Target& target = *host_target();
  auto start = std::chrono::steady_clock::now();
  CheckContext context("compiling", ctx.module.module.functions[unit.function].name.c_str());
  StageCache own;
  StageCache& stages = config.stages != nullptr ? *config.stages : own;
  ORUS_TRY(lowered, stages.lower(unit, target, ctx));
  ORUS_TRY(allocation, stages.allocate(*lowered, target, config));
  const Lowering& lowering = *lowered->lowering;

  auto out = std::make_unique<CompiledUnit>();
  EmitOptions emit;
  emit.baseline_isa = config.baseline_isa;
  emit.clobber = config.stress_clobber;
  emit.unit_id = id;
  emit.function = unit.function;
  emit.inline_depth = lowered->ir->inline_depth;
  emit.has_depth = !unit.is_loop;
  emit.code = addresses.code.data();
  emit.functions = addresses.functions.data();
  if (config.stress_exits) {
    out->forced = std::make_unique<int32_t[]>(lowering.out.exits.size());
    for (size_t i = 0; i < lowering.out.exits.size(); ++i) out->forced[i] = 1;
    emit.forced_exits = out->forced.get();
  }
  EmittedUnit emitted;
  target.emit(lowering, *allocation, emit, &emitted);
  out->unit = unit;
  out->bytecode_ops = count_ops(*lowered->ir);
  out->id = id;
  out->inline_depth = lowered->ir->inline_depth;
  out->frame_bytes = emitted.frame_bytes;
  out->entry_offset = emitted.entry;
  out->frame_entry_offset = emitted.frame_entry;
  out->bytes = std::move(emitted.bytes);
  out->exit_offsets = emitted.exit_offsets;
  out->checks_hoisted = ctx.options.hoist_checks;
  out->spills = allocation->stats.spilled_vregs;
  record_exits(lowering, *allocation, out.get());
  record_sites(lowering, *allocation, emitted, out.get());
  std::sort(out->sites.begin(), out->sites.end(), [](const CallSite& a, const CallSite& b) { return a.return_offset < b.return_offset; });
  out->compile_ns =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  return out;
}

/// A load of an element at an index that no check gave could float above the check that it was meant to have. Compiled
/// programs have none; stores stay where they are.
static bool has_loose_load(const Function& fn) {
  return std::any_of(fn.insts.begin(), fn.insts.end(), [&](const Inst& inst) {
    if (inst.dead || inst.op != IrOp::load_elem) return false;
    IrOp index = fn.at(fn.resolve(inst.args[1])).op;
    return index != IrOp::bounds && index != IrOp::pi && index != IrOp::constant;
  });
}

Status judge_unit(const VerifiedModule& module, const CompileOptions& options, const JudgeRequest& request) {
  const Target* target = host_target();
  if (target == nullptr) return Error{ErrorCode::kUnsupportedTarget, "no back end for this machine"};
  Unit unit{request.function, request.loop >= 0, static_cast<uint32_t>(std::max(request.loop, 0))};
  PassContext ctx{.module = module, .options = options};
  JitConfig config;
  config.stress_spill = request.spill;
  config.seed = request.seed;
  config.check_allocation = true;
  config.baseline_isa = request.baseline_isa;
  std::string loose;
  ctx.after_pass = [&](std::string_view pass, const Function& fn, bool, uint64_t) {
    if (loose.empty() && has_loose_load(fn)) loose = pass;
  };
  StageCache stages;
  ORUS_TRY(lowered, stages.lower(unit, *target, ctx));
  if (!loose.empty()) return Error{ErrorCode::kBadIr, "the index of an element load is not what a bounds check gave", "after " + loose};
  ORUS_TRY(allocation, stages.allocate(*lowered, *target, config));
  EmittedUnit emitted = emit_for_reading(*lowered, *allocation, config, *target);
  if (request.damage) request.damage(emitted.bytes);
  return target->judge(*lowered->lowering, *allocation, emitted);
}

/// The IR of `unit` after the pass `after`; after all without it.
Result<std::string> dump_ir(const VerifiedModule& module, const CompileOptions& options, const Unit& unit, std::string_view after) {
  std::string text;
  PassContext ctx{.module = module, .options = options};
  ctx.after_pass = [&](std::string_view pass, const Function& fn, bool, uint64_t) {
    if (pass == after) text = print_ir(fn);
  };
  std::unique_ptr<Function> ir = build_ir(module, unit, options);
  if (ir == nullptr) return Error{ErrorCode::kUsage, "the loop has no back edge"};
  if (after == "build") return print_ir(*ir);
  if (Status status = optimize(*ir, ctx); !status.ok()) return status.error();
  if (after.empty()) return print_ir(*ir);
  if (text.empty()) return Error{ErrorCode::kUsage, "no pass '" + std::string(after) + "' ran"};
  return text;
}

Result<std::string> dump_unit(const VerifiedModule& module, const CompileOptions& options, const DumpRequest& request) {
  if (request.function >= module.module.functions.size()) return Error{ErrorCode::kUsage, "no such function"};
  Unit unit{request.function, request.loop >= 0, static_cast<uint32_t>(std::max(request.loop, 0))};
  if (unit.is_loop && unit.loop >= module.module.functions[request.function].loops)
    return Error{ErrorCode::kUsage, "the function has no such loop"};
  if (request.stage == "ir") return dump_ir(module, options, unit, request.after);
  const Target* target = host_target();
  if (target == nullptr) return Error{ErrorCode::kUnsupportedTarget, "no back end for this machine"};
  PassContext ctx{.module = module, .options = options};
  JitConfig config;
  config.baseline_isa = request.baseline_isa;
  StageCache stages;
  ORUS_TRY(lowered, stages.lower(unit, *target, ctx));
  ORUS_TRY(allocation, stages.allocate(*lowered, *target, config));
  if (request.stage == "lir") return print_allocation(lowered->lowering->out.ra, allocation);
  EmittedUnit emitted = emit_for_reading(*lowered, *allocation, config, *target);
  std::string text = target->disassemble(emitted.bytes.data(), emitted.code_end, 0);
  for (size_t at = (emitted.code_end + 7) & ~size_t{7}; at + 8 <= emitted.bytes.size(); at += 8) {
    uint64_t constant;
    std::memcpy(&constant, emitted.bytes.data() + at, sizeof constant);
    text += fmt::format("  {:6x}  .quad 0x{:016x}\n", at, constant);
  }
  return text;
}

}  // namespace orus::jit
