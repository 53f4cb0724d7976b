/* local_f64: the chain of f64 arithmetic of global_f64, over local variables. */
#include "bench.h"
#ifndef REPS
#define REPS 100
#endif
#define N 1000000

int main(void) {
    int32_t n = opaque(N), reps = opaque(REPS);
    double s = 0.0, x = 1.0, total = 0.0;
    for (int32_t r = 0; r < reps; r++) {
        for (int32_t i = 0; i < n; i++) {
            s = s + (x - s * 0.5);
        }
        total = total + s;
        x = x + 0.25;
    }
    printf("local_f64 %" PRId64 "\n", (int64_t)(total * 1000.0));
    return 0;
}
