#!/usr/bin/env python3
"""No mapping of a running process is ever writable and executable.

Runs a long program in every mode that makes machine code and samples /proc/PID/maps every two milliseconds.
"""

import subprocess
import sys
import tempfile
import time

import tool

INTERVAL = 0.002


def sample(command):
    """Run to the end: (exit code, output, samples, writable and executable mappings, did machine code appear)."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    samples, bad, machine_code = 0, set(), False
    deadline = time.monotonic() + 60
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        try:
            with open("/proc/%d/maps" % process.pid) as f:
                maps = f.read()
        except OSError:
            break
        samples += 1
        for permissions, name in tool.executable_mappings(maps):
            if "w" in permissions:
                bad.add("%s %s" % (permissions, name or "(anonymous)"))
            machine_code = machine_code or not tool.is_program_text(name)
        time.sleep(INTERVAL)
    out, err = process.communicate()
    return process.returncode, out.decode(), err.decode("utf-8", "replace"), samples, bad, machine_code


SHORT = 4  # rounds of the program for the stressed run, in which every safepoint collects
MOST = 1500
STRESSED = ["--jit=eager", "--stress=deopt,gc"]
MODES = (["--jit=on"], ["--jit=eager"], ["--jit=eager", "--jit-sync"], STRESSED, ["--jit=off"], ["--no-exec-memory"])
WITHOUT_CODE = (["--jit=off"], ["--no-exec-memory"])


def check(orus, mode, program, expected):
    code, out, err, samples, bad, machine_code = sample([orus] + mode + [program])
    name = " ".join(mode)
    tool.expect(not bad, "%s: writable and executable: %s" % (name, ", ".join(sorted(bad))))
    tool.expect(code == 0, "%s: exit %d: %s" % (name, code, err[:500]))
    tool.expect(out == expected, "%s: wrong output %r, expected %r" % (name, out[:200], expected))
    tool.expect(samples > 0, "%s: no sample was taken" % name)
    if mode in WITHOUT_CODE:
        tool.expect(not machine_code, "%s: executable memory that is no program text" % name)
    print("%-32s %5d samples, machine code %s" % (name, samples, "seen" if machine_code else "not seen"))


def main():
    options = tool.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short = tool.long_loop_copy(folder, SHORT)
        start = time.monotonic()
        check(options.orus, ["--jit=off"], *short)
        # as many rounds as take two seconds in the interpreter, which is slow in checked builds
        rounds = max(SHORT, min(MOST, int(2.0 * SHORT / (time.monotonic() - start))))
        long = tool.long_loop_copy(folder, rounds)
        for mode in MODES:
            check(options.orus, mode, *(short if mode == STRESSED else long))
    return 0


if __name__ == "__main__":
    sys.exit(main())
