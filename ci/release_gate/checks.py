"""What the gate checks: each check turns its evidence (plain data, see evidence.py) into rows.

A row is one threshold: what was measured, what is demanded, and the command that shows more. Evidence that is missing
makes its rows fail; nothing passes because it was not looked at.
"""

from typing import NamedTuple


class Row(NamedTuple):
    check: str
    what: str
    figure: str
    demanded: str
    ok: bool
    more: str        # a command


class Check(NamedTuple):
    name: str
    title: str
    judge: object    # (evidence or None, Thresholds) -> rows


def percent(value):
    return f"{100 * value:.2f} %"


def missing(check, more):
    return [Row(check, "evidence", "none", "some", False, more)]


def at_least(check, what, value, wanted, more, show="{:.2f}".format):
    if value is None:
        return Row(check, what, "not measured", ">= " + show(wanted), False, more)
    return Row(check, what, show(value), ">= " + show(wanted), value >= wanted, more)


def at_most(check, what, value, limit, more, show="{:g}".format):
    if value is None:
        return Row(check, what, "not measured", "<= " + show(limit), False, more)
    return Row(check, what, show(value), "<= " + show(limit), value <= limit, more)


def judge_uplift(evidence, limits):
    more = "ci/bench"
    if not evidence or not evidence.get("uplift") or not evidence.get("uplift_geomean"):
        return missing("uplift", more)
    mean = evidence["uplift_geomean"]
    rows = [at_least("uplift", f"geometric mean of {mean['workloads']} workloads (lower bound)", (mean["ci"] or [None])[0],
                     limits.get("uplift", "geomean"), more)]
    bounds = {name: (row["ci"] or [None])[0] for name, row in evidence["uplift"].items()}
    if any(bound is None for bound in bounds.values()):
        return rows + missing("uplift", more + " --rounds=5")
    name = min(bounds, key=bounds.get)
    rows.append(at_least("uplift", f"worst workload, {name} (lower bound)", bounds[name], limits.get("uplift", "worst"), f"{more} {name}"))
    wrong = [f"{workload} under {peer}: {cell['error']}" for workload, peers in evidence.get("workloads", {}).items()
             for peer, cell in peers.items() if cell.get("error") and "not supported yet" not in cell["error"].lower()]
    rows.append(Row("uplift", "runs that failed or printed something else", "; ".join(wrong) or "0", "0", not wrong, more))
    return rows


def judge_coverage(evidence, limits):
    more = "build/release/orus --stats FILE"
    stats = (evidence or {}).get("native_stats")
    if not stats:
        return missing("coverage", more)
    covered = {name: row["native_coverage"] for name, row in stats.items() if row.get("native_coverage") is not None}
    if not covered:
        return missing("coverage", more)
    worst = min(covered, key=covered.get)
    unsupported = sorted({op for row in stats.values() for op in row.get("unsupported_opcodes", [])})
    bailouts = sum(sum(row.get("bailouts", {}).values()) for row in stats.values())
    return [at_least("coverage", f"native share of instructions, worst: {worst}", covered[worst], limits.get("coverage", "native"),
                     f"build/release/orus --stats bench/orus/{worst}.orus", percent),
            Row("coverage", "unsupported opcodes", ", ".join(unsupported) or "0", str(limits.get("coverage", "unsupported_opcodes")),
                len(unsupported) <= limits.get("coverage", "unsupported_opcodes"), more),
            at_most("coverage", "bail-outs", bailouts, limits.get("coverage", "bailouts"), more)]


def judge_conformance(evidence, limits):
    more = "python3 conformance/run.py"
    if not evidence:
        return missing("conformance", more)
    failed = evidence["failures"]
    rows = [Row("conformance", "cases that failed", ", ".join(failed[:5]) + (" ..." if len(failed) > 5 else "") or "0",
                str(limits.get("conformance", "failures")), len(failed) <= limits.get("conformance", "failures"), more)]
    rows.append(at_least("conformance", "cases that ran", evidence["cases"], limits.get("conformance", "cases"), more, "{:.0f}".format))
    return rows


def judge_fuzz(evidence, limits):
    more = "ci/fuzz --time=60"
    if not evidence or not evidence.get("targets"):
        return missing("fuzz", more)
    runs = evidence["targets"]
    findings = [f"{run['target']}: {f['oracle']} {f.get('mode', '')} {f.get('pass', '')}".strip() for run in runs for f in run["findings"]]
    rows = [Row("fuzz", "findings", "; ".join(findings[:4]) or "0", str(limits.get("fuzz", "findings")),
                len(findings) <= limits.get("fuzz", "findings"), more),
            at_least("fuzz", f"minutes over {len(runs)} targets", sum(run["seconds"] for run in runs) / 60, 0.95 * limits.get("fuzz", "minutes"), more)]
    mix = next((run for run in runs if run["target"] == "mix"), None)
    if not mix or not mix["executions"]:
        return rows + missing("fuzz", "build/release/orus_fuzz --target=mix --time=10")
    show = "build/release/orus_fuzz --target=mix --time=10"
    total = mix["executions"]
    rows.append(at_least("fuzz", "generated programs that are valid", mix["valid"] / total, limits.get("fuzz", "valid"), show, percent))
    rows.append(at_least("fuzz", "of these run natively", mix["native"] / max(mix["valid"], 1), limits.get("fuzz", "native"), show, percent))
    rows.append(at_most("fuzz", "out of fuel", mix["out_of_fuel"] / total, limits.get("fuzz", "out_of_fuel"), show, percent))
    rows.append(at_least("fuzz", "programs per second of processor time", total / max(mix.get("cpu_seconds") or mix["seconds"], 1e-9),
                         limits.get("fuzz", "programs_per_cpu_second"), show, "{:.0f}".format))
    return rows


def merged_grid(runs):
    grid = {}
    for run in runs:
        for op, modes in run.get("grid", {}).items():
            row = grid.setdefault(op, {})
            for mode, count in modes.items():
                row[mode] = row.get(mode, 0) + count
    return grid


def judge_grid(evidence, limits):
    more = "build/release/orus_fuzz --target=mix --time=60 --json=grid.json"
    grid = merged_grid((evidence or {}).get("targets", []))
    if not grid:
        return missing("grid", more)
    excused = set(limits.get("grid", "excused"))
    modes = limits.get("grid", "modes")
    empty = [f"{op} {mode}" for op in sorted(grid) for mode in modes
             if not grid[op].get(mode) and op not in excused and f"{op} {mode}" not in excused]
    shown = ", ".join(empty[:6]) + (f" and {len(empty) - 6} more" if len(empty) > 6 else "")
    return [Row("grid", f"empty cells of {len(grid)} opcodes x {len(modes)} modes", shown or "0", str(limits.get("grid", "empty_cells")),
                len(empty) <= limits.get("grid", "empty_cells"), more)]


def judge_mutants(evidence, limits):
    more = "ci/mutants --all"
    if not evidence or not evidence.get("classes"):
        return missing("mutants", more)
    rows = [at_least("mutants", "mutants with a recorded result", evidence["run"], limits.get("mutants", "run"), more, "{:.0f}".format)]
    for name in ("S", "K0", "K1"):
        run, caught = evidence["classes"].get(name, (0, 0))
        if run:
            rows.append(at_least("mutants", f"class {name} caught ({caught} of {run})", caught / run, limits.get("mutants", name), more, percent))
    clean = evidence.get("clean_findings", [])
    rows.append(Row("mutants", "findings without a mutant", "; ".join(clean[:3]) or "0", "0", not clean, more))
    sample = evidence.get("sample")
    if limits.get("mutants", "sample") > 0:
        share = sample["caught"] / sample["run"] if sample and sample["run"] else None
        rows.append(at_least("mutants", "of a live sample caught", share, limits.get("mutants", "sample_caught"), more, percent))
    return rows


def judge_proofs(evidence, limits):
    more = "build/release/orus_proofs"
    if not evidence:
        return missing("proofs", more)
    failures = evidence["failures"]
    fired = sum(1 for rule in evidence["rules"] if rule["fired"] > 0)
    return [Row("proofs", "rules or groups without proof or reason", "; ".join(f.split("\n")[0] for f in failures[:3]) or "0",
                str(limits.get("proofs", "failures")), len(failures) <= limits.get("proofs", "failures"), more),
            at_least("proofs", "rules that fired", fired, limits.get("proofs", "rules"), more, "{:.0f}".format)]


def judge_tests(evidence, limits):
    more = "ci/build cov, then ci/gate"
    if not evidence:
        return missing("tests", more)
    where = f"(commit {evidence.get('commit', 'unknown')})"
    rows = (("lines", "lines of vm and jit"), ("branches", "branches of vm and jit"),
            ("core_lines", "lines of bytecode, exits and code generation"), ("core_branches", "branches of bytecode, exits and code generation"))
    return [at_least("tests", f"{title} {where}", evidence[key], limits.get("tests", key), more, percent) for key, title in rows]


def judge_sanitizers(evidence, limits):
    more = "ci/test --preset asan"
    if not evidence:
        return missing("sanitizers", more)
    failed = evidence["failures"]
    return [Row("sanitizers", f"tests that failed under {', '.join(evidence['presets'])} (commit {evidence.get('commit', 'unknown')})",
                ", ".join(failed[:4]) or "0", str(limits.get("sanitizers", "failures")), len(failed) <= limits.get("sanitizers", "failures"), more)]


# In the order of the report. Evidence that several share comes from one run: see evidence.SHARED.
CHECKS = (
    Check("uplift", "Uplift over the interpreter", judge_uplift),
    Check("coverage", "Native coverage", judge_coverage),
    Check("conformance", "Conformance matrix", judge_conformance),
    Check("fuzz", "Fuzzing", judge_fuzz),
    Check("grid", "Completeness grid", judge_grid),
    Check("mutants", "Planted miscompiles", judge_mutants),
    Check("proofs", "Proofs of rewrite rules", judge_proofs),
    Check("tests", "Code coverage", judge_tests),
    Check("sanitizers", "Sanitizers", judge_sanitizers),
)
