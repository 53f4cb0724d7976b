// Emission: LIR with places to bytes, through Xbyak. Chooses nothing: every decision is in the LIR or the allocation.
#define XBYAK_NO_EXCEPTION
#include <xbyak/xbyak.h>
#include <xbyak/xbyak_util.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include "jit/code/runtime_table.h"
#include "jit/target/x64/x64.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/vm.h"

namespace orus::jit::x64 {
namespace {

using Xbyak::Label;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Reg8;
using Xbyak::Xmm;

/// A condition on the flags after a comparison; the f64 equalities need two flags.
enum class Cond { kE, kNE, kL, kLE, kG, kGE, kB, kBE, kA, kAE, kFloatE, kFloatNE };

int32_t context_offset(size_t offset) { return static_cast<int32_t>(offset); }
#define CONTEXT(field) (ptr[ctx + context_offset(offsetof(VmContext, field))])

class Emitter : public Xbyak::CodeGenerator {
 public:
  Emitter(const Lowering& lowering, const RaResult& allocation, const EmitOptions& options, EmittedUnit* out,
          std::vector<uint8_t>& buffer)
      : CodeGenerator(buffer.size(), buffer.data()),
        l(lowering), ra(allocation), opt(options), out_(out), ctx(Xbyak::util::r15), base(Xbyak::util::r14),
        scratch(Xbyak::util::r11), fscratch(15) {
    setDefaultJmpNEAR(true);
    // Asked once: each CPUID costs microseconds under a hypervisor, and a Cpu asks dozens of times.
    static const bool kHasAvx = Xbyak::util::Cpu().has(Xbyak::util::Cpu::tAVX);
    has_avx_ = kHasAvx;
  }

  void run() {
    blocks_.resize(l.order.size());
    exits_.resize(l.out.exits.size());
    unchanged_.resize(l.out.exits.size());
    out_->return_offsets.resize(l.out.sites.size());
    out_->exit_offsets.resize(l.out.exits.size());
    uint32_t bytes = 24 + 8 * ra.num_slots;
    out_->frame_bytes = (bytes + 15) & ~15u;
    choose_targets();
    prologue();
    for (block_ = 0; block_ < l.order.size(); ++block_) emit_block();
    for (auto& piece : cold_) piece();
    if (opt.has_depth) {
      L(fallback_);
      mov(Xbyak::util::eax, opt.function);
      jmp(CONTEXT(interpret_stub));
    }
    for (uint32_t i = 0; i < exits_.size(); ++i) exit_stub(i);
    constants();
  }

 private:
  const Lowering& l;
  const RaResult& ra;
  const EmitOptions& opt;
  EmittedUnit* out_;
  const Reg64 ctx, base, scratch;
  const Xmm fscratch;
  bool has_avx_;
  std::vector<Label> blocks_, exits_;
  std::vector<Label> unchanged_;            // by exit: entry of its stub when the instruction has not run yet
  std::vector<uint32_t> jump_to_;           // by block: where a jump to it really goes (past empty jump blocks)
  std::vector<std::function<void()>> cold_;
  std::map<uint64_t, Label> pool_;
  Label fallback_;
  Label self_;
  uint32_t block_ = 0;
  uint32_t at_ = 0;                         // instruction being emitted
  size_t next_edit_ = 0;

  // ---- places

  const Allocation& place(uint32_t operand) const { return ra.operand_allocs[l.out.ra.insts[at_].operands.first + operand]; }
  static Reg64 r64(const Allocation& a) { return Reg64(static_cast<int>(a.preg().hw)); }
  Reg64 q(uint32_t operand) const { return r64(place(operand)); }
  Reg32 d(uint32_t operand) const { return Reg32(static_cast<int>(place(operand).preg().hw)); }
  Reg8 b(uint32_t operand) const { return byte_of(q(operand)); }
  static Reg8 byte_of(const Reg64& r) { return Reg8(r.getIdx(), r.getIdx() >= 4 && r.getIdx() < 8); }
  Xmm x(uint32_t operand) const { return Xmm(static_cast<int>(place(operand).preg().hw)); }
  /// The operand at the width of the type: 64 bits for i64 and references.
  static bool wide(IrType type) { return type == IrType::kI64 || type == IrType::kRef; }
  Xbyak::Reg g(uint32_t operand, bool w) const { return w ? static_cast<Xbyak::Reg>(q(operand)) : static_cast<Xbyak::Reg>(d(operand)); }
  Xbyak::Address slot(uint32_t s) const { return ptr[Xbyak::util::rbp + spill_offset(s)]; }

  // ---- blocks and jumps

  bool has_edits(uint32_t inst) const {
    for (const Edit& edit : ra.edits) {
      if (edit.inst == inst) return true;
    }
    return false;
  }

  void choose_targets() {
    std::vector<uint8_t> edited(l.out.insts.size() + 1, 0);
    for (const Edit& edit : ra.edits) edited[edit.inst] = 1;
    jump_to_.resize(l.order.size());
    for (uint32_t i = 0; i < l.order.size(); ++i) {
      uint32_t target = i;
      for (int steps = 0; steps < 8; ++steps) {
        const RaBlock& block = l.out.ra.blocks[target];
        bool empty = block.end_inst - block.first_inst == 1 && l.out.insts[block.first_inst].op == kJump && edited[block.first_inst] == 0;
        if (!empty || target == 0) break;
        target = l.out.ra.edges_of(block)[0].target;
      }
      jump_to_[i] = target;
    }
  }
  uint32_t successor(uint32_t i) const { return jump_to_[l.out.ra.edges_of(l.out.ra.blocks[block_])[i].target]; }
  /// Whether control falls into block `target` from the end of the current one: only empty jump blocks lie between.
  bool falls_to(uint32_t target) const {
    for (uint32_t next = block_ + 1; next < l.order.size(); ++next) {
      if (next == target) return true;
      if (jump_to_[next] == next) return false;
    }
    return false;
  }

  void emit_block() {
    L(blocks_[block_]);
    if (jump_to_[block_] != block_) {
      skip_edits(l.out.ra.blocks[block_].end_inst);
      return;
    }
    for (at_ = l.out.ra.blocks[block_].first_inst; at_ < l.out.ra.blocks[block_].end_inst; ++at_) {
      out_->lines.push_back({static_cast<uint32_t>(getSize()), at_});
      edits();
      instruction(l.out.insts[at_]);
    }
  }
  void skip_edits(uint32_t until) {
    while (next_edit_ < ra.edits.size() && ra.edits[next_edit_].inst < until) ++next_edit_;
  }
  void edits() {
    skip_edits(at_);
    for (; next_edit_ < ra.edits.size() && ra.edits[next_edit_].inst == at_; ++next_edit_) move(ra.edits[next_edit_]);
  }
  void move(const Edit& edit) {
    if (edit.from.is_remat()) return load_constant(edit.to, l.fn.at(l.out.value_of[edit.vreg.index]));
    if (edit.from.is_stack()) {
      if (edit.to.preg().cls == RegClass::kFloat) return load_f64(Xmm(edit.to.preg().hw), slot(edit.from.slot()));
      return mov(r64(edit.to), slot(edit.from.slot()));
    }
    if (edit.to.is_stack()) {
      if (edit.from.preg().cls == RegClass::kFloat) return store_f64(slot(edit.to.slot()), Xmm(edit.from.preg().hw));
      return mov(slot(edit.to.slot()), r64(edit.from));
    }
    if (edit.to.preg().cls == RegClass::kFloat) return move_f64(Xmm(edit.to.preg().hw), Xmm(edit.from.preg().hw));
    mov(r64(edit.to), r64(edit.from));
  }

  // ---- f64 in AVX or SSE form

  void load_f64(const Xmm& to, const Xbyak::Address& from) { has_avx_ ? vmovsd(to, from) : movsd(to, from); }
  void store_f64(const Xbyak::Address& to, const Xmm& from) { has_avx_ ? vmovsd(to, from) : movsd(to, from); }
  void move_f64(const Xmm& to, const Xmm& from) { has_avx_ ? vmovaps(to, from) : movaps(to, from); }
  void zero_f64(const Xmm& to) { has_avx_ ? vxorps(to, to, to) : xorps(to, to); }
  void compare_f64(const Xmm& a, const Xmm& c) { has_avx_ ? vucomisd(a, c) : ucomisd(a, c); }

  Label& constant_label(uint64_t bits) { return pool_[bits]; }

  /// Keeps the flags: edits may stand between a comparison and its jump.
  void load_constant(const Allocation& to, const Inst& value) {
    auto bits = static_cast<uint64_t>(value.imm);
    if (to.preg().cls == RegClass::kFloat) {
      Xmm reg(to.preg().hw);
      if (bits == 0) return zero_f64(reg);
      return load_f64(reg, ptr[Xbyak::util::rip + constant_label(bits)]);
    }
    Reg64 reg = r64(to);
    if (bits <= UINT32_MAX) {
      mov(Reg32(reg.getIdx()), static_cast<uint32_t>(bits));
    } else {
      mov(reg, bits);
    }
  }

  void constants() {
    align(8);
    for (auto& [bits, label] : pool_) {
      L(label);
      dq(bits);
    }
  }

  // ---- entry and exits

  void prologue() {
    using namespace Xbyak::util;
    if (opt.has_depth) {
      out_->frame_entry = static_cast<uint32_t>(getSize());
      uint32_t ints = 0, floats = 0, i = 0;
      for (IrType type : l.fn.param_types) {
        if (type == IrType::kF64 && floats < kFloatArgs) {
          load_f64(Xmm(static_cast<int>(floats++)), ptr[base + static_cast<int>(8 * i)]);
        } else if (type != IrType::kF64 && ints < std::size(kIntArgs)) {
          mov(Reg64(kIntArgs[ints++]), ptr[base + static_cast<int>(8 * i)]);
        }
        ++i;
      }
      align(16);
    }
    out_->entry = static_cast<uint32_t>(getSize());
    L(self_);
    if (opt.has_depth) {
      if (opt.inline_depth > 0) {
        lea(eax, ptr[r13 + static_cast<int>(opt.inline_depth)]);
        cmp(eax, CONTEXT(max_depth));
      } else {
        cmp(r13d, CONTEXT(max_depth));
      }
      jae(fallback_);
      if (out_->frame_bytes > 1024) {
        cmp(rsp, CONTEXT(host_stack_limit));
        jb(fallback_);
      }
      inc(r13d);
    }
    push(rbp);
    mov(rbp, rsp);
    push(static_cast<uint32_t>(opt.unit_id));
    push(base);
    sub(rsp, out_->frame_bytes - 16);
  }

  void exit_stub(uint32_t i) {
    out_->exit_offsets[i] = static_cast<uint32_t>(getSize());
    L(exits_[i]);
    undo(l.out.exits[i].inst);
    L(unchanged_[i]);
    push(i);
    jmp(CONTEXT(exit_stub));
  }

  /// An overflowing add or sub has already replaced its first operand, which the frame state may name: take it back.
  void undo(uint32_t at) {
    const LirInst& inst = l.out.insts[at];
    if (inst.op != kAluOv) return;
    at_ = at;
    bool w = wide(inst.type);
    Xbyak::Reg to = g(0, w);
    auto imm = static_cast<uint32_t>(inst.imm);
    bool added = inst.compare == IrOp::add_ov;
    if (inst.has_imm) {
      added ? sub(to, imm) : add(to, imm);
    } else if (place(1) == place(0)) {
      // x + x: the bit shifted out is in the carry flag. x - x never overflows.
      rcr(to, 1);
    } else {
      added ? sub(to, g(1, w)) : add(to, g(1, w));
    }
  }

  Label& exit_of(const LirInst& inst) { return exits_[inst.exit]; }

  /// Stress: counts this exit's hits down and leaves at the one that was chosen.
  void maybe_force(const LirInst& inst) {
    if (opt.forced_exits == nullptr || inst.exit == UINT32_MAX || l.out.exits[inst.exit].raise || l.fn.at(inst.source).conditional) return;
    mov(scratch, reinterpret_cast<uint64_t>(&opt.forced_exits[inst.exit]));
    dec(dword[scratch]);
    jz(unchanged_[inst.exit]);
  }

  // ---- conditions

  static Cond inverse(Cond c) {
    switch (c) {
      case Cond::kE: return Cond::kNE;
      case Cond::kNE: return Cond::kE;
      case Cond::kL: return Cond::kGE;
      case Cond::kLE: return Cond::kG;
      case Cond::kG: return Cond::kLE;
      case Cond::kGE: return Cond::kL;
      case Cond::kB: return Cond::kAE;
      case Cond::kBE: return Cond::kA;
      case Cond::kA: return Cond::kBE;
      case Cond::kAE: return Cond::kB;
      case Cond::kFloatE: return Cond::kFloatNE;
      default: return Cond::kFloatE;
    }
  }

  void jump_if(Cond c, const Label& to) {
    switch (c) {
      case Cond::kE: return je(to);
      case Cond::kNE: return jne(to);
      case Cond::kL: return jl(to);
      case Cond::kLE: return jle(to);
      case Cond::kG: return jg(to);
      case Cond::kGE: return jge(to);
      case Cond::kB: return jb(to);
      case Cond::kBE: return jbe(to);
      case Cond::kA: return ja(to);
      case Cond::kAE: return jae(to);
      case Cond::kFloatNE:
        jp(to);
        return jne(to);
      case Cond::kFloatE: {
        Label no;
        jp(no);
        je(to);
        L(no);
        return;
      }
    }
  }

  void set_if(Cond c, const Reg8& to) {
    switch (c) {
      case Cond::kE: return sete(to);
      case Cond::kNE: return setne(to);
      case Cond::kL: return setl(to);
      case Cond::kLE: return setle(to);
      case Cond::kG: return setg(to);
      case Cond::kGE: return setge(to);
      case Cond::kB: return setb(to);
      case Cond::kBE: return setbe(to);
      case Cond::kA: return seta(to);
      case Cond::kAE: return setae(to);
      case Cond::kFloatE:
        sete(to);
        setnp(Xbyak::util::r11b);
        return and_(to, Xbyak::util::r11b);
      case Cond::kFloatNE:
        setne(to);
        setp(Xbyak::util::r11b);
        return or_(to, Xbyak::util::r11b);
    }
  }

  void move_if(Cond c, const Reg64& to, const Reg64& from) {
    switch (c) {
      case Cond::kE: return cmove(to, from);
      case Cond::kNE: return cmovne(to, from);
      case Cond::kL: return cmovl(to, from);
      case Cond::kLE: return cmovle(to, from);
      case Cond::kG: return cmovg(to, from);
      case Cond::kGE: return cmovge(to, from);
      case Cond::kB: return cmovb(to, from);
      case Cond::kBE: return cmovbe(to, from);
      case Cond::kA: return cmova(to, from);
      case Cond::kAE: return cmovae(to, from);
      case Cond::kFloatE: {
        Label no;
        jp(no);
        cmove(to, from);
        L(no);
        return;
      }
      case Cond::kFloatNE:
        cmovne(to, from);
        return cmovp(to, from);
    }
  }

  static Cond integer_condition(IrOp op) {
    switch (op) {
      case IrOp::eq: return Cond::kE;
      case IrOp::ne: return Cond::kNE;
      case IrOp::lt: return Cond::kL;
      case IrOp::le: return Cond::kLE;
      case IrOp::gt: return Cond::kG;
      case IrOp::ge: return Cond::kGE;
      case IrOp::ult: return Cond::kB;
      default: return Cond::kBE;
    }
  }

  /// Compares operands `first` and the next (or the immediate); the condition that then holds.
  Cond compare(const LirInst& inst, uint32_t first, bool is_f64, bool w) {
    if (is_f64) {
      Xmm a = x(first), c = x(first + 1);
      switch (inst.compare) {
        // Below is set for unordered operands, above is not: put the greater side first.
        case IrOp::lt: compare_f64(c, a); return Cond::kA;
        case IrOp::le: compare_f64(c, a); return Cond::kAE;
        case IrOp::gt: compare_f64(a, c); return Cond::kA;
        case IrOp::ge: compare_f64(a, c); return Cond::kAE;
        case IrOp::eq: compare_f64(a, c); return Cond::kFloatE;
        default: compare_f64(a, c); return Cond::kFloatNE;
      }
    }
    if (inst.has_imm) {
      bool equality = inst.compare == IrOp::eq || inst.compare == IrOp::ne || inst.compare == IrOp::lt || inst.compare == IrOp::ge;
      if (inst.imm == 0 && equality) {
        test(g(first, w), g(first, w));
      } else {
        cmp(g(first, w), static_cast<uint32_t>(inst.imm));
      }
    } else {
      cmp(g(first, w), g(first + 1, w));
    }
    return integer_condition(inst.compare);
  }
  Cond compare(const LirInst& inst) { return compare(inst, 0, inst.type == IrType::kF64, wide(inst.type)); }

  void branch(Cond c) {
    uint32_t yes = successor(0), no = successor(1);
    if (yes == no) return jump(yes);
    if (falls_to(yes)) {
      jump_if(inverse(c), blocks_[no]);
    } else {
      jump_if(c, blocks_[yes]);
      jump(no);
    }
  }
  void jump(uint32_t target) {
    if (!falls_to(target)) jmp(blocks_[target]);
  }

  // ---- instructions

  void instruction(const LirInst& inst);
  void scalar(const LirInst& inst);
  void memory(const LirInst& inst);
  void call(const LirInst& inst);
  void runtime(const LirInst& inst);
  void floating(const LirInst& inst);
  void divide(const LirInst& inst);
  void uint_to_f64();
  void f64_to_uint();
  void select_value(const LirInst& inst, bool compared);
  void load(const LirInst& inst, const Xbyak::RegExp& address, uint32_t result);
  void store(const LirInst& inst, const Xbyak::RegExp& address, uint32_t value);
  void store_slot_immediate(const Xbyak::RegExp& address, const LirInst& inst);
  Xbyak::RegExp element(const LirInst& inst, bool index_is_imm);
};

void Emitter::instruction(const LirInst& inst) {
  using namespace Xbyak::util;
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
    case kGuardCompare: {
      maybe_force(inst);
      Cond c = compare(inst);
      jump_if(inverse(c), exit_of(inst));
      break;
    }
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
    case kLoad: case kStore: case kLoadElem: case kStoreElem: case kBarrier: case kLoadGlobal: case kStoreGlobal:
    case kLoadAssigned: case kStoreFrame: case kLoadFrame: case kSlot: case kPool:
      memory(inst);
      break;
    default: scalar(inst); break;
  }
}

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
        case IrOp::sub: case IrOp::sub_ov: inst.has_imm ? sub(to, imm) : sub(to, g(1, w)); break;
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
    case kMulHigh:
      inst.compare == IrOp::mul_high ? imul(g(1, w)) : mul(g(1, w));
      break;
    case kSext: movsxd(q(1), d(0)); break;
    case kZext: case kTrunc: mov(d(1), d(0)); break;
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

// ---- memory

void Emitter::load(const LirInst& inst, const Xbyak::RegExp& address, uint32_t result) {
  if (inst.type == IrType::kF64) return load_f64(x(result), ptr[address]);
  switch (inst.width) {
    case 1: return movzx(d(result), byte[address]);
    case 4: return mov(d(result), dword[address]);
    default: return mov(q(result), ptr[address]);
  }
}

/// Stores the immediate in canonical form, 8 bytes wide.
void Emitter::store_slot_immediate(const Xbyak::RegExp& address, const LirInst& inst) {
  if (!wide(inst.type) && inst.imm < 0) {
    mov(Xbyak::util::r11d, static_cast<uint32_t>(inst.imm));
    mov(ptr[address], scratch);
  } else {
    mov(qword[address], static_cast<uint64_t>(inst.imm));  // sign-extended from 32 bits
  }
}

void Emitter::store(const LirInst& inst, const Xbyak::RegExp& address, uint32_t value) {
  if (inst.has_imm) {
    switch (inst.width) {
      case 1: return mov(byte[address], static_cast<uint8_t>(inst.imm));
      case 4: return mov(dword[address], static_cast<uint32_t>(inst.imm));
      default: return store_slot_immediate(address, inst);
    }
  }
  if (inst.type == IrType::kF64) return store_f64(ptr[address], x(value));
  switch (inst.width) {
    case 1: return mov(ptr[address], b(value));
    case 4: return mov(ptr[address], d(value));
    default: return mov(ptr[address], q(value));
  }
}

Xbyak::RegExp Emitter::element(const LirInst& inst, bool index_is_imm) {
  if (index_is_imm) return q(0) + static_cast<size_t>(inst.disp + inst.imm * inst.width);
  return q(0) + q(1) * inst.width + static_cast<size_t>(inst.disp);
}

void Emitter::memory(const LirInst& inst) {
  using namespace Xbyak::util;
  switch (inst.op) {
    case kLoad: load(inst, q(0) + static_cast<size_t>(inst.disp), 1); break;
    case kStore: store(inst, q(0) + static_cast<size_t>(inst.disp), 1); break;
    case kLoadElem: load(inst, element(inst, inst.has_imm), inst.has_imm ? 1 : 2); break;
    case kStoreElem: store(inst, element(inst, false), 2); break;
    case kSlot:
      if (inst.type == IrType::kF64) {
        load_f64(x(0), ptr[base + static_cast<int>(8 * inst.imm)]);
      } else {
        mov(q(0), ptr[base + static_cast<int>(8 * inst.imm)]);
      }
      break;
    case kPool:
      mov(scratch, CONTEXT(constants));
      mov(q(0), ptr[scratch + static_cast<int>(8 * inst.imm)]);
      break;
    case kLoadGlobal:
      mov(scratch, CONTEXT(globals));
      if (inst.type == IrType::kF64) {
        load_f64(x(0), ptr[scratch + static_cast<int>(8 * inst.imm)]);
      } else {
        mov(q(0), ptr[scratch + static_cast<int>(8 * inst.imm)]);
      }
      break;
    case kStoreGlobal:
      mov(scratch, CONTEXT(globals));
      if (inst.type == IrType::kF64) {
        store_f64(ptr[scratch + static_cast<int>(8 * inst.imm)], x(0));
      } else {
        mov(ptr[scratch + static_cast<int>(8 * inst.imm)], q(0));
      }
      mov(scratch, CONTEXT(globals_assigned));
      mov(byte[scratch + static_cast<int>(inst.imm)], 1);
      break;
    case kLoadAssigned:
      mov(scratch, CONTEXT(globals_assigned));
      movzx(d(0), byte[scratch + static_cast<int>(inst.imm)]);
      break;
    case kStoreFrame:
      if (inst.has_imm) {
        store_slot_immediate(base + static_cast<size_t>(inst.disp), inst);
      } else if (inst.type == IrType::kF64) {
        store_f64(ptr[base + inst.disp], x(0));
      } else {
        mov(ptr[base + inst.disp], q(0));
      }
      break;
    case kLoadFrame:
      if (inst.type == IrType::kF64) {
        load_f64(x(0), ptr[base + inst.disp]);
      } else {
        mov(q(0), ptr[base + inst.disp]);
      }
      break;
    default: {  // kBarrier
      auto slow = std::make_shared<Label>(), back = std::make_shared<Label>();
      Reg64 object = q(0);
      test(byte[object], kNeedsBarrier);
      jnz(*slow);
      L(*back);
      cold_.push_back([this, slow, back, object] {
        L(*slow);
        mov(scratch, object);
        Xbyak::CodeGenerator::call(CONTEXT(barrier_stub));
        jmp(*back);
      });
      break;
    }
  }
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
  Xbyak::CodeGenerator::call(rax);
  out_->return_offsets[inst.site] = static_cast<uint32_t>(getSize());
  test(al, al);
  jz(exit_of(inst));
}

}  // namespace

void emit(const Lowering& lowering, const RaResult& allocation, const EmitOptions& options, EmittedUnit* out) {
  size_t bound = 4096 + 128 * lowering.out.insts.size() + 16 * allocation.edits.size() + 16 * lowering.out.exits.size();
  std::vector<uint8_t> buffer(bound);
  Emitter emitter(lowering, allocation, options, out, buffer);
  emitter.run();
  ORUS_CHECK(Xbyak::GetError() == Xbyak::ERR_NONE);
  out->bytes.assign(emitter.getCode(), emitter.getCode() + emitter.getSize());
}

}  // namespace orus::jit::x64
