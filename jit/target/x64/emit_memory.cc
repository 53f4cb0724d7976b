// Emission of loads, stores, allocation and the write barrier.
#include "jit/target/x64/emitter.h"

namespace orus::jit::x64 {

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

/// Takes the bytes from the window, or gives null. The header's halves are stored apart: no 64-bit immediates in stores.
void Emitter::new_object(const LirInst& inst) {
  Label full;
  mov(scratch, CONTEXT(window.top));
  add(scratch, static_cast<uint32_t>(inst.disp));
  xor_(d(0), d(0));
  cmp(scratch, CONTEXT(window.limit));
  ja(full);
  lea(q(0), ptr[scratch - inst.disp]);
  mov(CONTEXT(window.top), scratch);
  mov(dword[q(0)], static_cast<uint32_t>(inst.imm));
  mov(dword[q(0) + 4], static_cast<uint32_t>(static_cast<uint64_t>(inst.imm) >> 32));
  L(full);
}

void Emitter::memory(const LirInst& inst) {
  using namespace Xbyak::util;
  switch (inst.op) {
    case kLoad: load(inst, q(0) + static_cast<size_t>(inst.disp), 1); break;
    case kStore: store(inst, q(0) + static_cast<size_t>(inst.disp), 1); break;
    case kLoadElem: load(inst, element(inst, inst.has_imm), inst.has_imm ? 1 : 2); break;
    case kStoreElem: store(inst, element(inst, false), 2); break;
    case kNewObject: new_object(inst); break;
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

}  // namespace orus::jit::x64
