#!/usr/bin/env python3
"""Every program in examples/ prints what the .out file beside it says, interpreted and natively."""

import os
import sys

import tool

MODES = (["--jit=off"], ["--jit=on"], ["--jit=eager"], ["-O0", "--jit=eager"])


def main():
    options = tool.parser(__doc__).parse_args()
    folder = os.path.join(tool.ROOT, "examples")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".orus"))
    tool.expect(names, "no examples")
    failed = 0
    for name in names:
        path = os.path.join(folder, name)
        with open(path[:-len(".orus")] + ".out", encoding="utf-8") as f:
            expected = f.read()
        for mode in MODES:
            done = tool.run([options.orus] + mode + [path])
            if (done.returncode, done.stdout, done.stderr) != (0, expected, ""):
                failed += 1
                print("FAIL %s %s: exit %d\n--- printed\n%s--- expected\n%s--- standard error\n%s" % (
                    name, " ".join(mode), done.returncode, done.stdout, expected, done.stderr))
        print(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
