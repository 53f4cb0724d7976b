"""The workloads as files: where they are, how much work REPS asks for, and copies of another size."""

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
# `REPS: i32 = 5`, `local REPS = 5`, `const REPS = 5;`, `REPS = 5`, `#define REPS 5`
DECLARATION = re.compile(r"(?m)^((?:local |const )?REPS\b[^=\n]*=\s*|#define REPS )(\d+)")


def names(suite=HERE):
    """The workloads of a suite: one C program each."""
    folder = os.path.join(suite, "c")
    return sorted(name[:-2] for name in os.listdir(folder) if name.endswith(".c"))


def source(suite, workload, folders, suffix):
    """The file of a workload in the first of `folders` that has it, or None."""
    for folder in folders:
        path = os.path.join(suite, folder, workload + suffix)
        if os.path.exists(path):
            return path
    return None


def full_reps(path):
    """The REPS that a program is written with."""
    with open(path, encoding="utf-8") as f:
        match = DECLARATION.search(f.read())
    if not match:
        raise ValueError("%s: no REPS constant" % path)
    return int(match.group(2))


def resized(path, reps):
    """The text of a program with another REPS."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    match = DECLARATION.search(text)
    if not match:
        raise ValueError("%s: no REPS constant" % path)
    return text[:match.start(2)] + str(reps) + text[match.end(2):]


def write_resized(path, reps, out):
    """Write a copy of the program at `path` that does `reps` rounds; at most what it does itself."""
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="utf-8") as f:
        f.write(resized(path, max(1, min(reps, full_reps(path)))))
    return out
