#!/usr/bin/env python3
"""Run programs in the interpreter and natively, compare what they print, and show what native execution gained.

    ci/show_uplift.py --orus BINARY FILE...

Exit status 1 when a program's output, error output or exit code differs between the two, or when a run cannot be made.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

NUMBERS = ("interpreter s", "native s", "uplift", "native coverage", "compile ms")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(binary, options, program, timeout):
    """One run: exit code, outputs, CPU seconds and statistics (empty when the tool wrote none)."""
    with tempfile.TemporaryDirectory() as folder:
        stats_file = os.path.join(folder, "stats.json")
        command = [binary] + options + ["--stats=json", "--stats-file=" + stats_file, "--no-color", program]
        start = cpu_seconds()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=timeout)
        except subprocess.TimeoutExpired:
            raise SystemExit("%s did not finish within %d s: %s" % (program, timeout, " ".join(command)))
        seconds = cpu_seconds() - start
        stats = {}
        if os.path.exists(stats_file):
            with open(stats_file, encoding="utf-8") as f:
                stats = json.load(f)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr, "seconds": seconds, "stats": stats}


def first_difference(a, b):
    """Describe where two byte strings part."""
    lines_a, lines_b = a.split(b"\n"), b.split(b"\n")
    for number, (x, y) in enumerate(zip(lines_a, lines_b), 1):
        if x != y:
            return "line %d: interpreter %r, native %r" % (number, x[:120], y[:120])
    return "interpreter wrote %d lines, native %d" % (len(lines_a), len(lines_b))


def differences(interpreted, native):
    for name, result in (("interpreter", interpreted), ("native", native)):
        if result["code"] < 0:
            yield "the %s run was killed by signal %d" % (name, -result["code"])
        elif result["code"] in (64, 65, 66):
            yield "the %s run did not start (exit %d)" % (name, result["code"])
    if interpreted["code"] != native["code"]:
        yield "exit code: interpreter %d, native %d" % (interpreted["code"], native["code"])
    for key, name in (("out", "standard output"), ("err", "standard error")):
        if interpreted[key] != native[key]:
            yield "%s, %s" % (name, first_difference(interpreted[key], native[key]))


def show_output(program, result):
    lines = result["out"].decode("utf-8", "replace").rstrip("\n").split("\n")
    print("%s prints" % program)
    for line in lines[:12]:
        print("    " + line)
    if len(lines) > 12:
        print("    ... %d more lines" % (len(lines) - 12))
    if result["code"] != 0:
        print("    (exit %d) %s" % (result["code"], result["err"].decode("utf-8", "replace").strip()[:200]))
    print()


def row_of(name, interpreted, native):
    stats = native["stats"]
    coverage, compile_ns = stats.get("native_coverage"), stats.get("compile_ns")
    return [
        name,
        "%.3f" % interpreted["seconds"],
        "%.3f" % native["seconds"],
        "%.1fx" % (interpreted["seconds"] / native["seconds"]) if native["seconds"] > 0 else "-",
        "%.2f %%" % (100 * coverage) if coverage is not None else "-",
        "%.2f" % (compile_ns / 1e6) if compile_ns is not None else "-",
    ]


def print_table(rows):
    header = ["program"] + list(NUMBERS)
    widths = [max(len(row[i]) for row in [header] + rows) for i in range(len(header))]
    for row in [header, ["-" * width for width in widths]] + rows:
        print("  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orus", required=True, help="the binary")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one run")
    parser.add_argument("files", nargs="+", metavar="FILE")
    options = parser.parse_args()
    rows, failed = [], []
    for program in options.files:
        if not os.path.exists(program):
            raise SystemExit("no such file: " + program)
        start = time.perf_counter()
        interpreted = run(options.orus, ["--jit=off"], program, options.timeout)
        native = run(options.orus, ["--jit=on"], program, options.timeout)
        show_output(program, interpreted)
        found = list(differences(interpreted, native))
        failed += ["%s: %s" % (program, what) for what in found]
        rows.append(row_of(os.path.basename(program), interpreted, native))
        print("%s (%d bytes, exit %d; %.1f s)\n" % (
            "FAILED" if found else "outputs are equal, byte for byte", len(interpreted["out"]), interpreted["code"],
            time.perf_counter() - start))
    print_table(rows)
    if failed:
        print("\nfailed; the interpreter defines what a program does, and native code must do the same:",
              file=sys.stderr)
        for line in failed:
            print("  " + line, file=sys.stderr)
        print("`%s diff FILE` names the mode and the pass that differ" % options.orus, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
