"""ci/gate: evidence, judgement, reports."""

import argparse
import json
import os
import sys
import time
import xml.sax.saxutils

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checks  # noqa: E402
import evidence as gathering  # noqa: E402
import html_report  # noqa: E402
import thresholds  # noqa: E402


def judge(chosen, evidence, problems, limits):
    rows = []
    for check in chosen:
        source = gathering.SHARED.get(check.name, check.name)
        found = check.judge(evidence.get(source), limits)
        if source in problems:
            found = [row._replace(figure=problems[source]) if row.what == "evidence" else row for row in found]
        rows += found
    return rows


def table(rows):
    header = ["", "check", "what", "figure", "demanded"]
    cells = [["ok" if row.ok else "MISSED", row.check, row.what, row.figure, row.demanded] for row in rows]
    widths = [min(70, max(len(line[i]) for line in cells + [header])) for i in range(len(header))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in [header] + cells]
    return "\n".join(lines[:1] + ["-" * min(140, sum(widths) + 8)] + lines[1:])


def write_junit(path, rows, seconds):
    quote = xml.sax.saxutils.quoteattr
    failed = sum(1 for row in rows if not row.ok)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuite name="gate" tests="{len(rows)}" failures="{failed}" time="{seconds:.1f}">']
    for row in rows:
        start = f"  <testcase classname={quote('gate.' + row.check)} name={quote(row.what)}"
        if row.ok:
            lines.append(start + "/>")
        else:
            lines.append(start + f"><failure message={quote(f'{row.figure}, demanded {row.demanded}; see {row.more}')}/></testcase>")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines + ["</testsuite>", ""]))


def write_reports(out, rows, evidence, limits, seconds):
    os.makedirs(out, exist_ok=True)
    missed = [row for row in rows if not row.ok]
    summary = {"schema": 1, "commit": gathering.commit(), "date": time.strftime("%Y-%m-%d %H:%M"), "quick": limits.quick, "passed": not missed,
               "seconds": round(seconds, 1), "rows": [row._asdict() for row in rows]}
    with open(os.path.join(out, "gate.json"), "w", encoding="utf-8") as stream:
        json.dump(summary, stream, indent=1)
        stream.write("\n")
    write_junit(os.path.join(out, "junit.xml"), rows, seconds)
    with open(os.path.join(out, "report.html"), "w", encoding="utf-8") as stream:
        stream.write(html_report.page(summary, rows, evidence))


def parse_arguments():
    parser = argparse.ArgumentParser(prog="ci/gate", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--judge", nargs="?", const="")
    parser.add_argument("--thresholds", default=os.path.join(gathering.ROOT, "ci", "thresholds.toml"))
    parser.add_argument("--out", default=os.path.join(gathering.ROOT, "build", "gate"))
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def choose(only):
    unknown = sorted(set(only) - {check.name for check in checks.CHECKS})
    if unknown:
        raise thresholds.BadThresholds(f"no such check: {', '.join(unknown)} (there are: {', '.join(c.name for c in checks.CHECKS)})")
    return [check for check in checks.CHECKS if not only or check.name in only]


def main():
    try:
        options = parse_arguments()
    except SystemExit as stop:
        return 64 if stop.code else 0
    start = time.monotonic()
    try:
        if options.list:
            print("\n".join(f"{check.name:<12} {check.title}" for check in checks.CHECKS))
            return 0
        chosen = choose(options.only)
        limits = thresholds.load(options.thresholds, options.quick)
        names = list(dict.fromkeys(gathering.SHARED.get(check.name, check.name) for check in chosen))
        folder = os.path.join(options.out, "evidence")
        if options.judge is None:
            evidence, problems = gathering.collect(names, limits, folder, os.path.join(options.out, "work"))
        else:
            evidence, problems = gathering.load(names, options.judge or folder)
        rows = judge(chosen, evidence, problems, limits)
    except (thresholds.BadThresholds, OSError) as error:
        print(f"ci/gate: {error}", file=sys.stderr)
        return 64
    write_reports(options.out, rows, evidence, limits, time.monotonic() - start)
    print(table(rows))
    missed = [row for row in rows if not row.ok]
    for row in missed:
        print(f"MISSED {row.check}: {row.what}: {row.figure}, demanded {row.demanded}\n       see: {row.more}")
    shown = os.path.relpath(options.out, gathering.ROOT) if options.out.startswith(gathering.ROOT) else options.out
    print(f"{len(rows) - len(missed)} of {len(rows)} thresholds met in {time.monotonic() - start:.0f} s; {shown}/report.html")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
