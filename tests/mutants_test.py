"""Planted mutants: every one fits the tree, the planter does what it says, and the released binaries have none."""

import argparse
import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "fuzz", "mutants"))
import plant  # noqa: E402
import report  # noqa: E402

ENTRY = "mutant {} name\nclass K0\nsays s\nsource t\noracle o\nin a.cc\n  {}\n"


class Mutants(unittest.TestCase):
    def write(self, folder, name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def plan(self, source, *hunks):
        with tempfile.TemporaryDirectory() as folder:
            self.write(folder, "area.mutants", "\n".join(ENTRY.format(i + 1, hunk) for i, hunk in enumerate(hunks)))
            self.write(folder, "a.cc", source)
            return plant.plan(plant.load_mutants(folder), folder)["a.cc"]

    def test_every_mutant_fits_the_tree(self):
        mutants = plant.load_mutants()
        planted = plant.plan(mutants, ROOT)
        self.assertGreaterEqual(len(mutants), 100)
        for mutant in mutants:
            self.assertTrue(any(f"active({mutant.id})" in text for text in planted.values()), mutant.name)

    def test_every_area_of_the_catalogue_has_some(self):
        areas = {mutant.area for mutant in plant.load_mutants()}
        self.assertEqual(areas, {"folding", "ranges", "memory", "ssa", "exits", "gc", "regalloc", "emitter", "runtime"})

    def test_expressions_and_statements(self):
        text = self.plan("int f() { g(); return a + b; }", "return <|a + b => a - b|>;")
        self.assertIn("return (orus::mutant::active(1) ? orus::mutant::pick((a + b), (a - b)) : (a + b));", text)
        text = self.plan("int f() { g(); return a + b; }", "<{g(); => }> return")
        self.assertIn("if (orus::mutant::active(1)) { orus::mutant::reach();  } else { g(); } return", text)
        text = self.plan("x = next();", "x = <!next() => skip()!>;")
        self.assertIn("(orus::mutant::active(1) ? (orus::mutant::reach(), (skip())) : (next()))", text)

    def test_mutants_inside_mutants(self):
        text = self.plan("if (a < b) c();", "if (<|a < b => true|>)", "<{if (a < b) c(); => }>", "if (<|a => b|> < b)")
        for number in (1, 2, 3):
            self.assertIn(f"active({number})", text)
        with self.assertRaises(plant.BadMutant):
            self.plan("a + b * c", "<|a + b => a|>", "<|b * c => b|>")

    def test_white_space_does_not_matter(self):
        self.assertIn("active(1)", self.plan("if (a <\n      b) c();", "if (<|a < b => true|>)"))

    def test_a_mutant_that_no_longer_fits_says_so(self):
        with self.assertRaises(plant.BadMutant) as caught:
            self.plan("int x;\nreturn a + c;\n", "return <|a + b => a|>;")
        self.assertIn("area.mutants:6", str(caught.exception))
        self.assertIn("a.cc:2", str(caught.exception))
        with self.assertRaises(plant.BadMutant) as caught:
            self.plan("a + b; a + b;", "<|a + b => a|>;")
        self.assertIn("occurs 2 times", str(caught.exception))

    def test_malformed_files(self):
        for text in ("class K0\n", "mutant x y\n", ENTRY.format(1, "return a;"), ENTRY.format(1, "<|a|>"), ENTRY.format(1, "<|a => b|>").replace("K0", "K9"),
                     ENTRY.format(1, "<|a => b|>").replace("K0", "S"), ENTRY.format(1, "<|a => b|>") * 2):
            with tempfile.TemporaryDirectory() as folder, self.assertRaises(plant.BadMutant, msg=text):
                self.write(folder, "area.mutants", text)
                plant.load_mutants(folder)

    def test_a_broken_table_of_results_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.json")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write('{"mutants": {"1": [')
            with self.assertRaises(plant.BadMutant) as caught:
                report.read(path)
            self.assertIn(path, str(caught.exception))

    def test_survivors_name_who_is_at_fault(self):
        def run(revealed, reached, infected):
            return {"revealed": revealed, "reached": reached, "infected": infected}
        pure, other = plant.load_mutants()[0], next(m for m in plant.load_mutants() if not report.pure(m))
        self.assertTrue(report.pure(pure))
        self.assertEqual(report.explain(pure, [run(True, 3, 1)]), "caught")
        self.assertEqual(report.explain(pure, [run(False, 0, 0)]), "not reached (generator)")
        self.assertEqual(report.explain(pure, [run(False, 5, 0)]), "not infected (values)")
        self.assertEqual(report.explain(pure, [run(False, 5, 2)]), "differed, not revealed (run-time values or oracle)")
        self.assertEqual(report.explain(other, [run(False, 5, 0)]), "reached, not seen to differ (values or oracle)")
        self.assertEqual(report.explain(pure, [run(True, 3, 1), run(False, 5, 2)]), "some seeds: differed, not revealed (run-time values or oracle)")


class Release(unittest.TestCase):
    orus = None

    def test_the_tool_has_no_trace_of_mutants(self):
        if self.orus is None:
            self.skipTest("no --orus=FILE")
        with open(self.orus, "rb") as stream:
            content = stream.read()
        self.assertGreater(len(content), 100000)
        for trace in (b"ORUS_MUTANT", b"orus6mutant", b"mutant::"):
            self.assertNotIn(trace, content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--orus")
    options, rest = parser.parse_known_args()
    Release.orus = options.orus
    unittest.main(argv=[sys.argv[0]] + rest)
