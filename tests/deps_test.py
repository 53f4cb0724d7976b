"""ci/deps against a dpkg-query and an apt-get of its own: what it asks for, and that it never takes a failure for done."""

import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Deps(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.asked = os.path.join(self.folder.name, "asked")
        self.program("id", "echo 0")
        self.program("apt-get", 'echo "$*" >> %s' % self.asked)

    def program(self, name, body):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/bash\n%s\n" % body)
        os.chmod(path, 0o755)

    def run_deps(self, *arguments):
        environment = dict(os.environ, PATH=self.folder.name + os.pathsep + os.environ["PATH"])
        return subprocess.run([os.path.join(ROOT, "ci", "deps"), *arguments], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def installed(self):
        if not os.path.exists(self.asked):
            return None
        with open(self.asked, encoding="utf-8") as f:
            return [line.split() for line in f if " install " in line][0]

    def test_a_bare_system_gets_everything(self):
        self.program("dpkg-query", "exit 1")  # as it ends when it knows none of the packages
        done = self.run_deps("main")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("cmake", self.installed())
        self.assertIn("clang-19", self.installed())

    def test_only_what_is_missing_is_installed(self):
        self.program("dpkg-query", r"""shift 3
for p in "$@"; do case "$p" in ninja-build | ccache) ;; git) echo "git config-files" ;; *) echo "$p installed" ;; esac; done
exit 1""")
        done = self.run_deps("main")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.installed()[-3:]), ["ccache", "git", "ninja-build"])
        self.assertNotIn("cmake", self.installed())

    def test_nothing_is_done_when_nothing_is_missing(self):
        self.program("dpkg-query", 'shift 3; for p in "$@"; do echo "$p installed"; done')
        done = self.run_deps("main", "test", "fuzz", "style")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertIsNone(self.installed())

    def test_check_lists_and_installs_nothing(self):
        self.program("dpkg-query", "exit 1")
        done = self.run_deps("--check", "style")
        self.assertEqual((done.returncode, done.stdout), (1, "clang-format-19\n"))
        self.assertIsNone(self.installed())

    def test_a_broken_database_is_an_error(self):
        self.program("dpkg-query", "exit 2")
        done = self.run_deps("main")
        self.assertEqual(done.returncode, 1)
        self.assertIn("dpkg-query failed", done.stderr)

    def test_a_failed_installation_is_an_error(self):
        self.program("dpkg-query", "exit 1")
        self.program("apt-get", 'case "$*" in *install*) echo "E: no such package"; exit 100 ;; esac')
        done = self.run_deps("main")
        self.assertEqual(done.returncode, 1)
        self.assertIn("E: no such package", done.stderr)


if __name__ == "__main__":
    unittest.main()
