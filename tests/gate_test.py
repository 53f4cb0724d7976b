"""The release gate: its threshold reader, its judgement of recorded evidence, and what must turn it red."""

import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GATE = os.path.join(ROOT, "ci", "release_gate")
sys.path.insert(0, GATE)
import evidence  # noqa: E402
import thresholds  # noqa: E402

OPCODES = ("mov", "load_k", "add_i32", "div_i64", "array_get_8", "set_field_ref", "call", "raise_error")
MODES = ("interpreter", "native_O0", "native_O1", "native_O2", "counted_O2", "hot_O2", "exits_O2", "gc_O2", "spill_O2", "random_O2", "ir_O2")


def fuzz_run(target, seconds, executions):
    return {"target": target, "seed": 3, "executions": executions, "seconds": seconds, "cpu_seconds": seconds, "valid": executions, "native": int(0.93 * executions),
            "out_of_fuel": 0, "findings": [], "grid": {op: {mode: 7 for mode in MODES} for op in OPCODES}}


def recorded():
    """Evidence as the collectors give it, with figures of a real run, cut to a few workloads and opcodes."""
    cell = {"scaled": False, "factor": 1.0, "error": None, "cpu": 0.24}
    return {
        "uplift": {"uplift": {"fib": {"value": 15.54, "ci": [15.41, 15.87]}, "sieve": {"value": 6.94, "ci": [6.91, 7.15]}, "nbody": {"value": 4.2, "ci": [4.0, 4.4]}},
                   "uplift_geomean": {"value": 7.68, "ci": [7.58, 7.79], "workloads": 3},
                   "workloads": {name: {"orus": cell, "orus-interp": cell} for name in ("fib", "sieve", "nbody")},
                   "native_stats": {name: {"native_coverage": 0.9999, "bailouts": {}, "unsupported_opcodes": []} for name in ("fib", "sieve", "nbody")},
                   "profile": {"exits": {"loop_done": 812, "overflow": 3}, "families": {"arith": [1000, 999], "array": [400, 398]}, "stats": {}}},
        "conformance": {"cases": 5180, "failures": []},
        "fuzz": {"targets": [fuzz_run("mix", 1000, 3_000_000), fuzz_run("exits", 900, 400_000)]},
        "mutants": {"classes": {"S": (48, 48), "K0": (141, 140), "K1": (3, 3)}, "run": 192, "commit": "0000000", "clean_findings": [],
                    "curves": {"folding": [0.2, 0.9, 4.0], "gc": [0.1, None]}, "sample": {"run": 6, "caught": 6}},
        "proofs": {"rules": [{"rule": f"rule {i} -> x", "file": "jit/opt/fold.cc", "fired": 3, "excuse": ""} for i in range(128)], "groups": [], "failures": []},
        "tests": {"lines": 0.93, "branches": 0.86, "core_lines": 0.97, "core_branches": 0.92, "commit": "0000000", "files": {}},
        "sanitizers": {"presets": ["asan (700 tests)"], "failures": [], "commit": "0000000"},
    }


class Gate(unittest.TestCase):
    def judge(self, found, *options):
        """Runs the gate on the evidence: (exit code, output, gate.json)."""
        with tempfile.TemporaryDirectory() as folder:
            kept = os.path.join(folder, "evidence")
            os.makedirs(kept)
            for name, data in found.items():
                with open(os.path.join(kept, name + ".json"), "w", encoding="utf-8") as stream:
                    json.dump(data, stream)
            out = os.path.join(folder, "out")
            done = subprocess.run([sys.executable, os.path.join(GATE, "main.py"), f"--judge={kept}", f"--out={out}", *options], capture_output=True, text=True, check=False)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            with open(os.path.join(out, "gate.json"), encoding="utf-8") as stream:
                summary = json.load(stream)
            tree = xml.etree.ElementTree.parse(os.path.join(out, "junit.xml")).getroot()
            self.assertEqual(int(tree.get("failures")), sum(1 for row in summary["rows"] if not row["ok"]))
            with open(os.path.join(out, "report.html"), encoding="utf-8") as stream:
                self.page = stream.read()
            return done.returncode, done.stdout, summary

    def missed(self, edit, *options):
        """The checks that are missed after `edit` changed the recorded evidence."""
        found = copy.deepcopy(recorded())
        edit(found)
        code, output, summary = self.judge(found, *options)
        rows = [row for row in summary["rows"] if not row["ok"]]
        self.assertEqual(code, 1 if rows else 0, output)
        for row in rows:
            self.assertIn(f"MISSED {row['check']}: {row['what']}: {row['figure']}, demanded {row['demanded']}", output)
            self.assertIn(row["more"], output)
        return rows

    def test_recorded_evidence_passes(self):
        self.assertEqual(self.missed(lambda found: None), [])
        self.assertIn("<svg", self.page)
        self.assertNotIn("<script", self.page)
        self.assertNotIn("http", self.page)

    def test_a_slower_build(self):
        def slow_down(found):
            for row in list(found["uplift"]["uplift"].values()) + [found["uplift"]["uplift_geomean"]]:
                row["value"] /= 5
                row["ci"] = [bound / 5 for bound in row["ci"]]
        rows = self.missed(slow_down)
        self.assertEqual([row["check"] for row in rows], ["uplift", "uplift"])
        self.assertIn("nbody", rows[1]["what"])

    def test_the_lower_bound_counts(self):
        def spread(found):
            found["uplift"]["uplift_geomean"]["ci"] = [2.9, 12.0]
        self.assertEqual([row["check"] for row in self.missed(spread)], ["uplift"])

    def test_a_fast_wrong_answer(self):
        def break_output(found):
            found["uplift"]["workloads"]["fib"]["orus"] = {"error": "prints something else than the C program"}
        self.assertEqual([row["check"] for row in self.missed(break_output)], ["uplift"])

    def test_a_removed_lowering(self):
        def remove(found):
            found["uplift"]["native_stats"]["sieve"] = {"native_coverage": 0.4, "bailouts": {"array_get_8": 2}, "unsupported_opcodes": ["array_get_8"]}
            for run in found["fuzz"]["targets"]:
                for mode in MODES[1:]:
                    run["grid"]["array_get_8"].pop(mode)
        rows = self.missed(remove)
        self.assertEqual({row["check"] for row in rows}, {"coverage", "grid"})
        self.assertEqual(len([row for row in rows if row["check"] == "coverage"]), 3)
        self.assertIn("array_get_8 native_O2", next(row["figure"] for row in rows if row["check"] == "grid"))

    def test_a_planted_mutant(self):
        def plant(found):
            found["fuzz"]["targets"][0]["findings"] = [{"oracle": "observation", "mode": "native_O2", "pass": "fold-constants", "file": "f"}]
        rows = self.missed(plant)
        self.assertEqual([row["check"] for row in rows], ["fuzz"])
        self.assertIn("fold-constants", rows[0]["figure"])

    def test_an_emptied_grid_cell(self):
        def empty(found):
            for run in found["fuzz"]["targets"]:
                run["grid"]["call"]["gc_O2"] = 0
        self.assertEqual([row["figure"] for row in self.missed(empty)], ["call gc_O2"])
        self.assertEqual(self.missed(empty, "--quick"), [], "the quick gate looks at fewer modes")

    def test_mutants_that_survive(self):
        def survive(found):
            found["mutants"]["classes"]["S"] = (48, 47)
            found["mutants"]["sample"] = {"run": 6, "caught": 2}
        self.assertEqual([row["check"] for row in self.missed(survive)], ["mutants", "mutants"])

    def test_other_checks(self):
        edits = {"conformance": lambda e: e["conformance"]["failures"].append("loops/nested O2"),
                 "proofs": lambda e: e["proofs"]["failures"].append("fold-constants/add.i32 x, c: refuted"),
                 "tests": lambda e: e["tests"].update(lines=0.5),
                 "sanitizers": lambda e: e["sanitizers"]["failures"].append("asan: vm/Heap.Grows"),
                 "fuzz": lambda e: e["fuzz"]["targets"][0].update(valid=10)}
        for check, edit in edits.items():
            with self.subTest(check):
                self.assertIn(check, {row["check"] for row in self.missed(edit)})

    def test_missing_evidence_is_missed(self):
        for name in recorded():
            with self.subTest(name):
                self.assertTrue(self.missed(lambda found, gone=name: found.pop(gone)))

    def test_what_is_demanded_must_be_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t.toml")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write("[uplift]\ngeomean = 3.0\n")
            done = subprocess.run([sys.executable, os.path.join(GATE, "main.py"), "--judge=" + folder, "--only=proofs", f"--thresholds={path}", f"--out={folder}"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, "no evidence is a missed threshold")
            with open(os.path.join(folder, "proofs.json"), "w", encoding="utf-8") as stream:
                json.dump(recorded()["proofs"], stream)
            done = subprocess.run(done.args, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 64)
            self.assertIn("[proofs] has no 'failures'", done.stderr)


class Evidence(unittest.TestCase):
    def test_reads_junit(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "j.xml")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write('<testsuites><testsuite><testcase classname="c" name="a"/><testcase classname="c" name="b"><failure message="x"/></testcase></testsuite></testsuites>')
            self.assertEqual(evidence.read_junit(path), (2, ["c b"]))

    def test_sums_coverage_of_vm_and_jit_alone(self):
        def entry(name, covered):
            summary = {"covered": covered, "count": 10, "percent": 10 * covered}
            return {"filename": os.path.join(ROOT, name), "summary": {"lines": summary, "branches": summary}}
        report = {"data": [{"files": [entry("vm/a.cc", 10), entry("jit/b.cc", 5), entry("jit/b_test.cc", 0), entry("jit/ir/random_ir.cc", 0), entry("lang/c.cc", 0),
                                      entry("jit/code/d.cc", 9)]}]}
        shares, files = evidence.coverage_of(report)
        self.assertEqual(shares, {"lines": 0.8, "branches": 0.8, "core_lines": 0.9, "core_branches": 0.9})
        self.assertEqual(sorted(files), ["jit/b.cc", "jit/code/d.cc", "vm/a.cc"])

    def test_a_command_that_fails_says_why(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(evidence.Failed) as caught:
            evidence.run([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"], os.path.join(folder, "log"), 20)
        self.assertIn("gave 3: no such thing", str(caught.exception))


class Thresholds(unittest.TestCase):
    def test_reads_its_subset(self):
        sections = thresholds.parse('# c\n[a]\nx = 1 # one\ny = 0.5\nz = "a # b"\nl = ["p", "q r"]\nt = true\n[quick.a]\nx = 2\n')
        self.assertEqual(sections["a"], {"x": 1, "y": 0.5, "z": "a # b", "l": ["p", "q r"], "t": True})
        self.assertEqual(thresholds.Thresholds(sections, True).get("a", "x"), 2)
        self.assertEqual(thresholds.Thresholds(sections, False).get("a", "x"), 1)

    def test_names_the_line_of_a_mistake(self):
        for text, where in (("x = 1", ":1:"), ("[a]\nx 1", ":2:"), ("[a]\nx = 1\nx = 2", ":3:"), ("[a]\n[a]", ":2:"), ("[a]\nx = one", ":2:"), ("[a]\nl = [1]", ":2:")):
            with self.assertRaises(thresholds.BadThresholds) as caught:
                thresholds.parse(text)
            self.assertIn(where, str(caught.exception))

    def test_the_shipped_file(self):
        thresholds.load(os.path.join(ROOT, "ci", "thresholds.toml"), True).get("uplift", "geomean")


if __name__ == "__main__":
    unittest.main()
