// The interpreter: the specification that every other tier is compared with (C2). One handler an opcode, grouped by
// family in handlers_*.inc; this file holds dispatch, calls, errors and limits.
//
// The same handlers build two engines. With clang a handler is a function that ends in a guaranteed tail call
// (musttail, preserve_none: state stays in registers and slow paths cost the fast path no spills); with other
// compilers handlers are labels of one function, joined by computed goto.
//
// State: pc, base (frame), vm, k (constants), table (dispatch; kCountTable charges fuel at each block first).
// A handler that may collect, raise or call first stores pc in the frame and the frame in the activation (SYNC).
#include <cmath>
#include <cstring>

#include "vm/runtime/ops.h"
#include "vm/runtime/vm.h"

#if defined(__clang__) && __has_attribute(musttail) && __has_attribute(preserve_none)
#define ORUS_TAIL_CALLS 1
#define ORUS_PRESERVE_NONE __attribute__((preserve_none))
#elif defined(__clang__) && __has_attribute(musttail)
#define ORUS_TAIL_CALLS 1
#define ORUS_PRESERVE_NONE
#else
#define ORUS_TAIL_CALLS 0
#endif

namespace orus {

/// Friend of Vm: what the handlers need of its private state.
struct Interpreter {
  static Outcome run(Vm& vm, Slot* base, const Insn* pc, bool pending);
  static bool charge(Vm* vm, const Slot* base, const Insn* pc);
  static const Insn*& charged_pc(Vm* vm) { return vm->charged_pc_; }
  static bool unwind(Vm* vm, Slot** base, const Insn** pc);
};

namespace {

constexpr uint16_t kHaltOp = kOpCount;
/// Where the bottom frame of an activation "returns" to: a call that stores into register 0, then halt.
constexpr Insn kHaltCode[] = {make_insn(Op::call, 0, 0, 0), Insn{kHaltOp, 0, 0, 0}};

inline int32_t as_i32(Slot s) { return static_cast<int32_t>(s); }
inline int64_t as_i64(Slot s) { return static_cast<int64_t>(s); }
inline uint32_t as_u32(Slot s) { return static_cast<uint32_t>(s); }
inline uint64_t as_u64(Slot s) { return s; }
inline double as_f64(Slot s) { return slot_f64(s); }
inline Slot to_slot(int32_t v) { return static_cast<uint32_t>(v); }
inline Slot to_slot(uint32_t v) { return v; }
inline Slot to_slot(int64_t v) { return static_cast<uint64_t>(v); }
inline Slot to_slot(uint64_t v) { return v; }
inline Slot to_slot(double v) { return f64_slot(v); }
inline Slot to_slot(bool v) { return v ? 1 : 0; }

inline int32_t loop_countdown(const Insn* pc) { return pc->bc(); }
inline void set_loop_countdown(const Insn* pc, int32_t value) {
  // Only the VM's own copy of the code runs, and only `loop` operands are ever rewritten.
  auto* insn = const_cast<Insn*>(pc);
  insn->b = static_cast<uint16_t>(value);
  insn->c = static_cast<uint16_t>(static_cast<uint32_t>(value) >> 16);
}

/// Copies the arguments of the call at `pc` into the frame above `base` and writes its header.
inline Slot* push_frame(Slot* base, const Insn* pc, FunctionRuntime* callee) {
  Slot* frame = callee->frame_base(base, *frame_function(base));
  for (uint32_t i = 0; i < pc->c; ++i) frame[i] = base[listed_register(pc, i)];
  set_frame_pc(base, pc);
  frame[-3] = reinterpret_cast<Slot>(base);
  frame[-2] = reinterpret_cast<Slot>(callee->code);
  frame[-1] = reinterpret_cast<Slot>(callee);
  return frame;
}

/// Polls, collects in stress mode, asks the tier. Returns machine code to enter, or null; *ok false: a limit.
void* loop_slow(Vm* vm, Slot* base, const Insn* pc, bool* ok) {
  *ok = vm->poll();
  if (!*ok) return nullptr;
  vm->heap().safepoint();
  if (loop_countdown(pc) > 0) return nullptr;
  set_loop_countdown(pc, vm->heap().stress() ? 1 : INT32_MAX);
  if (vm->tier() == nullptr) return nullptr;
  return vm->tier()->loop_entry(*vm, *frame_function(base), pc);
}

}  // namespace

bool Interpreter::charge(Vm* vm, const Slot* base, const Insn* pc) {
  const FunctionRuntime* fn = frame_function(base);
  if (fn == nullptr) return true;
  uint32_t cost = fn->block_cost[fn->pc_of(pc)];
  if (cost == 0) return true;
  if (vm->charged_pc_ == pc) {
    vm->charged_pc_ = nullptr;
    return true;
  }
  if (vm->context.fuel < cost) {
    vm->note_limit(*fn, fn->pc_of(pc));
    return vm->reach(Limit::kFuel);
  }
  vm->context.fuel -= cost;
  vm->add_interpreted(cost);
  return true;
}

/// Finds the handler of the pending error, popping frames. False: none in this activation; *base is its entry frame.
bool Interpreter::unwind(Vm* vm, Slot** base_in, const Insn** pc_in) {
  Slot* base = *base_in;
  const Insn* pc = *pc_in;
  while (FunctionRuntime* fn = frame_function(base)) {
    if (const Handler* handler = vm->find_handler(*fn, fn->pc_of(pc))) {
      base[handler->error_register] = ref_slot(vm->pending_error());
      vm->clear_pending();
      *base_in = base;
      *pc_in = fn->code + handler->target;
      return true;
    }
    --vm->context.depth;
    base = frame_caller(base);
    pc = frame_pc(base);
  }
  *base_in = base;
  return false;
}

#define A (pc->a)
#define B (pc->b)
#define C (pc->c)
#define SYNC() (set_frame_pc(base, pc), vm->activation->top = base)
#define RAISE(trap_name)        \
  do {                          \
    vm->trap = Trap::trap_name; \
    GO(slow_raise);             \
  } while (0)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#if ORUS_TAIL_CALLS

namespace {

struct Table;
#define STATE const Insn *pc, Slot *base, Vm *vm, const Slot *k, const Table *table
using OpFunction = void(ORUS_PRESERVE_NONE*)(STATE);
struct Table {
  OpFunction entry[kOpCount + 1];
};
#define HANDLER(name) ORUS_PRESERVE_NONE void op_##name(STATE)
#define GO(name) [[clang::musttail]] return op_##name(pc, base, vm, k, table)
#define DISPATCH() [[clang::musttail]] return table->entry[pc->op](pc, base, vm, k, table)
#define DISPATCH_UNCOUNTED() [[clang::musttail]] return kTable.entry[pc->op](pc, base, vm, k, table)
#define STOP() return
#define NEXT(words) \
  do {              \
    pc += (words);  \
    DISPATCH();     \
  } while (0)
// Both arms end in a dispatch of their own: one shared tail would turn into a conditional move on pc, which puts the
// next instruction's address behind the comparison (1.6x the cycles; measured with clang 19).
#define BRANCH(cond, offset) \
  do {                       \
    if (cond) {              \
      pc += (offset);        \
      DISPATCH();            \
    }                        \
    pc += 1;                 \
    DISPATCH();              \
  } while (0)

extern const Table kTable;
extern const Table kCountTable;

HANDLER(slow_raise);
HANDLER(slow_error);
HANDLER(slow_runtime_error);
HANDLER(slow_loop);
HANDLER(slow_call);
HANDLER(slow_return);
HANDLER(halt);
#define OP(name, ...) HANDLER(name);
#include "vm/bytecode/opcodes.def"
#undef OP

#include "vm/interp/handlers_arith.inc"
#include "vm/interp/handlers_control.inc"
#include "vm/interp/handlers_data.inc"

HANDLER(charge) {
  if (UNLIKELY(!Interpreter::charge(vm, base, pc))) GO(slow_error);
  DISPATCH_UNCOUNTED();
}

const Table kTable = {{
#define OP(name, ...) op_##name,
#include "vm/bytecode/opcodes.def"
#undef OP
    op_halt}};
const Table kCountTable = {{
#define OP(name, ...) op_charge,
#include "vm/bytecode/opcodes.def"
#undef OP
    op_charge}};

}  // namespace

Outcome Interpreter::run(Vm& vm, Slot* base, const Insn* pc, bool pending) {
  const Table* table = vm.counting() ? &kCountTable : &kTable;
  if (pending) {
    op_slow_error(pc, base, &vm, vm.context.constants, table);
  } else {
    table->entry[pc->op](pc, base, &vm, vm.context.constants, table);
  }
  return vm.outcome;
}

#else  // computed goto

#define HANDLER(name) op_##name:
#define GO(name) goto op_##name
#define DISPATCH() goto* table[pc->op]
#define STOP() return vm->outcome
#define NEXT(words) \
  do {              \
    pc += (words);  \
    DISPATCH();     \
  } while (0)
#define BRANCH(cond, offset) \
  do {                       \
    if (cond) {              \
      pc += (offset);        \
      DISPATCH();            \
    }                        \
    pc += 1;                 \
    DISPATCH();              \
  } while (0)
#pragma GCC diagnostic ignored "-Wpedantic"

Outcome Interpreter::run(Vm& vm_ref, Slot* base, const Insn* pc, bool pending) {
  static void* const kTable[] = {
#define OP(name, ...) &&op_##name,
#include "vm/bytecode/opcodes.def"
#undef OP
      &&op_halt};
  static void* const kCountTable[] = {
#define OP(name, ...) &&op_charge,
#include "vm/bytecode/opcodes.def"
#undef OP
      &&op_charge};
  Vm* vm = &vm_ref;
  const Slot* k = vm->context.constants;
  void* const* table = vm->counting() ? kCountTable : kTable;
  if (pending) goto op_slow_error;
  DISPATCH();

  HANDLER(charge) {
    if (UNLIKELY(!Interpreter::charge(vm, base, pc))) GO(slow_error);
    goto* kTable[pc->op];
  }

#include "vm/interp/handlers_arith.inc"
#include "vm/interp/handlers_control.inc"
#include "vm/interp/handlers_data.inc"
}

#endif

Outcome Vm::call_function(FunctionRuntime& fn, Slot* base) {
  Slot entry[kFrameHeader + 1] = {0, reinterpret_cast<Slot>(kHaltCode), 0, 0};
  base[-3] = reinterpret_cast<Slot>(entry + kFrameHeader);
  base[-2] = reinterpret_cast<Slot>(fn.code);
  base[-1] = reinterpret_cast<Slot>(&fn);
  ++context.depth;
  Activation record{activation, base, nullptr};
  activation = &record;
  Outcome outcome = Interpreter::run(*this, base, fn.code, false);
  activation = record.previous;
  return outcome;
}

Outcome Vm::resume(Slot* base, Slot* bottom, bool raise, bool charged) {
  Slot entry[kFrameHeader + 1] = {0, reinterpret_cast<Slot>(kHaltCode), 0, 0};
  bottom[-3] = reinterpret_cast<Slot>(entry + kFrameHeader);
  const Insn* pc = frame_pc(base);
  // An error goes to its handler: pc does not run, and when it is reached again it is to be paid for.
  charged_pc_ = charged && !raise && frame_function(base)->block_cost[frame_function(base)->pc_of(pc)] != 0 ? pc : nullptr;
  Activation record{activation, base, nullptr};
  activation = &record;
  Outcome outcome = Interpreter::run(*this, base, pc, raise);
  activation = record.previous;
  return outcome;
}

}  // namespace orus
