#!/usr/bin/env python3
"""Run programs under hostile modes and compare them with the plain interpreter, for several seeds.

gc      collect and move everything at every safepoint
deopt   leave native code at guards although they hold
spill   give the register allocator too few registers

    stress/run.py --orus BINARY [--quick|--full] [NAME...]

Programs: conformance/programs/**/*.orus, and bench/orus at small sizes. Each goes through `orus diff` once for each
seed. One run of `orus run` with the same stressors then reads the counters that show that each stressor fired; a
stressor that never fired in the whole run is a failure, because then nothing was tested.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STRESSORS = "gc,deopt,spill"
SEEDS = (1, 2, 3)
# Constants of the workloads under stress: small, yet every loop runs often enough to be compiled.
DEFAULT_SIZE = {"REPS": 2, "N": 3000}
SIZES = {
    "binary_trees": {"REPS": 1, "DEPTH": 7},
    "dispatch": {"REPS": 2000},
    "fannkuch": {"REPS": 1, "N": 6},
    "fib": {"REPS": 1, "N": 15},
    "mandelbrot": {"REPS": 1, "N": 24},
    "matmul": {"REPS": 1, "N": 24},
    "nbody": {"REPS": 300},
    "nested_mod": {"REPS": 1, "N": 150},
    "spectral_norm": {"REPS": 1, "N": 30},
    "string_build": {"REPS": 100},
    "struct_particles": {"REPS": 20, "N": 100},
}


def small_copy(name, folder):
    """A copy of a workload with small constants; a constant that is smaller already stays."""
    with open(os.path.join(ROOT, "bench", "orus", name + ".orus"), encoding="utf-8") as f:
        text = f.read()
    for constant, limit in SIZES.get(name, DEFAULT_SIZE).items():
        text = re.sub(r"(?m)^(%s: i32 = )(\d+)$" % constant,
                      lambda match, limit=limit: match.group(1) + str(min(limit, int(match.group(2)))), text)
    out = os.path.join(folder, name + ".orus")
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)
    return out


def programs(folder, patterns, quick):
    """(name, path) of every program that matches one of the patterns; with `quick` every fifth conformance program."""
    found = []
    base = os.path.join(ROOT, "conformance", "programs")
    for where, folders, names in os.walk(base):
        folders.sort()
        found += [os.path.join(where, name) for name in sorted(names) if name.endswith(".orus")]
    chosen = [(os.path.relpath(path, ROOT), path) for path in found]
    if quick and not patterns:
        chosen = chosen[::5]
    for name in sorted(os.path.splitext(entry)[0] for entry in os.listdir(os.path.join(ROOT, "bench", "orus"))):
        chosen.append(("bench/orus/%s.orus" % name, small_copy(name, folder)))
    return [(name, path) for name, path in chosen
            if not patterns or any(fnmatch.fnmatch(name, "*%s*" % pattern) for pattern in patterns)]


def total(value):
    """The sum of the numbers in a counter that may be broken down by reason."""
    if isinstance(value, dict):
        return sum(total(part) for part in value.values())
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def counters_of(stats):
    gc = stats.get("gc", {})
    return {"collections": total(gc.get("collections", 0)), "exits": total(stats.get("exits", 0)),
            "spills": total(stats.get("spills", 0))}


def execute(command, timeout):
    """(exit code or "timeout", what it wrote)"""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout)
    except subprocess.TimeoutExpired as expired:
        return "timeout", (expired.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def stress(binary, name, path, seeds, folder, timeout):
    """Run one program under every seed: (name, failures, counters)."""
    failures = []
    for seed in seeds:
        command = [binary, "diff", "--stress=" + STRESSORS, "--seed=%d" % seed, path]
        code, text = execute(command, timeout)
        if code != 0:
            failures.append("%s seed %d: exit %s\n    rerun: %s\n    %s" % (
                name, seed, code, " ".join(command), "\n    ".join(text.strip().split("\n")[-6:])))
    stats_file = os.path.join(folder, name.replace("/", "_") + ".json")
    command = [binary, "run", "--jit=eager", "--stress=" + STRESSORS, "--seed=%d" % seeds[0], "--stats=json",
               "--stats-file=" + stats_file, path]
    code, text = execute(command, timeout)
    if code == "timeout" or code < 0:
        failures.append("%s: exit %s\n    rerun: %s" % (name, code, " ".join(command)))
    counters = {"collections": 0, "exits": 0, "spills": 0}
    if os.path.exists(stats_file):
        with open(stats_file, encoding="utf-8") as f:
            counters = counters_of(json.load(f))
    return name, failures, counters


def report(results, seeds):
    """Print a line for each program and the totals; the failures."""
    failures = []
    sums = {"collections": 0, "exits": 0, "spills": 0}
    print("%-52s %12s %10s %8s" % ("program", "collections", "exits", "spills"))
    for name, failed, counters in results:
        print("%-52s %12d %10d %8d%s" % (name, counters["collections"], counters["exits"], counters["spills"],
                                         "  FAILED" if failed else ""))
        failures += failed
        for key in sums:
            sums[key] += counters[key]
    print("%-52s %12d %10d %8d" % ("total", sums["collections"], sums["exits"], sums["spills"]))
    for key, stressor in (("collections", "gc"), ("exits", "deopt"), ("spills", "spill")):
        if sums[key] == 0:
            failures.append("the stressor '%s' never fired: the counter '%s' is zero or missing in --stats=json" % (
                stressor, key))
    print("stress: %d programs, seeds %s, %d failures" % (
        len(results), ",".join(map(str, seeds)), len(failures)))
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orus", required=True, help="the binary")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="one seed, every fifth conformance program")
    size.add_argument("--full", action="store_true", help="ten seeds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one command")
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "stress"), help="folder for copies and counters")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only programs whose path contains NAME")
    options = parser.parse_args()
    seeds = SEEDS[:1] if options.quick else tuple(range(1, 11)) if options.full else SEEDS
    os.makedirs(options.work, exist_ok=True)
    chosen = programs(options.work, options.names, options.quick)
    if not chosen:
        raise SystemExit("no program matches")
    for entry in os.listdir(options.work):
        if entry.endswith(".json"):
            os.remove(os.path.join(options.work, entry))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda program: stress(options.orus, program[0], program[1], seeds, options.work,
                                                       options.timeout), chosen))
    failures = report(results, seeds)
    for line in failures:
        print(line, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
