#!/usr/bin/env python3
"""What people look at when they look inside: listings of every stage, traces, the map for `perf`.

None of it is read by the rest of the tool, so nothing else would notice that one is empty, or wrong in kind.
"""

import os
import re
import subprocess
import sys

import tool

PROGRAM = os.path.join(tool.PROGRAMS, "views.orus")
OUTPUT = "0 1.5, 2.5, 3.5, 4.5, 5.5\n"
# Stage, further flags, and what the listing of `scale` must show.
LISTINGS = (
    ("bytecode", [], [r"\bscale\b", r"\bmul_f64\b", r"\brem_f64\b"]),
    ("ir", ["--after=build"], [r"\bfmul\b|\bmul\b", r"^b0", r"\bphi\b|\bb1\b"]),
    ("ir", [], [r"^b0", r"load_elem"]),
    ("lir", [], [r"^b0:", r"\buse v\d+@f\d+"]),
    ("asm", [], [r"\bsd\b|sd ", r"^ +0 ", r"\bret\b"]),
    ("asm", ["--isa=baseline"], [r"\bmulsd\b", r"^ +0 "]),
    ("asm", ["--loop=0"], [r"\bvmulsd|\bmulsd", r"^ +0 ", r"\.quad 0x[0-9a-f]{16}"]),
)
# Flags and the line on standard error that they must give.
TRACES = (
    (["--trace=tiers", "--jit=eager"], r"^\[tier\] compiled scale: \d+ bytes in \d+ us$"),
    (["--trace=guards", "--jit=eager", "--stress=deopt", "--seed=3"], r"^\[exit\] \w+ line \d+: [\w-]+"),
    (["--trace=loops", "--jit-sync"], r"^loops: scale loop 0 at line 4: "),
    (["--trace=gc", "--stress=gc"], r"^gc: \d+ minor, \d+ full"),
)
REFUSED = (
    (["--stage=ir", "--after=no_such_pass"], 64, "there is no pass"),
    (["--stage=asm", "--function=scale", "--loop=7"], 64, "has 1 loops"),
    (["--stage=asm", "--function=nobody"], 64, "nobody"),
    (["--stage=asm", "--target=pdp11"], 64, "pdp11"),
    (["--stage=tokens"], 64, "--stage"),
)


def check_listings(orus):
    for stage, more, patterns in LISTINGS:
        command = [orus, "disasm", "--stage=" + stage, "--function=scale"] + more + [PROGRAM]
        done, again = tool.run(command), tool.run(command)
        name = " ".join(command[1:-1])
        tool.expect(done.returncode == 0, "%s: exit %d: %s" % (name, done.returncode, done.stderr))
        for pattern in patterns:
            tool.expect(re.search(pattern, done.stdout, re.M), "%s: nothing like %r in\n%s" % (name, pattern, done.stdout[:2000]))
        if stage != "asm":  # machine code has addresses of the process in it
            tool.expect(done.stdout == again.stdout, "%s: two runs differ" % name)
        print("ok %s: %d lines" % (name, done.stdout.count("\n")))


def check_avx_is_left_out(orus):
    text = tool.run([orus, "disasm", "--stage=asm", "--isa=baseline", PROGRAM]).stdout
    found = re.search(r"^ +[0-9a-f]+  v[a-z0-9]+ .*$", text, re.M)
    tool.expect(found is None, "--isa=baseline has AVX: %s" % (found and found.group(0)))


def check_traces(orus):
    for flags, pattern in TRACES:
        done = tool.run([orus, "run"] + flags + [PROGRAM])
        name = " ".join(flags)
        tool.expect((done.returncode, done.stdout) == (0, OUTPUT), "%s: exit %d, output %r" % (name, done.returncode, done.stdout))
        tool.expect(re.search(pattern, done.stderr, re.M), "%s: nothing like %r in\n%s" % (name, pattern, done.stderr[:2000]))
        print("ok %s" % name)


def check_perf_map(orus):
    process = subprocess.Popen([orus, "run", "--perf-map", "--jit=eager", PROGRAM], stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=60)
    path = "/tmp/perf-%d.map" % process.pid  # where perf looks
    tool.expect(out == OUTPUT and os.path.exists(path), "--perf-map: output %r, and no %s" % (out, path))
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    os.remove(path)
    tool.expect(any(re.fullmatch(r"[0-9a-f]+ [0-9a-f]+ orus:scale", line) for line in lines), "--perf-map: no line for scale in %r" % lines)
    print("ok --perf-map: %d units" % len(lines))


def check_refusals(orus):
    for flags, code, words in REFUSED:
        done = tool.run([orus, "disasm"] + flags + [PROGRAM])
        tool.expect(done.returncode == code and words in done.stderr and done.stdout == "",
                    "%s: exit %d, %r" % (" ".join(flags), done.returncode, done.stderr))


def main():
    orus = tool.parser(__doc__).parse_args().orus
    check_listings(orus)
    check_avx_is_left_out(orus)
    check_traces(orus)
    check_perf_map(orus)
    check_refusals(orus)
    return 0


if __name__ == "__main__":
    sys.exit(main())
