#!/usr/bin/env python3
"""Tests of tools/check_layers on small trees."""

import os
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools", "check_layers")


class CheckLayers(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w") as f:
                    f.write(text)
            done = subprocess.run([sys.executable, TOOL, "--root", root], stdout=subprocess.PIPE, text=True)
            return done.returncode, done.stdout

    def assert_allowed(self, path, text):
        code, out = self.run_on({path: text})
        self.assertEqual(code, 0, out)

    def assert_refused(self, path, text, message=""):
        code, out = self.run_on({path: text})
        self.assertEqual(code, 1, "%s: %s" % (path, text))
        self.assertIn(path + ":", out)
        self.assertIn(message, out)

    def test_downwards_is_allowed(self):
        for path, target in (("vm/a.cc", "base/x.h"), ("lang/a.cc", "vm/x.h"), ("jit/a.cc", "vm/tier.h"),
                             ("api/a.cc", "lang/x.h"), ("api/a.cc", "jit/x.h"), ("api/a.cc", "orus/orus.h"),
                             ("tools/orus/a.cc", "jit/ir/x.h"), ("fuzz/a.cc", "api/x.h"), ("stress/a.cc", "stress/x.h"),
                             ("base/a.cc", "base/x.h"), ("include/orus/a.h", "orus/b.h")):
            self.assert_allowed(path, '#include "%s"\n#include <vector>\n#include "fmt/core.h"\n' % target)

    def test_upwards_and_sideways_are_refused(self):
        for path, target in (("base/a.h", "vm/x.h"), ("vm/a.h", "lang/x.h"), ("vm/a.cc", "jit/x.h"),
                             ("lang/a.cc", "jit/x.h"), ("jit/a.cc", "lang/x.h"), ("jit/a.cc", "api/x.h"),
                             ("api/a.cc", "tools/x.h"), ("tests/a.cc", "fuzz/x.h"), ("vm/a.cc", "orus/orus.h"),
                             ("include/orus/a.h", "base/x.h")):
            self.assert_refused(path, '#include "%s"\n' % target, "may not include")
            self.assert_refused(path, '  #  include <%s>\n' % target, "may not include")

    def test_relative_includes_are_resolved(self):
        code, out = self.run_on({"vm/interp/a.cc": '#include "../../jit/x.h"\n', "jit/x.h": ""})
        self.assertEqual(code, 1, out)
        code, out = self.run_on({"vm/interp/a.cc": '#include "b.h"\n', "vm/interp/b.h": ""})
        self.assertEqual(code, 0, out)

    def test_machine_names_as_identifiers(self):
        for text in ("int x64 = 0;", "void emit_a64();", "struct X64Target;", "Target kRv64;", "using namespace Xbyak;",
                     "namespace vixl {}", "auto t = find_target(\"x64\");"):
            self.assert_refused("jit/lower/a.cc", text + "\n", "belongs in jit/target/")
            self.assert_allowed("jit/target/x64/a.cc", text + "\n")

    def test_similar_words_are_not_machine_names(self):
        for text in ("uint64_t hex64 = 0xa64;", "int max64;", "int FNV1a64;", "// x64 and a64 differ here",
                     "/* xbyak\n   vixl */", "int64_t data64 = 1'000'000;"):
            self.assert_allowed("jit/lower/a.cc", text + "\n")

    def test_strings_of_tools_and_tests_may_name_machines(self):
        self.assert_allowed("tools/orus/help.cc", 'print("--target=x64|a64|rv64");\n')
        self.assert_refused("tools/orus/help.cc", "emit_x64();\n")

    def test_machine_includes(self):
        self.assert_refused("jit/pipeline.cc", '#include "jit/target/x64/emit.h"\n', "only jit/target/ may include")
        self.assert_refused("jit/pipeline.cc", "#include <xbyak/xbyak.h>\n", "only jit/target/ may include")
        self.assert_allowed("jit/target/x64/emit.cc", "#include <xbyak/xbyak.h>\n")

    def test_one_line_may_list_the_targets(self):
        line = "extern const Target kX64, kA64, kRv64;  // check_layers: targets\n"
        self.assert_allowed("jit/targets.cc", line)
        code, out = self.run_on({"jit/targets.cc": line, "api/targets.cc": line})
        self.assertEqual(code, 1)
        self.assertIn("more than one line lists the targets", out)


if __name__ == "__main__":
    unittest.main()
