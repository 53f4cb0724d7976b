// Whole programs: they compile, and the compiler says the same about them every time. Small copies of the benchmark
// programs and the conformance program of the language reference, without what is not supported yet.
#include "lang/orus/test_support.h"

namespace orus::lang {
namespace {

struct Sample {
  std::string_view name, source;
};

constexpr Sample kSamples[] = {
    {"collatz", R"orus(REPS: i32 = 6
N: i32 = 200000

fn bench(limit: i32, reps: i32):
    mut total: i64 = 0
    mut longest: i32 = 0
    for r in 0..reps:
        for i in 1..=limit:
            mut n: i64 = (i + r) as i64
            mut steps: i32 = 0
            while n != 1i64:
                if n % 2i64 == 0i64:
                    n = n / 2i64
                else:
                    n = n * 3i64 + 1i64
                steps = steps + 1
            total = total + (steps as i64)
            if steps > longest:
                longest = steps
    print("collatz", total, longest)

bench(N, REPS)
)orus"},
    {"fannkuch", R"orus(REPS: i32 = 18
N: i32 = 9

fn flips(perm: [i32], work: [i32], n: i32) -> i32:
    for i in 0..n:
        work[i] = perm[i]
    mut count: i32 = 0
    mut first: i32 = work[0]
    while first != 0:
        mut lo: i32 = 0
        mut hi: i32 = first
        while lo < hi:
            t = work[lo]
            work[lo] = work[hi]
            work[hi] = t
            lo = lo + 1
            hi = hi - 1
        count = count + 1
        first = work[0]
    return count

fn advance(perm: [i32], n: i32) -> bool:
    mut i: i32 = n - 2
    while i >= 0 and perm[i] > perm[i + 1]:
        i = i - 1
    if i < 0:
        return false
    mut j: i32 = n - 1
    while perm[j] < perm[i]:
        j = j - 1
    s = perm[i]
    perm[i] = perm[j]
    perm[j] = s
    mut lo: i32 = i + 1
    mut hi: i32 = n - 1
    while lo < hi:
        t = perm[lo]
        perm[lo] = perm[hi]
        perm[hi] = t
        lo = lo + 1
        hi = hi - 1
    return true

fn bench(n: i32, reps: i32):
    mut perm: [i32] = []
    mut work: [i32] = []
    for i in 0..n:
        push(perm, 0)
        push(work, 0)
    mut sum: i64 = 0
    mut most: i32 = 0
    for r in 0..reps:
        for i in 0..n:
            perm[i] = i
        mut index: i32 = 0
        mut more: bool = true
        while more:
            f = flips(perm, work, n)
            if f > most:
                most = f
            sum = sum + ((f * (index % 3)) as i64)
            index = index + 1
            more = advance(perm, n)
    print("fannkuch", most, sum)

bench(N, REPS)
)orus"},
    {"fib", R"orus(REPS: i32 = 40
N: i32 = 32

fn fib(n: i32) -> i32:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

fn bench(n: i32, reps: i32) -> i64:
    mut total: i64 = 0
    for r in 0..reps:
        total = total + (fib(n) as i64)
    return total

print("fib", bench(N, REPS))
)orus"},
    {"mandelbrot", R"orus(REPS: i32 = 48
N: i32 = 400
LIMIT: i32 = 100

fn bench(n: i32, limit: i32, reps: i32) -> i64:
    mut total: i64 = 0
    for r in 0..reps:
        step = 3.0 / (n as f64)
        for py in 0..n:
            cy = (py as f64) * step - 1.5
            for px in 0..n:
                cx = (px as f64) * step - 2.0
                mut x: f64 = 0.0
                mut y: f64 = 0.0
                mut iter: i32 = 0
                while iter < limit and x * x + y * y <= 4.0:
                    t = x * x - y * y + cx
                    y = 2.0 * x * y + cy
                    x = t
                    iter = iter + 1
                total = total + (iter as i64)
    return total

print("mandelbrot", bench(N, LIMIT, REPS))
)orus"},
    {"matmul", R"orus(REPS: i32 = 30
N: i32 = 300

fn multiply(a: [f64], b: [f64], c: [f64], n: i32):
    for i in 0..n:
        row = i * n
        for j in 0..n:
            c[row + j] = 0.0
        for k in 0..n:
            f = a[row + k]
            other = k * n
            for j in 0..n:
                c[row + j] = c[row + j] + f * b[other + j]

fn bench(n: i32, reps: i32) -> i64:
    mut a: [f64] = []
    mut b: [f64] = []
    mut c: [f64] = []
    for i in 0..n:
        for j in 0..n:
            push(a, ((i * 3 + j * 7) % 11 - 5) as f64)
            push(b, ((i * 5 + j * 2) % 13 - 6) as f64)
            push(c, 0.0)
    mut sum: f64 = 0.0
    for r in 0..reps:
        a[r] = (r + 1) as f64
        multiply(a, b, c, n)
        for i in 0..n * n:
            sum = sum + c[i] * ((i % 7 + 1) as f64)
    return sum as i64

print("matmul", bench(N, REPS))
)orus"},
    {"nbody", R"orus(REPS: i32 = 6000000
BODIES: i32 = 5

struct Body:
    x: f64
    y: f64
    z: f64
    vx: f64
    vy: f64
    vz: f64
    mass: f64

fn advance(bodies: [Body], count: i32, dt: f64):
    for i in 0..count:
        mut p: Body = bodies[i]
        for j in i + 1..count:
            mut q: Body = bodies[j]
            dx = p.x - q.x
            dy = p.y - q.y
            dz = p.z - q.z
            d2 = dx * dx + dy * dy + dz * dz + 0.5
            pull = dt / (d2 * d2)
            pm = p.mass * pull
            qm = q.mass * pull
            p.vx = p.vx - dx * qm
            p.vy = p.vy - dy * qm
            p.vz = p.vz - dz * qm
            q.vx = q.vx + dx * pm
            q.vy = q.vy + dy * pm
            q.vz = q.vz + dz * pm
    for i in 0..count:
        mut b: Body = bodies[i]
        b.x = b.x + dt * b.vx
        b.y = b.y + dt * b.vy
        b.z = b.z + dt * b.vz

fn bench(count: i32, reps: i32) -> i64:
    mut bodies: [Body] = []
    for i in 0..count:
        k = (i + 1) as f64
        push(bodies, Body{ x: k * 1.5, y: 7.0 - k * k * 0.5, z: k * 0.25, vx: 0.01 * (k - 3.0), vy: 0.02 * (3.0 - k), vz: 0.005 * k, mass: 1.0 / k })
    for r in 0..reps:
        advance(bodies, count, 0.001)
    mut sum: f64 = 0.0
    for i in 0..count:
        b = bodies[i]
        sum = sum + (b.x + b.y + b.z)
    return (sum * 1000000.0) as i64

print("nbody", bench(BODIES, REPS))
)orus"},
    {"nested_mod", R"orus(REPS: i32 = 50
N: i32 = 2000

fn bench(n: i32, reps: i32) -> i64:
    mut acc: i64 = 0
    for r in 0..reps:
        for i in 1..=n:
            for j in 1..=n:
                acc = acc + (((i * j + r) % 7 + i % j) as i64)
    return acc

print("nested_mod", bench(N, REPS))
)orus"},
    {"prng", R"orus(REPS: i32 = 20
N: i32 = 1000000

fn bench(n: i32, reps: i32):
    mut a: i64 = 12345
    mut b: i64 = 67890
    mut low: i64 = 0
    mut sum: i64 = 0
    for r in 0..reps:
        for i in 0..n:
            a = a * 40014i64 % 2147483563i64
            b = b * 40692i64 % 2147483399i64
            mut z: i64 = a - b
            if z < 1i64:
                z = z + 2147483562i64
            if z % 1024i64 < 512i64:
                low = low + 1i64
            sum = (sum + z) % 1000000007i64
    print("prng", low, sum)

bench(N, REPS)
)orus"},
    {"quicksort", R"orus(REPS: i32 = 20
N: i32 = 200000

fn sort(a: [i32], lo: i32, hi: i32):
    if lo >= hi:
        return
    pivot = a[lo + (hi - lo) / 2]
    mut i: i32 = lo
    mut j: i32 = hi
    while i <= j:
        while a[i] < pivot:
            i = i + 1
        while a[j] > pivot:
            j = j - 1
        if i <= j:
            t = a[i]
            a[i] = a[j]
            a[j] = t
            i = i + 1
            j = j - 1
    sort(a, lo, j)
    sort(a, i, hi)

fn bench(n: i32, reps: i32) -> i64:
    mut a: [i32] = []
    for i in 0..n:
        push(a, 0)
    mut seed: i64 = 42
    mut check: i64 = 0
    for r in 0..reps:
        for i in 0..n:
            seed = seed * 16807i64 % 2147483647i64
            a[i] = (seed % 1000000i64) as i32
        sort(a, 0, n - 1)
        for i in 0..n:
            check = (check * 31i64 + (a[i] as i64)) % 1000000007i64
    return check

print("quicksort", bench(N, REPS))
)orus"},
    {"sieve", R"orus(REPS: i32 = 120
N: i32 = 1000000

fn bench(n: i32, reps: i32):
    mut composite: [bool] = []
    for i in 0..n:
        push(composite, false)
    mut sum: i64 = 0
    mut count: i32 = 0
    for r in 0..reps:
        for i in 0..n:
            composite[i] = false
        for i in 2..n:
            if not composite[i]:
                count = count + 1
                sum = sum + (i as i64)
                mut j: i32 = i + i
                while j < n:
                    composite[j] = true
                    j = j + i
    print("sieve", count, sum)

bench(N, REPS)
)orus"},
    {"simple_sum", R"orus(REPS: i32 = 100
N: i32 = 10000000

fn bench(n: i32, reps: i32) -> i64:
    mut total: i64 = 0
    for r in 0..reps:
        mut s: i64 = r as i64
        for i in 0..n:
            s = s + (i as i64)
        total = total + s
    return total

print("simple_sum", bench(N, REPS))
)orus"},
    {"spectral_norm", R"orus(REPS: i32 = 60
N: i32 = 400
STEPS: i32 = 10

fn element(i: i32, j: i32) -> f64:
    d = i + j
    return 1.0 / ((d * (d + 1) / 2 + i + 1) as f64)

fn times(v: [f64], out: [f64], n: i32):
    for i in 0..n:
        mut s: f64 = 0.0
        for j in 0..n:
            s = s + element(i, j) * v[j]
        out[i] = s

fn times_transposed(v: [f64], out: [f64], n: i32):
    for i in 0..n:
        mut s: f64 = 0.0
        for j in 0..n:
            s = s + element(j, i) * v[j]
        out[i] = s

fn bench(n: i32, steps: i32, reps: i32) -> i64:
    mut u: [f64] = []
    mut v: [f64] = []
    mut t: [f64] = []
    for i in 0..n:
        push(u, 0.0)
        push(v, 0.0)
        push(t, 0.0)
    mut sum: f64 = 0.0
    for r in 0..reps:
        for i in 0..n:
            u[i] = 1.0 + (r as f64)
        for k in 0..steps:
            times(u, t, n)
            times_transposed(t, v, n)
            times(v, t, n)
            times_transposed(t, u, n)
        mut uv: f64 = 0.0
        mut vv: f64 = 0.0
        for i in 0..n:
            uv = uv + u[i] * v[i]
            vv = vv + v[i] * v[i]
        sum = sum + uv / vv
    return (sum * 1000000000.0) as i64

print("spectral_norm", bench(N, STEPS, REPS))
)orus"},
    {"string_build", R"orus(REPS: i32 = 200000
PIECES: i32 = 64

fn bench(pieces: i32, reps: i32):
    words = ["or", "us", "jit", "loop", "trace", "a", "value", "code"]
    mut seen = ["", "", "", "", "", "", "", ""]
    mut total: i64 = 0
    mut same: i32 = 0
    for r in 0..reps:
        mut s: string = ""
        for i in 0..pieces:
            s = s + words[(i * 7 + r) % 8]
            total = total + (len(s) as i64)
        slot = r % 8
        if s == seen[slot]:
            same = same + 1
        if s == seen[(slot + 1) % 8]:
            same = same + 1000
        seen[slot] = s
    print("string_build", total, same)

bench(PIECES, REPS)
)orus"},
    {"struct_particles", R"orus(REPS: i32 = 80000
N: i32 = 1000

struct Particle:
    x: f64
    y: f64
    vx: f64
    vy: f64
    hits: i32

fn step(ps: [Particle], n: i32, dt: f64):
    for i in 0..n:
        mut p: Particle = ps[i]
        p.vy = p.vy - 9.8 * dt
        p.x = p.x + p.vx * dt
        p.y = p.y + p.vy * dt
        if p.x < 0.0 or p.x > 100.0:
            p.vx = 0.0 - p.vx
            p.hits = p.hits + 1
        if p.y < 0.0:
            p.y = 0.0 - p.y
            p.vy = 0.0 - p.vy * 0.9
            p.hits = p.hits + 1

fn bench(n: i32, reps: i32):
    mut ps: [Particle] = []
    for i in 0..n:
        push(ps, Particle{ x: (i % 100) as f64, y: (i % 37 + 1) as f64, vx: (i % 13 - 6) as f64, vy: (i % 7 - 3) as f64, hits: 0 })
    for r in 0..reps:
        step(ps, n, 0.01)
    mut hits: i32 = 0
    mut sum: f64 = 0.0
    for i in 0..n:
        p = ps[i]
        hits = hits + p.hits
        sum = sum + p.x + p.y
    print("struct_particles", hits, (sum * 1000.0) as i64)

bench(N, REPS)
)orus"},
    {"reference_appendix", R"orus(mut log = ""
fn note(tag: string, v: bool) -> bool:
    log = log + tag
    return v
r1 = note("a", false) and note("b", true)
print(log)
print(-7 / 2, -7 % 2, 7 % -3)
w: u32 = 4294967295
print(w + 1, w * 2)
print(5 as bool, 3.99 as i32, "n" + (7 as string))
v = [10, 20, 30, 40, 50]
print(v[0..2], "/", v[..3], "/", v[4..])
z = [0, 3]
print(len(z), z)
alias = z
alias[1] = 8
print(z, z == alias, z == [0, 8, 0])
for i in 6..0..-2:
    print("down @", i)
try:
    print(v[5])
catch e:
    print(e, "|", typeof(e))
print(0.1, 1.0, 1e21, 0.1 as string)
)orus"},
};

TEST(Programs, Compile) {
  for (const Sample& sample : kSamples) {
    SCOPED_TRACE(sample.name);
    Module module = testing::compile_ok(sample.source);
    EXPECT_FALSE(module.functions.empty());
    EXPECT_TRUE(module == testing::compile_ok(sample.source));
  }
}

/// Every prefix of a program is a source somebody may type: no crash, and never silence about a refusal.
TEST(Programs, EveryPrefixIsHandled) {
  for (const Sample& sample : kSamples) {
    for (size_t n = 0; n <= sample.source.size(); n += 7) {
      CompileResult result = compile_orus(sample.source.substr(0, n), "t.orus");
      ASSERT_TRUE(result.module.has_value() || !result.diagnostics.empty()) << sample.name << " cut at " << n;
    }
  }
}

}  // namespace
}  // namespace orus::lang
