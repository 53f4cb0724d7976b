// x86-64 conventions of machine code. Nothing of this is visible outside jit/target/x64.
//
//   r15  VmContext*     r14  frame base (VM stack)     r13  depth (frames in use)     rbp  machine frame
//   r11, xmm15  scratch
//   Depth is in a register because a counter in memory would chain every call to the one before it through the store
//   buffer; the context's copy is current whenever C++ runs on behalf of an exit or a call.
//   all other registers are the allocator's, and all of them are destroyed by a call of machine code
//   arguments: rdi rsi rdx rcx r8 r9 and xmm0-7 by class, further ones in the callee's frame slots; results rax, xmm0
//
// Machine frame:  [rbp+8] return address   [rbp] caller's rbp   [rbp-8] unit id   [rbp-16] frame base
//                 [rbp-24] site of the call in progress         [rbp-32 - 8 * slot] spill slots
#pragma once

#include <cstdint>

#include "jit/lower/lowering.h"
#include "jit/target/target.h"

namespace orus::jit::x64 {

enum Reg : uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
constexpr PReg gpr(Reg r) { return {r, RegClass::kInt}; }
constexpr PReg xmm(uint8_t n) { return {n, RegClass::kFloat}; }

inline constexpr Reg kIntArgs[] = {rdi, rsi, rdx, rcx, r8, r9};
inline constexpr uint32_t kFloatArgs = 8;

inline constexpr uint32_t kStubUnit = 1;       // unit id of the interpret stub's frame
inline constexpr uint32_t kTrampolineUnit = 0; // unit id of the trampoline's frame

enum Op : uint16_t {
  kNop,
  kParam,
  kSlot,
  kConst,
  kPool,
  kLea,          // add without check: two registers or register and immediate
  kAlu,          // sub and or xor: reuse
  kAluOv,        // add sub with overflow exit: reuse
  kMul,
  kMulImm, // wrapping and checked (exit set)
  kShift,
  kShiftImm,
  kDivide,       // sdiv srem udiv urem: rax, rdx
  kMulHigh,      // rax, rdx
  kSext,
  kZext,
  kTrunc,
  kIntToF64,
  kUintToF64,
  kF64ToInt,
  kF64ToUint,
  kFloat,        // add sub mul div, three operands
  kFneg,
  kFmod,
  kCompare,      // to a bool register
  kNot,
  kSelect,
  kSelectCompare,
  kGuard,
  kGuardCompare,
  kBounds,
  kLoad,
  kStore,
  kLoadElem,
  kStoreElem,
  kBarrier,
  kNewObject,    // early result; disp: bytes, imm: header
  kLoadGlobal,
  kStoreGlobal,
  kLoadAssigned,
  kStoreFrame,   // frame slot := operand
  kCall,
  kRuntime,
  kLoadFrame,
  kPoll,
  kCharge,
  kJump,
  kBranch,
  kBranchCompare,
  kRet,
  kLeave,
  kMove,
};

void select(Lowering& lowering);
void emit(const Lowering& lowering, const RaResult& allocation, const EmitOptions& options, EmittedUnit* out);
const Target::Stubs& stubs();
extern const Target kTarget;
std::string disassemble(const uint8_t* code, size_t size, uint64_t address);

}  // namespace orus::jit::x64
