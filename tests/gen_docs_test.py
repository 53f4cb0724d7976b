#!/usr/bin/env python3
"""Tests of tools/gen_docs.py on small trees."""

import os
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools", "gen_docs.py")
TABLE = """// TRAP(enumerator, message). Errors.
// More on them:
//   with an indented line
TRAP(Overflow, "a | b, (c)")

// Second group.
TRAP(Zero, kPure | kMayGc)
"""


class GenDocs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def put(self, path, text):
        full = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as f:
            f.write(text)

    def get(self, path):
        with open(os.path.join(self.folder.name, path)) as f:
            return f.read()

    def run_tool(self, *arguments):
        done = subprocess.run([sys.executable, TOOL, "--root", self.folder.name] + list(arguments),
                              stdout=subprocess.PIPE, text=True)
        return done.returncode, done.stdout

    def test_page(self):
        self.put("vm/traps.def", TABLE)
        self.assertEqual(self.run_tool()[0], 0)
        page = self.get("docs/generated/vm-traps.md")
        self.assertIn("| enumerator | message |\n|---|---|\n| `Overflow` | a \\| b, (c) |\n", page)
        self.assertIn("\nSecond group.\n\n| enumerator | message |\n", page)
        self.assertIn("| `Zero` | `kPure \\| kMayGc` |", page)
        self.assertIn("Errors.\nMore on them:\n  with an indented line\n```", page)

    def test_stale_and_gone(self):
        self.put("vm/traps.def", TABLE)
        self.assertEqual(self.run_tool("--check")[0], 1)
        self.run_tool()
        self.assertEqual(self.run_tool("--check"), (0, "gen_docs: 0 problems\n"))
        self.put("vm/traps.def", TABLE + 'TRAP(More, "x")\n')
        code, out = self.run_tool("--check")
        self.assertEqual(code, 1)
        self.assertIn("vm-traps.md: stale", out)
        os.remove(os.path.join(self.folder.name, "vm/traps.def"))
        self.assertIn("its table is gone", self.run_tool("--check")[1])
        self.run_tool()
        self.assertEqual(self.run_tool("--check")[0], 0)

    def test_dead_links(self):
        self.put("docs/a.md", "[b](b.md) [c](b.md#part) [d](https://example.org) `[x](gone.md)`\n")
        self.put("docs/b.md", "[up](../README.md)\n")
        code, out = self.run_tool("--check")
        self.assertEqual(code, 1)
        self.assertEqual(out, "docs/b.md: dead link ../README.md\ngen_docs: 1 problems\n")


if __name__ == "__main__":
    unittest.main()
