// What the address sanitizer does when ASAN_OPTIONS says nothing else: a program compiled makes thousands of small
// objects, and a stack recorded for each allocation and each release took a third of the time. A report then names
// only where memory was misused; ASAN_OPTIONS=malloc_context_size=30 on the finding's command line shows who
// allocated and released it.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "malloc_context_size=1"; }
