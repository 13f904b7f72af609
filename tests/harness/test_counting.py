# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What is counted where: exact tests in the run that judges them, those in real time apart."""
from __future__ import annotations

import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import counting, paths  # noqa: E402
from harness.machine import MachineConfig  # noqa: E402
from harness.runner import run_case  # noqa: E402
from harness.suite import HELLO, PRODUCT, Case, product  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

HALTED = "sched: last process exited, halting"


def case(name: str, **machine: object) -> Case:
    """A boot of the product."""
    return Case(name, product(HELLO, **machine), Expectation(markers=(HALTED,)))


class Count(unittest.TestCase):
    """harness/counting.py"""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        for name, value in (("FOLDER", Path(holder.name)), ("COUNTED", Path(holder.name) / "counted.json")):
            patch = mock.patch.object(counting, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_an_exact_boot_passes_as_it_would_and_is_counted(self) -> None:
        run = counting.Counting()
        one = run.of(case("counted"))
        plain, counted = run_case(case("counted")), run_case(one)
        self.assertTrue(counted.verdict.good, counted.verdict)
        self.assertEqual(counted.console, plain.console)
        image = counting.Image.beside(PRODUCT)
        assert image is not None
        self.assertTrue(any(image.counts.read_bytes()))
        run.finish()
        self.assertEqual(counting.counted([PRODUCT]), ({"counted"}, {PRODUCT.name}))

    def test_what_runs_in_real_time_or_is_no_kernel_of_ours_is_left_as_it_is(self) -> None:
        run = counting.Counting()
        for one in (case("real", icount=False), replace(case("skipped"), skip="why"),
                    Case("floor", MachineConfig(paths.BUILD / "tests" / "floor.img"), Expectation())):
            self.assertEqual(run.of(one), one)
        self.assertEqual(run.tests, [])

    def test_counts_of_another_image_count_for_nothing(self) -> None:
        run = counting.Counting()
        run.of(case("counted"))
        run.finish()
        with mock.patch.object(counting, "digest", return_value="another"):
            self.assertEqual(counting.counted([PRODUCT]), (set(), set()))
        self.assertEqual(counting.counted([]), (set(), set()))

    def test_of_the_same_on_several_machines_the_first_and_the_last_are_taken(self) -> None:
        names = ("x[a,mmio,smp1]", "x[a,mmio,smp4]", "x[a,pci,smp1]", "x[a,pci,smp4]", "x[b,mmio,smp1]", "y", "x[a,ro]")
        found = counting.kinds([case(name) for name in names])
        self.assertEqual([one.name for one in found], ["x[a,mmio,smp1]", "x[a,pci,smp4]", "x[b,mmio,smp1]", "y", "x[a,ro]"])


if __name__ == "__main__":
    unittest.main()
