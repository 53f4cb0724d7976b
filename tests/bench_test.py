#!/usr/bin/env python3
"""Tests of the benchmark harness: the workloads are complete, sizes are found, figures are computed as documented."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, "bench")
sys.path.insert(0, BENCH)

import figures  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import workloads  # noqa: E402
from peers import all_peers  # noqa: E402


def cell(workload, peer, seconds, factor=1.0, error=None):
    runs = [{"cpu": value, "wall": value, "rss": 1000} for value in seconds]
    return {"workload": workload, "peer": peer, "factor": factor, "error": error, "runs": runs}


class Workloads(unittest.TestCase):
    def test_every_language_has_every_workload_with_the_same_size(self):
        for suite in (BENCH, os.path.join(BENCH, "alloc")):
            for name in workloads.names(suite):
                full = workloads.full_reps(workloads.source(suite, name, ["c"], ".c"))
                for folder, suffix in (("orus", ".orus"), ("lua", ".lua"), ("js", ".js"), ("py", ".py")):
                    path = workloads.source(suite, name, [folder], suffix)
                    self.assertIsNotNone(path, "%s in %s" % (name, folder))
                    self.assertEqual(workloads.full_reps(path), full, path)

    def test_resizing_changes_reps_only(self):
        path = os.path.join(BENCH, "orus", "nbody.orus")
        with open(path) as f:
            text = f.read()
        self.assertEqual(workloads.resized(path, 7), text.replace("REPS: i32 = 6000000", "REPS: i32 = 7"))
        with tempfile.TemporaryDirectory() as folder:
            out = workloads.write_resized(path, 10**9, os.path.join(folder, "new", "a.orus"))
            self.assertEqual(workloads.full_reps(out), 6000000)


class Options(unittest.TestCase):
    def test_the_most_specific_entry_wins(self):
        native, interpreted = [peer for peer in all_peers() if peer.executable == "orus"]
        options = {"arguments": {"orus": {"*": ["-O2"], "fib": ["-O1"]}, "orus-interp": {"fib": ["--x"]}}}
        self.assertEqual(measure.option(options, "arguments", native, "fib"), ["-O1"])
        self.assertEqual(measure.option(options, "arguments", native, "prng"), ["-O2"])
        self.assertEqual(measure.option(options, "arguments", interpreted, "fib"), ["--x"])
        self.assertEqual(measure.option(options, "arguments", interpreted, "prng"), ["-O2"])
        self.assertIsNone(measure.option(options, "sizes", native, "fib"))

    def test_sizes(self):
        peer = all_peers()[0]
        options = {"sizes": {peer.name: {"fib": 4}}}
        self.assertEqual(measure.size_of(options, peer, "fib", 40, 1), 4)
        self.assertIsNone(measure.size_of(options, peer, "prng", 40, 1))
        self.assertEqual(measure.size_of(options, peer, "prng", 40, 5), 8)
        self.assertIsNone(measure.size_of(options, peer, "prng", 1, 5))


class Figures(unittest.TestCase):
    def setUp(self):
        self.cells = [
            cell("a", "gcc-O2", [1.0, 1.1, 0.9]), cell("a", "orus", [2.0, 2.2, 1.8]),
            cell("a", "orus-interp", [20.0, 22.0, 18.0]),
            cell("b", "gcc-O2", [1.0, 1.0, 1.0]), cell("b", "orus", [4.0, 4.0, 4.0], factor=2.0),
            cell("b", "orus-interp", [], error="timeout"),
        ]
        self.result = figures.report_figures(self.cells, ["gcc-O2", "orus", "orus-interp"], 3)

    def test_ratios_and_means(self):
        self.assertAlmostEqual(self.result["workloads"]["a"]["orus"]["ratio"], 2.0)
        self.assertAlmostEqual(self.result["workloads"]["b"]["orus"]["ratio"], 8.0)
        self.assertAlmostEqual(self.result["geomeans"]["orus"]["value"], 4.0)
        self.assertEqual(self.result["geomeans"]["orus-interp"]["workloads"], 1)

    def test_rounds_are_drawn_together(self):
        # The machine was slower for all peers alike in round 2, so the ratio is certain.
        low, high = self.result["workloads"]["a"]["orus"]["ratio_ci"]
        self.assertAlmostEqual(low, 2.0)
        self.assertAlmostEqual(high, 2.0)

    def test_interval_covers_the_spread(self):
        cells = [cell("a", "gcc-O2", [1.0] * 5), cell("a", "orus", [1.0, 1.2, 1.4, 1.6, 1.8])]
        record = figures.report_figures(cells, ["gcc-O2", "orus"], 5)["workloads"]["a"]["orus"]
        self.assertLessEqual(record["ratio_ci"][0], 1.2)
        self.assertGreaterEqual(record["ratio_ci"][1], 1.6)
        self.assertLess(record["ratio_ci"][0], record["ratio"])

    def test_two_rounds_give_no_interval(self):
        cells = [cell("a", "gcc-O2", [1.0, 1.0]), cell("a", "orus", [2.0, 2.0])]
        record = figures.report_figures(cells, ["gcc-O2", "orus"], 2)["workloads"]["a"]["orus"]
        self.assertIsNone(record["ratio_ci"])

    def test_uplift_skips_failures_and_the_text_names_them(self):
        self.assertEqual(list(self.result["uplift"]), ["a"])
        self.assertAlmostEqual(self.result["uplift"]["a"]["value"], 10.0)
        self.result.update(native_stats={"a": {"native_coverage": 0.5}}, peers=["gcc-O2", "orus", "orus-interp"])
        text = report.explanation(self.result)
        self.assertIn("10.0 (10.0-10.0) times as fast as the interpreter", text)
        self.assertIn("b under orus-interp", text)
        self.assertIn("50.00 %", text)
        self.assertIn("| b | 1.00 | ~8.00 | x |", report.tables(self.result))


if __name__ == "__main__":
    unittest.main()
