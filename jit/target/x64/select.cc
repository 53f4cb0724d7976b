// Instruction selection: IR to x86-64 instructions over virtual registers.
#include "jit/target/x64/x64.h"
#include "vm/runtime/object.h"

namespace orus::jit::x64 {
namespace {

constexpr PRegSet all_registers() {
  PRegSet set = 0;
  for (uint8_t i = 0; i < 16; ++i) set |= bit(PReg{i, RegClass::kInt}) | bit(PReg{i, RegClass::kFloat});
  for (Reg fixed : {rsp, rbp, r11, r13, r14, r15}) set &= ~bit(gpr(fixed));
  return set & ~bit(xmm(15));
}
/// What a C++ function destroys (System V ABI).
constexpr PRegSet host_clobbers() {
  PRegSet set = all_registers();
  for (Reg kept : {rbx, r12}) set &= ~bit(gpr(kept));
  return set;
}

class Selector {
 public:
  explicit Selector(Lowering& lowering) : l(lowering), fn(lowering.fn) {}

  void run() {
    for (BlockId block : l.order) {
      l.begin_block(block);
      if (block.index == 0) parameters(block);
      for (InstId id : fn.at(block).insts) {
        if (fn.at(id).op != IrOp::param) instruction(id);
      }
      l.end_block(block);
    }
  }

 private:
  Lowering& l;
  Function& fn;

  static bool fits32(int64_t v) { return v == static_cast<int32_t>(v); }
  /// Whether value `id` can be a 32-bit immediate of an operation of its type.
  bool immediate(InstId id, int64_t* value) const {
    const Inst& inst = fn.at(id);
    if (inst.op != IrOp::constant || inst.type == IrType::kF64) return false;
    *value = inst.type == IrType::kI64 || inst.type == IrType::kRef ? inst.imm : static_cast<int32_t>(inst.imm);
    return fits32(*value);
  }

  LirInst& begin(Op op, InstId id) {
    LirInst& inst = l.inst(op, id);
    inst.type = fn.at(id).type;
    return inst;
  }

  /// A parameter's register depends on those before it, used or not.
  void parameters(BlockId block) {
    std::vector<InstId> used(fn.param_types.size());
    for (InstId id : fn.at(block).insts) {
      if (fn.at(id).op == IrOp::param) used[static_cast<size_t>(fn.at(id).imm)] = id;
    }
    uint32_t ints = 0, floats = 0;
    std::vector<InstId> in_frame;
    l.inst(kParam);
    for (size_t i = 0; i < used.size(); ++i) {
      bool is_float = fn.param_types[i] == IrType::kF64;
      bool in_register = is_float ? floats < kFloatArgs : ints < std::size(kIntArgs);
      PReg reg{};
      if (in_register) reg = is_float ? xmm(static_cast<uint8_t>(floats++)) : gpr(kIntArgs[ints++]);
      if (!used[i].valid()) continue;
      if (in_register) {
        l.def_fixed(used[i], reg);
      } else {
        in_frame.push_back(used[i]);
      }
    }
    for (InstId id : in_frame) {
      LirInst& load = begin(kSlot, id);
      load.imm = fn.at(id).imm;
      l.def(id);
    }
  }

  /// Two register operands, or register and immediate.
  void operands(InstId a, InstId b) {
    l.use(a);
    int64_t value;
    if (immediate(b, &value)) {
      l.current().has_imm = true;
      l.current().imm = value;
    } else {
      l.use(b);
    }
  }

  static IrOp swapped(IrOp op) {
    switch (op) {
      case IrOp::lt: return IrOp::gt;
      case IrOp::le: return IrOp::ge;
      case IrOp::gt: return IrOp::lt;
      case IrOp::ge: return IrOp::le;
      default: return op;
    }
  }

  /// Operands and kind of comparison `id`, appended to the current instruction.
  void comparison(InstId id) {
    const Inst inst = fn.at(id);
    InstId a = inst.args[0], b = inst.args[1];
    IrOp op = inst.op;
    int64_t value;
    if (immediate(a, &value) && !immediate(b, &value) && op != IrOp::ult && op != IrOp::ule) {
      std::swap(a, b);
      op = swapped(op);
    }
    l.current().compare = op;
    l.current().type = fn.at(a).type;
    operands(a, b);
  }

  void condition(Op with_compare, Op with_bool, InstId id, InstId cond) {
    if (l.is_fused(cond)) {
      begin(with_compare, id);
      comparison(cond);
    } else {
      begin(with_bool, id);
      l.current().type = IrType::kBool;
      l.use(cond);
    }
  }

  void binary_reuse(Op op, InstId id, bool commutative) {
    const Inst inst = fn.at(id);
    InstId a = inst.args[0], b = inst.args[1];
    int64_t value;
    if (commutative && immediate(a, &value) && !immediate(b, &value)) std::swap(a, b);
    begin(op, id).compare = inst.op;
    operands(a, b);
    l.def_reuse(id, 0);
  }

  void add(InstId id) {
    const Inst inst = fn.at(id);
    if (inst.type == IrType::kF64) return floating(id);
    InstId a = inst.args[0], b = inst.args[1];
    int64_t value;
    if (immediate(a, &value)) std::swap(a, b);
    begin(kLea, id);
    operands(a, b);
    l.def(id);
  }

  void sub(InstId id) {
    const Inst inst = fn.at(id);
    int64_t value;
    if (inst.type != IrType::kF64 && immediate(inst.args[1], &value) && value != INT32_MIN) {
      LirInst& lea = begin(kLea, id);
      lea.has_imm = true;
      lea.imm = -value;
      l.use(inst.args[0]);
      l.def(id);
    } else if (inst.type == IrType::kF64) {
      floating(id);
    } else {
      binary_reuse(kAlu, id, false);
    }
  }

  void multiply(InstId id, bool checked) {
    const Inst inst = fn.at(id);
    if (inst.type == IrType::kF64) return floating(id);
    InstId a = inst.args[0], b = inst.args[1];
    int64_t value;
    if (immediate(a, &value)) std::swap(a, b);
    if (immediate(b, &value)) {
      LirInst& mul = begin(kMulImm, id);
      mul.has_imm = true;
      mul.imm = value;
      l.use(a);
      l.def(id);
    } else {
      begin(kMul, id);
      l.use(a);
      l.use(b);
      l.def_reuse(id, 0);
    }
    if (checked) l.exit(id, false, OperandPos::kLate);  // the product is written before the jump
  }

  void floating(InstId id) {
    const Inst inst = fn.at(id);
    begin(kFloat, id).compare = inst.op;
    l.use(inst.args[0]);
    l.use(inst.args[1]);
    l.def(id);
  }

  void shift(InstId id) {
    const Inst inst = fn.at(id);
    int64_t count;
    if (immediate(inst.args[1], &count)) {
      LirInst& lir = begin(kShiftImm, id);
      lir.compare = inst.op;
      lir.has_imm = true;
      lir.imm = count;
      l.use(inst.args[0]);
      l.def_reuse(id, 0);
    } else {
      begin(kShift, id).compare = inst.op;
      l.use(inst.args[0]);
      l.use_fixed(inst.args[1], gpr(rcx));
      l.def_reuse(id, 0);
    }
  }

  void divide(InstId id) {
    const Inst inst = fn.at(id);
    bool quotient = inst.op == IrOp::sdiv || inst.op == IrOp::udiv;
    begin(kDivide, id).compare = inst.op;
    l.use_fixed(inst.args[0], gpr(rax));
    l.use(inst.args[1], Constraint::kReg, OperandPos::kLate);
    if (quotient) {
      l.def_fixed(id, gpr(rax));
      l.temp_fixed(gpr(rdx));
    } else {
      l.def_fixed(id, gpr(rdx));
      l.temp_fixed(gpr(rax));
    }
  }

  void multiply_high(InstId id) {
    const Inst inst = fn.at(id);
    begin(kMulHigh, id).compare = inst.op;
    l.use_fixed(inst.args[0], gpr(rax));
    l.use(inst.args[1], Constraint::kReg, OperandPos::kLate);
    l.def_fixed(id, gpr(rdx));
    l.temp_fixed(gpr(rax));
  }

  void unary(Op op, InstId id) {
    const Inst inst = fn.at(id);
    begin(op, id).width = fn.at(inst.args[0]).type == IrType::kI64 ? 8 : 4;
    l.use(inst.args[0]);
    l.def(id);
  }

  void select_value(InstId id) {
    const Inst inst = fn.at(id);
    // The result starts as the false value and is overwritten when the condition holds, so the condition's operands
    // and the true value must outlive the first step.
    if (l.is_fused(inst.args[0])) {
      const Inst cmp = fn.at(inst.args[0]);
      LirInst& lir = begin(kSelectCompare, id);
      lir.compare = cmp.op;
      lir.width = fn.at(cmp.args[0]).type == IrType::kF64                                              ? 16
                  : fn.at(cmp.args[0]).type == IrType::kI64 || fn.at(cmp.args[0]).type == IrType::kRef ? 8
                                                                                                       : 4;
      l.use(inst.args[2]);
      l.use(inst.args[1], Constraint::kReg, OperandPos::kLate);
      l.use(cmp.args[0], Constraint::kReg, OperandPos::kLate);
      l.use(cmp.args[1], Constraint::kReg, OperandPos::kLate);
    } else {
      begin(kSelect, id);
      l.use(inst.args[2]);
      l.use(inst.args[1], Constraint::kReg, OperandPos::kLate);
      l.use(inst.args[0], Constraint::kReg, OperandPos::kLate);
    }
    l.def_reuse(id, 0);
  }

  void memory(InstId id) {
    const Inst inst = fn.at(id);
    switch (inst.op) {
      case IrOp::load: {
        LirInst& lir = begin(kLoad, id);
        lir.disp = static_cast<int32_t>(inst.imm);
        lir.width = inst.width;
        l.use(inst.args[0]);
        l.def(id);
        break;
      }
      case IrOp::store: {
        LirInst& lir = begin(kStore, id);
        lir.disp = static_cast<int32_t>(inst.imm);
        lir.width = inst.width;
        lir.type = fn.at(inst.args[1]).type;
        operands(inst.args[0], inst.args[1]);
        break;
      }
      case IrOp::load_elem: {
        LirInst& lir = begin(kLoadElem, id);
        lir.disp = sizeof(Buffer);
        lir.width = inst.width;
        l.use(inst.args[0]);
        int64_t index;
        // As a displacement, where 32 bits hold it: arrays of more than 2 GiB exist.
        if (immediate(inst.args[1], &index) && fits32(index * inst.width + int64_t{sizeof(Buffer)})) {
          l.current().has_imm = true;
          l.current().imm = index;
        } else {
          l.use(inst.args[1]);
        }
        l.def(id);
        break;
      }
      default: {
        LirInst& lir = begin(kStoreElem, id);
        lir.disp = sizeof(Buffer);
        lir.width = inst.width;
        lir.type = fn.at(inst.args[2]).type;
        l.use(inst.args[0]);
        l.use(inst.args[1]);
        int64_t value;
        if (immediate(inst.args[2], &value)) {
          l.current().has_imm = true;
          l.current().imm = value;
        } else {
          l.use(inst.args[2]);
        }
        break;
      }
    }
  }

  void store_frame(InstId value, int64_t slot) {
    LirInst& lir = l.inst(kStoreFrame, value);
    lir.disp = static_cast<int32_t>(slot * 8);
    lir.type = fn.at(value).type;
    int64_t imm;
    if (immediate(value, &imm) && (lir.type == IrType::kI64 || lir.type == IrType::kRef || imm >= 0)) {
      lir.has_imm = true;
      lir.imm = imm;
    } else {
      l.use(value);
    }
  }

  void call(InstId id) {
    const Inst inst = fn.at(id);
    const FrameState& frame = fn.at(inst.frame);
    const auto& caller = l.module.module.functions[frame.function];
    int64_t callee_base = frame.base_offset + static_cast<int64_t>(caller.registers.size()) + 3;
    std::vector<std::pair<InstId, PReg>> in_registers;
    uint32_t ints = 0, floats = 0;
    for (uint32_t i = 0; i < inst.arg_count; ++i) {
      InstId arg = fn.arg(id, i);
      if (fn.at(arg).type == IrType::kF64 && floats < kFloatArgs) {
        in_registers.push_back({arg, xmm(static_cast<uint8_t>(floats++))});
      } else if (fn.at(arg).type != IrType::kF64 && ints < std::size(kIntArgs)) {
        in_registers.push_back({arg, gpr(kIntArgs[ints++])});
      } else {
        store_frame(arg, callee_base + i);
      }
    }
    LirInst& lir = begin(kCall, id);
    lir.imm = inst.imm;
    lir.disp = static_cast<int32_t>(callee_base * 8);
    for (auto [arg, reg] : in_registers) l.use_fixed(arg, reg);
    if (inst.type != IrType::kVoid) l.def_fixed(id, inst.type == IrType::kF64 ? xmm(0) : gpr(rax));
    l.clobber(all_registers());
    l.exit(id, true);
    l.site();
  }

  /// Operands go to their home registers in the frame, the runtime function works there, the result is loaded back.
  void runtime(InstId id) {
    const Inst inst = fn.at(id);
    const FrameState& frame = fn.at(inst.frame);
    const auto& caller = l.module.module.functions[frame.function];
    const Insn* insn = &caller.code[frame.pc];
    RegisterRoles roles = register_roles(*insn);
    std::vector<uint32_t> refs;
    for (uint32_t i = 0; i < inst.arg_count; ++i) {
      uint16_t reg = i < roles.use_count ? roles.uses[i] : listed_register(insn, i - roles.use_count);
      InstId arg = fn.arg(id, i);
      store_frame(arg, int64_t{frame.base_offset} + reg);
      if (fn.at(arg).type == IrType::kRef) refs.push_back(frame.base_offset + reg);
    }
    LirInst& lir = begin(kRuntime, id);
    lir.imm = frame.pc;
    lir.disp = static_cast<int32_t>(frame.base_offset * 8);
    l.clobber(host_clobbers());
    l.exit(id, true);
    l.site();
    l.out.sites.back().frame_refs = std::move(refs);
    if (inst.type != IrType::kVoid) {
      LirInst& load = begin(kLoadFrame, id);
      load.disp = static_cast<int32_t>((frame.base_offset + roles.def) * 8);
      l.def(id);
    }
  }

  void terminator(InstId id) {
    const Inst inst = fn.at(id);
    switch (inst.op) {
      case IrOp::jump: begin(kJump, id); break;
      case IrOp::branch: condition(kBranchCompare, kBranch, id, inst.args[0]); break;
      case IrOp::ret:
        begin(kRet, id);
        if (inst.arg_count == 1) {
          InstId value = inst.args[0];
          l.use_fixed(value, fn.at(value).type == IrType::kF64 ? xmm(0) : gpr(rax));
        }
        break;
      default:
        begin(kLeave, id);
        l.exit(id, false);
        break;
    }
  }

  void new_object(InstId id) {
    const Inst& inst = fn.at(id);
    LirInst& made = begin(kNewObject, id);
    made.disp = static_cast<int32_t>(inst.imm);
    made.imm = static_cast<int64_t>((inst.aux >> 24) << 8 | uint64_t{inst.aux & 0xffffff} << 32);
    l.def(id);
  }

  void instruction(InstId id) {
    const Inst inst = fn.at(id);
    if ((info(inst.op).effects & kIrTerminator) != 0) return terminator(id);
    // clang-format off: one row an instruction
    switch (inst.op) {
      case IrOp::constant: begin(kConst, id).imm = inst.imm; l.def(id); break;
      case IrOp::slot: begin(kSlot, id).imm = inst.imm; l.def(id); break;
      case IrOp::pool: begin(kPool, id).imm = inst.imm; l.def(id); break;
      case IrOp::add: add(id); break;
      case IrOp::sub: sub(id); break;
      case IrOp::mul: multiply(id, false); break;
      case IrOp::mul_ov: multiply(id, true); break;
      case IrOp::add_ov: binary_reuse(kAluOv, id, true); l.exit(id, false); break;
      case IrOp::sub_ov: binary_reuse(kAluOv, id, false); l.exit(id, false); break;
      case IrOp::fdiv: floating(id); break;
      case IrOp::fmod:
        begin(kFmod, id);
        l.use_fixed(inst.args[0], xmm(0));
        l.use_fixed(inst.args[1], xmm(1));
        l.def_fixed(id, xmm(0));
        l.clobber(host_clobbers());
        break;
      case IrOp::neg: unary(kFneg, id); break;
      case IrOp::sdiv: case IrOp::srem: case IrOp::udiv: case IrOp::urem: divide(id); break;
      case IrOp::mul_high: case IrOp::umul_high: multiply_high(id); break;
      case IrOp::and_: case IrOp::or_: case IrOp::xor_: binary_reuse(kAlu, id, true); break;
      case IrOp::shl: case IrOp::shr: case IrOp::sar: shift(id); break;
      case IrOp::sext: unary(kSext, id); break;
      case IrOp::zext: unary(kZext, id); break;
      case IrOp::trunc: unary(kTrunc, id); break;
      case IrOp::int_to_f64: unary(kIntToF64, id); break;
      case IrOp::uint_to_f64: unary(kUintToF64, id); l.temp(RegClass::kInt); break;
      case IrOp::f64_to_int: unary(kF64ToInt, id); break;
      case IrOp::f64_to_uint: unary(kF64ToUint, id); l.temp(RegClass::kFloat); break;
      case IrOp::eq: case IrOp::ne: case IrOp::lt: case IrOp::le: case IrOp::gt: case IrOp::ge: case IrOp::ult: case IrOp::ule:
        if (l.is_fused(id)) break;
        begin(kCompare, id);
        comparison(id);
        l.def(id, Constraint::kReg, OperandPos::kEarly);
        break;
      case IrOp::select: select_value(id); break;
      case IrOp::not_: begin(kNot, id); l.use(inst.args[0]); l.def_reuse(id, 0); break;
      case IrOp::guard: condition(kGuardCompare, kGuard, id, inst.args[0]); l.exit(id, false); break;
      case IrOp::bounds: begin(kBounds, id); operands(inst.args[0], inst.args[1]); l.exit(id, false); break;
      case IrOp::pi: break;
      case IrOp::load: case IrOp::store: case IrOp::load_elem: case IrOp::store_elem: memory(id); break;
      case IrOp::barrier: begin(kBarrier, id); l.use(inst.args[0]); break;
      case IrOp::new_object: new_object(id); break;
      case IrOp::load_global: begin(kLoadGlobal, id).imm = inst.imm; l.def(id); break;
      case IrOp::load_assigned: begin(kLoadAssigned, id).imm = inst.imm; l.def(id); break;
      case IrOp::store_global: begin(kStoreGlobal, id).imm = inst.imm; l.current().type = fn.at(inst.args[0]).type; l.use(inst.args[0]); break;
      case IrOp::call: call(id); break;
      case IrOp::runtime: runtime(id); break;
      case IrOp::poll: begin(kPoll, id); l.exit(id, false); break;
      case IrOp::charge: begin(kCharge, id).imm = inst.imm; l.exit(id, false); break;
      default: ORUS_CHECK(false && "no selection for this op");
    }
    // clang-format on
  }
};

}  // namespace

void select(Lowering& lowering) { Selector(lowering).run(); }

}  // namespace orus::jit::x64
