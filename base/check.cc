#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace orus {
namespace {

constexpr int kMaxContext = 16;
struct Entry {
  const char* role;
  const char* text;
};
// Thread-local diagnostics only: never read by any decision.
thread_local Entry context[kMaxContext];
thread_local int depth = 0;

}  // namespace

CheckContext::CheckContext(const char* role, const char* text) {
  if (depth < kMaxContext) context[depth] = {role, text};
  ++depth;
}

CheckContext::~CheckContext() { --depth; }

void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
  for (int i = 0; i < depth && i < kMaxContext; ++i) {
    std::fprintf(stderr, "  %s: %s\n", context[i].role, context[i].text);
  }
  std::fflush(stderr);
  std::abort();
}

}  // namespace orus
