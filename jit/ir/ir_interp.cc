#include "jit/ir/ir_interp.h"

#include <cstring>

#include "jit/code/runtime_table.h"
#include "jit/ir/ir_eval.h"
#include "vm/runtime/ops.h"

namespace orus::jit {
namespace {

/// The values of a running unit, for the collector.
struct Environment {
  const Function* fn;
  std::vector<Slot> values;      // by instruction; references are null until defined
  std::vector<Slot*> operands;   // registers that a runtime function reads references from, while it runs
};

class Runner {
 public:
  Runner(Vm& vm, const Function& fn, Slot* base, IrRun& run)
      : vm_(vm), fn_(fn), base_(base), run_(run), env_{&fn, std::vector<Slot>(fn.insts.size(), 0), {}} {}
  Outcome run();

 private:
  bool enter();
  bool step(InstId id);
  bool memory(InstId id);
  bool call(InstId id);
  bool runtime(InstId id);
  void allocate(InstId id);
  void take(const Edge& edge);

  // Endings: each returns false, for step to return.
  bool leave(InstId id);
  bool finish(Outcome outcome) { return outcome_ = outcome, false; }
  bool fail_at(InstId id, Outcome outcome);

  bool wants_forced_exit(InstId id);
  uint32_t parents(FrameId frame) const;
  Slot* frame_base(const FrameState& state) const { return base_ + state.base_offset; }
  void link_frames(FrameId frame);
  void write_frames(FrameId frame);
  void write_registers(const FrameState& state);
  Slot& value(InstId id) { return env_.values[id.index]; }
  Slot arg(InstId id, uint32_t i) { return value(fn_.arg(id, i)); }

  Vm& vm_;
  const Function& fn_;
  Slot* base_;
  IrRun& run_;
  Environment env_;
  Outcome outcome_ = Outcome::kReturned;
  BlockId block_{0};
};

/// Takes the entry values; false when the unit must not be entered.
bool Runner::enter() {
  VmContext& context = vm_.context;
  uint32_t own = fn_.is_loop_entry ? 0 : 1;
  bool deep = context.depth + own + fn_.inline_depth > context.max_depth;
  bool low = static_cast<char*>(__builtin_frame_address(0)) < context.host_stack_limit;
  context.depth += own;
  if (deep || low) {
    set_frame_pc(base_, vm_.function(fn_.index).code + fn_.entry_pc);
    vm_.resume_base = base_;
    vm_.resume_charged = fn_.is_loop_entry;
    return finish(Outcome::kResume);
  }
  for (InstId id : fn_.at(block_).insts) {
    const Inst& inst = fn_.at(id);
    if (inst.op == IrOp::param || inst.op == IrOp::slot) value(id) = base_[inst.imm];
  }
  return true;
}

Outcome Runner::run() {
  void* outer = vm_.context.native_frame;
  vm_.context.native_frame = &env_;
  if (enter()) {
    for (bool running = true; running;) {
      BlockId block = block_;
      for (InstId id : fn_.at(block).insts) {
        ++run_.steps;
        running = step(id);
        if (!running) break;
      }
    }
  }
  vm_.context.native_frame = outer;
  return outcome_;
}

bool Runner::wants_forced_exit(InstId id) {
  const Inst& inst = fn_.at(id);
  bool may = (info(inst.op).effects & kIrExits) != 0 && inst.op != IrOp::leave && !inst.conditional;
  if (!may || run_.force_one_in == 0) return false;
  run_.forced = run_.forced_exits->chance(run_.force_one_in);
  return run_.forced;
}

bool Runner::step(InstId id) {
  const Inst& inst = fn_.at(id);
  if (wants_forced_exit(id)) return leave(id);
  if (is_evaluable(inst.op)) {
    Slot args[3] = {};
    for (uint32_t i = 0; i < inst.arg_count; ++i) args[i] = arg(id, i);
    IrType type = inst.arg_count == 0 ? IrType::kVoid : fn_.at(fn_.arg(id, 0)).type;
    return evaluate_ir(inst.op, inst.type, type, args, &value(id)) || leave(id);
  }
  switch (inst.op) {
    case IrOp::constant: value(id) = static_cast<Slot>(inst.imm); return true;
    case IrOp::pool: value(id) = vm_.context.constants[inst.imm]; return true;
    case IrOp::param:
    case IrOp::slot: return true;
    case IrOp::call: return call(id);
    case IrOp::runtime: return runtime(id);
    case IrOp::poll: return vm_.context.interrupt.load(std::memory_order_relaxed) == 0 || leave(id);
    case IrOp::charge:
      if (vm_.context.fuel < inst.imm) return leave(id);
      vm_.context.fuel -= inst.imm;
      return true;
    case IrOp::jump: take(fn_.at(block_).successors[0]); return true;
    case IrOp::branch: take(fn_.at(block_).successors[arg(id, 0) != 0 ? 0 : 1]); return true;
    case IrOp::ret:
      if (inst.arg_count != 0) vm_.result = arg(id, 0);
      if (!fn_.is_loop_entry) --vm_.context.depth;
      return finish(Outcome::kReturned);
    case IrOp::leave: return leave(id);
    default: return memory(id);
  }
}

/// The arguments of an edge are read before any parameter is written.
void Runner::take(const Edge& edge) {
  const auto& phis = fn_.at(edge.target).phis;
  std::vector<Slot> values;
  for (InstId arg : edge.args) values.push_back(value(arg));
  for (size_t i = 0; i < phis.size(); ++i) value(phis[i]) = values[i];
  block_ = edge.target;
}

bool Runner::memory(InstId id) {
  const Inst& inst = fn_.at(id);
  VmContext& context = vm_.context;
  auto object = [&] {
    ORUS_CHECK(arg(id, 0) != 0);
    return reinterpret_cast<char*>(arg(id, 0));
  };
  auto element = [&] {
    auto* buffer = reinterpret_cast<Buffer*>(object());
    Slot index = arg(id, 1);
    ORUS_CHECK((index + 1) * inst.width <= buffer->size);
    return buffer->data() + index * inst.width;
  };
  switch (inst.op) {
    case IrOp::load:
    case IrOp::load_elem: {
      Slot loaded = 0;
      std::memcpy(&loaded, inst.op == IrOp::load ? object() + inst.imm : element(), inst.width);
      value(id) = loaded;
      return true;
    }
    case IrOp::store:
    case IrOp::store_elem: {
      Slot stored = arg(id, inst.arg_count - 1);
      std::memcpy(inst.op == IrOp::store ? object() + inst.imm : element(), &stored, inst.width);
      return true;
    }
    case IrOp::barrier: vm_.heap().barrier(reinterpret_cast<Object*>(object())); return true;
    case IrOp::load_global: value(id) = context.globals[inst.imm]; return true;
    case IrOp::load_assigned: value(id) = context.globals_assigned[inst.imm]; return true;
    case IrOp::store_global:
      context.globals[inst.imm] = arg(id, 0);
      context.globals_assigned[inst.imm] = 1;
      return true;
    case IrOp::new_object:
      value(id) = 0;
      if (context.window.limit - context.window.top >= inst.imm) allocate(id);
      return true;
    default: break;
  }
  check_failed(__FILE__, __LINE__, "an op that the IR interpreter does not know");
}

/// The nursery's free part is zero already.
void Runner::allocate(InstId id) {
  const Inst& inst = fn_.at(id);
  AllocationWindow& window = vm_.context.window;
  auto* object = new (window.top) Object{0, static_cast<ObjectKind>(inst.aux >> 24), 0, inst.aux & 0xffffff};
  window.top += inst.imm;
  value(id) = ref_slot(object);
}

bool Runner::call(InstId id) {
  const Inst& inst = fn_.at(id);
  const FrameState& state = fn_.at(inst.frame);
  FunctionRuntime& caller = vm_.function(state.function);
  Slot* frame = frame_base(state);
  link_frames(inst.frame);
  uint32_t inlined = parents(inst.frame);
  if (vm_.context.depth + inlined >= vm_.context.max_depth) {
    vm_.raise(Trap::StackOverflow, frame, caller.code + state.pc);
    return fail_at(id, vm_.limit() == Limit::kNone ? Outcome::kError : Outcome::kLimit);
  }
  FunctionRuntime& callee = vm_.function(static_cast<size_t>(inst.imm));
  Slot* callee_base = callee.frame_base(frame, caller);
  for (uint32_t i = 0; i < inst.arg_count; ++i) callee_base[i] = arg(id, i);
  vm_.context.depth += inlined;
  Outcome outcome = vm_.call_function(callee, callee_base);
  vm_.context.depth -= inlined;
  if (outcome != Outcome::kReturned) return fail_at(id, outcome);
  if (inst.type != IrType::kVoid) value(id) = vm_.result;
  return true;
}

bool Runner::runtime(InstId id) {
  const Inst& inst = fn_.at(id);
  const FrameState& state = fn_.at(inst.frame);
  FunctionRuntime& function = vm_.function(state.function);
  const Insn* pc = function.code + state.pc;
  Slot* frame = frame_base(state);
  link_frames(inst.frame);
  RegisterRoles roles = register_roles(*pc);
  for (uint32_t i = 0; i < inst.arg_count; ++i) {
    uint16_t reg = i < roles.use_count ? roles.uses[i] : listed_register(pc, i - roles.use_count);
    frame[reg] = arg(id, i);
    if (fn_.at(fn_.arg(id, i)).type == IrType::kRef) env_.operands.push_back(&frame[reg]);
  }
  bool ok = runtime_function(*pc)(vm_, frame, pc);
  env_.operands.clear();
  if (!ok) {
    if (vm_.limit() == Limit::kNone) return fail_at(id, Outcome::kError);
    vm_.note_limit(function, state.pc);
    return fail_at(id, Outcome::kLimit);
  }
  if (roles.def != kNoReg) value(id) = frame[roles.def];
  return true;
}

bool Runner::leave(InstId id) {
  run_.exit = id;
  write_frames(fn_.at(id).frame);
  return finish(Outcome::kResume);
}

bool Runner::fail_at(InstId id, Outcome outcome) {
  leave(id);
  return finish(outcome);
}

uint32_t Runner::parents(FrameId frame) const {
  uint32_t count = 0;
  for (frame = fn_.at(frame).parent; frame.valid(); frame = fn_.at(frame).parent) ++count;
  return count;
}

/// Function and caller of the frame and of those that it is inlined into; the unit's own frame has them already. Its pc
/// stays that of its entry until an exit: the interpreter frame under a loop unit is still scanned, and what it holds
/// is what was live there.
void Runner::link_frames(FrameId frame) {
  for (; fn_.at(frame).parent.valid(); frame = fn_.at(frame).parent) {
    const FrameState& state = fn_.at(frame);
    Slot* base = frame_base(state);
    base[-1] = reinterpret_cast<Slot>(&vm_.function(state.function));
    base[-3] = reinterpret_cast<Slot>(frame_base(fn_.at(state.parent)));
  }
}

void Runner::write_frames(FrameId frame) {
  link_frames(frame);
  const FrameState& innermost = fn_.at(frame);
  for (FrameId f = frame; f.valid(); f = fn_.at(f).parent) {
    const FrameState& state = fn_.at(f);
    set_frame_pc(frame_base(state), vm_.function(state.function).code + state.pc);
    write_registers(state);
  }
  for (const GlobalValue& pending : innermost.globals) {
    vm_.context.globals[pending.global] = value(pending.value);
    vm_.context.globals_assigned[pending.global] = 1;
  }
  vm_.context.depth += parents(frame);
  vm_.resume_base = frame_base(innermost);
  vm_.resume_charged = innermost.charged;
}

/// What is not live is overwritten, so that nobody can come to rely on it; with null where the collector might look.
void Runner::write_registers(const FrameState& state) {
  Slot* base = frame_base(state);
  const orus::Function& function = *vm_.function(state.function).function;
  for (size_t r = 0; r < function.registers.size(); ++r) {
    if (is_reference(vm_.module().kind(function.registers[r]))) {
      base[r] = 0;
    } else {
#if defined(ORUS_CHECKED)
      base[r] = kPoison;
#endif
    }
  }
  for (const FrameValue& live : state.values) base[live.reg] = value(live.value);
}

}  // namespace

Outcome interpret_ir(Vm& vm, const Function& fn, Slot* base, IrRun* run) {
  IrRun unused;
  return Runner(vm, fn, base, run != nullptr ? *run : unused).run();
}

void visit_ir_roots(void* anchor, RootSink& sink) {
  if (anchor == nullptr) return;
  auto& env = *static_cast<Environment*>(anchor);
  for (uint32_t i = 0; i < env.fn->insts.size(); ++i) {
    if (env.fn->insts[i].type == IrType::kRef) sink.visit(reinterpret_cast<Object**>(&env.values[i]));
  }
  for (Slot* operand : env.operands) sink.visit(reinterpret_cast<Object**>(operand));
}

}  // namespace orus::jit
