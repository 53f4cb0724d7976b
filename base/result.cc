#include "base/result.h"

namespace orus {

std::string_view describe(ErrorCode code) {
  static constexpr std::string_view kText[] = {
#define ERROR_CODE(name, text) text,
#include "base/errors.def"
#undef ERROR_CODE
  };
  return kText[static_cast<size_t>(code)];
}

}  // namespace orus
