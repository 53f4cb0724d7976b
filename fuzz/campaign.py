#!/usr/bin/env python3
"""Run a fuzzing campaign on what ci/fuzz has built, and gather its findings.

The builtin engine runs as it is, one process a job, each with a seed of its own. What libFuzzer and AFL++ find is handed
to `orus_fuzz --triage`, which reduces it and names the guilty pass. Prints progress and a table; writes
build/fuzz/campaign.json beside the findings. Exit codes: 0 nothing found, 1 findings, 64 usage, 70 an engine failed.
"""

import argparse
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "build", "fuzz")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("builtin", "libfuzzer", "afl"), default="builtin")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--target", default="mix")
    parser.add_argument("--time", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--findings", default=os.path.join(OUT, "findings"))
    try:
        return parser.parse_args(argv)
    except SystemExit as stop:
        sys.exit(64 if stop.code else 0)


def builtin_binary(args):
    preset = args.preset if args.engine == "builtin" else "release"
    return os.path.join(ROOT, "build", preset, "orus_fuzz")


def known_targets(args):
    listing = subprocess.run([builtin_binary(args), "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split()[0] for line in listing.splitlines()]


def run_builtin(args, target, seconds, work):
    """One worker a job; returns the JSON of each."""
    running = []
    for job in range(args.jobs):
        report = os.path.join(work, "%s-%d.json" % (target, job))
        command = [builtin_binary(args), "--target=" + target, "--time=%g" % seconds, "--seed=%d" % (args.seed + job),
                   "--findings=" + os.path.join(args.findings, "job%d" % job), "--json=" + report,
                   "--case-time=%d" % (60 if args.preset.startswith("asan") else 5)]
        running.append((report, subprocess.Popen(command)))
    reports = []
    for report, process in running:
        if process.wait() not in (0, 1) or not os.path.exists(report):
            sys.exit("fuzz/campaign.py: orus_fuzz ended with exit code %d" % process.returncode)
        with open(report) as f:
            reports.append(json.load(f))
    return reports


def corpus_of(target, work):
    """A working corpus that starts from the checked-in one."""
    corpus = os.path.join(work, "corpus-" + target)
    os.makedirs(corpus, exist_ok=True)
    for path in glob.glob(os.path.join(ROOT, "fuzz", "corpus", target, "*")):
        shutil.copy(path, corpus)
    if not os.listdir(corpus):
        with open(os.path.join(corpus, "zero"), "wb") as f:
            f.write(b"\0" * 32)
    return corpus


def run_libfuzzer(args, target, seconds, work):
    corpus, artifacts = corpus_of(target, work), os.path.join(work, "artifacts-" + target, "")
    os.makedirs(artifacts, exist_ok=True)
    command = [os.path.join(ROOT, "build", "fuzz", "fuzz_" + target), "-max_len=4096", "-timeout=60", "-rss_limit_mb=4096",
               "-fork=%d" % args.jobs, "-ignore_crashes=1", "-ignore_timeouts=1", "-ignore_ooms=1", "-max_total_time=%d" % seconds,
               "-artifact_prefix=" + artifacts, "-seed=%d" % (args.seed & 0x7FFFFFFF),
               "-entropic=0", corpus]  # weighing inputs by their rare features would take a fifth of the time
    log = os.path.join(work, target + ".log")
    with open(log, "w") as out:
        subprocess.run(command, stdout=out, stderr=subprocess.STDOUT)
    with open(log, errors="replace") as f:
        lines = [line.rstrip() for line in f if line.startswith("#")]
    if not lines:
        sys.exit("fuzz/campaign.py: libFuzzer did not start, see " + log)
    print(lines[-1])
    executions = int(lines[-1].split()[0].strip("#:"))
    return executions, sorted(p for p in glob.glob(artifacts + "*") if "slow-unit" not in p)


def run_afl(args, target, seconds, work):
    corpus, out = corpus_of(target, work), os.path.join(work, "afl-" + target)
    environment = dict(os.environ, AFL_SKIP_CPUFREQ="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_UI="1",
                       AFL_NO_AFFINITY="1", AFL_CUSTOM_MUTATOR_LIBRARY=os.path.join(ROOT, "build", "release", "fuzz", "liborus_afl_mutator.so"))
    binary = os.path.join(ROOT, "build", "afl", "fuzz_" + target)
    running = []
    for job in range(args.jobs):
        role = ["-M", "main"] if job == 0 else ["-S", "worker%d" % job]
        command = ["afl-fuzz", "-i", corpus, "-o", out, "-V", "%d" % seconds, "-t", "10000"] + role + ["--", binary]
        log = open(os.path.join(work, "afl-%s-%d.log" % (target, job)), "w")
        running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))
    for process in running:
        try:
            process.wait(timeout=seconds + 120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            process.wait()
    executions = 0
    for stats in glob.glob(os.path.join(out, "*", "fuzzer_stats")):
        with open(stats) as f:
            values = dict(line.split(":", 1) for line in f if ":" in line)
        executions += int({k.strip(): v for k, v in values.items()}["execs_done"])
    if executions == 0:
        sys.exit("fuzz/campaign.py: afl-fuzz did not run, see %s/afl-%s-0.log" % (work, target))
    found = [p for kind in ("crashes", "hangs") for p in glob.glob(os.path.join(out, "*", kind, "id*"))]
    print("afl: %d executions, %d crashes and hangs" % (executions, len(found)))
    return executions, sorted(found)


def triage(args, target, files):
    """Reduces what an outside engine found; only what the release build shows too has a reduced case."""
    for path in files:
        subprocess.run([builtin_binary(args), "--target=" + target, "--triage", "--findings=" + os.path.join(args.findings, "job0"), path])
    unshown = os.path.join(args.findings, "sanitizer-only")
    for path in files:
        if subprocess.run([builtin_binary(args), "--target=" + target, path], stdout=subprocess.DEVNULL).returncode == 0:
            os.makedirs(unshown, exist_ok=True)
            shutil.copy(path, os.path.join(unshown, target + "-" + os.path.basename(path)))


def gather(args):
    """Moves job folders up, dropping findings that another job has too. Returns the names."""
    for job in sorted(glob.glob(os.path.join(args.findings, "job*"))):
        for folder in sorted(os.listdir(job)):
            target = os.path.join(args.findings, folder)
            if not os.path.exists(target):
                shutil.move(os.path.join(job, folder), target)
        shutil.rmtree(job)
    return sorted(os.listdir(args.findings))


def print_totals(reports):
    total = {key: sum(r.get(key, 0) for r in reports) for key in ("executions", "valid", "native", "out_of_fuel", "cpu_seconds")}
    if not total["executions"]:
        return total
    share = {key: 100.0 * total[key] / total["executions"] for key in ("valid", "native", "out_of_fuel")}
    print("%d programs, %.0f a CPU second; valid %.1f %%, native %.1f %%, out of fuel %.1f %%" %
          (total["executions"], total["executions"] / max(total["cpu_seconds"], 1e-9), share["valid"], share["native"], share["out_of_fuel"]))
    return total


def main(argv):
    args = parse(argv)
    targets = known_targets(args)
    if args.target == "all":
        chosen = targets
    elif args.target == "mix" and args.engine == "builtin" or args.target in targets:
        chosen = [args.target]
    elif args.target == "mix":
        chosen = ["diff_fast", "diff_deep"]
    else:
        print("fuzz/campaign.py: no target '%s'; there are: %s" % (args.target, " ".join(targets)), file=sys.stderr)
        return 64
    if args.time <= 0 or args.jobs < 1:
        print("fuzz/campaign.py: --time and --jobs must be positive", file=sys.stderr)
        return 64
    work = os.path.join(OUT, "work")
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(args.findings, ignore_errors=True)
    os.makedirs(work)
    os.makedirs(args.findings)
    reports, seconds = [], args.time / len(chosen)
    for target in chosen:
        print("== %s: %.0f s, %d jobs, engine %s, seed %d" % (target, seconds, args.jobs, args.engine, args.seed), flush=True)
        if args.engine == "builtin":
            reports += run_builtin(args, target, seconds, work)
            continue
        run = run_libfuzzer if args.engine == "libfuzzer" else run_afl
        executions, files = run(args, target, seconds, work)
        reports.append({"target": target, "executions": executions})
        triage(args, target, files)
    names = gather(args)
    total = print_totals(reports) if args.engine == "builtin" else {"executions": sum(r["executions"] for r in reports)}
    with open(os.path.join(OUT, "campaign.json"), "w") as f:
        json.dump({"engine": args.engine, "seed": args.seed, "targets": chosen, "total": total, "findings": names, "reports": reports}, f, indent=1)
    print("%d findings%s" % (len(names), " in " + os.path.relpath(args.findings, ROOT) if names else ""))
    for name in names:
        print("  " + name)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
