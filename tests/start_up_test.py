#!/usr/bin/env python3
"""Start-up: the cheapest commands work, print what they should, and leave nothing behind.

Prints median wall time and peak memory of each command for information. Nothing asserts on either: time depends on
the machine, and bench/ is the place that measures.
"""

import os
import resource
import statistics
import sys
import tempfile
import time

import tool

RUNS = 10


def peak_kib():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def main():
    options = tool.parser(__doc__).parse_args()
    orus = os.path.abspath(options.orus)
    with tempfile.TemporaryDirectory() as folder:
        empty = os.path.join(folder, "empty.orus")
        hello = os.path.join(folder, "hello.orus")
        missing = os.path.join(folder, "missing.orus")
        with open(empty, "w") as f:
            f.write("")
        with open(hello, "w") as f:
            f.write('print("hello", 6 * 7)\n')
        cases = [
            ("--version", ["--version"], 0, None),
            ("--help", ["--help"], 0, None),
            ("empty program", [empty], 0, ""),
            ("empty, --jit=off", ["--jit=off", empty], 0, ""),
            ("one line", [hello], 0, "hello 42\n"),
            ("one line, eager", ["--jit=eager", hello], 0, "hello 42\n"),
            ("check", ["check", hello], 0, None),
            ("missing file", [missing], 66, ""),
            ("unknown option", ["--no-such-option", hello], 64, ""),
        ]
        before = sorted(os.listdir(folder))
        for name, arguments, code, output in cases:
            times = []
            for _ in range(RUNS):
                start = time.perf_counter()
                done = tool.run([orus] + arguments, cwd=folder)
                times.append(time.perf_counter() - start)
                tool.expect(done.returncode == code, "%s: exit %d instead of %d: %s" % (
                    name, done.returncode, code, done.stderr[:300]))
                tool.expect(output is None or done.stdout == output, "%s: printed %r" % (name, done.stdout[:200]))
                tool.expect(code != 0 or done.stderr == "", "%s: wrote to standard error: %r" % (
                    name, done.stderr[:200]))
                tool.expect(code == 0 or done.stderr != "", "%s: failed without a diagnostic" % name)
                tool.expect(name != "--version" or "orus" in done.stdout.lower(), "--version printed %r" % done.stdout)
            print("%-20s %7.2f ms   peak so far %6.1f MiB" % (
                name, 1000 * statistics.median(times), peak_kib() / 1024))
        tool.expect(sorted(os.listdir(folder)) == before, "files were left behind in the working folder")
    return 0


if __name__ == "__main__":
    sys.exit(main())
