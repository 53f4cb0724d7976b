"""Tables of what was caught, and docs/mutants.md."""

import json
import os
import statistics
import subprocess

import plant

EMPTY = {"commit": "", "clean_findings": [], "mutants": {}}


def verdict(runs):
    """What the runs of one mutant say together; a survivor says who is at fault."""
    if not runs:
        return "not run"
    if all(run["revealed"] for run in runs):
        return "caught"
    some = "some seeds: " if any(run["revealed"] for run in runs) else ""
    missed = [run for run in runs if not run["revealed"]]
    if all(run["reached"] == 0 for run in missed):
        return some + "not reached (generator)"
    if any(run["infected"] > 0 for run in missed):
        return some + "differed, not revealed (run-time values or oracle)"
    return some + "reached, not seen to differ (values or oracle)"


def pure(mutant):
    return all(hunk.kind == "pure" for hunk in mutant.hunks)


def explain(mutant, runs):
    text = verdict(runs)
    if text.endswith("(values or oracle)") and pure(mutant):
        return text.replace("reached, not seen to differ (values or oracle)", "not infected (values)")
    return text


def progress_line(mutant, run, done, total):
    state = f"caught by {run['oracle']} {run['mode']} in {run['seconds']:.1f} s" if run["revealed"] else explain(mutant, [run])
    own = f", {run['own_bugs']} findings that are not its own" if run.get("own_bugs") else ""
    return f"[{done}/{total}] {mutant.id:3d} {mutant.name} seed {run['seed']}: {state} (reached {run['reached']}, infected {run['infected']}{own})"


def commit_of(tree):
    named = subprocess.run(["git", "-C", tree, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if not named.stdout.strip():  # --tree=DIR that is no checkout
        return commit_of(plant.FOLDER) + " and what --tree added"
    return named.stdout.strip()


def read(path):
    if not os.path.exists(path):
        return json.loads(json.dumps(EMPTY))
    with open(path, encoding="utf-8") as stream:
        try:
            return json.load(stream)
        except ValueError as error:
            raise plant.BadMutant(f"{path}: not a table of results ({error}); delete it to start with an empty one") from error


def store(path, tree, mutants, results, clean_findings):
    """Replaces the entries of the mutants that were run; drops those that no longer exist."""
    state = read(path)
    state["commit"], state["clean_findings"] = commit_of(tree), clean_findings
    for number in {run["id"] for run in results}:
        state["mutants"][str(number)] = sorted((run for run in results if run["id"] == number), key=lambda run: run["seed"])
    known = {str(mutant.id) for mutant in mutants}
    state["mutants"] = {number: runs for number, runs in state["mutants"].items() if number in known}
    with open(path + ".new", "w", encoding="utf-8") as stream:
        json.dump(state, stream, indent=1, sort_keys=True)
        stream.write("\n")
    os.replace(path + ".new", path)  # whoever interrupts this keeps the old table
    return state


def table(header, rows, align=None):
    """A Markdown table with padded columns; columns named in `align` are right-aligned."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max([len(header[i])] + [len(row[i]) for row in rows]) for i in range(len(header))]
    right = {header.index(name) for name in align or ()}

    def line(cells):
        return "| " + " | ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths))) + " |"
    rule = "|" + "|".join("-" * (w + 1) + (":" if i in right else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(header), rule] + [line(row) for row in rows])


def runs_of(state, mutant):
    return state["mutants"].get(str(mutant.id), [])


def score(mutants, state):
    """By class: (mutants that were run, caught with every seed)."""
    scores = {}
    for name in plant.CLASSES:
        run = [m for m in mutants if m.kill_class == name and runs_of(state, m)]
        scores[name] = (len(run), sum(1 for m in run if all(r["revealed"] for r in runs_of(state, m))))
    return scores


def survival_rows(mutants, state):
    """By area: mutants, run, caught, and how many were still alive after so many seconds."""
    steps = (0.1, 1, 3, 10, 60, 300)
    rows = []
    for area in sorted({m.area for m in mutants}) + ["all"]:
        members = [m for m in mutants if area in (m.area, "all")]
        runs = [run for m in members for run in runs_of(state, m)]
        if not runs:
            rows.append([area, len(members), 0, "-"] + ["-"] * len(steps))
            continue
        caught = sum(1 for m in members if runs_of(state, m) and all(r["revealed"] for r in runs_of(state, m)))
        alive = [f"{100 * sum(1 for r in runs if not (r['revealed'] and r['seconds'] <= s)) / len(runs):.0f} %" for s in steps]
        rows.append([area, len(members), sum(1 for m in members if runs_of(state, m)), caught] + alive)
    return ["area", "mutants", "run", "caught"] + [f"{s:g} s" for s in steps], rows


def mutant_rows(mutants, state):
    rows = []
    for m in mutants:
        runs = runs_of(state, m)
        times = [r["seconds"] for r in runs if r["revealed"]]
        median = f"{statistics.median(times):.1f}" if times else "-"
        oracles = ", ".join(sorted({r["oracle"] for r in runs if r["revealed"]})) or "-"
        rows.append([m.id, m.name, m.area, m.kill_class, m.fields.get("judge", m.lane), explain(m, runs), oracles, median])
    return ["no", "mutant", "area", "class", "lane", "result", "by", "median s"], rows


def tables(mutants, state, shown):
    header, rows = mutant_rows([m for m in mutants if m.id in shown], state)
    areas, area_rows = survival_rows([m for m in mutants if m.id in shown], state)
    parts = [table(header, rows, {"no", "median s"}), "Share of runs in which the mutant was still alive after so many seconds:",
             table(areas, area_rows, set(areas[1:]))]
    for name, (run, caught) in score([m for m in mutants if m.id in shown], state).items():
        if run:
            parts.append(f"class {name}: {caught} of {run} caught with every seed within {plant.CLASSES[name]} s ({100 * caught / run:.1f} %)")
    return "\n\n".join(parts)


def listing(mutants):
    rows = [[m.id, m.area, m.kill_class, m.name, m.fields["says"]] for m in mutants]
    return table(["no", "area", "class", "mutant", "what it does"], rows, {"no"})


def update_docs(path, results, mutants):
    state = read(results)
    known = {str(mutant.id) for mutant in mutants}
    state["mutants"] = {number: runs for number, runs in state["mutants"].items() if number in known}
    if not state["mutants"]:
        print(f"no results in {results}: run ci/mutants --all first")
        return 1
    areas, area_rows = survival_rows(mutants, state)
    header, rows = mutant_rows(mutants, state)
    says = [[m.id, m.name, m.fields["says"], m.fields["source"]] for m in mutants]
    seeds = max(len(runs) for runs in state["mutants"].values())
    lines = ["# Planted miscompiles", "",
             "Generated by `ci/mutants --update` from the last results; edit `fuzz/mutants/` instead. How it works:",
             "[fuzz/mutants/README.md](../fuzz/mutants/README.md).", "",
             f"Commit {state['commit']}, {len(mutants)} mutants, {len(state['mutants'])} run, up to {seeds} seeds each, from an empty corpus.", ""]
    for name, (run, caught) in score(mutants, state).items():
        share = f" ({100 * caught / run:.1f} %)" if run else ""
        lines.append(f"- class {name} ({plant.CLASSES[name]} s): {caught} of {run} caught with every seed{share}")
    lines += ["", "Share of runs in which the mutant was still alive after so many seconds:", "", table(areas, area_rows, set(areas[1:])), "",
              "## Results", "", table(header, rows, {"no", "median s"}), "", "## What they do", "",
              table(["no", "mutant", "what it does", "class of bug"], says, {"no"}), ""]
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines))
    recorded = os.path.join(plant.FOLDER, "recorded.json")  # what ci/gate judges
    with open(recorded, "w", encoding="utf-8") as stream:
        json.dump(state, stream, indent=0, sort_keys=True)
        stream.write("\n")
    print(f"wrote {os.path.relpath(path)} and {os.path.relpath(recorded)}")
    return 0
