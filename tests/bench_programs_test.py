#!/usr/bin/env python3
"""Every workload in bench/ prints what its Python twin prints, interpreted and natively, at a small size.

The Python twins run under the Python that runs this test, so sizes are what that can do in a moment.
"""

import concurrent.futures
import os
import re
import sys
import tempfile

import tool

sys.path.insert(0, os.path.join(tool.ROOT, "bench"))

import workloads  # noqa: E402

MODES = (["--jit=off"], ["--jit=on"], ["--jit=eager"])
DEFAULT_SIZE = {"REPS": 2, "N": 20000}
SIZES = {
    "alloc_objects": {"REPS": 2, "N": 50000},
    "alloc_push": {"REPS": 3, "N": 20000},
    "binary_trees": {"REPS": 2, "DEPTH": 10},
    "dispatch": {"REPS": 20000},
    "fannkuch": {"REPS": 2, "N": 7},
    "fib": {"REPS": 2, "N": 20},
    "mandelbrot": {"REPS": 2, "N": 60},
    "matmul": {"REPS": 2, "N": 40},
    "nbody": {"REPS": 5000},
    "nested_mod": {"REPS": 2, "N": 300},
    "spectral_norm": {"REPS": 2, "N": 60},
    "string_build": {"REPS": 500},
    "struct_particles": {"REPS": 100},
}


def at_size(path, out, size):
    """Write a copy of a program with the given constants."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for constant, value in size.items():
        text = re.sub(r"(?m)^(%s(?:: i32)? = )\d+$" % constant, r"\g<1>%d" % value, text)
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)
    return out


# Enums, match and closures: these two must say so, with a position, until the language has them.
LATER = {"binary_trees", "dispatch"}


def check_refused(orus, suite, name):
    """A workload that needs what the language lacks is refused with a located diagnostic, exit 65."""
    done = tool.run([orus, "--error-format=minimal", os.path.join(suite, "orus", name + ".orus")], timeout=60)
    print("%-18s refused" % name)
    if done.returncode == 65 and re.search(r"\.orus:\d+:\d+: .*not supported yet", done.stderr):
        return []
    return ["%s: expected 'not supported yet' and exit 65, got %d: %s" % (name, done.returncode, done.stderr[:300])]


def check(orus, suite, name, folder):
    """The differences found for one workload."""
    if name in LATER:
        return check_refused(orus, suite, name)
    size = SIZES.get(name, DEFAULT_SIZE)
    twin = at_size(os.path.join(suite, "py", name + ".py"), os.path.join(folder, name + ".py"), size)
    program = at_size(os.path.join(suite, "orus", name + ".orus"), os.path.join(folder, name + ".orus"), size)
    expected = tool.run([sys.executable, twin], timeout=120)
    if expected.returncode != 0:
        return ["%s: the Python twin failed: %s" % (name, expected.stderr[-200:])]
    found = []
    for mode in MODES:
        done = tool.run([orus] + mode + [program], timeout=120)
        if (done.returncode, done.stdout) != (0, expected.stdout):
            found.append("%s %s: exit %d, printed %r instead of %r %s" % (
                name, " ".join(mode), done.returncode, done.stdout[:100], expected.stdout[:100], done.stderr[:300]))
    print("%-18s %s %s" % (name, "FAILED" if found else "ok", expected.stdout.strip()))
    return found


def main():
    options = tool.parser(__doc__).parse_args()
    cases = [(suite, name) for suite in (os.path.join(tool.ROOT, "bench"), os.path.join(tool.ROOT, "bench", "alloc"))
             for name in workloads.names(suite)]
    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda case: check(options.orus, case[0], case[1], folder), cases))
    failures = [line for found in results for line in found]
    for line in failures:
        print("FAIL " + line)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
