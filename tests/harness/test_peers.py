# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The comparison of rings: which runs count, and what the table says of them."""
from __future__ import annotations

import unittest

from tests.perf.peers import peers, table


def cell(*runs: tuple[float, float], far: bool = False, stuck: tuple[float, ...] = ()) -> peers.Cell:
    """A cell with runs of one state: (rate, share of others)."""
    return peers.Cell([peers.Run(rate, others, far) for rate, others in runs], len(runs), list(stuck))


class Counted(unittest.TestCase):
    """Which runs count."""

    def test_disturbed_runs_do_not_count_where_others_are_enough(self) -> None:
        self.assertEqual(cell((10, 0), (11, 0.01), (12, 0), (1, 0.5)).used(False), [10, 11, 12])

    def test_least_disturbed_runs_fill_up(self) -> None:
        self.assertEqual(cell((10, 0), (1, 0.9), (5, 0.2), (7, 0.1)).used(False), [5, 7, 10])

    def test_only_one_state_of_the_machine_counts(self) -> None:
        both = cell((10, 0), (11, 0), (12, 0))
        both.runs += cell((99, 0), far=True).runs
        self.assertEqual(both.used(False), [10, 11, 12])
        self.assertEqual(both.used(True), [99])

    def test_stuck_runs_count_as_slow_ones(self) -> None:
        self.assertEqual(cell((148, 0.1), stuck=(0.5, 0.5)).used(False), [0.5, 0.5, 148])


class Table(unittest.TestCase):
    """What it says."""

    about = table.About("rumpk", ["rumpk", "other"], 3, 2, "a CPU", False, (3, 32), 0.04, 0.1, 9.0)

    def row(self, ours: float, other: float) -> table.Row:
        """A row of two contenders."""
        return table.Row("1P1C", {"rumpk": table.Entry(ours, ours, ours, 3, 0, 0), "other": table.Entry(other, 1, 2, 1, 4, 2)})

    def test_rows_behind_are_named(self) -> None:
        text = table.markdown(self.about, [self.row(10, 20)])
        self.assertIn("ahead in 0 of 1 rows; behind in: 1P1C", text)
        self.assertIn("0.50 x other", text)

    def test_few_undisturbed_runs_and_stuck_ones_are_marked(self) -> None:
        self.assertIn("~20 (1..2, stuck 2 x)", table.markdown(self.about, [self.row(10, 20)]))

    def test_page_and_plot_have_every_case(self) -> None:
        rows = [self.row(10, 5)]
        self.assertIn("<td>1P1C", table.page(self.about, rows))
        self.assertIn(">1P1C</text>", table.plot(self.about, rows))


if __name__ == "__main__":
    unittest.main()
