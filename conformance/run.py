#!/usr/bin/env python3
"""Runs the conformance corpus: programs, malformed sources and bad command lines.

See conformance/README.md for the format of the cases. Standard library only.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.sax.saxutils as saxutils

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TIMEOUT_SECONDS = 20  # of one run; --timeout

MODES = {
    "interp": ["--jit=off"],
    "default": [],
    "O0": ["--jit=on", "--jit-sync", "-O0"],
    "O1": ["--jit=on", "--jit-sync", "-O1"],
    "O2": ["--jit=on", "--jit-sync", "-O2"],
    "eager": ["--jit=eager", "--jit-sync"],
    "evict": ["--jit=eager", "--jit-sync", "--code-bytes=4K"],
    "deopt": ["--jit=eager", "--jit-sync", "--stress=deopt"],
    "gc": ["--jit=eager", "--jit-sync", "--stress=gc"],
    "gc-interp": ["--jit=off", "--stress=gc"],
    "spill": ["--jit=eager", "--jit-sync", "--stress=spill"],
    "chaos": ["--jit=eager", "--jit-sync", "--seed=1", "--isa=baseline", "--stress=clobber,layout"],
    "all": ["--jit=eager", "--jit-sync", "--stress=gc,deopt,spill", "--seed=1"],
}
# How malformed sources are compiled: both commands must report the same errors.
COMPILE_MODES = {"run": [], "check": ["check"]}

ERROR_KINDS = {"runtime", "value", "type", "index", "conversion", "argument",
               "eof", "name", "recursion", "user"}

DIRECTIVE = re.compile(
    r"// (expect|expect-empty|expect-error|expect-error-line|expect-exit|"
    r"expect-compile-error|stdin):(?: (.*))?$")


class BadCase(Exception):
    """The case itself is wrong: no expectation, or one that cannot be read."""


class Outcome:
    """What one process did."""

    def __init__(self, code, stdout, stderr, timed_out):
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.timed_out = timed_out


class Result:
    """One case in one mode. `problem` is None when it passed."""

    def __init__(self, suite, name, mode, problem, command, seconds):
        self.suite = suite
        self.name = name
        self.mode = mode
        self.problem = problem
        self.command = command
        self.seconds = seconds


# ---- expectations -----------------------------------------------------------

def directives(path):
    with open(path, "rb") as handle:
        text = handle.read().decode("latin-1")
    for number, line in enumerate(text.split("\n"), 1):
        match = DIRECTIVE.search(line)
        if match:
            yield number, match.group(1), match.group(2) or ""


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), text)


class ProgramExpectation:
    def __init__(self, path):
        lines, stdin = [], []
        self.kind = self.message = self.error_line = None
        self.code = 0
        found = False
        for number, what, text in directives(path):
            found = found or what not in ("stdin", "expect-error-line")
            if what == "expect":
                if text == "":
                    raise BadCase("line %d: empty 'expect:', write 'expect-empty:'" % number)
                lines.append(text)
            elif what == "expect-empty":
                lines.append("")
            elif what == "expect-error":
                if self.kind is not None:
                    raise BadCase("line %d: second expect-error" % number)
                kind, separator, message = text.partition(": ")
                if not separator or kind not in ERROR_KINDS:
                    raise BadCase("line %d: expect-error needs 'KIND: MESSAGE'" % number)
                self.kind, self.message = kind, unescape(message)
                self.code = 70
            elif what == "expect-error-line":
                self.error_line = int(text)
            elif what == "expect-exit":
                self.code = int(text)
            elif what == "stdin":
                stdin.append(text)
            else:
                raise BadCase("line %d: '%s' is not for programs" % (number, what))
        if not found:
            raise BadCase("no expectation in this file")
        if self.error_line is not None and self.kind is None:
            raise BadCase("expect-error-line without expect-error")
        self.stdout = "".join(line + "\n" for line in lines).encode("latin-1")
        self.stdin = "".join(line + "\n" for line in stdin).encode("latin-1")


class CompileError:
    """One `LINE: words | words` expectation; LINE is N, A-B or *."""

    def __init__(self, text):
        where, separator, words = text.partition(":")
        match = re.fullmatch(r"(\d+)(?:-(\d+))?|\*", where.strip())
        if not separator or not match:
            raise BadCase("expect-compile-error needs 'LINE: substring', got %r" % text)
        if match.group(1):
            self.first = int(match.group(1))
            self.last = int(match.group(2) or self.first)
        else:
            self.first, self.last = 1, sys.maxsize
        self.words = [word.strip().lower() for word in words.split(" | ")]
        self.text = text

    def accepts(self, diagnostic):
        line = diagnostic.get("line")
        message = str(diagnostic.get("message", "")).lower()
        return (isinstance(line, int) and self.first <= line <= self.last
                and any(word in message for word in self.words))


def compile_errors(path):
    sidecar = os.path.splitext(path)[0] + ".expect"
    found = []
    for number, what, text in directives(sidecar if os.path.exists(sidecar) else path):
        if what != "expect-compile-error":
            raise BadCase("line %d: '%s' is not for malformed sources" % (number, what))
        found.append(CompileError(text))
    if not found:
        raise BadCase("no expectation for this file")
    return found


# ---- running ----------------------------------------------------------------

def environment():
    env = {key: value for key, value in os.environ.items() if not key.startswith("ORUS")}
    env["TERM"] = "dumb"
    env["LC_ALL"] = "C"
    return env


def execute(command, cwd, stdin=b""):
    process = subprocess.Popen(command, cwd=cwd, env=environment(), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        stdout, stderr = process.communicate(stdin, timeout=TIMEOUT_SECONDS)
        return Outcome(process.returncode, stdout, stderr, False)
    except subprocess.TimeoutExpired:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        stdout, stderr = process.communicate()
        return Outcome(process.returncode, stdout, stderr, True)


def died(outcome):
    """A time-out or a signal; never an acceptable result."""
    if outcome.timed_out:
        return "no result within %d s" % TIMEOUT_SECONDS
    code = outcome.code
    if code < 0:
        number = -code
    elif code in (128 + signal.SIGILL, 128 + signal.SIGABRT, 128 + signal.SIGFPE,
                  128 + signal.SIGBUS, 128 + signal.SIGSEGV):
        number = code - 128
    else:
        return None
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    return "killed by signal %s; %s" % (name, excerpt(outcome.stderr))


def diagnostics(stderr):
    """The JSON objects on standard error; other lines are returned apart."""
    found, other = [], []
    for line in stderr.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            found.append(value)
        else:
            other.append(line)
    return found, other


def excerpt(data, limit=300):
    text = data.decode("utf-8", "replace").strip()
    if not text:
        return "standard error is empty"
    return "standard error: " + (text if len(text) <= limit else text[:limit] + "...")


def first_difference(what, expected, actual):
    want, got = expected.split(b"\n"), actual.split(b"\n")
    for index in range(max(len(want), len(got))):
        a = want[index] if index < len(want) else None
        b = got[index] if index < len(got) else None
        if a != b:
            return "%s differs at line %d:\n      expected %s\n      actual   %s" % (
                what, index + 1, shown(want, index), shown(got, index))
    return None


def shown(lines, index):
    if index >= len(lines) or (index == len(lines) - 1 and lines[index] == b""):
        return "(end of output)"
    line = lines[index]
    text = repr(line[:200])[1:]
    return text + ("..." if len(line) > 200 else "")


# ---- judging ----------------------------------------------------------------

def judge_program(expectation, outcome):
    problem = died(outcome)
    if problem:
        return problem
    if outcome.stdout != expectation.stdout:
        return (first_difference("standard output", expectation.stdout, outcome.stdout)
                + "\n      exit code %d; %s" % (outcome.code, excerpt(outcome.stderr)))
    if outcome.code != expectation.code:
        return "exit code %d, expected %d; %s" % (
            outcome.code, expectation.code, excerpt(outcome.stderr))
    if expectation.kind is None:
        if expectation.code == 0 and outcome.stderr:
            return "expected nothing on standard error; " + excerpt(outcome.stderr)
        return None
    found, other = diagnostics(outcome.stderr)
    errors = [d for d in found if d.get("severity") == "error"]
    if other or len(errors) != 1:
        return "expected one JSON diagnostic of severity error; " + excerpt(outcome.stderr)
    error = errors[0]
    for field, want in (("kind", expectation.kind + " error"), ("message", expectation.message),
                        ("line", expectation.error_line)):
        if want is not None and error.get(field) != want:
            return "error %s is %r, expected %r" % (field, error.get(field), want)
    return None


def assign(expected, found):
    """The first expectation that has no diagnostic of its own, or None."""
    owner = {}

    def place(index, seen):
        for j, diagnostic in enumerate(found):
            if j not in seen and expected[index].accepts(diagnostic):
                seen.add(j)
                if j not in owner or place(owner[j], seen):
                    owner[j] = index
                    return True
        return False

    for index in range(len(expected)):
        if not place(index, set()):
            return expected[index]
    return None


def judge_malformed(expected, outcome):
    problem = died(outcome)
    if problem:
        return problem
    if outcome.code != 65:
        return "exit code %d, expected 65; %s" % (outcome.code, excerpt(outcome.stderr))
    if outcome.stdout:
        return "wrote to standard output: %r" % outcome.stdout[:200]
    found, other = diagnostics(outcome.stderr)
    errors = [d for d in found if d.get("severity") == "error"]
    if other:
        return "standard error has a line that is not JSON: %r" % other[0][:200]
    for error in errors:
        if not (isinstance(error.get("line"), int) and error["line"] >= 1
                and isinstance(error.get("column"), int) and error["column"] >= 1
                and error.get("file")):
            return "diagnostic without a location: %r" % error
    missing = assign(expected, errors)
    if missing:
        return "no diagnostic for '%s'; got %s" % (
            missing.text, "; ".join("%s: %s" % (e["line"], e.get("message")) for e in errors)
            or "none")
    return None


def judge_cli(case, outcome):
    problem = died(outcome)
    if problem:
        return problem
    code, _, words = case
    if outcome.code != code:
        return "exit code %d, expected %d; %s" % (outcome.code, code, excerpt(outcome.stderr))
    if code in (64, 66) and outcome.stdout:
        return "wrote to standard output: %r" % outcome.stdout[:200]
    text = outcome.stderr.decode("utf-8", "replace").lower()
    if not any(word in text for word in words):
        return "standard error has none of %s; %s" % (words, excerpt(outcome.stderr))
    return None


# ---- cases ------------------------------------------------------------------

def sources(folder, endings=(".orus",)):
    found = []
    for base, _, names in os.walk(os.path.join(HERE, folder)):
        found += [os.path.join(base, name) for name in names if name.endswith(endings)]
    return sorted(found)


def command_lines():
    path = os.path.join(HERE, "malformed", "cli.txt")
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            fields = [field.strip() for field in line.split(" | ")]
            if len(fields) < 3:
                raise SystemExit("cli.txt:%d: needs EXIT | args | substring" % number)
            yield "cli/%d: %s" % (number, fields[1]), (
                int(fields[0]), shlex.split(fields[1]), [w.lower() for w in fields[2:]])


class Runner:
    def __init__(self, orus, modes):
        self.orus = orus
        self.modes = modes

    def program(self, path, name):
        try:
            expectation = ProgramExpectation(path)
        except (BadCase, ValueError) as error:
            return [Result("programs", name, "-", "bad case: %s" % error, "", 0.0)]
        results, reference = [], None
        for mode in self.modes:
            command = [self.orus, *MODES[mode], "--error-format=json",
                       os.path.relpath(path, ROOT)]
            start = time.monotonic()
            outcome = execute(command, ROOT, expectation.stdin)
            problem = judge_program(expectation, outcome)
            if problem is None and reference is not None:
                first_mode, first = reference
                if outcome.stderr != first.stderr:
                    problem = "against mode %s: %s" % (
                        first_mode, first_difference("standard error", first.stderr,
                                                     outcome.stderr))
            if reference is None and not outcome.timed_out:
                reference = (mode, outcome)
            results.append(Result("programs", name, mode, problem, shlex.join(command),
                                  time.monotonic() - start))
        return results

    def malformed(self, path, name):
        try:
            expected = compile_errors(path)
        except BadCase as error:
            return [Result("malformed", name, "-", "bad case: %s" % error, "", 0.0)]
        results = []
        for mode, words in COMPILE_MODES.items():
            command = [self.orus, *words, "--error-format=json", os.path.relpath(path, ROOT)]
            start = time.monotonic()
            outcome = execute(command, ROOT)
            results.append(Result("malformed", name, mode, judge_malformed(expected, outcome),
                                  shlex.join(command), time.monotonic() - start))
        return results

    def cli(self, case, name):
        with tempfile.TemporaryDirectory() as folder:
            files = os.path.join(HERE, "malformed", "cli")
            if os.path.isdir(files):
                shutil.copytree(files, os.path.join(folder, "cli"))
            cwd = os.path.join(folder, "cli")
            os.makedirs(cwd, exist_ok=True)
            command = [self.orus, *case[1]]
            start = time.monotonic()
            outcome = execute(command, cwd)
            shown_command = "cd conformance/malformed/cli && " + shlex.join(command)
            return [Result("cli", name, "cli", judge_cli(case, outcome), shown_command,
                           time.monotonic() - start)]


def write_junit(path, results):
    def quoted(text):
        clean = re.sub(r"[^\t\n\x20-\ud7ff]", "?", text)
        return saxutils.quoteattr(clean)

    failed = sum(1 for result in results if result.problem)
    with open(path, "w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        out.write('<testsuite name="conformance" tests="%d" failures="%d">\n'
                  % (len(results), failed))
        for result in results:
            out.write('  <testcase classname=%s name=%s time="%.3f"' % (
                quoted("conformance." + result.suite),
                quoted("%s [%s]" % (result.name, result.mode)), result.seconds))
            if result.problem:
                out.write(">\n    <failure message=%s/>\n  </testcase>\n"
                          % quoted(result.problem))
            else:
                out.write("/>\n")
        out.write("</testsuite>\n")


def report(result, orus_option):
    print("FAIL %s [%s]" % (result.name, result.mode))
    print("    " + result.problem)
    again = "conformance/run.py%s --only %s -R %s" % (
        orus_option, result.suite, shlex.quote("^" + re.escape(result.name) + "$"))
    if result.mode in MODES:
        again += " --mode " + result.mode
    print("    rerun: " + again)
    if result.command:
        print("    alone: " + result.command)


def parse_options():
    parser = argparse.ArgumentParser(description="Run the conformance corpus.")
    parser.add_argument("--orus", default=os.path.join("build", "release", "orus"),
                        help="the command under test (default: build/release/orus)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--mode", action="append", metavar="NAME", choices=sorted(MODES),
                        help="run programs in this mode; may be repeated (default: all of: %s)"
                        % ", ".join(MODES))
    parser.add_argument("--only", action="append", choices=["programs", "malformed", "cli"])
    parser.add_argument("-R", dest="regex", default="", metavar="REGEX",
                        help="only cases whose name matches")
    parser.add_argument("--junit", metavar="FILE")
    parser.add_argument("--timeout", type=int, default=TIMEOUT_SECONDS, metavar="S",
                        help="seconds that one run may take (default: %(default)s; unoptimized builds need more)")
    return parser, parser.parse_args()


def main():
    global TIMEOUT_SECONDS
    parser, options = parse_options()
    TIMEOUT_SECONDS = options.timeout
    orus = options.orus
    if not os.path.isabs(orus):
        here, there = os.path.abspath(orus), os.path.join(ROOT, orus)
        orus = here if os.path.exists(here) else there
    if not os.access(orus, os.X_OK) or os.path.isdir(orus):
        print("run.py: no executable at %s" % orus, file=sys.stderr)
        return 2
    orus_option = "" if options.orus == parser.get_default("orus") else " --orus " + shlex.quote(
        options.orus)
    suites = options.only or ["programs", "malformed", "cli"]
    pattern = re.compile(options.regex)
    runner = Runner(orus, options.mode or list(MODES))

    tasks = []
    if "programs" in suites:
        for path in sources("programs"):
            name = os.path.relpath(path, os.path.join(HERE, "programs"))[:-len(".orus")]
            tasks.append((runner.program, path, name))
        for path in sources("regress", (".orus", ".oasm")):
            tasks.append((runner.program, path, os.path.splitext(os.path.relpath(path, HERE))[0]))
    if "malformed" in suites:
        for path in sources(os.path.join("malformed", "source")):
            name = os.path.relpath(path, os.path.join(HERE, "malformed"))[:-len(".orus")]
            tasks.append((runner.malformed, path, name))
    if "cli" in suites:
        tasks += [(runner.cli, case, name) for name, case in command_lines()]
    tasks = [task for task in tasks if pattern.search(task[2])]
    if not tasks:
        print("run.py: no case matches", file=sys.stderr)
        return 2

    results = []
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for batch in pool.map(lambda task: task[0](task[1], task[2]), tasks):
            for result in batch:
                results.append(result)
                if result.problem:
                    report(result, orus_option)
                    sys.stdout.flush()
    if options.junit:
        write_junit(options.junit, results)
    failed = sum(1 for result in results if result.problem)
    print("%d passed, %d failed" % (len(results) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
