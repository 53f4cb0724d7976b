// compile_unit: the pipeline from bytecode to bytes, and the dumps of its stages.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "jit/code/unit.h"
#include "jit/ir/ir_text.h"
#include "jit/regalloc/checker.h"
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

struct Stages {
  std::unique_ptr<Function> ir;
  std::unique_ptr<Lowering> lowering;
  RaResult allocation;
  EmittedUnit emitted;
};

Status allocate(const JitConfig& config, const Target& target, Stages* s) {
  RaOptions options;
  options.spill_everything = config.stress_spill;
  options.random_seed = config.stress_spill ? 0 : config.seed;
  Result<RaResult> result = allocate_linear_scan(s->lowering->out.ra, target.registers(), options);
  if (!result.ok()) return result.error();
  s->allocation = std::move(result).value();
  if (config.check_allocation && !kChecksAllocations) return check_allocation(s->lowering->out.ra, target.registers(), s->allocation);
  return Ok{};
}

/// Emits code that is never run: it names the module's bytecode where a VM's copy would stand.
void emit_for_reading(const VerifiedModule& module, const Unit& unit, const JitConfig& config, const Target& target, Stages* s) {
  std::vector<Insn*> code;
  std::vector<void*> functions;
  for (const auto& fn : module.module.functions) {
    code.push_back(const_cast<Insn*>(fn.code.data()));
    functions.push_back(nullptr);
  }
  EmitOptions emit;
  emit.baseline_isa = config.baseline_isa;
  emit.clobber = config.stress_clobber;
  emit.function = unit.function;
  emit.inline_depth = s->ir->inline_depth;
  emit.has_depth = !unit.is_loop;
  emit.code = code.data();
  emit.functions = functions.data();
  target.emit(*s->lowering, s->allocation, emit, &s->emitted);
}

}  // namespace

const CallSite* CompiledUnit::find_site(const uint8_t* return_address) const {
  auto offset = static_cast<uint32_t>(return_address - code);
  auto it = std::lower_bound(sites.begin(), sites.end(), offset, [](const CallSite& s, uint32_t o) { return s.return_offset < o; });
  ORUS_CHECK(it != sites.end() && it->return_offset == offset);
  return &*it;
}

Result<std::unique_ptr<CompiledUnit>> compile_unit(const VerifiedModule& module, const Unit& unit, const JitConfig& config,
                                                   const CompileOptions& options, const CodeAddresses& addresses, uint32_t id,
                                                   PassContext& ctx) {
  const Target& target = *host_target();
  auto start = std::chrono::steady_clock::now();
  CheckContext context("compiling", module.module.functions[unit.function].name.c_str());
  auto out = std::make_unique<CompiledUnit>();
  Stages s;
  s.ir = build_ir(module, unit, options);
  if (s.ir == nullptr) return Error{ErrorCode::kBadIr, "a loop without a back edge"};
  if (options.verify_each) {
    Status status = verify_ir(*s.ir);
    if (!status.ok()) return Error{status.error().code, status.error().detail, "build: " + status.error().where};
  }
  Status status = optimize(*s.ir, ctx);
  if (!status.ok()) return status.error();
  out->bytecode_ops = count_ops(*s.ir);
  s.lowering = std::make_unique<Lowering>(*s.ir, module, options);
  target.select(*s.lowering);
  status = allocate(config, target, &s);
  if (!status.ok()) return status.error();

  EmitOptions emit;
  emit.baseline_isa = config.baseline_isa;
  emit.clobber = config.stress_clobber;
  emit.unit_id = id;
  emit.function = unit.function;
  emit.inline_depth = s.ir->inline_depth;
  emit.has_depth = !unit.is_loop;
  emit.code = addresses.code.data();
  emit.functions = addresses.functions.data();
  if (config.stress_exits) {
    out->forced = std::make_unique<int32_t[]>(s.lowering->out.exits.size());
    for (size_t i = 0; i < s.lowering->out.exits.size(); ++i) out->forced[i] = 1;
    emit.forced_exits = out->forced.get();
  }
  target.emit(*s.lowering, s.allocation, emit, &s.emitted);
  out->unit = unit;
  out->id = id;
  out->inline_depth = s.ir->inline_depth;
  out->frame_bytes = s.emitted.frame_bytes;
  out->entry_offset = s.emitted.entry;
  out->frame_entry_offset = s.emitted.frame_entry;
  out->bytes = std::move(s.emitted.bytes);
  out->exit_offsets = s.emitted.exit_offsets;
  out->checks_hoisted = options.hoist_checks;
  out->spills = s.allocation.stats.spilled_vregs;
  record_exits(*s.lowering, s.allocation, out.get());
  record_sites(*s.lowering, s.allocation, s.emitted, out.get());
  std::sort(out->sites.begin(), out->sites.end(), [](const CallSite& a, const CallSite& b) { return a.return_offset < b.return_offset; });
  out->compile_ns =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  return out;
}

Status judge_unit(const VerifiedModule& module, const CompileOptions& options, const JudgeRequest& request) {
  const Target* target = host_target();
  if (target == nullptr) return Error{ErrorCode::kUnsupportedTarget, "no back end for this machine"};
  Unit unit{request.function, request.loop >= 0, static_cast<uint32_t>(std::max(request.loop, 0))};
  PassContext ctx{.module = module, .options = options};
  Stages s;
  s.ir = build_ir(module, unit, options);
  if (s.ir == nullptr) return Error{ErrorCode::kUsage, "the loop has no back edge"};
  if (Status status = optimize(*s.ir, ctx); !status.ok()) return status;
  s.lowering = std::make_unique<Lowering>(*s.ir, module, options);
  target->select(*s.lowering);
  JitConfig config;
  config.stress_spill = request.spill;
  config.seed = request.seed;
  config.check_allocation = true;
  config.baseline_isa = request.baseline_isa;
  if (Status status = allocate(config, *target, &s); !status.ok()) return status;
  emit_for_reading(module, unit, config, *target, &s);
  if (request.damage) request.damage(s.emitted.bytes);
  return target->judge(*s.lowering, s.allocation, s.emitted);
}

Result<std::string> dump_unit(const VerifiedModule& module, const CompileOptions& options, const DumpRequest& request) {
  if (request.function >= module.module.functions.size()) return Error{ErrorCode::kUsage, "no such function"};
  Unit unit{request.function, request.loop >= 0, static_cast<uint32_t>(std::max(request.loop, 0))};
  if (unit.is_loop && unit.loop >= module.module.functions[request.function].loops)
    return Error{ErrorCode::kUsage, "the function has no such loop"};
  std::string after;
  PassContext ctx{.module = module, .options = options};
  ctx.after_pass = [&](std::string_view pass, const Function& fn, bool, uint64_t) {
    if (pass == request.after) after = print_ir(fn);
  };
  Stages s;
  s.ir = build_ir(module, unit, options);
  if (s.ir == nullptr) return Error{ErrorCode::kUsage, "the loop has no back edge"};
  if (request.stage == "ir" && request.after == "build") return print_ir(*s.ir);
  Status status = optimize(*s.ir, ctx);
  if (!status.ok()) return status.error();
  if (request.stage == "ir") {
    if (request.after.empty()) return print_ir(*s.ir);
    if (after.empty()) return Error{ErrorCode::kUsage, "no pass '" + request.after + "' ran"};
    return after;
  }
  const Target* target = host_target();
  if (target == nullptr) return Error{ErrorCode::kUnsupportedTarget, "no back end for this machine"};
  s.lowering = std::make_unique<Lowering>(*s.ir, module, options);
  target->select(*s.lowering);
  JitConfig config;
  config.baseline_isa = request.baseline_isa;
  status = allocate(config, *target, &s);
  if (!status.ok()) return status.error();
  if (request.stage == "lir") return print_allocation(s.lowering->out.ra, &s.allocation);
  emit_for_reading(module, unit, config, *target, &s);
  std::string text = target->disassemble(s.emitted.bytes.data(), s.emitted.code_end, 0);
  for (size_t at = (s.emitted.code_end + 7) & ~size_t{7}; at + 8 <= s.emitted.bytes.size(); at += 8) {
    uint64_t constant;
    std::memcpy(&constant, s.emitted.bytes.data() + at, sizeof constant);
    text += fmt::format("  {:6x}  .quad 0x{:016x}\n", at, constant);
  }
  return text;
}

}  // namespace orus::jit
