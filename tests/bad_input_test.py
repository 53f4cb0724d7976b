#!/usr/bin/env python3
"""Nonsense must be refused, never crash: seeded mutations of sources, bytecode files and command lines.

Each case must end within the time limit with one of the documented exit codes (0, 64, 65, 66, 70, 71; 1 only where a
command answers a question with it), never by a signal, and never in an internal check. The seed is printed; a failing
input is kept with its command line in the folder given by --save.

    tests/bad_input_test.py --orus BINARY [--seed=N] [--count=N] [--only=source|bytecode|command]
"""

import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile

import tool

TIMEOUT = 30
EXIT_CODES = {0, 64, 65, 66, 70, 71}
LIMITS = ["--fuel=3000000", "--heap=64M", "--timeout=5"]
MODES = (["--jit=off"], ["--jit=on"], ["--jit=eager"], ["--jit=eager", "-O1"], ["--jit=eager", "--stress=gc"])
SHARES = {"source": 0.5, "bytecode": 0.3, "command": 0.2}

TOKENS = ["and", "as", "break", "catch", "continue", "elif", "else", "enum", "fn", "for", "if", "impl", "in", "match",
          "mut", "not", "or", "pass", "print", "pub", "raise", "return", "struct", "try", "use", "while", "i32", "i64",
          "u32", "u64", "f64", "bool", "string", "any", "void", "true", "false", "self", "+", "-", "*", "/", "%", "=",
          "==", "!=", "<", "<=", ">", ">=", "->", ":=", "..", "..=", "(", ")", "[", "]", "{", "}", ":", ",", ";", ".",
          "?", "'", "\"", "&", "|", "^", "~", "<<", ">>", "@", "\\", "//", "/*", "*/", "\n", "\t", "    ", "\0", "0",
          "1", "-1", "2147483647", "2147483648", "9223372036854775807", "18446744073709551615",
          "99999999999999999999999", "0x", "0xFFFFFFFF", "1e308", "1e999", "1.", ".5", "1_000", "1__0", "5u32", "5q",
          "\xe9", "\ufeff", "$", "extern", "len", "push", "pop", "range", "sorted", "int", "float", "typeof", "input",
          "assert_eq", "[[", "((((((((((((((((", "))))))))))))))))", "[" * 2000, "(" * 2000, "-" * 2000, "a" * 70000]
NUMBERS = ["", "0", "1", "-1", "2", "10", "1000", "x", "1e3", "2147483648", "18446744073709551616", "-9223372036854775808",
           "0x10", "1K", "1M", "1G", "1Z", " ", "nan"]
COMMANDS = ["run", "check", "build", "asm", "disasm", "verify", "diff", "bench", "reduce", "profile", "help", "repl",
            "nonsense", "", "-", "--", "RUN"]
OPTIONS = ["--jit=off", "--jit=on", "--jit=eager", "--jit=", "--jit=maybe", "--jit", "-O0", "-O1", "-O2", "-O3", "-O",
           "--jit-sync", "--stats", "--stats=json", "--stats=xml", "--trace=tiers,guards,loops,gc", "--trace=",
           "--stress=gc", "--stress=deopt,spill", "--stress=all,,", "--seed=#", "--fuel=#", "--heap=#", "--stack=#",
           "--timeout=#", "--runs=#", "--no-exec-memory", "--error-format=friendly", "--error-format=json",
           "--error-format=minimal", "--error-format=#", "--no-color", "--allow-ffi", "--allow-ffi=", "--version",
           "--help", "-h", "--stage=bytecode", "--stage=ir", "--stage=lir", "--stage=asm", "--stage=#", "--target=x64",
           "--target=#", "--function=main", "--function=#", "--after=#", "--json", "--check=true", "--check=false",
           "-o", "--", "-", "--=", "-\xe9", "--unknown=#"]


class Generator:
    """Makes the case with a given number; the same seed and number make the same case."""

    def __init__(self, orus, folder, seed):
        self.orus = orus
        self.folder = folder
        self.seed = seed
        self.sources = self.read_sources()
        self.modules = self.build_modules()

    def read_sources(self):
        found = []
        for top in ("conformance/programs", "examples", "tests/programs", "bench/orus"):
            for where, folders, names in os.walk(os.path.join(tool.ROOT, top)):
                folders.sort()
                for name in sorted(names):
                    if name.endswith(".orus"):
                        with open(os.path.join(where, name), "rb") as f:
                            found.append(f.read())
        tool.expect(found, "no programs to mutate")
        return found

    def build_modules(self):
        """Bytecode of the sources that compile."""
        modules = []
        step = max(1, len(self.sources) // 40)
        for i, source in enumerate(self.sources[::step]):
            path = os.path.join(self.folder, "seed%d.orus" % i)
            out = os.path.join(self.folder, "seed%d.obc" % i)
            with open(path, "wb") as f:
                f.write(source)
            done = tool.run([self.orus, "build", path, "-o", out])
            if done.returncode == 0 and os.path.exists(out):
                with open(out, "rb") as f:
                    modules.append(f.read())
        return modules

    def case(self, number, kind):
        """(files to write, arguments); paths in the arguments are relative to the case's folder."""
        rng = random.Random("%d/%d" % (self.seed, number))
        return {"source": self.source_case, "bytecode": self.bytecode_case, "command": self.command_case}[kind](rng)

    def source_case(self, rng):
        data = bytearray(rng.choice(self.sources))
        for _ in range(rng.randint(1, 6)):
            mutate_text(rng, data, self.sources)
        command = rng.choice(([], ["run"], ["check"]))
        return {"input.orus": bytes(data)}, command + LIMITS + rng.choice(MODES) + ["input.orus"]

    def bytecode_case(self, rng):
        data = bytearray(rng.choice(self.modules)) if self.modules else bytearray(rng.randbytes(64))
        for _ in range(rng.randint(1, 8)):
            mutate_bytes(rng, data)
        arguments = rng.choice((["verify"], ["run"] + LIMITS + rng.choice(MODES), ["disasm"]))
        return {"input.obc": bytes(data)}, arguments + ["input.obc"]

    def command_case(self, rng):
        files = {"input.orus": b'for i in 0..300:\n    print("line @", i)\n', "empty.orus": b"",
                 "garbage.obc": rng.randbytes(40), "input.oasm": b"nonsense\n"}
        arguments = [rng.choice(COMMANDS)] if rng.random() < 0.7 else []
        for _ in range(rng.randint(0, 4)):
            arguments.append(rng.choice(OPTIONS).replace("#", rng.choice(NUMBERS)))
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            arguments.append(rng.choice(list(files) + ["missing.orus", ".", "out.obc", "\xff"]))
        rng.shuffle(arguments)
        return files, arguments


def mutate_text(rng, data, sources):
    """One edit of the kind that people and editors make, or worse."""
    at = rng.randrange(len(data) + 1)
    choice = rng.randrange(8)
    if choice == 0:
        del data[at:at + rng.randint(1, 20)]
    elif choice == 1 and data:
        data[rng.randrange(len(data))] = rng.randrange(256)
    elif choice == 2:
        data[at:at] = rng.choice(TOKENS).encode()
    elif choice == 3:
        piece = data[at:at + rng.randint(1, 60)]
        other = rng.randrange(len(data) + 1)
        data[other:other] = piece
    elif choice == 4:
        other = rng.choice(sources)
        start = rng.randrange(len(other) + 1)
        data[at:at] = other[start:start + rng.randint(1, 200)]
    elif choice == 5:
        lines = bytes(data).split(b"\n")
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[i], lines[j] = lines[j], lines[i]
        data[:] = b"\n".join(lines)
    elif choice == 6:
        lines = bytes(data).split(b"\n")
        i = rng.randrange(len(lines))
        lines[i] = lines[i].lstrip() if rng.random() < 0.5 else b"    " + lines[i]
        data[:] = b"\n".join(lines)
    else:
        words = bytes(data).split(b" ")
        words[rng.randrange(len(words))] = rng.choice(TOKENS).encode()
        data[:] = b" ".join(words)


def mutate_bytes(rng, data):
    """Flip bits, plant extreme numbers, cut, repeat."""
    choice = rng.randrange(6)
    at = rng.randrange(len(data)) if data else 0
    if choice <= 1 and data:
        data[at] ^= 1 << rng.randrange(8)
    elif choice == 2 and data:
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    elif choice == 3:
        width = rng.choice((2, 4, 8))
        value = rng.choice((0, 1, 2**15, 2**16 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)) % 2**(8 * width)
        data[at:at + width] = value.to_bytes(width, "little")
    elif choice == 4:
        del data[at:at + rng.choice((1, 2, 4, 100, len(data)))]
    else:
        data[at:at] = data[at:at + rng.randint(1, 16)]


def allowed_exit(arguments, code):
    return code in EXIT_CODES or (code == 1 and "reduce" in arguments)


def run_case(generator, number, kind):
    """Run one case in a folder of its own: None, or what is wrong with it, its files and arguments."""
    files, arguments = generator.case(number, kind)
    with tempfile.TemporaryDirectory(dir=generator.folder) as folder:
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        env = dict(os.environ, ORUS_FLAGS=" ".join(LIMITS), HOME=folder)
        try:
            done = subprocess.run([generator.orus] + arguments, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return "no end within %d s" % TIMEOUT, files, arguments
        except ValueError:
            return None  # an argument that cannot be passed at all
    if done.returncode < 0:
        what = "killed by signal %d" % -done.returncode
    elif not allowed_exit(arguments, done.returncode):
        what = "exit %d" % done.returncode
    else:
        return None
    return "%s: %s" % (what, done.stderr.decode("utf-8", "replace")[-400:]), files, arguments


def save(folder, seed, number, failure):
    what, files, arguments = failure
    target = os.path.join(folder, "seed%d-case%d" % (seed, number))
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    for name, data in files.items():
        with open(os.path.join(target, name), "wb") as f:
            f.write(data)
    with open(os.path.join(target, "command.txt"), "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write("%s\norus %s\n" % (what, " ".join(map(repr, arguments))))
    return target


def plan(count, only):
    kinds = [kind for kind, share in SHARES.items() for _ in range(int(count * share)) if only in (None, kind)]
    return list(enumerate(kinds))


def main():
    parser = tool.parser(__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--only", choices=sorted(SHARES))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--save", default=os.path.join(tool.ROOT, "build", "bad_input"), help="folder for failures")
    options = parser.parse_args()
    print("seed %d" % options.seed)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        generator = Generator(os.path.abspath(options.orus), folder, options.seed)
        print("%d sources, %d bytecode files to mutate" % (len(generator.sources), len(generator.modules)))
        tool.expect(generator.modules, "`orus build` makes no bytecode from any program")
        cases = plan(options.count, options.only)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = pool.map(lambda case: (case, run_case(generator, *case)), cases)
            for (number, kind), failure in results:
                if failure:
                    failures += 1
                    where = save(options.save, options.seed, number, failure)
                    print("FAIL %s case %d: %s\n     kept in %s" % (kind, number, failure[0].strip(), where))
    print("%d cases, %d failures; rerun: tests/bad_input_test.py --orus %s --seed=%d --count=%d%s" % (
        len(cases), failures, options.orus, options.seed, options.count,
        " --only=" + options.only if options.only else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
