// What machine code must leave as it found it, beyond the registers that C++ itself relies on: control bits of the
// floating-point units and the direction flag. C++ code trusts them and rarely notices.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace orus::fuzz {

#if defined(__x86_64__)
/// Rounding, masks and flush modes of MXCSR, the x87 control word, the direction flag. Never 0.
inline uint64_t machine_state() {
  uint32_t mxcsr;
  uint16_t x87;
  asm volatile("stmxcsr %0" : "=m"(mxcsr));
  asm volatile("fnstcw %0" : "=m"(x87));
  // Not pushfq by hand: that would write into the red zone, where a leaf function keeps its variables.
  uint64_t flags = __readeflags();
  constexpr uint32_t kStickyFlags = 0x3f;
  constexpr uint64_t kDirection = 0x400;
  return (flags & kDirection) << 48 | uint64_t{x87} << 32 | (mxcsr & ~kStickyFlags);
}

/// Puts back what machine_state() gave, so that one finding is not followed by a thousand.
inline void restore_machine_state(uint64_t state) {
  auto mxcsr = static_cast<uint32_t>(state);
  auto x87 = static_cast<uint16_t>(state >> 32);
  asm volatile("cld\n\tldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(x87));
}
#else
inline uint64_t machine_state() { return 0; }
inline void restore_machine_state(uint64_t) {}
#endif

}  // namespace orus::fuzz
