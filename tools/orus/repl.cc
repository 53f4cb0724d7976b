#include "tools/orus/output.h"
namespace orus::tool {
int repl_command(const Invocation& invocation) { return usage_error(invocation, "not yet"); }
}  // namespace orus::tool
