# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The check of every commit, over a small history in which each commit deserves another line."""
from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import junit, paths  # noqa: E402
from harness.worktree import environment  # noqa: E402

BOOTABLE = ("tests/qemu/boot_hello.py", "apps/c-hello/manifest.toml")
MAKEFILE = "all:\n\t@{}\n"
#: subject, files of the commit
HISTORY: tuple[tuple[str, dict[str, str]], ...] = (
    ("empty", {"README": "x"}),
    ("library", {"Makefile": MAKEFILE.format("true")}),
    ("boots", {path: "x" for path in BOOTABLE} | {"harness/run.py": "#!/bin/sh\nexit 0\n"}),
    ("warns", {"Makefile": MAKEFILE.format("echo 'x.c:1: warning: unused'")}),
    ("unbuildable", {"Makefile": MAKEFILE.format("false")}),
    ("panics", {"Makefile": MAKEFILE.format("true #"),
                "harness/run.py": "#!/bin/sh\necho 'signature: PANIC panic here'\nexit 1\n"}),
    ("mended", {"harness/run.py": "#!/bin/sh\nexit 0\n"}),
)
DUE = ("skipped", "skipped", "passed", "builds with warnings", "does not build (2)", "PANIC panic here", "passed")


class EveryCommit(unittest.TestCase):
    """ci/every-commit.sh"""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.git("init", "-q")
        for subject, files in HISTORY:
            for name, text in files.items():
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                path.chmod(0o755)
                self.git("add", name)
            self.git("commit", "-q", "-m", subject)
        for path in (paths.ROOT / "harness").glob("*.py"):  # not committed: the history's run.py stays the boot test
            if path.name != "run.py":
                shutil.copy(path, self.folder / "harness")
        (self.folder / "ci").mkdir()
        shutil.copy(paths.ROOT / "ci" / "every-commit.sh", self.folder / "ci")

    def git(self, *words: str) -> None:
        """Runs git in the synthetic repository."""
        subprocess.run(["git", "-C", str(self.folder), "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True,
                       capture_output=True, env=environment(self.folder))

    def check(self, *base: str) -> tuple[int, list[str]]:
        """Runs the check; its status, and the word for each commit."""
        done = subprocess.run([self.folder / "ci" / "every-commit.sh", *base], capture_output=True, text=True,
                              env=environment(self.folder), timeout=120, check=False)
        self.assertIn(" passed, ", done.stdout, done.stdout + done.stderr)
        items = junit.read(self.folder / "build" / "report" / "commits.xml").items
        return done.returncode, [item.failure or ("skipped" if item.skipped else "passed") for item in items]

    def test_each_commit_gets_its_line(self) -> None:
        self.assertEqual(self.check(), (1, list(DUE)))

    def test_a_base_limits_it_and_what_passed_is_not_judged_again(self) -> None:
        self.assertEqual(self.check("HEAD~1"), (0, ["passed"]))
        shutil.rmtree(self.folder / "build" / "every-commit" / "tree")
        self.assertEqual(self.check("HEAD~1"), (0, ["passed"]))
        self.assertFalse((self.folder / "build" / "every-commit" / "tree").exists(), "a commit was judged again")


if __name__ == "__main__":
    unittest.main()
