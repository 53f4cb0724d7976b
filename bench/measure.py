"""Run the cells of the matrix workload x peer, interleaved, and collect what each run took.

One round runs every workload under every peer once, so that slow drifts of the machine touch all peers alike. Each
run's output is compared with that of the C program at the same size.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time

import peers as peers_module
import workloads

HERE = os.path.dirname(os.path.abspath(__file__))
STATS = ("native_coverage", "native_ops", "interpreted_ops", "compile_ns", "code_bytes", "loops_compiled",
         "functions_compiled")
EMPTY = {".c": "int main(void) { return 0; }\n", ".lua": "", ".js": "", ".py": "", ".orus": ""}


class Runner:
    """Runs commands through spawn.c and reads what they took."""

    def __init__(self, compiler, build):
        self.spawn = os.path.join(build, "spawn")
        subprocess.run([compiler, "-O2", "-o", self.spawn, os.path.join(HERE, "spawn.c")], check=True)

    def run(self, command, timeout):
        """Give a run's output, CPU and wall seconds and peak KiB."""
        reader, writer = os.pipe()
        with open(reader) as figures:
            try:
                done = subprocess.run(
                    [self.spawn, str(writer), str(math.ceil(timeout))] + command, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[writer], check=True)
            finally:
                os.close(writer)
            status, user, system, wall, rss = map(int, figures.read().split())
        return {
            "ok": status == 0,
            "output": done.stdout.decode("utf-8", "replace").strip(),
            "diagnostic": done.stderr.decode("utf-8", "replace").strip()[:200],
            "cpu": (user + system) / 1e6,
            "wall": wall / 1e6,
            "rss": rss,
        }


def read_options(suite):
    """options.json beside the programs: sizes and arguments by peer and workload ("*" for all)."""
    path = os.path.join(suite, "options.json")
    if not os.path.exists(path):
        return {"sizes": {}, "arguments": {}}
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def option(options, kind, peer, workload):
    """The most specific entry: this peer before its executable, this workload before all of them."""
    for who in (peer.name, peer.executable):
        entries = options.get(kind, {}).get(who, {})
        for what in (workload, "*"):
            if what in entries:
                return entries[what]
    return None


def size_of(options, peer, workload, full, shrink):
    """REPS for this cell, None for the size the program is written with."""
    reps = option(options, "sizes", peer, workload) or full
    reps = min(reps, max(1, full // shrink))
    return None if reps == full else reps


def prepare(runner, peers, suite, names, build, baseline, shrink):
    """List the cells: what to run, and the output to expect."""
    options = read_options(suite)
    cells = []
    for workload in names:
        c_source = os.path.join(suite, "c", workload + ".c")
        full = workloads.full_reps(c_source)
        expected = {}
        for peer in peers:
            source = peer.source(suite, workload)
            if source is None:
                continue
            reps = size_of(options, peer, workload, full, shrink)
            if reps not in expected:
                expected[reps] = runner.run(baseline.command(c_source, build, reps), 600)["output"]
            extra = option(options, "arguments", peer, workload) or []
            cells.append({
                "peer": peer.name,
                "workload": workload,
                "command": peer.command(source, build, reps, extra),
                "expected": expected[reps],
                "factor": 1.0 if reps is None else full / reps,
                "runs": [],
                "error": None,
            })
    return cells


def measure(runner, cells, rounds, timeout):
    """Fill the cells' runs. A cell that fails once is not run again."""
    for number in range(1, rounds + 1):
        start = time.perf_counter()
        for cell in cells:
            if cell["error"]:
                continue
            run = runner.run(cell["command"], timeout)
            if not run["ok"]:
                cell["error"] = "timeout" if run["wall"] >= timeout else "failed: " + run["diagnostic"]
            elif run["output"] != cell["expected"]:
                cell["error"] = "wrong output: %s instead of %s" % (run["output"][:80], cell["expected"][:80])
            if cell["error"]:
                print("%(peer)s %(workload)s: %(error)s" % cell, file=sys.stderr)
            else:
                cell["runs"].append(run)
        print("round %d of %d: %.0f s" % (number, rounds, time.perf_counter() - start), file=sys.stderr)


def native_statistics(cells, build):
    """What the compiler did, from one more run of each native cell with --stats=json: workload -> counters."""
    result = {}
    for cell in cells:
        if cell["peer"] != peers_module.NATIVE or cell["error"]:
            continue
        path = os.path.join(build, cell["workload"] + ".stats.json")
        command = cell["command"][:1] + ["--stats=json", "--stats-file=" + path] + cell["command"][1:]
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=True, timeout=600)
            with open(path, encoding="utf-8") as f:
                stats = json.load(f)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            print("%s: no statistics: %s" % (cell["workload"], error), file=sys.stderr)
            continue
        result[cell["workload"]] = {key: stats[key] for key in STATS if key in stats}
    return result


def measure_startup(runner, peers, build, count):
    """Start-up of an empty program: median wall and CPU milliseconds, peak KiB."""
    commands = []
    for peer in peers:
        source = os.path.join(build, "empty_%s%s" % (peer.name, peer.suffix))
        with open(source, "w", encoding="utf-8") as f:
            f.write(EMPTY[peer.suffix])
        commands.append((peer.name, peer.command(source, build)))
    runs = {name: [] for name, _ in commands}
    for _ in range(count):
        for name, command in commands:
            run = runner.run(command, 60)
            if run["ok"]:
                runs[name].append(run)
    return {name: {
        "wall_ms": 1000 * statistics.median(run["wall"] for run in samples),
        "cpu_ms": 1000 * statistics.median(run["cpu"] for run in samples),
        "rss_kib": statistics.median(run["rss"] for run in samples),
    } for name, samples in runs.items() if samples}
