"""report.html: one file, no script, tables and SVG plots that follow the reader's light or dark scheme."""

import html
import math

import checks

STYLE = """
:root { color-scheme: light dark; --ink: #1d232b; --soft: #5b6675; --line: #d5dae1; --page: #fbfbfc; --panel: #ffffff; --good: #1a7f4b;
  --bad: #b3261e; --bar: #3567a8; --pale: #a9c1e0; --grid: #e6e9ee; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa6b5; --line: #343b46; --page: #14171c; --panel: #1b1f26;
  --good: #5cc98f; --bad: #ff8a80; --bar: #7aa7e0; --pale: #3c5a80; --grid: #2a303a; } }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p.note { color: var(--soft); margin: .2rem 0 .8rem; }
table { border-collapse: collapse; width: 100%; background: var(--panel); } th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: .85rem; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } td.demanded { white-space: nowrap; }
.ok { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; } code { font-size: .85em; overflow-wrap: anywhere; }
svg { background: var(--panel); border: 1px solid var(--line); max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg .soft { fill: var(--soft); } svg .bar { fill: var(--bar); } svg .pale { fill: var(--pale); } svg .grid { stroke: var(--grid); } svg .mark { stroke: var(--ink); stroke-width: 1.5; }
svg .limit { stroke: var(--bad); stroke-dasharray: 4 3; } .scroll { overflow-x: auto; }
"""
CURVES = ("#3567a8", "#b35900", "#1a7f4b", "#8e44ad", "#b3261e", "#00798c", "#7a6a00", "#c2417c", "#5b6675", "#2e2e8b")


def text(value):
    return html.escape(str(value))


def bars(rows, unit="", limit=None, width=1040, show_tick="{:g}".format):
    """Horizontal bars. rows: (label, value, low or None, high or None, shown text)."""
    if not rows:
        return '<p class="note">nothing measured</p>'
    left, right, step = 190, 110, 24
    top = max(max(high or value for _, value, _, high, _ in rows), limit or 0) * 1.05 or 1
    scale = (width - left - right) / top
    height = step * len(rows) + 30
    parts = [f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">']
    for tick in nice_ticks(top):
        x = left + tick * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="4" x2="{x:.1f}" y2="{height - 20}"/><text class="soft" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{show_tick(tick)}{unit}</text>')
    for i, (label, value, low, high, shown) in enumerate(rows):
        y = 6 + i * step
        parts.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{text(label)}</text><rect class="bar" x="{left}" y="{y + 3}" width="{max(value * scale, .5):.1f}" height="14"/>')
        if low is not None and high is not None:
            a, b = left + low * scale, left + high * scale
            parts.append(f'<line class="mark" x1="{a:.1f}" y1="{y + 10}" x2="{b:.1f}" y2="{y + 10}"/><line class="mark" x1="{a:.1f}" y1="{y + 5}" x2="{a:.1f}" y2="{y + 15}"/>'
                         f'<line class="mark" x1="{b:.1f}" y1="{y + 5}" x2="{b:.1f}" y2="{y + 15}"/>')
        parts.append(f'<text class="soft" x="{left + max(value, high or 0) * scale + 6:.1f}" y="{y + 14}">{text(shown)}</text>')
    if limit:
        x = left + limit * scale
        parts.append(f'<line class="limit" x1="{x:.1f}" y1="2" x2="{x:.1f}" y2="{height - 20}"/>')
    return "".join(parts) + "</svg>"


def nice_ticks(top):
    raw = top / 5
    size = 10 ** math.floor(math.log10(raw)) if raw > 0 else 1
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    return [round(step * i, 10) for i in range(int(top / step) + 1)]


def survival(curves, width=1040, height=320):
    """Share of mutants still alive over time, one curve for each area; time is logarithmic from 0.1 to 300 s."""
    drawn = [(area, times) for area, times in sorted(curves.items()) if times]
    if not drawn:
        return '<p class="note">no recorded runs</p>'
    left, bottom, right = 46, 30, 170
    span = math.log10(300) - math.log10(0.05)

    def x_of(seconds):
        return left + (math.log10(min(max(seconds, 0.05), 300)) - math.log10(0.05)) / span * (width - left - right)

    def y_of(share):
        return 10 + (1 - share) * (height - bottom - 10)
    parts = [f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">']
    for tick in (0.1, 1, 10, 60, 300):
        parts.append(f'<line class="grid" x1="{x_of(tick):.1f}" y1="10" x2="{x_of(tick):.1f}" y2="{height - bottom}"/>'
                     f'<text class="soft" x="{x_of(tick):.1f}" y="{height - 10}" text-anchor="middle">{tick:g} s</text>')
    for share in (0, 0.5, 1):
        parts.append(f'<text class="soft" x="{left - 6}" y="{y_of(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>'
                     f'<line class="grid" x1="{left}" y1="{y_of(share):.1f}" x2="{width - right}" y2="{y_of(share):.1f}"/>')
    for i, (area, times) in enumerate(drawn):
        alive, points = 1.0, [(x_of(0.05), y_of(1.0))]
        for seconds in sorted(t for t in times if t is not None):
            points.append((x_of(seconds), y_of(alive)))
            alive -= 1 / len(times)
            points.append((x_of(seconds), y_of(alive)))
        points.append((x_of(300), y_of(alive)))
        color = CURVES[i % len(CURVES)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline fill="none" stroke="{color}" stroke-width="2" points="{path}"/>'
                     f'<line x1="{width - right + 14}" x2="{width - right + 34}" y1="{24 + 20 * i}" y2="{24 + 20 * i}" stroke="{color}" stroke-width="3"/>'
                     f'<text x="{width - right + 40}" y="{28 + 20 * i}">{text(area)} ({len(times)})</text>')
    return "".join(parts) + "</svg>"


def section(title, note, body):
    return f'<h2>{text(title)}</h2><p class="note">{text(note)}</p><div class="scroll">{body}</div>'


def verdict_table(rows):
    lines = ["<table><tr><th></th><th>check</th><th>what</th><th class=number>figure</th><th class=number>demanded</th><th>more</th></tr>"]
    for row in rows:
        state = '<span class="ok">ok</span>' if row.ok else '<span class="missed">missed</span>'
        lines.append(f"<tr><td>{state}</td><td>{text(row.check)}</td><td>{text(row.what)}</td><td class=number>{text(row.figure)}</td>"
                     f'<td class="number demanded">{text(row.demanded)}</td>' f"<td><code>{text(row.more)}</code></td></tr>")
    return "".join(lines) + "</table>"


def uplift_section(bench):
    rows = sorted(bench.get("uplift", {}).items(), key=lambda item: -item[1]["value"])
    plot = bars([(name, row["value"], (row["ci"] or [None])[0], (row["ci"] or [None, None])[1], f"{row['value']:.2f}x") for name, row in rows], "x", 1)
    return section("Uplift", "Interpreter time divided by native time; the mark is the 95 % bootstrap interval, the dashed line parity.", plot)


def coverage_section(bench):
    stats = sorted(bench.get("native_stats", {}).items())
    rows = [(name, 100 * row["native_coverage"], None, None, f"{100 * row['native_coverage']:.2f} %") for name, row in stats if row.get("native_coverage") is not None]
    parts = section("Native coverage", "Share of executed bytecode instructions that ran in machine code, by workload.", bars(rows, " %", 90))
    profile = bench.get("profile") or {}
    total = sum(count for count, _ in profile.get("families", {}).values()) or 1
    families = sorted(((name, 100 * count / total, None, None, f"{100 * native / count if count else 0:.1f} % native") for name, (count, native) in profile.get("families", {}).items()),
                      key=lambda row: -row[1])
    parts += section("By opcode family", "Share of the example programs' instructions, and how much of it ran natively.", bars(families, " %"))
    exits = sorted(profile.get("exits", {}).items(), key=lambda item: -item[1])
    parts += section("Exits by reason", "Examples and conformance programs, compiled eagerly; logarithmic.",
                     bars([(reason, math.log10(count + 1), None, None, f"{count}") for reason, count in exits],
                          show_tick=lambda tick: f"{10 ** tick:,.0f}" if tick == int(tick) else ""))
    return parts


def fuzz_section(fuzz):
    runs = fuzz.get("targets", [])
    rows = [(run["target"], run["executions"] / max(run["seconds"], 1e-9), None, None, f"{run['executions']} in {run['seconds']:.0f} s") for run in runs]
    parts = section("Fuzzing throughput", "Executions per second of wall time, by target.", bars(sorted(rows, key=lambda row: -row[1])))
    grid = checks.merged_grid(runs)
    modes = sorted({mode for row in grid.values() for mode in row})
    filled = [(mode, 100 * sum(1 for row in grid.values() if row.get(mode)) / len(grid), None, None, f"{sum(1 for row in grid.values() if row.get(mode))} of {len(grid)} opcodes")
              for mode in modes] if grid else []
    return parts + section("Completeness grid", "Opcodes that ran in each mode.", bars(filled, " %"))


def page(summary, rows, evidence):
    """The whole page; sections whose evidence is missing are left out (the table says that they are)."""
    missed = sum(1 for row in rows if not row.ok)
    verdict = '<span class="ok">passed</span>' if not missed else f'<span class="missed">{missed} missed</span>'
    parts = [f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Orus release gate</title><style>{STYLE}</style></head><body>',
             f"<h1>Release gate: {verdict}</h1><p class=note>Commit {text(summary['commit'])}, {text(summary['date'])}, {'quick' if summary['quick'] else 'full'}, {summary['seconds']:.0f} s</p>",
             f'<div class="scroll">{verdict_table(rows)}</div>']
    if evidence.get("uplift"):
        parts += [uplift_section(evidence["uplift"]), coverage_section(evidence["uplift"])]
    if evidence.get("mutants"):
        parts.append(section("Planted miscompiles", f"Share of runs in which the mutant was still alive, by area; recorded at commit {evidence['mutants'].get('commit')}.",
                             survival(evidence["mutants"].get("curves", {}))))
    if evidence.get("fuzz"):
        parts.append(fuzz_section(evidence["fuzz"]))
    return "\n".join(parts) + "</body></html>\n"
