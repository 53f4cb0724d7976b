"""Shared by the tests that run the finished tool as a process."""

import argparse
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = os.path.join(ROOT, "tests", "programs")
LONG_LOOP = os.path.join(PROGRAMS, "long_loop.orus")


ROUNDS = 400  # as in tests/programs/long_loop.orus


def long_loop_output(rounds=ROUNDS):
    """What tests/programs/long_loop.orus prints, computed here."""
    x = 1
    squares = sum(v * v for v in range(1000))
    for _ in range(rounds):
        x = (x * 31 + squares) % 1000003
        for i in range(20000):
            x = (x * 31 + i) % 1000003
    return "long_loop %d\n" % x


def long_loop_copy(folder, rounds):
    """A copy of the program that runs for longer or shorter: (path, expected output)."""
    with open(LONG_LOOP, encoding="utf-8") as f:
        text = f.read()
    line = "ROUNDS: i32 = %d\n"
    if line % ROUNDS not in text:
        raise SystemExit("FAIL %s does not set ROUNDS to %d" % (LONG_LOOP, ROUNDS))
    path = os.path.join(folder, "long_loop_%d.orus" % rounds)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(line % ROUNDS, line % rounds))
    return path, long_loop_output(rounds)


def parser(doc):
    result = argparse.ArgumentParser(description=doc.split("\n")[0])
    result.add_argument("--orus", required=True, help="the binary")
    return result


def run(command, timeout=60, env=None, **more):
    """Run to the end with no input; stdout and stderr as text."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, env=dict(os.environ, **env) if env else None, **more)
    done.stdout = done.stdout.decode("utf-8", "replace")
    done.stderr = done.stderr.decode("utf-8", "replace")
    return done


def expect(condition, message):
    if not condition:
        raise SystemExit("FAIL " + message)


def executable_mappings(maps):
    """The lines of /proc/PID/maps that are executable: (permissions, what is mapped)."""
    for line in maps.split("\n"):
        fields = line.split(None, 5)
        if len(fields) >= 5 and "x" in fields[1]:
            yield fields[1], fields[5] if len(fields) > 5 else ""


def is_program_text(name):
    """Whether a mapping is the text of the binary or a library, or one that the kernel provides."""
    return name in ("[vdso]", "[vsyscall]") or (name.startswith("/") and not name.startswith("/memfd:") and
                                                not name.endswith(" (deleted)"))
