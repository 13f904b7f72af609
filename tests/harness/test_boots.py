# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What many boots come to, and what is judged of them."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import boots, perf  # noqa: E402
from harness.runner import Run  # noqa: E402
from harness.verdict import FAIL, PASS, Verdict  # noqa: E402


def ended(verdict: str = PASS, console: bytes = b"boot: nonce 12ab\r\n") -> Run:
    """A boot that came out so."""
    return Run(boots.hello(), Verdict(verdict, "exited", ""), Path(), console=console)


class Rounds(unittest.TestCase):
    """boot_many(): rounds of c-hello, each followed by one of the trivial image."""

    def many(self, total: int, floor: Path | None, runs: list[Run] | None = None) -> tuple[boots.Boots, boots.Boots, list[str]]:
        """What comes of boots that end so, in turns, and the names of what was booted."""
        booted: list[str] = []

        def run_case(case: boots.suite.Case, attempt: str) -> Run:
            booted.append(case.name)
            return runs[len(booted) % len(runs)] if runs else ended()

        with mock.patch.object(boots, "run_case", run_case), mock.patch("builtins.print"):
            return *boots.boot_many(total, 1, floor), booted

    def test_the_trivial_image_comes_after_each_round(self) -> None:
        done, trivial, booted = self.many(boots.ROUND + 20, Path("floor.img"))
        self.assertEqual((done.total, trivial.total), (boots.ROUND + 20, 2 * boots.ROUND_TRIVIAL))
        self.assertEqual(booted, [*["boots"] * boots.ROUND, *["trivial"] * boots.ROUND_TRIVIAL, *["boots"] * 20, *["trivial"] * boots.ROUND_TRIVIAL])
        self.assertEqual((len(done.cpu_ms), len(trivial.cpu_ms), done.different, trivial.different), (2, 2, 0, 0))

    def test_without_a_trivial_image(self) -> None:
        done, trivial, booted = self.many(7, None)
        self.assertEqual((done.total, trivial.total, booted), (7, 0, ["boots"] * 7))

    def test_what_failed_and_what_printed_otherwise_differ(self) -> None:
        done, _, _ = self.many(9, None, [ended(), ended(FAIL), ended(console=b"boot: nonce 77ff\r\nmore")])
        self.assertEqual((len(done.failed), done.different), (3, 6))


class Judged(unittest.TestCase):
    """What is made of the rounds' CPU time."""

    def row(self, metric: str, cpu_ms: list[float], trivial_ms: list[float], failed: bool = False) -> perf.Row:
        """A row of boots that took so much CPU time."""
        done = boots.Boots(300, 1.0, kinds=boots.collections.Counter({b"": 300}), cpu_ms=cpu_ms)
        trivial = boots.Boots(90, 1.0, [ended(FAIL)] if failed else [], cpu_ms=trivial_ms)
        with mock.patch.object(boots, "boot_many", return_value=(done, trivial)):
            return next(row for row in perf.boots_rows(300, 2) if row.metric == metric)

    def test_boots_a_minute_of_two_cpus(self) -> None:
        self.assertEqual(boots.Boots(300, cpu_ms=[120.0, 100.0, 90.0]).by_cpu_time(), 1200.0)
        self.assertEqual(boots.Boots(300, cpu_ms=[120.0]).by_cpu_time(cpus=1), 500.0)
        self.assertEqual(boots.Boots().by_cpu_time(), 0.0)

    def test_the_median_of_the_rounds_is_judged(self) -> None:
        limit = perf.BOOTS_COST
        row = self.row("boots.cost", [100.0 * limit, 150.0 * limit, 900.0], [100.0, 150.0, 60.0])
        self.assertEqual((row.value, row.limit, row.good), (limit, f"<= {limit}", True))
        self.assertFalse(self.row("boots.cost", [100.1 * limit] * 3, [100.0] * 3).good)

    def test_a_slow_host_is_no_fault(self) -> None:
        self.assertTrue(self.row("boots.cost", [1000.0] * 3, [600.0] * 3).good)

    def test_boots_that_fail_cost_nothing_that_could_be_judged(self) -> None:
        self.assertFalse(self.row("boots.cost", [100.0], [100.0], failed=True).good)
        self.assertFalse(self.row("boots.trivial_failed", [100.0], [100.0], failed=True).good)


if __name__ == "__main__":
    unittest.main()
