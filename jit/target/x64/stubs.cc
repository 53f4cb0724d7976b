// Code shared by all units of a VM: entering and leaving machine code, calling functions that have none, the write
// barrier's slow path; and the Target of this machine.
#define XBYAK_NO_EXCEPTION
#include <Zydis/Zydis.h>
#include <xbyak/xbyak.h>

#include <cstddef>

#include "jit/code/native.h"
#include "jit/target/x64/code_judge.h"
#include "jit/target/x64/x64.h"
#include "vm/runtime/vm.h"

namespace orus::jit {

int32_t spill_offset(uint32_t slot) { return -32 - 8 * static_cast<int32_t>(slot); }

namespace x64 {
namespace {

using Xbyak::Reg64;
using Xbyak::Xmm;
namespace xu = Xbyak::util;

#define CONTEXT(field) (xu::ptr[xu::r15 + static_cast<int>(offsetof(VmContext, field))])

class StubWriter : public Xbyak::CodeGenerator {
 public:
  explicit StubWriter(std::vector<uint8_t>& buffer) : CodeGenerator(buffer.size(), buffer.data()) {}

  uint32_t start() {
    align(16);
    return static_cast<uint32_t>(getSize());
  }

  /// void enter(VmContext* context, Slot* base, const void* entry): runs machine code as a C++ function.
  void enter() {
    using namespace Xbyak::util;
    for (const Reg64& r : {rbp, rbx, r12, r13, r14, r15}) push(r);
    // Seven words with the return address: one more, then the frame of the trampoline unit.
    sub(rsp, 8);
    push(rbp);
    mov(rbp, rsp);
    push(kTrampolineUnit);
    push(rsi);
    mov(r15, rdi);
    mov(r14, rsi);
    mov(r13d, CONTEXT(depth));
    sub(rsp, 8);
    call(rdx);
    mov(CONTEXT(depth), r13d);
    mov(CONTEXT(native_int), rax);
    movsd(CONTEXT(native_f64), xmm0);
    lea(rsp, ptr[rbp + 16]);
    for (const Reg64& r : {r15, r14, r13, r12, rbx, rbp}) pop(r);
    ret();
  }

  /// Every exit jumps here with its number pushed: saves all registers, lets leave_native decide.
  void leave_code() {
    using namespace Xbyak::util;
    // Layout of SavedRegisters: integer registers, then f64 registers.
    sub(rsp, 8 + sizeof(SavedRegisters));
    for (int i = 0; i < 16; ++i) mov(ptr[rsp + 8 * i], Reg64(i));
    for (int i = 0; i < 16; ++i) movsd(ptr[rsp + 128 + 8 * i], Xmm(i));
    mov(CONTEXT(depth), r13d);
    mov(rdi, r15);
    mov(rsi, rsp);
    mov(edx, ptr[rsp + 8 + sizeof(SavedRegisters)]);
    mov(rax, reinterpret_cast<uint64_t>(&leave_native));
    call(rax);
    after_decision();
  }

  /// A call of a function without machine code, arguments in place, its number in eax.
  void interpret() {
    using namespace Xbyak::util;
    push(rbp);
    mov(rbp, rsp);
    push(kStubUnit);
    push(r14);
    sub(rsp, 8 * 14);
    for (size_t i = 0; i < std::size(kIntArgs); ++i) mov(ptr[rsp + static_cast<int>(8 * i)], Reg64(kIntArgs[i]));
    for (int i = 0; i < 8; ++i) movsd(ptr[rsp + 48 + 8 * i], Xmm(i));
    mov(CONTEXT(depth), r13d);
    mov(rdi, r15);
    mov(rsi, rsp);
    mov(edx, eax);
    mov(rcx, rbp);
    mov(rax, reinterpret_cast<uint64_t>(&call_interpreter));
    call(rax);
    after_decision();
  }

  /// The object is in r11; every other register keeps its value.
  void barrier() {
    using namespace Xbyak::util;
    static const Reg64 kSaved[] = {rax, rcx, rdx, rsi, rdi, r8, r9, r10};
    push(rbp);
    mov(rbp, rsp);
    for (const Reg64& r : kSaved) push(r);
    sub(rsp, 128);
    for (int i = 0; i < 16; ++i) movsd(ptr[rsp + 8 * i], Xmm(i));
    mov(rdi, r15);
    mov(rsi, r11);
    mov(rax, reinterpret_cast<uint64_t>(&native_barrier));
    call(rax);
    for (int i = 0; i < 16; ++i) movsd(Xmm(i), ptr[rsp + 8 * i]);
    add(rsp, 128);
    for (size_t i = std::size(kSaved); i-- > 0;) pop(kSaved[i]);
    pop(rbp);
    ret();
  }

 private:
  /// rax: 0 returns to the caller of the machine frame with the context's result, else unwinds to where it says.
  void after_decision() {
    using namespace Xbyak::util;
    Xbyak::Label unwind;
    mov(r13d, CONTEXT(depth));
    test(eax, eax);
    jnz(unwind);
    mov(rax, CONTEXT(native_int));
    movsd(xmm0, CONTEXT(native_f64));
    leave();
    ret();
    L(unwind);
    mov(rbp, CONTEXT(unwind_frame));
    mov(rsp, CONTEXT(unwind_stack));
    mov(r14, ptr[rbp - 16]);
    jmp(CONTEXT(unwind_pc));
  }
};

RaEnv make_registers() {
  RaEnv env;
  for (x64::Reg r : {x64::rcx, x64::rdx, x64::rsi, x64::rdi, x64::rax, x64::r8, x64::r9, x64::r10, x64::rbx, x64::r12}) {
    env.allocatable[0].push_back(gpr(r));
  }
  for (uint8_t n = 0; n < 15; ++n) env.allocatable[1].push_back(xmm(n));
  env.scratch = {gpr(x64::r11), xmm(15)};
  return env;
}

const RaEnv& registers() {
  static const RaEnv kEnv = make_registers();
  return kEnv;
}

}  // namespace

static Target::Stubs make_stubs() {
  std::vector<uint8_t> buffer(4096);
  StubWriter writer(buffer);
  Target::Stubs stubs;
  stubs.enter = writer.start();
  writer.enter();
  stubs.leave = writer.start();
  writer.leave_code();
  stubs.interpret = writer.start();
  writer.interpret();
  stubs.barrier = writer.start();
  writer.barrier();
  ORUS_CHECK(Xbyak::GetError() == Xbyak::ERR_NONE);
  stubs.bytes.assign(writer.getCode(), writer.getCode() + writer.getSize());
  return stubs;
}

const Target::Stubs& stubs() {
  static const Target::Stubs kStubs = make_stubs();
  return kStubs;
}

std::string disassemble(const uint8_t* code, size_t size, uint64_t address) {
  ZydisDisassembledInstruction insn;
  std::string text;
  size_t offset = 0;
  char line[160];
  while (offset < size) {
    bool ok = ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address + offset, code + offset, size - offset, &insn));
    std::snprintf(line, sizeof line, "  %6zx  %s\n", offset, ok ? insn.text : "(data)");
    text += line;
    offset += ok ? insn.info.length : 1;
  }
  return text;
}

const Target kTarget = {"x64", registers, select, emit, stubs, judge_code, disassemble};

}  // namespace x64
}  // namespace orus::jit
