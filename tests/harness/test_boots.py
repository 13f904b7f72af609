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


class ByCpuTime(unittest.TestCase):
    """Boots.by_cpu_time(), and the row that it is judged by."""

    def row(self, rounds_cpu_s: list[float], total: int = 300) -> perf.Row:
        """The judged row of boots that took so much CPU time."""
        done = boots.Boots(total, 1.0, rounds_cpu_s=rounds_cpu_s)
        with mock.patch.object(boots, "boot_many", return_value=done):
            return next(row for row in perf.boots_row(total, 2) if row.metric == "boots.rate_calmest_round")

    def test_all_rounds_and_the_calmest(self) -> None:
        self.assertEqual(boots.Boots(300, rounds_cpu_s=[12.0, 8.0, 10.0]).by_cpu_time(), (1200.0, 1500.0))
        self.assertEqual(boots.Boots(300, rounds_cpu_s=[12.0]).by_cpu_time(cpus=1), (500.0, 500.0))
        self.assertEqual(boots.Boots(50).by_cpu_time(), (0.0, 0.0))

    def test_the_calmest_round_is_judged(self) -> None:
        self.assertTrue(self.row([30.0, 12.0, 20.0]).good)
        self.assertFalse(self.row([12.01, 12.02]).good)
        self.assertEqual(self.row([12.0]).limit, ">= 1000")

    def test_less_than_a_round_is_not_judged(self) -> None:
        row = self.row([], 50)
        self.assertEqual((row.limit, row.good), ("", True))


if __name__ == "__main__":
    unittest.main()
