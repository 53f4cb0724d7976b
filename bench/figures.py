"""From runs to figures: medians, ratios, uplift, geometric means, each ratio with a bootstrap confidence interval.

A figure is the median over the rounds. A ratio is a quotient of two such medians. Its interval comes from resampling
the rounds with replacement: the same rounds are drawn for both sides, and for all workloads of a geometric mean, because
what a round has in common (the state of the machine) is common to all of them. The interval spans the 2.5 % and 97.5 %
quantiles of 2000 such draws from a fixed seed. With fewer than 3 rounds there is no interval.
"""

import math
import random
import statistics

from peers import BASELINE, INTERPRETED, NATIVE

DRAWS = 2000
SEED = 20240601


def draws_of(rounds):
    """The rounds to use in each draw; empty when there are too few rounds for an interval."""
    if rounds < 3:
        return []
    rng = random.Random(SEED)
    return [[rng.randrange(rounds) for _ in range(rounds)] for _ in range(DRAWS)]


def interval(values):
    """The middle 95 % of the values."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return [ordered[int(round(0.025 * last))], ordered[int(round(0.975 * last))]]


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def medians(samples, draws):
    """The median of the samples in each draw."""
    return [statistics.median([samples[i] for i in draw]) for draw in draws]


def summarise(cells):
    """One record for each workload and peer."""
    table = {}
    for cell in cells:
        record = {"scaled": cell["factor"] != 1.0, "factor": cell["factor"], "error": cell["error"]}
        if cell["runs"] and not cell["error"]:
            cpu = [run["cpu"] * cell["factor"] for run in cell["runs"]]
            record.update(cpu=statistics.median(cpu), cpu_min=min(cpu), cpu_max=max(cpu), samples=cpu,
                          wall=statistics.median(run["wall"] for run in cell["runs"]),
                          rss_kib=statistics.median(run["rss"] for run in cell["runs"]))
        table.setdefault(cell["workload"], {})[cell["peer"]] = record
    return table


def quotients(table, over, under, rounds):
    """over/under for every workload that has both: {workload: {"value", "ci"}}, and the geometric mean of all."""
    draws = draws_of(rounds)
    rows, drawn = {}, []
    for workload, row in table.items():
        top, bottom = row.get(over, {}), row.get(under, {})
        if not top.get("cpu") or not bottom.get("cpu"):
            continue
        values = [a / b for a, b in zip(medians(top["samples"], draws), medians(bottom["samples"], draws)) if b]
        rows[workload] = {"value": top["cpu"] / bottom["cpu"], "ci": interval(values)}
        drawn.append(values)
    if not rows:
        return rows, None
    means = [geomean(values) for values in zip(*drawn)]
    return rows, {"value": geomean([row["value"] for row in rows.values()]), "ci": interval(means),
                  "workloads": len(rows)}


def report_figures(cells, names, rounds):
    """Everything that is derived from the runs, ready for JSON."""
    table = summarise(cells)
    result = {"workloads": table, "geomeans": {}, "uplift": {}, "uplift_geomean": None}
    for name in names:
        rows, mean = quotients(table, name, BASELINE, rounds)
        for workload, row in rows.items():
            table[workload][name]["ratio"] = row["value"]
            table[workload][name]["ratio_ci"] = row["ci"]
        if mean:
            result["geomeans"][name] = mean
    if NATIVE in names and INTERPRETED in names:
        result["uplift"], result["uplift_geomean"] = quotients(table, INTERPRETED, NATIVE, rounds)
    return result
