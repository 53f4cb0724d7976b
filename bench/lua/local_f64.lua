-- local_f64: the chain of floating-point arithmetic of global_f64, over local variables.
local REPS = 100
local N = 1000000

local function main()
  local s, x, total = 0.0, 1.0, 0.0
  for r = 1, REPS do
    for i = 1, N do
      s = s + (x - s * 0.5)
    end
    total = total + s
    x = x + 0.25
  end
  print(string.format("local_f64 %d", (math.modf(total * 1000.0))))
end

main()
