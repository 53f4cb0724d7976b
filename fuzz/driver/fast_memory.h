// Memory for the worker's own C++ objects: free lists by size, without locks and without giving anything back.
//
// A fuzzing worker compiles thousands of small programs a second, and a fifth of its time went into the general
// allocator. Only `new` and `delete` of the thread that calls use_fast_memory() are served here; other threads, large
// blocks, malloc() and every build with sanitizers keep the general allocator, which checks more.
#pragma once

namespace orus::fuzz {

/// From now on small blocks of this thread come from free lists. Once a process, on its main thread; a forked child
/// goes on with a copy.
void use_fast_memory();

}  // namespace orus::fuzz
