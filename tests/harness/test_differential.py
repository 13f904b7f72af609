# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Sequences of system calls: made alike from a seed, compared, and made short."""
from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "tools")]

from tests.conformance import differential, guests, minimise, sequences  # noqa: E402

ROW = {"operation": r"open(at)? .*", "linux": r".* = -21", "rumpk": r".* = -13", "reason": "because"}


def said(*results: str, seed: int = 1, trouble: str = "") -> guests.Said:
    """What a guest said of one sequence."""
    return guests.Said({(seed, index): result for index, result in enumerate(results, 1)}, trouble, "")


class SequencesTest(unittest.TestCase):
    def test_a_seed_always_gives_the_same(self) -> None:
        families = list(sequences.FAMILIES)
        self.assertEqual(sequences.sequence(7, families, 60), sequences.sequence(7, families, 60))
        self.assertNotEqual(sequences.sequence(7, families, 60), sequences.sequence(8, families, 60))

    def test_every_operation_is_one_that_the_program_knows(self) -> None:
        known = set(re.findall(r'\{"(\w+)", do_', "".join(path.read_text() for path in guests.SOURCES.glob("*.c"))))
        used = {name.strip() for family in sequences.FAMILIES.values() for name in family}
        self.assertEqual(used - known, set())
        self.assertEqual(known - used, set())

    def test_nothing_that_could_wait_for_ever_is_made(self) -> None:
        for seed in range(300):
            for line in sequences.sequence(seed, list(sequences.FAMILIES), 60):
                name, *words = line.split()
                numbers = [int(word) for word in words]
                flags = {"pipe": 2, "eventfd": 2, "socketpair": 3, "socket": 2, "timerfd": 2, "signalfd": 2, "accept": 2}.get(name)
                if flags is not None:
                    self.assertTrue(numbers[flags] & sequences.NONBLOCK, line)
                if name == "fcntl" and numbers[1] == 4:
                    self.assertTrue(numbers[2] & sequences.NONBLOCK, line)
                self.assertLessEqual(len(numbers), 6, line)

    def test_the_text_numbers_operations_from_one(self) -> None:
        self.assertEqual(sequences.text({3: ["ids 0", "uname 0"], 4: []}), "S 3\n1 ids 0\n2 uname 0\nS 4\n")


class ComparisonTest(unittest.TestCase):
    def test_the_first_difference_of_a_sequence_counts(self) -> None:
        made = {1: ["open 0", "read 0", "close 0"]}
        found = differential.differences(made, said("open = 5", "read = 3", "close = 0"), said("open = 5", "read = -9", "close = -9"))
        self.assertEqual([(one.index, one.kind()) for one in found], [(2, ("read", "ok", "-9"))])
        self.assertEqual(differential.differences(made, said("open = 5"), said("open = 5")), [])

    def test_a_guest_that_stopped_differs(self) -> None:
        found = differential.differences({1: ["open 0", "read 0"]}, said("open = 5", "read = 3"), said("open = 5"))
        self.assertEqual(found[0].kind(), ("read", "ok", "nothing"))

    def test_what_linux_did_not_run_is_not_judged(self) -> None:
        self.assertEqual(differential.differences({1: ["open 0", "read 0"]}, said("open = 5"), said("open = 5", "read = 1")), [])

    def test_a_meant_difference_is_told_with_its_reason(self) -> None:
        out: list[str] = []
        meant = differential.Difference(1, 1, "openat 0 3", "openat = -21", "openat = -13")
        other = differential.Difference(2, 1, "openat 0 3", "openat = -21", "openat = -2")
        self.assertEqual(differential.report([meant, other], [ROW], out), 1)
        self.assertIn("(meant: because)", "\n".join(out))
        self.assertIn("seed 2, operation 1: openat 0 3", "\n".join(out))

    def test_goes_on_behind_a_sequence_that_stops_the_guest(self) -> None:
        asked: list[list[int]] = []

        def boot(some: dict[int, list[str]]) -> guests.Said:
            asked.append(list(some))
            stops = 2 in some
            return guests.Said({(seed, 1): "ids = 0" for seed in some if not stops or seed <= 2}, "it stopped" if stops else "", "")

        whole = differential.in_pieces({1: ["ids"], 2: ["ids"], 3: ["ids"]}, boot)
        self.assertEqual(asked, [[1, 2, 3], [3]])
        self.assertEqual(sorted(whole.lines), [(1, 1), (2, 1), (3, 1)])
        self.assertIn("in sequence 2", whole.trouble)


class MinimiseTest(unittest.TestCase):
    def test_leaves_what_the_difference_needs(self) -> None:
        lines = [str(number) for number in range(40)]

        def judge(tries: dict[int, list[str]]) -> list[list[str]]:
            return [["kind"] if {"3", "17", "39"} <= set(some) else ["another"] for some in tries.values()]

        self.assertEqual(minimise.shortest(lines, "kind", judge), ["3", "17", "39"])

    def test_leaves_alone_what_cannot_be_shorter(self) -> None:
        self.assertEqual(minimise.shortest(["a", "b"], "kind", lambda tries: [[] for _ in tries]), ["a", "b"])
        self.assertEqual(minimise.shortest(["a"], "kind", lambda tries: [[] for _ in tries]), ["a"])


if __name__ == "__main__":
    unittest.main()
