// A thread with a stack large enough for deep recursion: the interpreter and machine code nest on the host's stack.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace orus::api {

/// Host stack that `frames` Orus frames may need.
size_t host_stack_bytes(uint32_t frames);

/// Runs `body` on a thread of its own with `stack_bytes` of stack and waits for it. `body` gets the lowest address that
/// it may use. Errors: kOutOfMemory when the host has no room for the stack or the thread.
Status run_on_large_stack(size_t stack_bytes, const std::function<void(char* stack_limit)>& body);

}  // namespace orus::api
