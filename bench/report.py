"""The tables and the text made from a report (the JSON that run.py writes)."""

from peers import BASELINE, INTERPRETED, NATIVE, OURS


def with_interval(value, ci, form="%.2f"):
    if ci is None:
        return form % value
    return (form + " (" + form + "-" + form + ")") % (value, ci[0], ci[1])


def cell_text(record, key, form):
    if record is None:
        return "-"
    if key not in record:
        return "x"
    return ("~" if record["scaled"] else "") + form % record[key]


def table_of(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def seconds_table(report):
    names = report["peers"]
    rows = [[workload] + [cell_text(row.get(name), "cpu", "%.3f") for name in names]
            for workload, row in report["workloads"].items()]
    return ["### CPU seconds (median)", ""] + table_of(["workload"] + names, rows)


def ratio_table(report):
    names = report["peers"]
    rows = [[workload] + [cell_text(row.get(name), "ratio", "%.2f") for name in names]
            for workload, row in report["workloads"].items()]
    last = ["**geomean**"]
    for name in names:
        mean = report["geomeans"].get(name)
        if mean is None:
            last.append("-")
            continue
        part = "" if mean["workloads"] == len(report["workloads"]) else " (%d of %d)" % (
            mean["workloads"], len(report["workloads"]))
        last.append("**%.2f**%s" % (mean["value"], part))
    return ["### Ratio to %s" % BASELINE, ""] + table_of(["workload"] + names, rows + [last])


def ours_table(report):
    """What the compiler gains: uplift and distance to C with intervals, coverage, compile time."""
    rows = []
    for workload, row in report["workloads"].items():
        native, uplift = row.get(NATIVE, {}), report["uplift"].get(workload)
        stats = report["native_stats"].get(workload, {})
        rows.append([
            workload,
            with_interval(uplift["value"], uplift["ci"], "%.1f") if uplift else "-",
            with_interval(native["ratio"], native["ratio_ci"]) if "ratio" in native else "x",
            "%.2f %%" % (100 * stats["native_coverage"]) if "native_coverage" in stats else "-",
            "%.2f" % (stats["compile_ns"] / 1e6) if "compile_ns" in stats else "-",
        ])
    uplift, ratio = report["uplift_geomean"], report["geomeans"].get(NATIVE)
    rows.append(["**geomean**",
                 "**%s**" % with_interval(uplift["value"], uplift["ci"], "%.1f") if uplift else "-",
                 "**%s**" % with_interval(ratio["value"], ratio["ci"]) if ratio else "-", "", ""])
    header = ["workload", "uplift over the interpreter", "ratio to " + BASELINE, "native coverage", "compile ms"]
    return ["### Native code against the interpreter and C (95 % intervals)", ""] + table_of(header, rows)


def startup_table(startup):
    rows = [[name, "%.1f" % record["wall_ms"], "%.1f" % record["cpu_ms"], "%.1f" % (record["rss_kib"] / 1024)]
            for name, record in startup.items()]
    return ["### Start-up of an empty program", ""] + table_of(["peer", "wall ms", "CPU ms", "max RSS MiB"], rows)


def tables(report):
    lines = []
    if report.get("workloads"):
        lines += seconds_table(report) + ratio_table(report)
        if NATIVE in report["peers"]:
            lines += ours_table(report)
    if report.get("startup"):
        lines += startup_table(report["startup"])
    return "\n".join(lines)


def named(pairs, form):
    return ", ".join(("%s (" + form + ")") % (name, value) for name, value in pairs)


def uplift_sentences(report):
    mean = report["uplift_geomean"]
    if not mean:
        return ["There is no uplift to state: the runs of the interpreter or of native code are missing."]
    ranked = sorted(((name, row["value"]) for name, row in report["uplift"].items()), key=lambda pair: -pair[1])
    text = ["Over %d workloads native code is %s times as fast as the interpreter (geometric mean of CPU time)." % (
        mean["workloads"], with_interval(mean["value"], mean["ci"], "%.1f"))]
    if len(ranked) > 3:
        text.append("It gains most on %s and least on %s." % (
            named(ranked[:2], "%.1f"), named(ranked[-2:], "%.1f")))
    slower = [pair for pair in ranked if pair[1] < 1]
    if slower:
        text.append("Slower than interpreted: %s." % named(slower, "%.2f"))
    return text


def ratio_sentences(report):
    mean = report["geomeans"].get(NATIVE)
    if not mean:
        return []
    ratios = sorted(((name, row[NATIVE]["ratio"]) for name, row in report["workloads"].items()
                     if "ratio" in row.get(NATIVE, {})), key=lambda pair: pair[1])
    text = ["Against C compiled with gcc -O2, without the checks that Orus makes, it takes %s times the CPU time." %
            with_interval(mean["value"], mean["ci"])]
    near = [pair for pair in ratios if pair[1] <= 1.1]
    far = [pair for pair in ratios[::-1] if pair[1] > 2][:3]
    text.append("Within 10 %% of C or faster: %s." % named(near, "%.2f") if near else
                "No workload is within 10 % of C.")
    if far:
        text.append("Farthest from C: %s; these take more than twice as long." % named(far, "%.2f"))
    others = [(name, other["value"]) for name, other in report["geomeans"].items()
              if name not in OURS and not name.startswith(("gcc", "clang")) and
              other["workloads"] == mean["workloads"]]
    faster = [pair for pair in others if pair[1] < mean["value"]]
    if others:
        text.append("By the same mean, of the other implementations measured %s." % (
            "these are faster: " + named(faster, "%.2f") if faster else
            "none is faster; the nearest is %s" % named([min(others, key=lambda pair: pair[1])], "%.2f")))
    return text


def coverage_sentences(report):
    shares = {name: stats["native_coverage"] for name, stats in report["native_stats"].items()
              if "native_coverage" in stats}
    if not shares:
        return []
    worst = min(shares, key=lambda name: shares[name])
    return ["Of the bytecode instructions executed, at least %.2f %% run natively in every workload (least in %s)." % (
        100 * shares[worst], worst)]


def failure_sentences(report):
    failed = ["%s under %s" % (workload, name) for workload, row in report["workloads"].items()
              for name, record in row.items() if record["error"]]
    return ["No figure, because the run failed or gave a wrong output: %s." % ", ".join(failed)] if failed else []


def explanation(report):
    """A paragraph that says what the figures show, made from the figures alone."""
    return " ".join(uplift_sentences(report) + ratio_sentences(report) + coverage_sentences(report) +
                    failure_sentences(report))


def results_page(report):
    """The text of JIT_BENCHMARK_RESULTS.md."""
    machine = report["machine"]
    facts = [
        ("date", report["date"]),
        ("commit", report["commit"]),
        ("machine", "%(cpu)s, %(cores)d cores, %(memory)s, %(system)s, kernel %(kernel)s" % machine),
        ("compiler of orus", report["orus_compiler"]),
        ("runs", "%d interleaved rounds; a figure is the median of user + system CPU seconds of the whole process, "
                 "start-up included" % report["rounds"]),
        ("intervals", "95 %, bootstrap over the rounds"),
    ] + sorted(("version of " + name, text) for name, text in report["versions"].items())
    lines = ["# Benchmark results", "",
             "Written by `ci/bench --update`; not edited by hand. How the figures are taken: "
             "[bench/README.md](bench/README.md).", ""]
    lines += ["| | |", "|---|---|"] + ["| %s | %s |" % fact for fact in facts] + [""]
    lines += ["## What the figures show", "", explanation(report), "", "## Figures", ""]
    lines += [tables(report)]
    lines += ["`~` measured at a smaller size and multiplied up; `x` failed; `-` not measured. Uplift: CPU time of",
              "`%s` (`--jit=off`) over that of `%s`." % (INTERPRETED, NATIVE)]
    return "\n".join(lines) + "\n"
