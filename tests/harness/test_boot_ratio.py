# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Where the median of a noisy ratio lies."""
from __future__ import annotations

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness.boot_ratio import median_interval  # noqa: E402


class MedianInterval(unittest.TestCase):
    """median_interval()"""

    def test_few_values_say_no_more_than_their_range(self) -> None:
        self.assertEqual(median_interval([3.0, 1.0, 2.0]), (1.0, 3.0))

    def test_it_holds_the_median_but_for_the_doubt(self) -> None:
        source = random.Random(1)
        missed = 0
        for _ in range(2000):
            low, high = median_interval([source.expovariate(1.0) for _ in range(60)])
            missed += not low <= 0.6931 <= high
        self.assertLess(missed, 2000 * 0.01 * 1.5)

    def test_it_narrows_with_the_number_of_values(self) -> None:
        source = random.Random(2)
        width = {}
        for count in (60, 240):
            low, high = median_interval([source.gauss(1.3, 0.05) for _ in range(count)])
            width[count] = high - low
        self.assertLess(width[240], width[60] * 0.7)

    def test_what_lies_clearly_above_is_seen_as_above(self) -> None:
        source = random.Random(3)
        low, _ = median_interval([source.gauss(1.36, 0.05) for _ in range(60)])
        self.assertGreater(low, 1.3)


if __name__ == "__main__":
    unittest.main()
