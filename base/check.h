// Checks for our own mistakes. No input of any kind may reach one: bad input gets a Result (base/result.h).
#pragma once

namespace orus {

/// Prints `file:line: check failed: what` and the current context (see CheckContext) to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* what);

/// Names what this thread is doing (pass, function, seed) so that a failed check tells where to look.
/// Scoped and stackable; `text` must outlive the scope.
class CheckContext {
 public:
  CheckContext(const char* role, const char* text);
  ~CheckContext();
  CheckContext(const CheckContext&) = delete;
  CheckContext& operator=(const CheckContext&) = delete;
};

}  // namespace orus

#define ORUS_CHECK(cond) (__builtin_expect(!!(cond), 1) ? void(0) : ::orus::check_failed(__FILE__, __LINE__, #cond))
#if defined(ORUS_CHECKED)
#define ORUS_DCHECK(cond) ORUS_CHECK(cond)
#else
#define ORUS_DCHECK(cond) void(sizeof(!(cond)))
#endif
