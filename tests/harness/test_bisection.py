# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Bisection over a small synthetic history: the culprit is found, bystanders are skipped and not blamed."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import subprocess  # noqa: E402
import tempfile  # noqa: E402

from harness import paths  # noqa: E402
from harness.worktree import environment, git  # noqa: E402

#: what each commit makes of `state`, the file a synthetic test judges
HISTORY = ("good", "good", "unbuildable", "good", "other", "good", "broken", "broken", "unbuildable", "broken", "other",
           "broken")
CULPRIT = 6
TEST = 'case $(cat state) in good) echo all well;; *) echo "signature: $(cat state)"; exit 1;; esac'
BUILD = '! grep -q unbuildable state'


def history(folder: Path, states: tuple[str, ...], images: dict[str, bytes] | None = None) -> list[str]:
    """Makes a repository; its commits, oldest first."""
    run = lambda *words: subprocess.run(["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *words],
                                        check=True, capture_output=True, env=environment(folder))
    run("init", "-q")
    for number, state in enumerate(states):
        (folder / "state").write_text(state + "\n", encoding="utf-8")
        (folder / "number").write_text(f"{number}\n", encoding="utf-8")
        if images:
            (folder / "image").write_bytes(images[state])
        run("add", ".")
        run("commit", "-q", "-m", f"commit {number}: {state}")
    return git(folder, "rev-list", "--reverse", "HEAD").split()


def bisect(folder: Path, good: str, bad: str) -> subprocess.CompletedProcess[str]:
    """The program, as a person calls it."""
    return subprocess.run([paths.ROOT / "harness" / "bisect.sh", good, bad, "--build", BUILD, "--test-command", TEST,
                           "--repository", str(folder)], capture_output=True, text=True, timeout=120, check=False)


#: Makes of `image` what a build of Rumpk leaves.
IMAGE_BUILD = "mkdir -p build/apps && cp image build/rumpk.img && cp image build/apps/c-hello.rpk"


class Bisect(unittest.TestCase):
    """harness/bisect.sh"""

    def setUp(self) -> None:
        self.holder = tempfile.TemporaryDirectory()
        self.folder = Path(self.holder.name)
        self.addCleanup(self.holder.cleanup)

    def test_it_finds_the_commit_among_unbuildable_and_other_failures(self) -> None:
        commits = history(self.folder, HISTORY)
        done = bisect(self.folder, commits[0], commits[-1])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"first bad commit: {commits[CULPRIT][:7]}", done.stdout)
        self.assertIn("its failure: broken", done.stdout)
        self.assertIn("commit 5: good", done.stdout)
        self.assertIn("all well", done.stdout)
        self.assertEqual(git(self.folder, "worktree", "list").count("\n"), 0, "its tree is left behind")

    def test_it_boots_each_commit_of_a_history_of_images(self) -> None:
        good, bad = ((paths.BUILD / "tests" / f"{name}.img").read_bytes() for name in ("stand-in", "panic"))
        commits = history(self.folder, ("good", "good", "good", "broken", "broken"), {"good": good, "broken": bad})
        done = subprocess.run([paths.ROOT / "harness" / "bisect.sh", commits[0], commits[-1], "boot_hello", "--build",
                               IMAGE_BUILD, "--repository", str(self.folder)], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"first bad commit: {commits[3][:7]}", done.stdout)
        self.assertIn("its failure: PANIC panic PANIC: broken on purpose", done.stdout)
        self.assertIn("[c-hello] hello from c-hello", done.stdout)

    def test_it_says_where_it_cannot_tell_commits_apart(self) -> None:
        commits = history(self.folder, ("good", "good", "unbuildable", "other", "broken", "broken"))
        done = bisect(self.folder, commits[0], commits[-1])
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("one of 3 commits", done.stdout)

    def test_it_refuses_ends_that_are_not_what_they_should_be(self) -> None:
        for states, words in (("broken", "broken"), "GOOD is not good"), (("good", "good"), "BAD is not bad"):
            with self.subTest(words), tempfile.TemporaryDirectory() as folder:
                commits = history(Path(folder), states)
                done = bisect(Path(folder), commits[0], commits[1])
                self.assertEqual(done.returncode, 2)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
