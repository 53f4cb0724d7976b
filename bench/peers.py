"""The ways to run a workload: our tool natively and interpreted, C compilers, other implementations."""

import os
import re
import shutil
import subprocess

import workloads

BASELINE = "gcc-O2"
NATIVE = "orus"
INTERPRETED = "orus-interp"
OURS = (NATIVE, INTERPRETED)
GCC_CHECKS = ["-fsanitize=signed-integer-overflow", "-fsanitize-undefined-trap-on-error"]


class Peer:
    """A way to run the programs of one language.

    A workload is looked for in `folders`, first match wins, so lua54/collatz.lua replaces lua/collatz.lua for the
    peers that list lua54 first. The executable is found on PATH, or through BENCH_<EXECUTABLE> in the environment.
    """

    def __init__(self, name, executable, args, folders, suffix, compiled=False):
        self.name = name
        self.executable = executable
        self.args = args
        self.folders = folders
        self.suffix = suffix
        self.compiled = compiled
        self.path = None

    def find(self):
        variable = "BENCH_" + re.sub(r"\W", "_", self.executable.upper())
        self.path = shutil.which(os.environ.get(variable, self.executable))
        if self.path:
            self.path = os.path.abspath(self.path)
        return self.path is not None

    def source(self, suite, workload):
        return workloads.source(suite, workload, self.folders, self.suffix)

    def command(self, source, build, reps=None, extra=()):
        """The command that runs `source`, compiled or written at another size as needed."""
        stem = os.path.splitext(os.path.basename(source))[0]
        tag = stem if reps is None else "%s.%d" % (stem, reps)
        if self.compiled:
            out = os.path.join(build, "%s.%s" % (tag, self.name))
            define = [] if reps is None else ["-DREPS=%d" % reps]
            if not os.path.exists(out):
                subprocess.run([self.path] + self.args + list(extra) + define + ["-o", out, source], check=True)
            return [out]
        if reps is not None:
            text = workloads.resized(source, reps)
            source = os.path.join(build, "%s.%s%s" % (tag, self.name, self.suffix))
            with open(source, "w", encoding="utf-8") as f:
                f.write(text)
        return [self.path] + self.args + list(extra) + [source]

    def version(self):
        """One line that says what this is."""
        flag = "-v" if self.executable in ("luajit", "luajit-head", "lua5.4") else "--version"
        try:
            done = subprocess.run([self.path, flag], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        lines = done.stdout.decode("utf-8", "replace").strip().split("\n")
        return lines[0].split(" -- ")[0] if done.returncode == 0 and lines[0] else "unknown"


def all_peers():
    c = (["c"], ".c", True)
    lua = (["lua"], ".lua")
    lua54 = (["lua54", "lua"], ".lua")
    js = (["js"], ".js")
    py = (["py"], ".py")
    orus = (["orus"], ".orus")
    return [
        Peer(BASELINE, "gcc", ["-O2"], *c),
        Peer("gcc-O2-checked", "gcc", ["-O2"] + GCC_CHECKS, *c),
        Peer("clang-O2", "clang-19", ["-O2"], *c),
        Peer("gcc-O0", "gcc", ["-O0"], *c),
        Peer(NATIVE, "orus", [], *orus),
        Peer(INTERPRETED, "orus", ["--jit=off"], *orus),
        Peer("luajit", "luajit", [], *lua),
        Peer("luajit-joff", "luajit", ["-joff"], *lua),
        Peer("luajit-head", "luajit-head", [], *lua),
        Peer("lua5.4", "lua5.4", [], *lua54),
        Peer("luau-codegen", "luau", ["--codegen", "-O2"], *lua54),
        Peer("luau-interp", "luau", ["-O2"], *lua54),
        Peer("node", "node", [], *js),
        Peer("pypy3", "pypy3", [], *py),
    ]
