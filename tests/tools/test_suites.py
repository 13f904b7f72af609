# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What others' suites print, and what is made of it (tests/conformance/suites*.py)."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/conformance"))

import suites  # noqa: E402
import suites_libuv  # noqa: E402
import suites_redis  # noqa: E402
import suites_sqlite  # noqa: E402

REDIS = """[ready]: 17
Testing unit/scan
[ignore]: Not supported on external server
[skip]: left out
[\x1b[0;32;49mok\x1b[0m]: SCAN basic (12 ms)
[ok]: twice (1 ms)
[err]: twice in tests/unit/scan.tcl
Expected '1' to equal '2' (context: [ok]: no line of its own (3 ms))
[1/1 done]: unit/scan (31 seconds)

                   The End

*** [err]: twice in tests/unit/scan.tcl
"""
HUNG = """[ok]: SCAN basic (12 ms)
[TIMEOUT]: clients state report follows.
sock5 => (IN PROGRESS) SCAN COUNT

                   The End
"""
SQLITE = """case: threadtest3 shared1
0 errors out of 1 tests

status: 0
case: mptest crash01 WAL /tmp
00005.mptest:ERROR: no such table

status: 1
case: fuzzcheck fuzzdata4.db
"""


class Redis(unittest.TestCase):
    def test_tests_are_told_by_unit_and_of_two_alike_the_worse_counts(self) -> None:
        self.assertEqual(suites_redis.read_unit("unit/scan", REDIS), {"unit/scan: SCAN basic": "pass", "unit/scan: twice": "fail"})

    def test_a_test_that_waits_for_ever_is_named(self) -> None:
        self.assertEqual(suites_redis.read_unit("unit/scan", HUNG), {"unit/scan: SCAN basic": "pass", "unit/scan: SCAN COUNT": "does not end"})

    def test_a_unit_that_waits_between_tests_has_not_passed(self) -> None:
        between = HUNG.replace("(IN PROGRESS) SCAN COUNT", "(OK) SCAN basic")
        self.assertEqual(suites_redis.read_unit("unit/scan", between), {"unit/scan: SCAN basic": "pass", "unit/scan: the run": "does not end"})

    def test_a_unit_that_is_cut_short_has_not_passed(self) -> None:
        cut = "[ok]: SCAN basic (12 ms)\n[exception]: Executing test client: I/O error reading reply.\n"
        self.assertEqual(suites_redis.read_unit("unit/scan", cut), {"unit/scan: SCAN basic": "pass", "unit/scan: the run": "does not end"})
        self.assertEqual(suites_redis.read_unit("unit/scan", ""), {"unit/scan: the run": "does not end"})


class Sqlite(unittest.TestCase):
    def test_a_case_is_what_its_program_ended_with(self) -> None:
        self.assertEqual(suites_sqlite.read_cases(SQLITE), {"threadtest3 shared1": "pass", "mptest crash01 WAL /tmp": "status 1",
                                                            "fuzzcheck fuzzdata4.db": "does not end"})
        self.assertEqual(suites_sqlite.read_cases(""), {})

    def test_libuvs_lines_are_read(self) -> None:
        said = "1..4\nok 1 - platform_output\n# Output\nnot ok 2 - udp_multicast_join\nok 3 - pipe_overlong # SKIP not here\nok 4 - we_get_signals\n"
        self.assertEqual(suites_libuv.read_tap(said), {"platform_output": "pass", "udp_multicast_join": "fail", "we_get_signals": "pass"})

    def test_every_case_is_in_a_script_once(self) -> None:
        told = [line for text in suites_sqlite.scripts().values() for line in text.splitlines() if line.startswith('told "')]
        wanted = len(suites_sqlite.THREADS) + len(suites_sqlite.PROCESSES) + len(suites_sqlite.SHARED) + len(suites_sqlite.FUZZ_DATA)
        self.assertEqual((len(told), len(set(told))), (wanted, wanted))


class Judged(unittest.TestCase):
    def test_a_reason_is_of_one_suite(self) -> None:
        reasons = {"redis: unit/dump: RESTORE.*": "the clock"}
        row = suites.judge("redis", {"unit/dump: RESTORE a": "fail", "unit/dump: DUMP": "pass", "other": "fail"}, reasons)
        self.assertEqual((row["run"], row["passed"], [one["reason"] for one in row["other"]]), (3, 1, ["", "the clock"]))
        self.assertEqual(suites.judge("sqlite", {"unit/dump: RESTORE a": "fail"}, reasons)["other"][0]["reason"], "")

    def test_marks_and_statuses_are_read(self) -> None:
        self.assertEqual(suites.read_marks("PASS: a\nFAIL: a\nSKIPPED: b\nPASS: c\n"), {"a": "fail", "c": "pass"})
        self.assertEqual(suites.read_stress("suite: futex 0\n| suite: x 1\nsuite: vm 2\n"), {"futex": "pass", "vm": "status 2"})


if __name__ == "__main__":
    unittest.main()
