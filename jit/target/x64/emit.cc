// Emission of control flow, checks and calls; and the walk over the unit.
#include "jit/target/x64/emitter.h"

namespace orus::jit::x64 {

void Emitter::instruction(const LirInst& inst) {
  using namespace Xbyak::util;
  // clang-format off: one row an instruction
  switch (inst.op) {
    case kNop: case kParam: break;
    case kConst:
      if (!place(0).is_none() && !place(0).is_remat() && !place(0).is_stack()) load_constant(place(0), l.fn.at(inst.source));
      break;
    case kGuard:
      maybe_force(inst);
      test(d(0), d(0));
      jz(exit_of(inst));
      break;
    case kGuardCompare:
      maybe_force(inst);
      jump_if(inverse(compare(inst)), exit_of(inst));
      break;
    case kBounds:
      maybe_force(inst);
      if (inst.has_imm) {
        cmp(d(0), static_cast<uint32_t>(inst.imm));
      } else {
        cmp(d(0), d(1));
      }
      jae(exit_of(inst));
      break;
    case kCall: call(inst); break;
    case kRuntime: runtime(inst); break;
    case kPoll:
      maybe_force(inst);
      cmp(dword[ctx + context_offset(offsetof(VmContext, interrupt))], 0);
      jne(exit_of(inst));
      break;
    case kCharge:
      maybe_force(inst);
      cmp(qword[ctx + context_offset(offsetof(VmContext, fuel))], static_cast<uint32_t>(inst.imm));
      jl(exit_of(inst));
      sub(qword[ctx + context_offset(offsetof(VmContext, fuel))], static_cast<uint32_t>(inst.imm));
      break;
    case kJump: jump(successor(0)); break;
    case kBranch:
      test(d(0), d(0));
      branch(Cond::kNE);
      break;
    case kBranchCompare: branch(compare(inst)); break;
    case kRet:
      if (opt.has_depth) dec(r13d);
      leave();
      ret();
      break;
    case kLeave: jmp(exit_of(inst)); break;
    case kLoad: case kStore: case kLoadElem: case kStoreElem: case kBarrier: case kNewObject: case kLoadGlobal: case kStoreGlobal:
    case kLoadAssigned: case kStoreFrame: case kLoadFrame: case kSlot: case kPool:
      memory(inst);
      break;
    default: scalar(inst); break;
  }
  // clang-format on
}

// ---- calls

void Emitter::call(const LirInst& inst) {
  using namespace Xbyak::util;
  // The callee counts on top of the inlined frames between this unit and the call.
  uint32_t inlined = 0;
  for (FrameId f = l.fn.at(l.fn.at(inst.source).frame).parent; f.valid(); f = l.fn.at(f).parent) ++inlined;
  if (inlined > 0) add(r13d, inlined);
  add(base, static_cast<uint32_t>(inst.disp));
  if (opt.has_depth && inst.imm == opt.function) {
    Xbyak::CodeGenerator::call(self_);
  } else {
    mov(eax, static_cast<uint32_t>(inst.imm));
    mov(scratch, CONTEXT(entries));
    Xbyak::CodeGenerator::call(ptr[scratch + static_cast<int>(8 * inst.imm)]);
  }
  out_->return_offsets[inst.site] = static_cast<uint32_t>(getSize());
  sub(base, static_cast<uint32_t>(inst.disp));
  if (inlined > 0) sub(r13d, inlined);
}

/// Under stress, so that nothing depends on what a C++ compiler happened to leave alone: overwrites what the System V ABI
/// lets a call destroy, but for its result.
void Emitter::clobber_after_call(PReg result) {
  if (!opt.clobber) return;
  for (x64::Reg r : {x64::rax, x64::rcx, x64::rdx, x64::rsi, x64::rdi, x64::r8, x64::r9, x64::r10, x64::r11}) {
    if (!(gpr(r) == result)) mov(Reg64(r), 0xdead'0000'0000'beef + (uint64_t{r} << 16));
  }
  mov(scratch, 0x7ff4'dead'0000'beef);  // a signalling NaN
  for (uint8_t i = 0; i < 16; ++i) {
    if (!(xmm(i) == result)) movq(Xmm(i), scratch);
  }
}

void Emitter::runtime(const LirInst& inst) {
  using namespace Xbyak::util;
  const FrameState& frame = l.fn.at(l.fn.at(inst.source).frame);
  const Insn* pc = opt.code[frame.function] + frame.pc;
  mov(scratch, reinterpret_cast<uint64_t>(opt.functions[frame.function]));
  mov(ptr[base + inst.disp - 8], scratch);
  mov(rdx, reinterpret_cast<uint64_t>(pc));
  mov(ptr[base + inst.disp - 16], rdx);
  mov(rdi, CONTEXT(vm));
  lea(rsi, ptr[base + inst.disp]);
  mov(dword[rbp - 24], inst.exit);
  mov(CONTEXT(native_frame), rbp);
  mov(rax, reinterpret_cast<uint64_t>(runtime_function(l.module.module.functions[frame.function].code[frame.pc])));
  Xbyak::CodeGenerator::call(Xbyak::util::rax);
  out_->return_offsets[inst.site] = static_cast<uint32_t>(getSize());
  clobber_after_call(gpr(x64::rax));
  test(al, al);
  jz(exit_of(inst));
}

void emit(const Lowering& lowering, const RaResult& allocation, const EmitOptions& options, EmittedUnit* out) {
  size_t bound = 4096 + 128 * lowering.out.insts.size() + 16 * allocation.edits.size() + 16 * lowering.out.exits.size();
  auto buffer = std::make_unique_for_overwrite<uint8_t[]>(bound);
  Emitter emitter(lowering, allocation, options, out, {buffer.get(), bound});
  emitter.run();
  ORUS_CHECK(Xbyak::GetError() == Xbyak::ERR_NONE);
  out->bytes.assign(emitter.getCode(), emitter.getCode() + emitter.getSize());
}

}  // namespace orus::jit::x64
