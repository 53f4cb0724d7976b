"""Gathers what the checks judge. Every collector runs a command that people run too, and returns plain data.

Evidence is kept in build/gate/evidence/NAME.json, so that a judgement can be made again (ci/gate --judge) and so that
tests of the gate can edit it.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RELEASE = os.path.join("build", "release")
# What takes hours is kept in the tree, with its commit, for quick gates.
RECORDED = os.path.join(ROOT, "ci", "release_gate", "recorded")
# Checks that read the evidence of another one.
SHARED = {"coverage": "uplift", "grid": "fuzz"}


class Failed(Exception):
    """A collector could not do its work; the text says why."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, log, timeout, accept=(0, 1)):
    """Runs a command with its output in a file. Errors: Failed, with the last line of the output."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w", encoding="utf-8") as stream:
        try:
            code = subprocess.run(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT, timeout=timeout, check=False).returncode
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)} took longer than {timeout:.0f} s") from None
        except OSError as error:
            raise Failed(f"{' '.join(command)}: {error}") from None
    if code not in accept:
        with open(log, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().strip().split("\n")
        raise Failed(f"{' '.join(command)} gave {code}: {lines[-1]}")
    return code


def read_json(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def commit():
    named = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return named.stdout.strip() or "unknown"


def collect_uplift(limits, work):
    out = os.path.join(work, "bench.json")
    command = [sys.executable, "bench/run.py", "--peers", "orus,orus-interp", "--rounds", str(limits.get("uplift", "rounds")), "--json", out]
    if limits.quick:
        command.append("--quick")
    os.environ["BENCH_ORUS"] = os.path.join(ROOT, RELEASE, "orus")
    run(command, os.path.join(work, "bench.log"), 3600)
    evidence = read_json(out)
    evidence["profile"] = profile_programs(work)
    for name, row in evidence["native_stats"].items():
        row.update(evidence["profile"]["stats"].get(name, {}))
    return evidence


def profile_programs(work):
    """Exits, bail-outs, unsupported opcodes and opcode families of the example programs and conformance programs."""
    total = {"exits": {}, "families": {}, "stats": {}, "interpreted_ops": 0, "native_ops": 0}
    programs = sorted(glob.glob(os.path.join(ROOT, "examples", "*.orus")) + glob.glob(os.path.join(ROOT, "conformance", "programs", "**", "*.orus"), recursive=True))
    for path in programs:
        stats = os.path.join(work, "stats.json")
        command = [os.path.join(ROOT, RELEASE, "orus"), "--jit=eager", "--jit-sync", "--stats=json", f"--stats-file={stats}", path]
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
            row = read_json(stats)
        except (subprocess.TimeoutExpired, OSError, ValueError):
            continue  # a program that is meant to end otherwise; the conformance check judges it
        os.remove(stats)
        for reason, count in row["exits"].items():
            total["exits"][reason] = total["exits"].get(reason, 0) + count
        total["interpreted_ops"] += row["interpreted_ops"]
        total["native_ops"] += row["native_ops"]
        name = os.path.relpath(path, ROOT)
        if row["bailouts"] or row["unsupported_opcodes"]:
            total["stats"][name] = {"bailouts": row["bailouts"], "unsupported_opcodes": row["unsupported_opcodes"]}
    for path in sorted(glob.glob(os.path.join(ROOT, "examples", "*.orus"))):
        done = subprocess.run([os.path.join(ROOT, RELEASE, "orus"), "profile", path, "--json"], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        if done.returncode == 0:
            profile = json.loads(done.stdout)
            share = profile["stats"]["native_coverage"]
            for family, count in profile.get("estimated_families", {}).items():
                seen = total["families"].setdefault(family, [0, 0])
                seen[0] += count
                seen[1] += count * share
    return total


def read_junit(path):
    """(cases, names of failed ones) of a JUnit file."""
    cases, failed = 0, []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        cases += 1
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(f"{case.get('classname', '')} {case.get('name')}".strip())
    return cases, failed


def collect_conformance(limits, work):
    junit = os.path.join(work, "conformance.xml")
    run([sys.executable, "conformance/run.py", "--orus", os.path.join(RELEASE, "orus"), "--junit", junit], os.path.join(work, "conformance.log"), 1800)
    cases, failed = read_junit(junit)
    return {"cases": cases, "failures": failed}


def fuzz_targets():
    done = subprocess.run([os.path.join(ROOT, RELEASE, "orus_fuzz"), "--list"], capture_output=True, text=True, check=False)
    names = [line.split()[0] for line in done.stdout.split("\n") if line.strip()]
    if done.returncode != 0 or not names:
        raise Failed("build/release/orus_fuzz --list gave nothing")
    return [name for name in names if name != "mix"]


def collect_fuzz(limits, work):
    """Half of the time for the mix that users run, the rest shared by every target."""
    seconds = 60 * limits.get("fuzz", "minutes")
    targets = fuzz_targets()
    plan = [("mix", seconds / 2)] + [(target, seconds / 2 / len(targets)) for target in targets]
    results = []
    seed = int(time.time()) % 1000003
    for target, budget in plan:
        out = os.path.join(work, f"fuzz-{target}.json")
        say(f"  fuzzing {target} for {budget:.0f} s, seed {seed}")
        command = [os.path.join(RELEASE, "orus_fuzz"), f"--target={target}", f"--seed={seed}", f"--time={budget:.1f}", f"--json={out}", "--no-reduce",
                   "--quiet", f"--findings={os.path.join(work, 'findings')}"]
        run(command, os.path.join(work, f"fuzz-{target}.log"), budget + 300)
        results.append(read_json(out))
    return {"targets": results}


def collect_mutants(limits, work):
    """The recorded results, and a sample that is run now."""
    sys.path.insert(0, os.path.join(ROOT, "fuzz", "mutants"))
    import plant  # noqa: PLC0415
    import report as mutant_report  # noqa: PLC0415
    mutants = plant.load_mutants()
    recorded = os.path.join(ROOT, "fuzz", "mutants", "recorded.json")
    if not os.path.exists(recorded):
        raise Failed("no fuzz/mutants/recorded.json: run ci/mutants --all, then ci/mutants --update")
    state = mutant_report.read(recorded)
    curves = {area: [run["seconds"] if run["revealed"] else None for m in mutants if m.area == area for run in state["mutants"].get(str(m.id), [])]
              for area in sorted({m.area for m in mutants})}
    evidence = {"classes": mutant_report.score(mutants, state), "run": len(state["mutants"]), "commit": state["commit"],
                "clean_findings": state["clean_findings"], "curves": curves}
    sample = limits.get("mutants", "sample")
    if sample > 0:
        say(f"  running a sample of {sample} mutants")
        log = os.path.join(work, "mutants.log")
        run(["ci/mutants", f"--sample={sample}", f"--seed={int(time.time()) % 1000}", "--time=10"], log, 7200)
        with open(log, encoding="utf-8") as stream:
            lines = [line for line in stream if re.match(r"\[\d+/\d+\] ", line)]
        evidence["sample"] = {"run": len(lines), "caught": sum(1 for line in lines if "caught by" in line)}
    return evidence


def collect_proofs(limits, work):
    out = os.path.join(work, "proofs.json")
    run([os.path.join(RELEASE, "orus_proofs"), f"--source={ROOT}", f"--json={out}"], os.path.join(work, "proofs.log"), 1800)
    return read_json(out)


def record(path, evidence):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(evidence, stream, indent=0, sort_keys=True)
        stream.write("\n")
    return evidence


# What must be covered best: what reads bytecode, what emits machine code, and what leaves it (exits and stack maps).
CORE = ("vm/bytecode/", "jit/target/x64/", "jit/code/", "jit/jit_tier")
# Tests and the generators and machines that only tests use.
NOT_SHIPPED = re.compile(r"_test\.cc$|/test_\w+\.h$|/random_\w+\.(cc|h)$")


def coverage_of(report):
    """Shares of lines and branches in llvm-cov's JSON: of the shipped sources in vm/ and jit/, and of CORE alone."""
    sums = {key: [0, 0] for key in ("lines", "branches", "core_lines", "core_branches")}
    files = {}
    for entry in report["data"][0]["files"]:
        name = os.path.relpath(entry["filename"], ROOT)
        if not name.startswith(("vm/", "jit/")) or NOT_SHIPPED.search(name):
            continue
        row = {}
        for what in ("lines", "branches"):
            covered, count = entry["summary"][what]["covered"], entry["summary"][what]["count"]
            row[what] = [covered, count]
            for key in (what, "core_" + what) if name.startswith(CORE) else (what,):
                sums[key][0] += covered
                sums[key][1] += count
        files[name] = row
    return {what: covered / count if count else 0 for what, (covered, count) in sums.items()}, files


def collect_tests(limits, work):
    """Full gate: builds the cov preset and runs the tests. Quick: what the last full gate recorded."""
    recorded = os.path.join(RECORDED, "coverage.json")
    if limits.quick:
        if not os.path.exists(recorded):
            raise Failed("no coverage recorded: run ci/gate without --quick once, and commit ci/release_gate/recorded")
        return read_json(recorded)
    run(["ci/build", "cov"], os.path.join(work, "cov-build.log"), 7200, accept=(0,))
    profiles = os.path.join(ROOT, "build", "cov", "profiles")
    shutil.rmtree(profiles, ignore_errors=True)  # counters of an older build do not fit this one
    os.makedirs(profiles)
    os.environ["LLVM_PROFILE_FILE"] = os.path.join(profiles, "%m-%p.profraw")
    run(["ctest", "--test-dir", "build/cov", "-j", "2"], os.path.join(work, "cov-test.log"), 10800, accept=(0, 8))
    merged = os.path.join(profiles, "all.profdata")
    run(["llvm-profdata-19", "merge", "-sparse", "-o", merged] + glob.glob(os.path.join(profiles, "*.profraw")), os.path.join(work, "cov-merge.log"), 600, accept=(0,))
    binaries = [path for path in glob.glob(os.path.join(ROOT, "build", "cov", "*")) if os.access(path, os.X_OK) and os.path.isfile(path)]
    command = ["llvm-cov-19", "export", "-summary-only", f"-instr-profile={merged}", binaries[0]] + [f"-object={path}" for path in binaries[1:]]
    report = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if report.returncode != 0:
        raise Failed(f"llvm-cov-19 export: {report.stderr.strip()[:200]}")
    shares, files = coverage_of(json.loads(report.stdout))
    return record(recorded, dict(shares, commit=commit(), files=files))


def collect_sanitizers(limits, work):
    """Full gate: the unit and conformance tests under asan and tsan. Quick: what the last full gate recorded."""
    recorded = os.path.join(RECORDED, "sanitizers.json")
    if limits.quick:
        if not os.path.exists(recorded):
            raise Failed("no sanitizer runs recorded: run ci/gate without --quick once, and commit ci/release_gate/recorded")
        return read_json(recorded)
    evidence = {"presets": [], "failures": [], "commit": commit()}
    for preset in ("asan", "tsan"):
        run(["ci/test", "--preset", preset], os.path.join(work, f"{preset}.log"), 10800, accept=(0, 8))
        cases, failed = read_junit(os.path.join(ROOT, "build", preset, "ctest.xml"))
        evidence["presets"].append(f"{preset} ({cases} tests)")
        evidence["failures"] += [f"{preset}: {name}" for name in failed]
    return record(recorded, evidence)


COLLECTORS = {"uplift": collect_uplift, "conformance": collect_conformance, "fuzz": collect_fuzz, "mutants": collect_mutants, "proofs": collect_proofs,
              "tests": collect_tests, "sanitizers": collect_sanitizers}


def collect(names, limits, folder, work):
    """Runs the collectors and keeps what they give. {name: evidence or None}, {name: why there is none}."""
    os.makedirs(folder, exist_ok=True)
    os.makedirs(work, exist_ok=True)
    evidence, problems = {}, {}
    for name in names:
        start = time.monotonic()
        say(f"gate: {name}")
        path = os.path.join(folder, name + ".json")
        if os.path.exists(path):
            os.remove(path)
        try:
            evidence[name] = COLLECTORS[name](limits, work)
            with open(path, "w", encoding="utf-8") as stream:
                json.dump(evidence[name], stream)
        except Failed as error:
            evidence[name], problems[name] = None, str(error)
            say(f"  {error}")
        say(f"  {time.monotonic() - start:.0f} s")
    return evidence, problems


def load(names, folder):
    """Evidence that was kept; None where there is none."""
    evidence = {}
    for name in names:
        path = os.path.join(folder, name + ".json")
        evidence[name] = read_json(path) if os.path.exists(path) else None
    return evidence, {name: f"no {name}.json in {folder}" for name, found in evidence.items() if found is None}
