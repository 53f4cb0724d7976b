"""Builds the copy with all mutants planted, runs the fuzzers on each mutant, keeps and prints what was caught."""

import argparse
import concurrent.futures
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plant  # noqa: E402
import report  # noqa: E402

ROOT = os.path.abspath(os.path.join(plant.FOLDER, "..", ".."))
WORK = os.path.join(ROOT, "build", "mutants")
JUDGES = {"proofs": "orus_proofs", "script": "orus", "jit_test": "jit_test", "vm_test": "vm_test"}


def say(text):
    print(text, file=sys.stderr, flush=True)


def git_files(tree):
    command = ["git", "-C", tree, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [name for name in listed.stdout.decode().split("\0") if name]
    found = []
    for folder, folders, names in os.walk(tree):
        if folder == tree:
            folders[:] = [name for name in folders if name not in ("build", ".git")]
        found += [os.path.relpath(os.path.join(folder, name), tree) for name in names]
    return found


def copy_tree(tree, target, planted):
    """Copies what changed; `planted` has the texts of files that are not copied as they are."""
    wanted = set()
    for name in git_files(tree):
        source = os.path.join(tree, name)
        if not os.path.isfile(source):
            continue
        wanted.add(name)
        path = os.path.join(target, name)
        if name in planted:
            plant.write_if_changed(path, planted[name])
        elif not os.path.exists(path) or os.stat(path).st_mtime_ns != os.stat(source).st_mtime_ns:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy2(source, path)
    for folder, folders, names in os.walk(target):
        if folder == target:
            folders[:] = [name for name in folders if name != "build"]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), target)
            if path not in wanted and path != os.path.join("base", "mutant.h"):
                os.remove(os.path.join(target, path))


def build(source, targets, jobs):
    """Configures and builds the release preset of `source`; gives the folder of the binaries."""
    log = os.path.join(WORK, "build.log")
    commands = [["cmake", "--preset", "release", "-DORUS_WERROR=OFF"],
                ["cmake", "--build", "--preset", "release", f"-j{jobs}", "--target", *targets]]
    start = time.monotonic()
    with open(log, "w", encoding="utf-8") as stream:
        for command in commands:
            if subprocess.run(command, cwd=source, stdout=stream, stderr=subprocess.STDOUT, check=False).returncode != 0:
                with open(log, encoding="utf-8") as text:
                    sys.stderr.write("".join(text.readlines()[-40:]))
                raise SystemExit(f"ci/mutants: building {source} failed (the whole log: {log})")
    say(f"built {os.path.relpath(source, ROOT)} in {time.monotonic() - start:.0f} s")
    return os.path.join(source, "build", "release")


def read_counts(path):
    try:
        with open(path, "rb") as stream:
            return struct.unpack("<QQ", stream.read(16))
    except (OSError, struct.error):
        return (0, 0)


def environment(number, counts):
    return dict(os.environ, ORUS_MUTANT=str(number), ORUS_MUTANT_COUNTS=counts)


def fuzz_once(binary, target, seed, seconds, folder, env, stop=True):
    """One run of the driver. Gives (report, seconds); a driver that dies is a finding of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    out = os.path.join(folder, "report.json")
    command = [binary, f"--target={target}", f"--seed={seed}", f"--time={seconds}", f"--json={out}", "--no-reduce", "--quiet",
               f"--findings={os.path.join(folder, 'findings')}"] + (["--stop-on-finding"] if stop else [])
    start = time.monotonic()
    with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
        try:
            code = subprocess.run(command, env=env, stdout=log, stderr=log, timeout=seconds + 120, check=False).returncode
        except subprocess.TimeoutExpired:
            code = -9
    took = time.monotonic() - start
    if code in (0, 1) and os.path.exists(out):
        with open(out, encoding="utf-8") as stream:
            return json.load(stream), took
    if code == 64:
        raise SystemExit(f"ci/mutants: orus_fuzz refused: {' '.join(command)}")
    return {"executions": 0, "findings": [{"oracle": "driver", "mode": f"exit {code}", "pass": "", "executions": 0,
                                           "seconds": took, "file": ""}]}, took


def is_own_bug(binary, finding, env):
    """Whether the tree without any mutant fails on this finding too."""
    path = os.path.join(finding.get("file", ""), "case.dna")
    if not os.path.exists(path):
        return False
    target = finding.get("target", "mix")
    command = [binary, f"--target={target}", "--no-reduce", "--quiet", f"--findings={os.path.dirname(path)}/again", path]
    clean = dict(env, ORUS_MUTANT="0")
    clean.pop("ORUS_MUTANT_COUNTS", None)
    try:
        return subprocess.run(command, env=clean, capture_output=True, timeout=120, check=False).returncode == 1
    except subprocess.TimeoutExpired:
        return True


def judge_command(mutant, binaries, seed, seconds):
    kind, _, rest = mutant.fields["judge"].partition(" ")
    if kind == "proofs":
        source = os.path.abspath(os.path.join(binaries, "..", ".."))
        return [os.path.join(binaries, "orus_proofs"), "--stop", f"--source={source}"] + ([f"--only={rest}"] if rest else [])
    if kind in ("jit_test", "vm_test"):
        return [os.path.join(binaries, kind), f"--gtest_filter={rest}", "--gtest_brief=1"]
    if kind == "script":
        source = os.path.abspath(os.path.join(binaries, "..", ".."))
        return [sys.executable, os.path.join(source, rest), "--orus", os.path.join(binaries, "orus")]
    raise plant.BadMutant(f"{mutant.where}: unknown judge '{kind}' (proofs, jit_test, vm_test, script FILE, fuzz TARGET)")


def run_judge(mutant, binaries, seed, seconds, folder, env):
    """A deterministic check: a unit test or the proofs. Caught when it fails with the mutant."""
    os.makedirs(folder, exist_ok=True)
    command = judge_command(mutant, binaries, seed, seconds)
    start = time.monotonic()
    with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
        try:
            code = subprocess.run(command, env=env, stdout=log, stderr=log, timeout=180, check=False).returncode
        except subprocess.TimeoutExpired:
            code = -9  # the checks never take so long
    return {"revealed": code != 0, "oracle": mutant.fields["judge"].split()[0], "mode": "", "pass": "", "executions": 0,
            "seconds": round(time.monotonic() - start, 3)}


def run_fuzzer(mutant, target, binaries, seed, seconds, folder, env):
    result = {"revealed": False, "oracle": "", "mode": "", "pass": "", "executions": 0, "seconds": 0.0, "own_bugs": 0}
    binary = os.path.join(binaries, "orus_fuzz")
    for attempt in range(4):
        left = seconds - result["seconds"]
        if left <= 0.2:
            break
        found, took = fuzz_once(binary, target, seed + 1000 * attempt, round(left, 2), folder, env)
        result["executions"] += found["executions"]
        result["seconds"] = round(result["seconds"] + min(took, left), 3)
        if not found["findings"]:
            break
        finding = found["findings"][0]
        result["seconds"] = round(result["seconds"] - min(took, left) + min(finding["seconds"], left), 3)
        if is_own_bug(binary, finding, env):
            result["own_bugs"] += 1  # not the mutant's doing: go on with other programs
            continue
        result.update(revealed=True, oracle=finding["oracle"], mode=finding.get("mode", ""))
        result["pass"] = finding.get("pass", "")
        break
    return result


def run_mutant(mutant, binaries, seed, options):
    folder = os.path.join(WORK, "runs", f"{mutant.id:03d}-{seed}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    counts = os.path.join(folder, "counts")
    env = environment(mutant.id, counts)
    seconds = options.time or mutant.budget
    kind, _, target = mutant.fields.get("judge", "").partition(" ")
    inner = os.path.join(folder, "run")
    if kind and kind != "fuzz":
        result = run_judge(mutant, binaries, seed, seconds, inner, env)
    else:
        target = options.target or (target if kind == "fuzz" else mutant.lane)
        result = run_fuzzer(mutant, target, binaries, seed, seconds, inner, env)
        result["target"] = target
    result["reached"], result["infected"] = read_counts(counts)
    return dict(result, id=mutant.id, seed=seed, budget=seconds)


def choose(mutants, options):
    if options.only:
        chosen = [m for m in mutants if {str(m.id), m.name, m.area, m.kill_class} & set(options.only)]
        if not chosen:
            raise SystemExit("ci/mutants: no mutant has this number, name, area or class (--list shows them)")
        return chosen
    if options.all:
        return mutants
    # As many of each area as its share, in an order that the seed decides.
    order = random.Random(options.seed)
    by_area = {}
    for mutant in mutants:
        by_area.setdefault(mutant.area, []).append(mutant)
    for group in by_area.values():
        order.shuffle(group)
    rounds = [group[i] for i in range(max(map(len, by_area.values()))) for _, group in sorted(by_area.items()) if i < len(group)]
    return sorted(rounds[:options.sample], key=lambda mutant: mutant.id)


def check_clean(binaries, targets, options):
    """The copy with no mutant turned on must find nothing."""
    bugs = []
    env = environment(0, os.path.join(WORK, "counts.clean"))
    for target in targets:
        folder = os.path.join(WORK, "runs", f"clean-{target}")
        found, _ = fuzz_once(os.path.join(binaries, "orus_fuzz"), target, options.seed, 10, folder, env, stop=False)
        bugs += [f"{target}: {f['oracle']} {f.get('mode', '')} {f.get('file', '')}" for f in found["findings"]]
    return bugs


def binaries_for(mutants):
    """What has to be built to judge these."""
    return sorted({JUDGES.get(m.fields.get("judge", "").split(" ")[0], "orus_fuzz") for m in mutants} | {"orus_fuzz"})


def run_mutants(mutants, options):
    tree = os.path.abspath(options.tree)
    source = os.path.join(WORK, "src")
    planted = plant.plan(mutants, tree)
    with open(os.path.join(plant.FOLDER, "mutant.h.in"), encoding="utf-8") as stream:
        planted["base/mutant.h"] = stream.read()
    copy_tree(tree, source, planted)
    plant.write_if_changed(os.path.join(source, "base", "mutant.h"), planted["base/mutant.h"])
    chosen = choose(mutants, options)
    binaries = build(source, binaries_for(chosen), options.jobs)
    lanes = sorted({options.target or m.lane for m in chosen if m.kill_class != "S"})
    bugs = check_clean(binaries, lanes, options)
    for bug in bugs:
        say(f"without a mutant: {bug}")
    jobs = [(mutant, options.seed + i) for mutant in chosen for i in range(options.seeds)]
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pending = {pool.submit(run_mutant, mutant, binaries, seed, options): mutant for mutant, seed in jobs}
        for done in concurrent.futures.as_completed(pending):
            results.append(done.result())
            say(report.progress_line(pending[done], results[-1], len(results), len(jobs)))
            state = report.store(os.path.join(WORK, "results.json"), tree, mutants, results, bugs)  # a long run may be stopped
    print(report.tables(mutants, state, {m.id for m in chosen}))
    survivors = {r["id"] for r in results if not r["revealed"]}
    return 1 if survivors or bugs else 0


def run_patch(options):
    """Anybody's patch instead of the mutants: what do the fuzzers say to it?"""
    tree = os.path.abspath(options.tree)
    source = os.path.join(WORK, "patched")
    patch = os.path.abspath(options.patch)
    shutil.rmtree(os.path.join(WORK, "patch-base"), ignore_errors=True)
    base = os.path.join(WORK, "patch-base")
    copy_tree(tree, base, {})
    applied = subprocess.run(["git", "apply", "--directory=" + os.path.relpath(base, ROOT), patch], cwd=ROOT, capture_output=True, text=True,
                             check=False)
    if applied.returncode != 0:
        raise SystemExit(f"ci/mutants: {options.patch} does not apply: {applied.stderr.strip()}")
    texts = {}
    for name in git_files(base):
        path = os.path.join(base, name)
        original = os.path.join(tree, name)
        with open(path, "rb") as stream:
            changed = stream.read()
        if not os.path.exists(original) or open(original, "rb").read() != changed:
            texts[name] = changed.decode()
    say(f"the patch changes {', '.join(sorted(texts)) or 'nothing'}")
    copy_tree(tree, source, texts)
    for name, text in texts.items():
        plant.write_if_changed(os.path.join(source, name), text)
    binaries = build(source, ["orus_fuzz"], options.jobs)
    survived = False
    for seed in range(options.seed, options.seed + options.seeds):
        folder = os.path.join(WORK, "runs", f"patch-{seed}")
        seconds = options.time or 60
        found, took = fuzz_once(os.path.join(binaries, "orus_fuzz"), options.target or "mix", seed, seconds, folder, dict(os.environ))
        finding = found["findings"][0] if found["findings"] else None
        survived = survived or finding is None
        text = f"caught by {finding['oracle']} in {finding.get('mode', '')}, pass {finding.get('pass') or '-'}; see {finding['file']}" if finding else "survived"
        print(f"seed {seed}: {text} ({found['executions']} executions, {took:.1f} s)")
    return 1 if survived else 0


def main():
    parser = argparse.ArgumentParser(prog="ci/mutants", add_help=False)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--sample", type=int, default=10)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--time", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--patch")
    parser.add_argument("--target")
    parser.add_argument("--tree", default=ROOT)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--list", action="store_true")
    try:
        options = parser.parse_args()
    except SystemExit as stop:
        return 64 if stop.code else 0
    try:
        mutants = plant.load_mutants()
        if options.list:
            print(report.listing(mutants))
            return 0
        if options.update:
            return report.update_docs(os.path.join(ROOT, "docs", "mutants.md"), os.path.join(WORK, "results.json"), mutants)
        os.makedirs(WORK, exist_ok=True)
        report.read(os.path.join(WORK, "results.json"))  # a broken table is reported before the work, not after it
        return run_patch(options) if options.patch else run_mutants(mutants, options)
    except plant.BadMutant as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
