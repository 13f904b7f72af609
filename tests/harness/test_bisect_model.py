# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The bisection's mathematics without git: every place of 64 commits, and what a flaky test costs."""
from __future__ import annotations

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import bisect_model as model  # noqa: E402
from harness.bisect_judge import RunResult, normal  # noqa: E402
from harness.bisect_search import Hopeless, Search  # noqa: E402

COMMITS = [f"{number:040x}" for number in range(64)]


class FakePool:
    """Runs that are drawn instead of made."""

    def __init__(self, culprit: int, bad_rate: float = 1.0, good_rate: float = 0.0, seed: int = 0,
                 skipped: frozenset[int] = frozenset()) -> None:
        self.culprit, self.bad_rate, self.good_rate, self.skipped = culprit, bad_rate, good_rate, skipped
        self.random = random.Random(seed)
        self.trees, self.signature, self.ran = [None, None], None, 0
        self.outputs: dict[str, RunResult] = {}

    def map(self, work, items) -> None:  # type: ignore[no-untyped-def]
        for item in items:
            work(None, item)

    def judge(self, _tree: object, commit: str, evidence: model.Evidence, repeats: int, decisive: bool) -> None:
        number = int(commit, 16)
        if number in self.skipped:
            evidence.skipped = "does not build"
            return
        for _ in range(repeats):
            self.ran += 1
            failed = self.random.random() < (self.bad_rate if number >= self.culprit else self.good_rate)
            evidence.failed += failed
            evidence.passed += not failed
            self.outputs[commit] = RunResult("failed" if failed else "passed", "FAIL")
            if failed and decisive:
                break


def search(pool: FakePool, confidence: float = 0.99) -> tuple[list[int], float]:
    """A whole search."""
    found = Search(pool, COMMITS, confidence, 5000)  # type: ignore[arg-type]
    found.ends()
    return found.run()


class Model(unittest.TestCase):
    """harness/bisect_model.py and bisect_search.py"""

    def test_every_place_is_found(self) -> None:
        for culprit in range(1, 64):
            pool = FakePool(culprit)
            group, sure = search(pool)
            self.assertEqual(group, [culprit])
            self.assertGreaterEqual(sure, 0.99)
            self.assertLessEqual(pool.ran, 36)

    def test_flaky_tests_are_found_as_often_as_is_stated(self) -> None:
        wrong = sum(search(FakePool(culprit, rate, 0.0, culprit))[0] != [culprit]
                    for rate in (0.3, 0.6, 0.9, 0.97) for culprit in range(1, 64, 4))
        self.assertLessEqual(wrong, 3, "of 64 searches at 99 %")

    def test_a_seldom_failure_costs_more_runs(self) -> None:
        often, seldom = FakePool(20, 0.8, 0.0, 1), FakePool(20, 0.25, 0.0, 1)
        self.assertEqual((search(often)[0], search(seldom)[0]), ([20], [20]))
        self.assertGreater(seldom.ran, 1.5 * often.ran)

    def test_commits_that_cannot_be_judged_stay_together(self) -> None:
        group, _ = search(FakePool(30, skipped=frozenset((28, 29))))
        self.assertEqual(group, [28, 29, 30])
        group, _ = search(FakePool(30, skipped=frozenset(range(1, 63))))
        self.assertEqual(group, list(range(1, 64)))

    def test_ends_that_cannot_be_told_apart_are_refused(self) -> None:
        for bad_rate, good_rate in ((0.0, 0.0), (1.0, 1.0), (0.5, 0.5)):
            with self.assertRaises(Hopeless):
                search(FakePool(20, bad_rate, good_rate))

    def test_repeats_follow_the_rate(self) -> None:
        repeats = [model.Model([model.Evidence()], rate).repeats() for rate in (0.999, 0.9, 0.5, 0.2, 0.01)]
        self.assertEqual(repeats, [1, 1, 4, 11, model.REPEATS_MAX])

    def test_signatures_differ_by_what_failed_not_by_what_came_last(self) -> None:
        self.assertEqual(normal("FAIL marker no line 'a' in its place; last line: 'b'"), "FAIL marker no line 'a' in its place")
        self.assertNotEqual(normal("PANIC panic a"), normal("PANIC panic b"))

    def test_an_exact_metric_needs_one_run(self) -> None:
        self.assertEqual(model.metric_repeats([5.0, 5.0], 0.03), 1)
        self.assertGreater(model.metric_repeats([100.0, 103.0, 97.0], 0.03), 5)
        self.assertGreater(model.metric_repeats([100.0, 103.0, 97.0], 0.03), model.metric_repeats([100.0, 103.0, 97.0], 0.1))


if __name__ == "__main__":
    unittest.main()
