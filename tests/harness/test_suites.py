# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Others' suites: what is read out of what they print, and what is said of it."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/conformance")]

import suites  # noqa: E402


class SuitesTest(unittest.TestCase):
    def test_results_are_lines_of_their_own(self) -> None:
        self.assertEqual(suites.read_stress("| suite: a 0\nsuite: futex 0\nsuite: timerfd 2\nsuite: x\n"), {"futex": "pass", "timerfd": "status 2"})
        self.assertEqual(suites.read_marks("PASS: a b\n PASS: c\nSKIP: d\nERROR: e\n"), {"a b": "pass", "e": "error"})
        self.assertEqual(suites.read_zlib("\t\t*** zlib test OK ***\n"), {"test": "pass"})
        self.assertEqual(suites.read_zlib("\t\t*** zlib test FAILED ***\n"), {"test": "fail"})

    def test_of_two_of_one_name_the_worse_counts(self) -> None:
        for said in ("PASS: a\nFAIL: a\n", "FAIL: a\nPASS: a\n"):
            self.assertEqual(suites.read_marks(said), {"a": "fail"})

    def test_what_has_no_reason_is_seen(self) -> None:
        row = suites.judge("s", {"a": "pass", "b": "fail", "bc": "fail"}, {"s: b": "known"})
        self.assertEqual((row["run"], row["passed"]), (3, 1))
        self.assertEqual([test["reason"] for test in row["other"]], ["known", ""])


if __name__ == "__main__":
    unittest.main()
