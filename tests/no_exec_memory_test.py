#!/usr/bin/env python3
"""Programs run where executable memory is forbidden.

A library loaded with LD_PRELOAD installs a seccomp filter (seccomp_preload.c) before main:

1. --no-exec-memory and --jit=off must not even ask for executable memory: the filter kills a process that does.
2. With the compiler on and the request refused (EPERM), the program must still run, in the interpreter.
"""

import os
import signal
import sys

import tool

MAP_EXECUTABLE = "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)"


def check_the_filter(preload):
    """The filter must bite, or the rest proves nothing. True when this system can run it.

    It is inherited over exec, so whatever is started here must not start another program.
    """
    for mode in ("kill", "refuse"):
        env = {"LD_PRELOAD": preload, "ORUS_SECCOMP": mode}
        done = tool.run(["/bin/true"], env=env)
        if done.returncode == 99:
            return False
        tool.expect(done.returncode == 0, "the filter breaks `true`: exit %d" % done.returncode)
        done = tool.run([os.path.realpath(sys.executable), "-c", MAP_EXECUTABLE], env=env)
        wanted = -signal.SIGSYS if mode == "kill" else 1
        tool.expect(done.returncode == wanted, "the filter does not bite: exit %d in mode %s: %s" % (
            done.returncode, mode, done.stderr[-300:]))
    return True


def main():
    parser = tool.parser(__doc__)
    parser.add_argument("--preload", required=True, help="the library with the filter")
    options = parser.parse_args()
    if not check_the_filter(options.preload):
        print("this kernel or container does not allow seccomp filters; nothing tested")
        return 77
    expected = tool.long_loop_output()
    for filter_mode, arguments in (("kill", ["--no-exec-memory"]), ("kill", ["--jit=off"]),
                                   ("kill", ["--no-exec-memory", "--jit=eager"]),
                                   ("refuse", ["--jit=on"]), ("refuse", ["--jit=eager"])):
        env = {"LD_PRELOAD": options.preload, "ORUS_SECCOMP": filter_mode}
        done = tool.run([options.orus] + arguments + [tool.LONG_LOOP], env=env)
        name = "%s, filter: %s" % (" ".join(arguments), filter_mode)
        tool.expect(done.returncode != -signal.SIGSYS, "%s: asked for executable memory" % name)
        tool.expect(done.returncode == 0, "%s: exit %d: %s" % (name, done.returncode, done.stderr[:500]))
        tool.expect(done.stdout == expected, "%s: wrong output %r" % (name, done.stdout[:200]))
        print("ok  " + name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
