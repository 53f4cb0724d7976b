// global_f64: a chain of floating-point arithmetic over variables of the module.
"use strict";
const REPS = 100;
const N = 1000000;

let s = 0.0;
let x = 1.0;
let total = 0.0;
for (let r = 0; r < REPS; r++) {
  for (let i = 0; i < N; i++) {
    s = s + (x - s * 0.5);
  }
  total = total + s;
  x = x + 0.25;
}

console.log(`global_f64 ${Math.trunc(total * 1000.0)}`);
