# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Counting host tests: what CUnit prints, and what it fails to print."""
from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness.unit import parse_cunit, python_stage  # noqa: E402

HEAD = "\n\n     CUnit - A unit testing framework for C - Version 2.1-3\n\n\nSuite: lib/x\n"
TAIL = ("\nRun Summary:    Type  Total    Ran Passed Failed Inactive\n"
        "              suites      1      1    n/a      0        0\n"
        "               tests      {0}      {0}      {1}      {2}        0\n"
        "             asserts      4      4      2      2      n/a\n")


def counts(output: str, status: int | None = 0) -> tuple[int, int]:
    """Tests and failures that are found in an output."""
    items = parse_cunit("x_test", output, status)
    return len(items), sum(bool(item.failure) for item in items)


class Cunit(unittest.TestCase):
    """parse_cunit() over canned outputs."""

    def test_passed_and_failed_tests_are_counted(self) -> None:
        output = (HEAD + "  Test: a ...passed\n  Test: b ...FAILED\n    1. x.c:2  - 1==2\n    2. x.c:3  - 2==3\n"
                  "  Test: c ...passed\n" + TAIL.format(3, 2, 1))
        self.assertEqual(counts(output, 1), (3, 1))
        self.assertIn("1==2", parse_cunit("x_test", output, 1)[1].failure)

    def test_output_of_a_test_does_not_hide_its_verdict(self) -> None:
        self.assertEqual(counts(HEAD + "  Test: a ...noise\npassed\n" + TAIL.format(1, 1, 0)), (1, 0))

    def test_a_crash_is_a_failure(self) -> None:
        self.assertEqual(counts(HEAD + "  Test: a ...", -11)[1], 2)
        self.assertEqual(counts("", -6), (1, 1))

    def test_a_sanitizer_status_after_a_good_summary_is_a_failure(self) -> None:
        self.assertEqual(counts(HEAD + "  Test: a ...passed\n" + TAIL.format(1, 1, 0), 1), (2, 1))

    def test_no_test_a_timeout_and_a_wrong_sum_are_failures(self) -> None:
        self.assertEqual(counts(HEAD + TAIL.format(0, 0, 0)), (1, 1))
        self.assertEqual(counts(HEAD + "  Test: a ...passed\n", None), (2, 1))
        self.assertEqual(counts(HEAD + "  Test: a ...passed\n" + TAIL.format(2, 2, 0))[1], 1)


class Python(unittest.TestCase):
    """python_stage() over a folder of files, each in a process of its own."""

    def stage(self, **files: str) -> dict[str, str]:
        """What is said of each test."""
        with tempfile.TemporaryDirectory() as folder, mock.patch("builtins.print"):
            for name, body in files.items():
                Path(folder, f"test_{name}.py").write_text(f"import os, unittest\nclass T(unittest.TestCase):\n {body}\n", encoding="utf-8")
            found = python_stage("some", [Path(folder)], 2).items
        return {item.name: item.failure or item.skipped for item in found}

    def test_every_file_is_run_and_every_failure_told(self) -> None:
        said = self.stage(good="def test_a(self): print('[]')", bad="def test_b(self): self.assertEqual(1, 2)",
                          left="@unittest.skip('why')\n def test_c(self): pass")
        self.assertEqual(said, {"test_good.T.test_a": "", "test_bad.T.test_b": "AssertionError: 1 != 2", "test_left.T.test_c": "why"})

    def test_a_file_that_dies_or_has_no_test_is_a_failure(self) -> None:
        said = self.stage(dies="def test_a(self): os._exit(0)", none="x = 1", broken="def (")
        self.assertEqual((said["test_dies"], said["test_none"]), ("exit status 0", "no test here"))
        self.assertEqual(len([name for name, why in said.items() if why]), 3)


if __name__ == "__main__":
    unittest.main()
