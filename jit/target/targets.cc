// The list of machines: the one place outside the back ends that names them.
#include "jit/target/target.h"

namespace orus::jit {

namespace x64 {
extern const Target kTarget;
}

const Target* find_target(std::string_view name) {
  for (const Target* target : {&x64::kTarget}) {  // check_layers: targets
    if (target->name == name) return target;
  }
  return nullptr;
}

const Target* host_target() {
#if defined(__x86_64__)
  return &x64::kTarget;
#else
  return nullptr;
#endif
}

}  // namespace orus::jit
