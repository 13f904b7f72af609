# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Bisection proved on synthetic histories of 64 commits: the culprit is found in every one, whatever else goes on in it."""
from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import paths  # noqa: E402
from harness.worktree import environment, git  # noqa: E402

COMMITS = 64
BUILD = ". ./state; [ $build = ok ] && mkdir -p build && cp state build/rumpk.img"
#: Judges what was built. What it waits for on the console is `$marker`; a commit's own test waits for what it prints.
TEST = r"""
. "$RUMPK_BUILD/rumpk.img"
fail() { echo "signature: $*"; exit 1; }
[ "$prints" = "${waits:-$MARKER}" ] || fail "FAIL marker no line '${waits:-$MARKER}'; last line: '$prints'"
[ $other -gt $((RANDOM % 100)) ] && fail "PANIC panic another one"
[ $bug -gt $((RANDOM % 100)) ] && fail "FAIL marker no line 'done'; last line: 'commit $number'"
echo "# perf cost $((cost + (noise ? RANDOM % noise : 0))) instructions"
echo "all well"
"""


@dataclass
class Commit:
    """What a commit is like. `bug`, `other`: how often of 100 runs it fails so."""

    build: str = "ok"
    bug: int = 0
    other: int = 0
    prints: str = "new"
    cost: int = 100000
    noise: int = 0


def make(folder: Path, commits: list[Commit], parents: dict[int, tuple[int, ...]]) -> list[str]:
    """A repository with these commits, each on top of the one before or of its `parents`; their names, oldest first."""
    stream = ""
    for number, commit in enumerate(commits):
        state = "".join(f"{name}={value}\n" for name, value in vars(commit).items()) + f"number={number}\n"
        subject = f"commit {number}"
        above = parents.get(number, (number - 1,) if number else ())
        lines = "".join(f"{word} :{parent + 1}\n" for word, parent in zip(("from", "merge"), above))
        stream += (f"commit refs/heads/main\nmark :{number + 1}\ncommitter t <t@t> {1700000000 + number * 60} +0000\n"
                   f"data {len(subject)}\n{subject}\n{lines}M 644 inline state\ndata {len(state)}\n{state}\n")
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True, env=environment(folder))
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=stream, text=True, check=True,
                   env=environment(folder))
    return git(folder, "rev-list", "--reverse", "main").split()


class Histories(unittest.TestCase):
    """harness/bisect.sh on histories that try to mislead it."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.random = random.Random(self.id())
        self.commits = [Commit() for _ in range(COMMITS)]
        self.parents: dict[int, tuple[int, ...]] = {}
        self.culprit = self.random.randrange(8, COMMITS - 8)

    def break_from(self, first: int, bug: int = 100) -> None:
        """The bug, from a commit on."""
        for commit in self.commits[first:]:
            commit.bug = bug

    def bisect(self, *options: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """The program, as a person calls it; and the commits' names."""
        names = make(self.folder, self.commits, self.parents)
        done = subprocess.run([paths.ROOT / "harness" / "bisect.sh", names[0], names[-1], "--build", BUILD,
                               "--test-command", f"MARKER=new; {TEST}", "--own-command", f'waits=$(. ./state; echo $prints); {TEST}',
                               "--repository", str(self.folder), *options],
                              capture_output=True, text=True, timeout=120, check=False)
        return done, names

    def found(self, *options: str) -> dict[str, object]:
        """Asserts that the culprit is found; the report."""
        done, names = self.bisect(*options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"first bad commit: {names[self.culprit][:7]}", done.stdout)
        self.assertIn(f"    commit {self.culprit}\n", done.stdout)
        self.assertEqual(git(self.folder, "worktree", "list").count("\n"), 0, "a tree is left behind")
        reports = list((self.folder / "build" / "report" / "bisect").glob("*.json"))
        self.assertEqual(len(reports), 1)
        return json.loads(reports[0].read_text(encoding="utf-8"))

    def test_a_regression_at_a_random_place(self) -> None:
        self.break_from(self.culprit)
        report = self.found()
        self.assertEqual(report["signature"], "FAIL marker no line 'done'")
        self.assertLess(int(str(report["runs"])), 40)
        self.assertFalse(report["flaky"])

    def test_a_regression_right_after_good_and_right_at_bad(self) -> None:
        for self.culprit in (1, COMMITS - 1):
            with self.subTest(self.culprit), tempfile.TemporaryDirectory() as folder:
                self.folder = Path(folder)
                self.commits = [Commit() for _ in range(COMMITS)]
                self.break_from(self.culprit)
                self.found()

    def test_broken_builds_in_between(self) -> None:
        self.break_from(self.culprit)
        for number in self.random.sample(range(1, COMMITS - 1), 25):
            if number not in (self.culprit - 1, self.culprit):
                self.commits[number].build = "broken"
        self.found()

    def test_a_flaky_one(self) -> None:
        self.break_from(self.culprit, 50)
        report = self.found("--confidence", "0.9999")
        self.assertTrue(report["flaky"])
        self.assertGreaterEqual(float(str(report["confidence"])), 0.9999)

    def test_a_flaky_one_that_was_a_little_flaky_before(self) -> None:
        self.break_from(1, 4)
        self.break_from(self.culprit, 80)
        self.found("--confidence", "0.9999")

    def test_an_unrelated_failure_later(self) -> None:
        self.break_from(self.culprit)
        first = self.random.randrange(self.culprit + 1, COMMITS - 6)
        for commit in self.commits[first:COMMITS - 3]:
            commit.other = 100
        self.found()

    def test_the_failure_asked_for_comes_after_another_that_was_mended(self) -> None:
        for commit in self.commits[4:self.culprit - 2]:
            commit.other = 100
        self.break_from(self.culprit)
        self.found()

    def test_a_marker_that_changed(self) -> None:
        for changed in (self.culprit - 5, self.culprit, self.culprit + 5):
            with self.subTest(changed - self.culprit), tempfile.TemporaryDirectory() as folder:
                self.folder = Path(folder)
                self.commits = [Commit(prints="old" if number < changed else "new") for number in range(COMMITS)]
                self.break_from(self.culprit)
                self.found()

    def test_all_of_it_at_once(self) -> None:
        self.break_from(self.culprit, 70)
        for number, commit in enumerate(self.commits[1:-1], 1):
            if number not in (self.culprit - 1, self.culprit) and self.random.random() < 0.25:
                commit.build = "broken"
            if number < 20:
                commit.prints = "old"
        self.commits[0].prints = "old"
        for commit in self.commits[self.culprit + 2:self.culprit + 6]:
            commit.other = 100
        self.found("--confidence", "0.9999")

    def test_a_culprit_on_a_branch_that_was_merged(self) -> None:
        self.culprit = 28
        self.parents = {20: (9,), 40: (19, 39)}  # 20 to 39 are a branch from 9, merged by 40
        self.break_from(28)
        self.found()

    def test_a_merge_of_two_good_branches(self) -> None:
        self.culprit = 40
        self.parents = {20: (9,), 40: (19, 39)}
        self.break_from(40)
        self.found()

    def test_a_culprit_that_cannot_be_told_from_commits_that_do_not_build(self) -> None:
        self.break_from(self.culprit)
        for commit in self.commits[self.culprit - 2:self.culprit]:
            commit.build = "broken"
        done, names = self.bisect()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("one of 3 commits", done.stdout)
        for name in names[self.culprit - 2:self.culprit + 1]:
            self.assertIn(name[:7], done.stdout)

    def test_a_metric_that_rose_among_small_drifts(self) -> None:
        cost = 100000
        for number, commit in enumerate(self.commits):
            cost += self.random.randrange(-60, 60) + (5000 if number == self.culprit else 0)
            commit.cost = cost
            commit.build = "broken" if number % 9 == 4 and number not in (self.culprit - 1, self.culprit) else "ok"
        report = self.found("--perf", "cost")
        self.assertEqual(len(list(report["steps"])), 1)  # type: ignore[call-overload]

    def test_a_noisy_metric(self) -> None:
        for number, commit in enumerate(self.commits):
            commit.cost, commit.noise = 100000 + (8000 if number >= self.culprit else 0), 3000
        self.found("--perf", "cost", "--threshold", "0.04")

    def test_a_metric_that_crept(self) -> None:
        for number, commit in enumerate(self.commits):
            commit.cost = 100000 + 150 * number
        done, _ = self.bisect("--perf", "cost")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("it crept in", done.stdout)

    def test_a_tree_is_not_built_twice(self) -> None:
        self.break_from(self.culprit)
        self.found()
        log = subprocess.run([paths.ROOT / "harness" / "bisect.sh", git(self.folder, "rev-list", "--max-parents=0", "main"), "main",
                              "--build", BUILD, "--test-command", f"MARKER=new; {TEST}", "--repository", str(self.folder)],
                             capture_output=True, text=True, timeout=120, check=False).stdout
        self.assertRegex(log, r"\b0 builds, \d+ from the cache")


if __name__ == "__main__":
    unittest.main()
