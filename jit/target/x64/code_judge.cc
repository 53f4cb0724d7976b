#include "jit/target/x64/code_judge.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "jit/target/x64/x64.h"

namespace orus::jit::x64 {
namespace {

/// A set of machine registers: general ones from bit 0, vector ones from bit 16.
using RegSet = uint32_t;
constexpr RegSet bit(Reg r) { return 1u << r; }
RegSet reg_bit(PReg r) { return 1u << (r.cls == RegClass::kFloat ? 16 + r.hw : r.hw); }

constexpr RegSet kScratch = bit(r11) | 1u << 31;          // and xmm15
constexpr RegSet kFixed = bit(r15) | bit(r14) | bit(rbp) | bit(rsp) | bit(r13);  // read by anyone

struct Decoded {
  uint32_t offset = 0;
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/// What an instruction of the LIR must look like in bytes.
struct Shape {
  std::array<ZydisMnemonic, 3> any_of{};  // one of these must be there, at `width`
  int width = 0;                                // bits; 0: not checked
};

class Judge {
 public:
  Judge(const Lowering& lowering, const RaResult& allocation, const EmittedUnit& unit) : l_(lowering), ra_(allocation), unit_(unit) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  }

  Status run() {
    decode();
    if (problem_.empty()) check_targets();
    size_t next = 0;
    for (size_t i = 0; i < unit_.lines.size() && problem_.empty(); ++i) {
      lir_ = unit_.lines[i].inst;
      uint32_t begin = unit_.lines[i].offset, end = i + 1 < unit_.lines.size() ? unit_.lines[i + 1].offset : unit_.body_end;
      while (next < code_.size() && code_[next].offset < begin) ++next;
      size_t first = next;
      while (next < code_.size() && code_[next].offset < end) ++next;
      check_instruction(std::span(code_).subspan(first, next - first), end);
    }
    if (problem_.empty()) return Ok{};
    return Error{ErrorCode::kBadIr, problem_, "offset " + std::to_string(at_) + ", LIR instruction " + std::to_string(lir_)};
  }

 private:
  const Lowering& l_;
  const RaResult& ra_;
  const EmittedUnit& unit_;
  ZydisDecoder decoder_;
  std::vector<Decoded> code_;
  uint32_t at_ = 0, lir_ = 0;
  std::string problem_;

  void fail(const Decoded& d, std::string what) {
    if (!problem_.empty()) return;
    at_ = d.offset;
    problem_ = std::string(ZydisMnemonicGetString(d.insn.mnemonic)) + ": " + what;
  }

  void decode() {
    for (uint32_t at = 0; at < unit_.code_end;) {
      Decoded d;
      d.offset = at;
      if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, unit_.bytes.data() + at, unit_.code_end - at, &d.insn, d.operands))) {
        at_ = at;
        problem_ = "these bytes are no instruction";
        return;
      }
      at += d.insn.length;
      code_.push_back(d);
    }
  }

  bool is_boundary(uint64_t target) const {
    auto it = std::lower_bound(code_.begin(), code_.end(), target, [](const Decoded& d, uint64_t t) { return d.offset < t; });
    return it != code_.end() && it->offset == target;
  }

  void check_targets() {
    for (const Decoded& d : code_) {
      for (uint32_t i = 0; i < d.insn.operand_count; ++i) {
        const ZydisDecodedOperand& op = d.operands[i];
        uint64_t next = d.offset + d.insn.length;
        if (op.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op.imm.is_relative) {
          uint64_t target = next + static_cast<uint64_t>(op.imm.value.s);
          if (!is_boundary(target))
            fail(d, "goes to " + std::to_string(static_cast<int64_t>(target)) + ", where no instruction of the unit begins");
        }
        if (op.type == ZYDIS_OPERAND_TYPE_MEMORY && op.mem.base == ZYDIS_REGISTER_RIP) {
          uint64_t target = next + static_cast<uint64_t>(op.mem.disp.value);
          bool inside = target >= unit_.code_end && target + op.size / 8 <= unit_.bytes.size() && target % 8 == 0;
          if (!inside || (op.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0) fail(d, "is no read of a pooled constant");
        }
      }
    }
  }

  // ---- registers

  static RegSet set_of(ZydisRegister reg) {
    ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (full >= ZYDIS_REGISTER_RAX && full <= ZYDIS_REGISTER_R15) {
      // Zydis numbers rax rcx rdx rbx rsp rbp rsi rdi r8..., as the encoding does.
      return 1u << (full - ZYDIS_REGISTER_RAX);
    }
    int id = ZydisRegisterGetId(reg);
    switch (ZydisRegisterGetClass(reg)) {
      case ZYDIS_REGCLASS_XMM:
      case ZYDIS_REGCLASS_YMM:
      case ZYDIS_REGCLASS_ZMM: return id < 16 ? 1u << (16 + id) : 0;
      default: return 0;
    }
  }

  static void touched(const Decoded& d, RegSet* reads, RegSet* writes) {
    for (uint32_t i = 0; i < d.insn.operand_count; ++i) {
      const ZydisDecodedOperand& op = d.operands[i];
      if (op.type == ZYDIS_OPERAND_TYPE_REGISTER) {
        if ((op.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0) *reads |= set_of(op.reg.value);
        if ((op.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0) *writes |= set_of(op.reg.value);
      } else if (op.type == ZYDIS_OPERAND_TYPE_MEMORY) {
        *reads |= set_of(op.mem.base) | set_of(op.mem.index);
      }
    }
  }

  const Allocation& place(uint32_t operand) const { return ra_.operand_allocs[l_.out.ra.insts[lir_].operands.first + operand]; }

  /// Registers that the LIR instruction may write, beyond those of its operands.
  RegSet extra_writes(const LirInst& inst) const {
    switch (inst.op) {
      case kDivide:
      case kMulHigh: return bit(rax) | bit(rdx);
      case kRuntime: return bit(rax) | bit(rdx) | bit(rsi) | bit(rdi);
      case kFmod: return bit(rax);
      case kCall: return bit(rax) | bit(r14) | bit(r13);
      case kRet: return bit(r13) | bit(rbp) | bit(rsp);
      case kShift: return bit(rcx);
      default: return 0;
    }
  }

  void check_registers(std::span<const Decoded> code, const LirInst& inst) {
    RegSet mine = kScratch;
    const Slice& operands = l_.out.ra.insts[lir_].operands;
    for (uint32_t i = 0; i < operands.count; ++i) {
      if (place(i).is_reg()) mine |= reg_bit(place(i).preg());
    }
    auto edit = std::lower_bound(ra_.edits.begin(), ra_.edits.end(), lir_, [](const Edit& e, uint32_t i) { return e.inst < i; });
    for (; edit != ra_.edits.end() && edit->inst == lir_; ++edit) {
      if (edit->from.is_reg()) mine |= reg_bit(edit->from.preg());
      if (edit->to.is_reg()) mine |= reg_bit(edit->to.preg());
    }
    RegSet writable = mine | extra_writes(inst);
    for (const Decoded& d : code) {
      RegSet reads = 0, writes = 0;
      touched(d, &reads, &writes);
      bool call = d.insn.mnemonic == ZYDIS_MNEMONIC_CALL || d.insn.mnemonic == ZYDIS_MNEMONIC_RET;
      if (call) reads &= ~bit(rsp), writes &= ~bit(rsp);
      if ((writes & ~writable) != 0) return fail(d, "writes a register that is not its own");
      if ((reads & ~(writable | kFixed)) != 0) return fail(d, "reads a register that is not its own");
    }
  }

  // ---- operations

  static bool wide(IrType type) { return type == IrType::kI64 || type == IrType::kRef; }

  Shape shape_of(const LirInst& inst) const {
    int width = wide(inst.type) ? 64 : 32;
    switch (inst.op) {
      case kAlu:
        switch (inst.compare) {
          case IrOp::and_: return {{ZYDIS_MNEMONIC_AND}, width};
          case IrOp::or_: return {{ZYDIS_MNEMONIC_OR}, width};
          case IrOp::xor_: return {{ZYDIS_MNEMONIC_XOR}, width};
          case IrOp::add: return {{ZYDIS_MNEMONIC_ADD, ZYDIS_MNEMONIC_INC}, width};
          default: return {{ZYDIS_MNEMONIC_SUB, ZYDIS_MNEMONIC_DEC, ZYDIS_MNEMONIC_NEG}, width};
        }
      case kAluOv:
        if (inst.compare == IrOp::add_ov) return {{ZYDIS_MNEMONIC_ADD}, width};
        return {{ZYDIS_MNEMONIC_SUB}, width};
      case kMul:
      case kMulImm: return {{ZYDIS_MNEMONIC_IMUL}, width};
      case kShift:
      case kShiftImm:
        if (inst.compare == IrOp::shl) return {{ZYDIS_MNEMONIC_SHL, ZYDIS_MNEMONIC_SHLX}, width};
        if (inst.compare == IrOp::shr) return {{ZYDIS_MNEMONIC_SHR, ZYDIS_MNEMONIC_SHRX}, width};
        return {{ZYDIS_MNEMONIC_SAR, ZYDIS_MNEMONIC_SARX}, width};
      case kDivide:
        if (inst.compare == IrOp::sdiv || inst.compare == IrOp::srem) return {{ZYDIS_MNEMONIC_IDIV}, width};
        return {{ZYDIS_MNEMONIC_DIV}, width};
      case kMulHigh: return {{ZYDIS_MNEMONIC_IMUL, ZYDIS_MNEMONIC_MUL}, 64};
      case kSext: return {{ZYDIS_MNEMONIC_MOVSXD}, 64};
      case kZext:
      case kTrunc: return {{ZYDIS_MNEMONIC_MOV}, 32};
      case kIntToF64: return {{ZYDIS_MNEMONIC_CVTSI2SD, ZYDIS_MNEMONIC_VCVTSI2SD}, 0};
      case kF64ToInt: return {{ZYDIS_MNEMONIC_CVTTSD2SI, ZYDIS_MNEMONIC_VCVTTSD2SI}, 0};
      case kFloat: return float_shape(inst.compare);
      case kFneg: return {{ZYDIS_MNEMONIC_XORPS, ZYDIS_MNEMONIC_VXORPS}, 0};
      case kBounds: return {{ZYDIS_MNEMONIC_CMP}, 32};
      case kCompare:
      case kGuardCompare:
      case kBranchCompare:
        if (inst.type == IrType::kF64) return {{ZYDIS_MNEMONIC_UCOMISD, ZYDIS_MNEMONIC_VUCOMISD}, 0};
        return {{ZYDIS_MNEMONIC_CMP, ZYDIS_MNEMONIC_TEST}, width};
      default: return {};
    }
  }
  static Shape float_shape(IrOp op) {
    switch (op) {
      case IrOp::add: return {{ZYDIS_MNEMONIC_ADDSD, ZYDIS_MNEMONIC_VADDSD}, 0};
      case IrOp::sub: return {{ZYDIS_MNEMONIC_SUBSD, ZYDIS_MNEMONIC_VSUBSD}, 0};
      case IrOp::mul: return {{ZYDIS_MNEMONIC_MULSD, ZYDIS_MNEMONIC_VMULSD}, 0};
      default: return {{ZYDIS_MNEMONIC_DIVSD, ZYDIS_MNEMONIC_VDIVSD}, 0};
    }
  }

  static bool is_one_of(ZydisMnemonic m, const Shape& shape) {
    return std::find(shape.any_of.begin(), shape.any_of.end(), m) != shape.any_of.end();
  }

  void check_operation(std::span<const Decoded> code, const LirInst& inst) {
    Shape shape = shape_of(inst);
    if (shape.any_of[0] == ZYDIS_MNEMONIC_INVALID) return;
    for (const Decoded& d : code) {
      if (!is_one_of(d.insn.mnemonic, shape)) continue;
      if (shape.width != 0 && d.operands[0].size != shape.width) continue;
      check_immediate(d, inst);
      return;
    }
    if (!problem_.empty()) return;
    at_ = code.empty() ? 0 : code.front().offset;
    problem_ = "no " + std::string(ZydisMnemonicGetString(shape.any_of[0])) + " of " + std::to_string(shape.width) + " bits";
  }

  void check_immediate(const Decoded& d, const LirInst& inst) {
    bool has = inst.has_imm && (inst.op == kAlu || inst.op == kAluOv || inst.op == kBounds || inst.op == kCompare ||
                                inst.op == kGuardCompare || inst.op == kBranchCompare);
    if (!has || d.insn.mnemonic == ZYDIS_MNEMONIC_TEST) return;
    for (uint32_t i = 0; i < d.insn.operand_count_visible; ++i) {
      const ZydisDecodedOperand& op = d.operands[i];
      if (op.type != ZYDIS_OPERAND_TYPE_IMMEDIATE) continue;
      bool same = wide(inst.type) ? op.imm.value.s == inst.imm : static_cast<int32_t>(op.imm.value.s) == static_cast<int32_t>(inst.imm);
      if (!same) fail(d, "has the immediate " + std::to_string(op.imm.value.s) + " for " + std::to_string(inst.imm));
      return;
    }
  }

  // ---- memory

  /// The access of a load or store: through its base, at its displacement, as wide as it should be.
  void check_access(std::span<const Decoded> code, const LirInst& inst) {
    bool store = inst.op == kStore || inst.op == kStoreElem, element = inst.op == kLoadElem || inst.op == kStoreElem;
    if (!store && inst.op != kLoad && inst.op != kLoadElem) return;
    uint8_t action = store ? ZYDIS_OPERAND_ACTION_MASK_WRITE : ZYDIS_OPERAND_ACTION_MASK_READ;
    bool constant_index = element && !store && inst.has_imm;
    int64_t disp = inst.disp + (constant_index ? inst.imm * inst.width : 0);
    for (const Decoded& d : code) {
      for (uint32_t i = 0; i < d.insn.operand_count_visible; ++i) {
        const ZydisDecodedOperand& op = d.operands[i];
        if (op.type != ZYDIS_OPERAND_TYPE_MEMORY || (op.actions & action) == 0 || op.mem.base == ZYDIS_REGISTER_RIP) continue;
        RegSet base = set_of(op.mem.base);
        if (base == bit(rbp)) continue;  // a spill slot
        if (base != reg_bit(place(0).preg())) return fail(d, "goes through another register than the object's");
        if (op.mem.disp.value != disp)
          return fail(d, "has the displacement " + std::to_string(op.mem.disp.value) + " for " + std::to_string(disp));
        if (op.size != inst.width * 8) return fail(d, "accesses " + std::to_string(op.size) + " bits");
        bool indexed = element && !constant_index;
        if (indexed != (op.mem.index != ZYDIS_REGISTER_NONE))
          return fail(d, "has an index where there is none, or none where there is one");
        if (indexed && (op.mem.scale != inst.width || set_of(op.mem.index) != reg_bit(place(1).preg())))
          return fail(d, "has another index");
        return;
      }
    }
    if (!problem_.empty()) return;
    at_ = code.empty() ? 0 : code.front().offset;
    problem_ = "no access to memory";
  }

  // ---- control flow

  /// Where the code of block `b` begins, past blocks that have none because they only jump on.
  std::optional<uint32_t> start_of(uint32_t b) const {
    const auto& blocks = l_.out.ra.blocks;
    for (size_t steps = 0; steps <= blocks.size(); ++steps) {
      auto line = std::find_if(unit_.lines.begin(), unit_.lines.end(), [&](const auto& at) { return at.inst == blocks[b].first_inst; });
      if (line != unit_.lines.end()) return line->offset;
      auto edges = l_.out.ra.edges_of(blocks[b]);
      if (edges.size() != 1) return std::nullopt;
      b = edges[0].target;
    }
    return std::nullopt;
  }

  /// A jump or branch goes to the blocks that follow it, to all of them and nowhere else.
  void check_flow(std::span<const Decoded> code, uint32_t end, const LirInst& inst) {
    if ((inst.op != kJump && inst.op != kBranch && inst.op != kBranchCompare) || !problem_.empty()) return;
    const auto& blocks = l_.out.ra.blocks;
    auto block = std::upper_bound(blocks.begin(), blocks.end(), lir_, [](uint32_t i, const RaBlock& b) { return i < b.end_inst; });
    std::vector<uint32_t> missing;
    for (const auto& edge : l_.out.ra.edges_of(*block)) {
      auto start = start_of(edge.target);
      if (!start) return void(problem_ = "a block that follows has no code");
      missing.push_back(*start);
    }
    const std::vector<uint32_t> allowed = missing;
    auto reach = [&](uint32_t from, uint32_t target) {
      std::erase(missing, target);
      if (std::find(allowed.begin(), allowed.end(), target) != allowed.end() || !problem_.empty()) return;
      at_ = from;
      problem_ = "goes to " + std::to_string(target) + ", where no block that follows begins";
    };
    for (const Decoded& d : code) {
      const ZydisDecodedOperand& op = d.operands[0];
      if (d.insn.operand_count == 0 || op.type != ZYDIS_OPERAND_TYPE_IMMEDIATE || !op.imm.is_relative) continue;
      auto target = static_cast<uint32_t>(d.offset + d.insn.length + static_cast<uint64_t>(op.imm.value.s));
      bool local = target > code.front().offset && target < end;
      if (!local) reach(d.offset, target);
    }
    if (code.empty() || code.back().insn.mnemonic != ZYDIS_MNEMONIC_JMP) reach(end, end);
    if (!missing.empty() && problem_.empty()) at_ = end, problem_ = "a block that follows is never reached";
  }

  /// `code` may be empty; `end` is the offset behind it.
  void check_instruction(std::span<const Decoded> code, uint32_t end) {
    const LirInst& inst = l_.out.insts[lir_];
    check_flow(code, end, inst);
    check_registers(code, inst);
    check_operation(code, inst);
    check_access(code, inst);
  }
};

}  // namespace

Status judge_code(const Lowering& lowering, const RaResult& allocation, const EmittedUnit& unit) {
  return Judge(lowering, allocation, unit).run();
}

}  // namespace orus::jit::x64
