# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Counting instructions from a log of QEMU's, and naming where they went."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import paths, perf, result  # noqa: E402
from harness.steps import EVENT_BLOCK, by_function, count  # noqa: E402
from harness.symbols import Symbols  # noqa: E402

TRACE = "Trace 0: 0x7f1c8c000100 [0000000000004000/{:016x}/00000121/ff000201] \n"
BYTE = "pl011_write addr 0x00000000 value 0x{:08x}\n"
CONTROL = "pl011_write addr 0x0000002c value 0x00000070\n"


def log(*parts: int | str) -> bytes:
    """Instructions (numbers) and console text."""
    return "".join(TRACE.format(part) if isinstance(part, int) else "".join(BYTE.format(ord(char)) for char in part)
                   for part in parts).encode()


class Count(unittest.TestCase):
    """count()"""

    def test_instructions_up_to_the_line_end_are_counted(self) -> None:
        steps = count(CONTROL.encode() + log(4, 8, "one\ntw", 8, "o\r\n", 12, "three\n"), "two")
        self.assertEqual((steps.total, steps.at[8]), (3, 2))

    def test_blocks_are_counted_once_each_by_their_first_instruction(self) -> None:
        text = ("IN: \n0x40080000:  d503201f  nop      \n0x40080004:  14000001  b        #0x40080008\n\n"
                "IN: \n0x40080008:  d503201f  nop      \n\n").encode()
        blocks = count(text + log("one\n") + text, "one", EVENT_BLOCK)
        self.assertEqual((blocks.total, blocks.at), (2, {0x4008_0000: 1, 0x4008_0008: 1}))

    def test_a_line_that_never_comes_is_an_error(self) -> None:
        with self.assertRaises(RuntimeError):
            count(log(4, "one\nhalf"), "half")

    def test_functions_are_named_also_before_the_mmu_is_on(self) -> None:
        symbols = Symbols.beside(paths.BUILD / "tests" / "good.img")
        found = by_function(count(log(0x4008_0040, "x\n"), "x"), symbols)
        self.assertEqual(sum(found.values()), 1)
        self.assertNotIn("?", found)


class Baseline(unittest.TestCase):
    """perf.judge()"""

    def row(self, value: float, unit: str = "instructions") -> tuple[bool, str]:
        """How a value fares beside a baseline of 1000."""
        row = perf.judge(result.Measure("m", value, unit), {"m": 1000})
        return row.good, row.limit

    def test_two_per_cent_is_the_limit(self) -> None:
        self.assertTrue(self.row(1020)[0])
        self.assertFalse(self.row(1021)[0])
        self.assertTrue(self.row(500)[0])

    def test_rates_are_shown_and_not_judged(self) -> None:
        self.assertEqual(self.row(1, "messages/s"), (True, ""))

    def test_a_percentage_has_a_ceiling_and_no_baseline(self) -> None:
        self.assertEqual(self.row(110, "percent"), (True, "<= 110"))
        self.assertFalse(self.row(110.1, "percent")[0])

    def test_a_count_without_a_baseline_fails(self) -> None:
        self.assertFalse(perf.judge(result.Measure("new", 1, "instructions/op"), {}).good)


if __name__ == "__main__":
    unittest.main()
