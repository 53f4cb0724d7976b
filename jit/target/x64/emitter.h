// Emitter: LIR with places to bytes, through Xbyak. Chooses nothing: every decision is in the LIR or the allocation.
// Frame, moves, conditions and exits are here; instructions are in emit.cc (control and calls), emit_scalar.cc and
// emit_memory.cc.
#pragma once

#define XBYAK_NO_EXCEPTION
#include <xbyak/xbyak.h>
#include <xbyak/xbyak_util.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>

#include "jit/code/runtime_table.h"
#include "jit/target/x64/x64.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/vm.h"

namespace orus::jit::x64 {

using Xbyak::Label;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Reg8;
using Xbyak::Xmm;

/// A condition on the flags after a comparison; the f64 equalities need two flags.
enum class Cond { kE, kNE, kL, kLE, kG, kGE, kB, kBE, kA, kAE, kFloatE, kFloatNE };

inline int32_t context_offset(size_t offset) { return static_cast<int32_t>(offset); }
#define CONTEXT(field) (ptr[ctx + context_offset(offsetof(VmContext, field))])

/// Asked once: each of the many CPUID instructions behind it traps to the hypervisor on a virtual machine.
inline bool host_has_avx() {
  static const bool has = Xbyak::util::Cpu().has(Xbyak::util::Cpu::tAVX);
  return has;
}

class Emitter : public Xbyak::CodeGenerator {
 public:
  Emitter(const Lowering& lowering, const RaResult& allocation, const EmitOptions& options, EmittedUnit* out, std::span<uint8_t> buffer)
      : CodeGenerator(buffer.size(), buffer.data()),
        l(lowering),
        ra(allocation),
        opt(options),
        out_(out),
        ctx(Xbyak::util::r15),
        base(Xbyak::util::r14),
        scratch(Xbyak::util::r11),
        fscratch(15) {
    setDefaultJmpNEAR(true);
    has_avx_ = host_has_avx() && !options.baseline_isa;
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
    out_->body_end = static_cast<uint32_t>(getSize());
    for (auto& piece : cold_) piece();
    if (opt.has_depth) {
      L(fallback_);
      mov(Xbyak::util::eax, opt.function);
      jmp(CONTEXT(interpret_stub));
    }
    for (uint32_t i = 0; i < exits_.size(); ++i) exit_stub(i);
    out_->code_end = static_cast<uint32_t>(getSize());
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
    auto at = std::lower_bound(ra.edits.begin(), ra.edits.end(), inst, [](const Edit& e, uint32_t i) { return e.inst < i; });
    return at != ra.edits.end() && at->inst == inst;
  }

  void choose_targets() {
    std::vector<uint8_t> edited(l.out.insts.size() + 1, 0);
    for (const Edit& edit : ra.edits) edited[edit.inst] = 1;
    jump_to_.resize(l.order.size());
    for (uint32_t i = 0; i < l.order.size(); ++i) {
      // To the end of the chain: a block in the middle of one is not emitted. A cycle's blocks stay.
      uint32_t target = i;
      for (size_t steps = 0; steps < l.order.size(); ++steps) {
        const RaBlock& block = l.out.ra.blocks[target];
        bool empty = block.end_inst - block.first_inst == 1 && l.out.insts[block.first_inst].op == kJump && edited[block.first_inst] == 0;
        if (!empty || target == 0) break;
        target = l.out.ra.edges_of(block)[0].target;
        if (target == i) break;
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
      case Cond::kFloatNE: jp(to); return jne(to);
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
      case Cond::kFloatNE: cmovne(to, from); return cmovp(to, from);
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
  void clobber_after_call(PReg result);
  void runtime(const LirInst& inst);
  void floating(const LirInst& inst);
  void divide(const LirInst& inst);
  void uint_to_f64();
  void f64_to_uint();
  void new_object(const LirInst& inst);
  void select_value(const LirInst& inst, bool compared);
  void load(const LirInst& inst, const Xbyak::RegExp& address, uint32_t result);
  void store(const LirInst& inst, const Xbyak::RegExp& address, uint32_t value);
  void store_slot_immediate(const Xbyak::RegExp& address, const LirInst& inst);
  Xbyak::RegExp element(const LirInst& inst, bool index_is_imm);
};

}  // namespace orus::jit::x64
