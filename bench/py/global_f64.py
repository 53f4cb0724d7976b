# global_f64: a chain of floating-point arithmetic over variables of the module.
REPS = 100
N = 1000000

s = 0.0
x = 1.0
total = 0.0
for _ in range(REPS):
    for _ in range(N):
        s = s + (x - s * 0.5)
    total = total + s
    x = x + 0.25

print("global_f64 %d" % int(total * 1000.0))
