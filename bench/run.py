#!/usr/bin/env python3
"""Run the workloads under our tool, C and every other implementation found here, and compare.

Peers are found on PATH, or through BENCH_<EXECUTABLE> in the environment (BENCH_ORUS=build/release/orus); a peer that
is not found is skipped. The figures, their intervals and the checks on outputs are described in README.md beside this.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import figures  # noqa: E402
import measure  # noqa: E402
import report as report_text  # noqa: E402
import workloads  # noqa: E402
from peers import BASELINE, NATIVE, OURS, all_peers  # noqa: E402


def first_match(path, prefix, default):
    """What follows `prefix` in the first line of `path` that starts with it."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                if line.startswith(prefix):
                    return line[len(prefix):].strip(" \t:=\"\n")
    except OSError:
        pass
    return default


def machine():
    kib = first_match("/proc/meminfo", "MemTotal", "0 kB").split()[0]
    return {
        "cpu": first_match("/proc/cpuinfo", "model name", platform.processor() or "unknown processor"),
        "arch": platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory": "%.0f GiB" % (int(kib) / 2**20),
        "system": first_match("/etc/os-release", "PRETTY_NAME", platform.system()),
        "kernel": ".".join(platform.release().split(".")[:2]),
    }


def output_of(command):
    try:
        done = subprocess.run(command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def commit():
    name = output_of(["git", "rev-parse", "--short=12", "HEAD"]) or "unknown"
    changed = output_of(["git", "status", "--porcelain", "--untracked-files=no"])
    return name + (" with local changes" if changed else "")


def compiler_of(binary):
    """The compiler that built the tool, from the CMake cache beside it."""
    cache = os.path.join(os.path.dirname(binary), "CMakeCache.txt")
    path = first_match(cache, "CMAKE_CXX_COMPILER:FILEPATH", "") or first_match(cache, "CMAKE_CXX_COMPILER:STRING", "")
    return (output_of([path, "--version"]).split("\n")[0] or path) if path else "unknown"


def choose_peers(wanted):
    """The peers to run, the baseline first among them; complains about those that were asked for and are missing."""
    chosen, baseline = [], None
    for peer in all_peers():
        found = peer.find()
        if peer.name == BASELINE:
            if not found:
                raise SystemExit("no C compiler: nothing to compare with")
            baseline = peer
        if wanted is not None and peer.name not in wanted and peer.name != BASELINE:
            continue
        if found:
            chosen.append(peer)
        elif wanted is not None:
            raise SystemExit("not found: %s (%s)" % (peer.name, peer.executable))
        else:
            print("skipped, not found: %s (%s)" % (peer.name, peer.executable), file=sys.stderr)
    return chosen, baseline


def choose_workloads(suite, wanted):
    every = workloads.names(suite)
    unknown = sorted(set(wanted or []) - set(every))
    if unknown:
        raise SystemExit("no such workload: %s (there are: %s)" % (", ".join(unknown), ", ".join(every)))
    return [name for name in every if not wanted or name in wanted]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="workloads (default: all)")
    parser.add_argument("--suite", default=HERE, help="folder with c/, lua/, js/, py/, orus/ (default: this one)")
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 3")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work in 3 rounds; not for the record")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for one run")
    parser.add_argument("--peers", help="comma-separated names (default: all found)")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    parser.add_argument("--results", metavar="FILE", help="write the results page there")
    parser.add_argument("--startup", type=int, metavar="COUNT", default=0,
                        help="measure start-up too, COUNT runs for each peer")
    parser.add_argument("--startup-only", action="store_true", help="no workloads")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    if options.results and (options.quick or options.names or options.startup_only or options.rounds < 3):
        parser.error("a results page needs every workload at full size and at least 3 rounds")
    return options


def run(options, build):
    peers, baseline = choose_peers(options.peers.split(",") if options.peers else None)
    runner = measure.Runner(baseline.path, build)
    ours = [peer for peer in peers if peer.name == NATIVE]
    report = {
        "schema": 1, "date": time.strftime("%Y-%m-%d"), "commit": commit(), "machine": machine(),
        "orus_compiler": compiler_of(ours[0].path) if ours else "not measured",
        "versions": {peer.name: peer.version() for peer in peers}, "peers": [peer.name for peer in peers],
        "rounds": options.rounds, "quick": options.quick, "suite": os.path.relpath(options.suite, HERE),
    }
    if options.startup:
        report["startup"] = measure.measure_startup(runner, peers, build, options.startup)
    if not options.startup_only:
        names = choose_workloads(options.suite, options.names)
        shrink = 5 if options.quick else 1
        cells = measure.prepare(runner, peers, options.suite, names, build, baseline, shrink)
        measure.measure(runner, cells, options.rounds, options.timeout)
        report.update(figures.report_figures(cells, report["peers"], options.rounds))
        report["native_stats"] = measure.native_statistics(cells, build)
    return report


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as build:
        report = run(options, build)
    print(report_text.tables(report))
    if options.json:
        os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(report, f, indent=1)
            f.write("\n")
    failed = [(workload, name) for workload, row in report.get("workloads", {}).items()
              for name in OURS if row.get(name, {}).get("error")
              # A workload that needs what the language lacks is shown as x; it is no failure of this run.
              and "not supported yet" not in row[name]["error"].lower()]
    if failed:
        print("failed or wrong: " + ", ".join("%s under %s" % pair for pair in failed), file=sys.stderr)
        return 1
    if options.results:
        with open(options.results, "w", encoding="utf-8") as f:
            f.write(report_text.results_page(report))
        print("wrote " + options.results, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
