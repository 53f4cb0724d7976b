// The stubs keep the registers that their callers rely on, shown by machine code that fills every register and looks after.
#if defined(__x86_64__)

#define XBYAK_NO_EXCEPTION
#include <gtest/gtest.h>
#include <xbyak/xbyak.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>

#include "jit/code/code_memory.h"
#include "jit/code/native.h"
#include "jit/target/target.h"
#include "vm/runtime/test_program.h"

namespace orus::jit {
namespace {

constexpr int kRsp = 4, kRbp = 5, kRdi = 7, kR11 = 11, kR13 = 13, kR15 = 15;

struct Registers {
  uint64_t ints[16];
  uint64_t floats[16];
  uint32_t mxcsr;
  uint32_t x87;
  uint64_t flags;
};

struct ProbeMemory {
  std::array<uint8_t, 2048> bytes{};
};

/// Code for one experiment: void run(Registers* before, Registers* after, arguments of `enter`...).
class Probe : ProbeMemory, public Xbyak::CodeGenerator {
 public:
  Probe() : CodeGenerator(bytes.size(), bytes.data()) {}

  /// Fills what a C++ function must keep, calls `enter`(context, base, entry), and looks.
  void call_enter(const uint8_t* enter) {
    save();
    for (int r : kSaved) load_int(r);
    mov(r10, rdx);  // the context is the third argument
    mov(rdx, r8);
    mov(rsi, rcx);
    mov(rdi, r10);
    mov(rax, reinterpret_cast<uint64_t>(enter));
    call(rax);
    look();
  }

  /// Fills every register but those with a meaning, calls the barrier on the object, and looks.
  void call_barrier(const uint8_t* barrier) {
    save();
    Xbyak::Label target;
    mov(r15, rdx);
    mov(r11, rcx);
    for (int i = 0; i < 16; ++i) movsd(Xbyak::Xmm(i), ptr[rdi + 128 + 8 * i]);
    for (int r = 0; r < 16; ++r) {
      if (r != kRsp && r != kRdi && r != kR11 && r != kR15) load_int(r);
    }
    load_int(kRdi);
    call(ptr[rip + target]);
    look();
    align(8);
    L(target);
    dq(reinterpret_cast<uint64_t>(barrier));
  }

  /// As a unit of machine code that returns `result` and leaves junk in everything it need not keep.
  void junk(uint64_t result) {
    for (int r = 0; r < 16; ++r) {
      if (r != kRsp && r != kRbp && r < kR13) mov(Xbyak::Reg64(r), 0x1111'1111'1111'1111 * static_cast<uint64_t>(r + 1));
    }
    for (int i = 0; i < 16; ++i) movq(Xbyak::Xmm(i), rbx);
    mov(rax, result);
    ret();
  }

  /// As a C++ function that destroys all it may (System V ABI).
  void hostile_function() {
    for (int r : {0, 1, 2, 6, 7, 8, 9, 10, 11}) mov(Xbyak::Reg64(r), 0xdead'beef'0000'0000 + static_cast<uint64_t>(r));
    for (int i = 0; i < 16; ++i) movq(Xbyak::Xmm(i), rax);
    ret();
  }

  std::span<const uint8_t> code() const { return {bytes.data(), getSize()}; }

 private:
  static constexpr int kSaved[] = {3, 5, 12, 13, 14, 15};

  void save() {
    for (int r : kSaved) push(Xbyak::Reg64(r));
    push(rsi);  // eight words with the return address: aligned for a call
  }
  void load_int(int r) { mov(Xbyak::Reg64(r), ptr[rdi + 8 * r]); }
  void look() {
    push(rax);
    pushfq();
    mov(rax, ptr[rsp + 16]);
    for (int r = 1; r < 16; ++r) mov(ptr[rax + 8 * r], Xbyak::Reg64(r));
    for (int i = 0; i < 16; ++i) movsd(ptr[rax + 128 + 8 * i], Xbyak::Xmm(i));
    stmxcsr(ptr[rax + offsetof(Registers, mxcsr)]);
    fnstcw(ptr[rax + offsetof(Registers, x87)]);
    pop(rcx);
    mov(ptr[rax + offsetof(Registers, flags)], rcx);
    pop(rcx);
    mov(ptr[rax], rcx);
    pop(rsi);
    for (size_t i = std::size(kSaved); i-- > 0;) pop(Xbyak::Reg64(kSaved[i]));
    ret();
  }
};

class StubConventions : public testing::Test {
 protected:
  void SetUp() override {
    auto memory = CodeMemory::create(size_t{1} << 20);
    ASSERT_TRUE(memory.ok());
    memory_ = std::move(memory).value();
    const Target* target = host_target();
    ASSERT_NE(target, nullptr);
    stubs_ = target->stubs();
    code_ = memory_->install(stubs_.bytes);
    for (int i = 0; i < 16; ++i) {
      before_.ints[i] = 0xa5a5'0000'0000'0000 + static_cast<uint64_t>(i);
      before_.floats[i] = 0x3ff0'5a5a'0000'0000 + static_cast<uint64_t>(i);
    }
  }

  template <class... Arguments>
  Registers run(const uint8_t* entry, Arguments... arguments) {
    Registers after = {};
    reinterpret_cast<void (*)(Registers*, Registers*, Arguments...)>(const_cast<uint8_t*>(entry))(&before_, &after, arguments...);
    return after;
  }

  Registers before_ = {};
  std::unique_ptr<CodeMemory> memory_;
  Target::Stubs stubs_;
  const uint8_t* code_ = nullptr;
};

TEST_F(StubConventions, EnteringIsACallOfACppFunction) {
  VmContext context;
  context.depth = 7;
  Slot base[4] = {};
  Probe unit, probe;
  unit.junk(0x1234'5678'9abc'def0);
  probe.call_enter(code_ + stubs_.enter);
  const void* entry = memory_->install(unit.code());
  Registers after = run(memory_->install(probe.code()), &context, static_cast<Slot*>(base), entry);
  for (int r : {3, 5, 12, 13, 14, 15}) EXPECT_EQ(after.ints[r], before_.ints[r]) << "register " << r;
  EXPECT_EQ(context.native_int, 0x1234'5678'9abc'def0u);
  uint64_t bits;
  std::memcpy(&bits, &context.native_f64, sizeof bits);
  EXPECT_EQ(bits, 0x4444'4444'4444'4444u);
  EXPECT_EQ(context.depth, 7u);
  EXPECT_EQ(after.flags & 0x400, 0u) << "direction flag";
  EXPECT_EQ(after.mxcsr & ~0x3fu, 0x1f80u) << "rounding and masks; flags apart";
  EXPECT_EQ(after.x87 & 0xffff, 0x37fu);
}

TEST_F(StubConventions, TheBarrierKeepsEveryRegister) {
  std::deque<Object> objects;  // outlive the VM, whose heap remembers them
  TestProgram program;
  CaptureConsole console("");
  auto vm = program.load(console);
  ASSERT_NE(vm, nullptr);
  Probe probe;
  probe.call_barrier(code_ + stubs_.barrier);
  const uint8_t* entry = memory_->install(probe.code());
  for (int round = 0; round < 3000; ++round) {  // the list of remembered objects grows on the way
    Object& object = objects.emplace_back();
    object.flags = kNeedsBarrier;
    Registers after = run(entry, &vm->context, &object);
    ASSERT_EQ(object.flags & kNeedsBarrier, 0);
    for (int r = 0; r < 16; ++r) {
      if (r == kRsp || r == kR11 || r == kR15) continue;
      ASSERT_EQ(after.ints[r], before_.ints[r]) << "register " << r << " round " << round;
    }
    ASSERT_EQ(after.ints[kR15], reinterpret_cast<uint64_t>(&vm->context));
    for (int i = 0; i < 16; ++i) ASSERT_EQ(after.floats[i], before_.floats[i]) << "xmm" << i << " round " << round;
  }
}

/// What today's C++ compiler leaves alone in native_barrier is luck: here the stub calls a function that leaves nothing.
TEST_F(StubConventions, TheBarrierTrustsNoCppFunction) {
  Probe hostile, probe;
  hostile.hostile_function();
  auto address = reinterpret_cast<uint64_t>(memory_->install(hostile.code()));
  auto callee = reinterpret_cast<uint64_t>(&native_barrier);
  std::vector<uint8_t> bytes = stubs_.bytes;
  auto at = std::search(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(&callee), reinterpret_cast<uint8_t*>(&callee + 1));
  ASSERT_NE(at, bytes.end());
  std::memcpy(&*at, &address, sizeof address);
  probe.call_barrier(memory_->install(bytes) + stubs_.barrier);
  VmContext context;
  Object object = {};
  Registers after = run(memory_->install(probe.code()), &context, &object);
  for (int r = 0; r < 16; ++r) {
    if (r != kRsp && r != kR11 && r != kR15) EXPECT_EQ(after.ints[r], before_.ints[r]) << "register " << r;
    EXPECT_EQ(after.floats[r], before_.floats[r]) << "xmm" << r;
  }
}

}  // namespace
}  // namespace orus::jit

#endif
