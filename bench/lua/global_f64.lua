-- global_f64: a chain of floating-point arithmetic over global variables.
local REPS = 100
local N = 1000000

s = 0.0
x = 1.0
total = 0.0
for r = 1, REPS do
  for i = 1, N do
    s = s + (x - s * 0.5)
  end
  total = total + s
  x = x + 0.25
end

print(string.format("global_f64 %d", (math.modf(total * 1000.0))))
