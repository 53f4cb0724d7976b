// What machine code calls back into: leaving, calling functions that are interpreted, the write barrier. Called from
// the target's stubs only, with the C++ calling convention of the host.
#pragma once

#include <cstdint>

#include "vm/runtime/vm.h"

namespace orus::jit {

/// Registers at an exit, by encoding.
struct SavedRegisters {
  uint64_t ints[16];
  uint64_t floats[16];
};
static_assert(sizeof(SavedRegisters) == 256);

/// Arguments at a call of a function without machine code, in convention order.
struct SavedArguments {
  uint64_t ints[6];
  uint64_t floats[8];
};

/// Both return 0 to return to the caller of the machine frame (result in the context), else unwind to the place that
/// the context names.
extern "C" uint64_t leave_native(VmContext* context, const SavedRegisters* registers, uint32_t exit);
extern "C" uint64_t call_interpreter(VmContext* context, const SavedArguments* arguments, uint32_t function, uint64_t* frame);
extern "C" void native_barrier(VmContext* context, Object* object);

}  // namespace orus::jit
