// Emission of scalar instructions: integer and f64 arithmetic, conversions, comparisons to registers.
#include "jit/target/x64/emitter.h"

namespace orus::jit::x64 {

void Emitter::scalar(const LirInst& inst) {
  using namespace Xbyak::util;
  bool w = wide(inst.type);
  switch (inst.op) {
    case kLea:
      if (inst.has_imm) {
        w ? lea(q(1), ptr[q(0) + static_cast<int>(inst.imm)]) : lea(d(1), ptr[q(0) + static_cast<int>(inst.imm)]);
      } else {
        w ? lea(q(2), ptr[q(0) + q(1)]) : lea(d(2), ptr[q(0) + q(1)]);
      }
      break;
    case kAlu:
    case kAluOv: {
      maybe_force(inst);
      Xbyak::Reg to = g(0, w);
      auto imm = static_cast<uint32_t>(inst.imm);
      switch (inst.compare) {
        case IrOp::add_ov: inst.has_imm ? add(to, imm) : add(to, g(1, w)); break;
        case IrOp::sub:
        case IrOp::sub_ov: inst.has_imm ? sub(to, imm) : sub(to, g(1, w)); break;
        case IrOp::and_: inst.has_imm ? and_(to, imm) : and_(to, g(1, w)); break;
        case IrOp::or_: inst.has_imm ? or_(to, imm) : or_(to, g(1, w)); break;
        default: inst.has_imm ? xor_(to, imm) : xor_(to, g(1, w)); break;
      }
      if (inst.op == kAluOv) jo(exit_of(inst));
      break;
    }
    case kMul:
      maybe_force(inst);
      imul(g(0, w), g(1, w));
      if (inst.exit != UINT32_MAX) jo(exit_of(inst));
      break;
    case kMulImm:
      maybe_force(inst);
      imul(g(1, w), g(0, w), static_cast<int>(inst.imm));
      if (inst.exit != UINT32_MAX) jo(exit_of(inst));
      break;
    case kShift:
    case kShiftImm: {
      Xbyak::Reg to = g(0, w);
      auto count = static_cast<int>(inst.imm);
      switch (inst.compare) {
        case IrOp::shl: inst.has_imm ? shl(to, count) : shl(to, cl); break;
        case IrOp::shr: inst.has_imm ? shr(to, count) : shr(to, cl); break;
        default: inst.has_imm ? sar(to, count) : sar(to, cl); break;
      }
      break;
    }
    case kDivide: divide(inst); break;
    case kMulHigh: inst.compare == IrOp::mul_high ? imul(g(1, w)) : mul(g(1, w)); break;
    case kSext: movsxd(q(1), d(0)); break;
    case kZext:
    case kTrunc: mov(d(1), d(0)); break;
    case kIntToF64:
      zero_f64(x(1));
      if (has_avx_) {
        inst.width == 8 ? vcvtsi2sd(x(1), x(1), q(0)) : vcvtsi2sd(x(1), x(1), d(0));
      } else {
        inst.width == 8 ? cvtsi2sd(x(1), q(0)) : cvtsi2sd(x(1), d(0));
      }
      break;
    case kUintToF64: uint_to_f64(); break;
    case kF64ToInt: w ? cvttsd2si(q(1), x(0)) : cvttsd2si(d(1), x(0)); break;
    case kF64ToUint: f64_to_uint(); break;
    case kFloat: floating(inst); break;
    case kFneg: {
      const Xbyak::Address sign = ptr[rip + constant_label(uint64_t{1} << 63)];
      load_f64(fscratch, sign);
      if (has_avx_) {
        vxorps(x(1), x(0), fscratch);
      } else {
        if (x(1).getIdx() != x(0).getIdx()) movaps(x(1), x(0));
        xorps(x(1), fscratch);
      }
      break;
    }
    case kFmod:
      mov(rax, reinterpret_cast<uint64_t>(&fmod_f64));
      Xbyak::CodeGenerator::call(rax);
      clobber_after_call(xmm(0));
      break;
    case kCompare: {
      uint32_t result = inst.has_imm ? 1 : 2;
      xor_(d(result), d(result));
      set_if(compare(inst), b(result));
      break;
    }
    case kNot: xor_(d(0), 1); break;
    case kSelect: select_value(inst, false); break;
    case kSelectCompare: select_value(inst, true); break;
    default: ORUS_CHECK(false && "no encoding for this instruction");
  }
}

void Emitter::divide(const LirInst& inst) {
  using namespace Xbyak::util;
  bool w = wide(inst.type);
  if (inst.compare == IrOp::sdiv || inst.compare == IrOp::srem) {
    w ? cqo() : cdq();
    idiv(g(1, w));
  } else {
    xor_(edx, edx);
    div(g(1, w));
  }
}

void Emitter::floating(const LirInst& inst) {
  Xmm a = x(0), c = x(1), to = x(2);
  if (has_avx_) {
    switch (inst.compare) {
      case IrOp::add: return vaddsd(to, a, c);
      case IrOp::sub: return vsubsd(to, a, c);
      case IrOp::mul: return vmulsd(to, a, c);
      default: return vdivsd(to, a, c);
    }
  }
  Xmm work = to.getIdx() == c.getIdx() && to.getIdx() != a.getIdx() ? fscratch : to;
  if (work.getIdx() != a.getIdx()) movaps(work, a);
  switch (inst.compare) {
    case IrOp::add: addsd(work, c); break;
    case IrOp::sub: subsd(work, c); break;
    case IrOp::mul: mulsd(work, c); break;
    default: divsd(work, c); break;
  }
  if (work.getIdx() != to.getIdx()) movaps(to, work);
}

/// Values with the top bit set are halved, keeping the lost bit for rounding, converted and doubled.
void Emitter::uint_to_f64() {
  using namespace Xbyak::util;
  Label big, done;
  zero_f64(x(1));
  test(q(0), q(0));
  js(big);
  cvtsi2sd(x(1), q(0));
  jmp(done);
  L(big);
  mov(q(2), q(0));
  mov(r11, q(0));
  shr(q(2), 1);
  and_(r11d, 1);
  or_(q(2), r11);
  cvtsi2sd(x(1), q(2));
  addsd(x(1), x(1));
  L(done);
}

void Emitter::f64_to_uint() {
  Label big, done;
  constexpr uint64_t kTwo63 = 0x43e0000000000000;
  load_f64(x(2), ptr[Xbyak::util::rip + constant_label(kTwo63)]);
  compare_f64(x(0), x(2));
  jae(big);
  cvttsd2si(q(1), x(0));
  jmp(done);
  L(big);
  move_f64(fscratch, x(0));
  subsd(fscratch, x(2));
  cvttsd2si(q(1), fscratch);
  btc(q(1), 63);
  L(done);
}

void Emitter::select_value(const LirInst& inst, bool compared) {
  Cond c = Cond::kNE;
  if (compared) {
    c = compare(inst, 2, inst.width == 16, inst.width == 8);
  } else {
    test(d(2), d(2));
  }
  if (inst.type == IrType::kF64) {
    Label no;
    jump_if(inverse(c), no);
    move_f64(x(0), x(1));
    L(no);
  } else {
    move_if(c, q(0), q(1));
  }
}

}  // namespace orus::jit::x64
