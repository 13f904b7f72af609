# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The verdict over canned runs: each row changes one thing of a run that passes."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import result  # noqa: E402
from harness.verdict import Expectation, Observation, judge, first_missing  # noqa: E402

NONCE = "00c0ffee00c0ffee"
LOG = f"boot: nonce {NONCE}\nalive\ndone\n".encode()
KTAP = f"KTAP version 1\n# nonce {NONCE}\n1..2\nok 1 a\nok 2 b\n".encode()
WANT = Expectation(markers=("alive", "re:d.ne"), nonce=NONCE)
GUEST = Expectation(nonce=NONCE, ktap=True)


def seen(**changes: object) -> Observation:
    """A run that passes, but for `changes`."""
    return Observation(**{"how": "exited", "status": 0, "console": LOG, **changes})  # type: ignore[arg-type]


#: what is special, expectation, observation, verdict, cause
TABLE = (
    ("all as it should be", WANT, seen(), "PASS", ""),
    ("CR LF line ends", WANT, seen(console=LOG.replace(b"\n", b"\r\n")), "PASS", ""),
    ("other lines between", WANT, seen(console=LOG.replace(b"done", b"more\ndone")), "PASS", ""),
    ("no QEMU", WANT, seen(how="no-qemu", status=None, stderr="not found"), "NO-START", "no-qemu"),
    ("no QEMU to be run", WANT, seen(started=False, status=127, stderr="setpriv: failed"), "NO-START", "no-qemu"),
    ("no kernel", WANT, seen(started=False, status=1, stderr="could not load kernel"), "NO-START", "not-run"),
    ("a panic", WANT, seen(console=LOG + b"PANIC: oh\n", status=255), "PANIC", "panic"),
    ("a panic with status 0", WANT, seen(console=LOG + b"PANIC: oh\n"), "PANIC", "panic"),
    ("a panic and then a hang", WANT, seen(console=LOG + b"PANIC: oh\n", how="idle", status=None), "PANIC", "panic"),
    ("the word panic inside a line", WANT, seen(console=LOG + b"no PANIC: here\n"), "PASS", ""),
    ("a reset", WANT, seen(shutdowns=("guest-reset",)), "RESET", "guest-reset"),
    ("spinning", WANT, seen(how="cpu", status=None), "HANG", "spins"),
    ("idling", WANT, seen(how="idle", status=None), "HANG", "idles"),
    ("flooding", WANT, seen(how="flood", status=None), "HANG", "floods"),
    ("out of wall time", WANT, seen(how="wall", status=None), "HANG", "wall-cap"),
    ("out of wall time, starved", WANT, seen(how="wall", status=None, starved=True), "HOST-TIMEOUT", "starved"),
    ("spinning, starved", WANT, seen(how="cpu", status=None, starved=True), "HANG", "spins"),
    ("stopped", WANT, seen(how="stopped", status=None), "HOST-TIMEOUT", "stopped"),
    ("killed", WANT, seen(status=-9), "HOST-TIMEOUT", "qemu-killed"),
    ("SIGTERM, status 0", WANT, seen(shutdowns=("host-signal",)), "HOST-TIMEOUT", "qemu-killed"),
    ("power-off, status 0", WANT, seen(shutdowns=("guest-shutdown",)), "FAIL", "events"),
    ("no power-off where due", Expectation(shutdowns=("guest-shutdown",), nonce=NONCE), seen(), "FAIL", "events"),
    ("another status", WANT, seen(status=1), "FAIL", "status"),
    ("status 0 where 126 is due", Expectation(126, nonce=NONCE), seen(), "FAIL", "status"),
    ("status 126 where due", Expectation(126, nonce=NONCE), seen(status=126), "PASS", ""),
    ("status 256 made 0", WANT, seen(console=LOG + b"proc: process 1 exited with code 256\n"), "FAIL", "status"),
    ("nothing at all, status 0", WANT, seen(console=b""), "FAIL", "nonce"),
    ("another nonce", WANT, seen(console=LOG.replace(b"00c0", b"11c0")), "FAIL", "nonce"),
    ("a marker missing", WANT, seen(console=LOG.replace(b"alive", b"aliv")), "FAIL", "marker"),
    ("a marker as part of a line", WANT, seen(console=LOG.replace(b"alive", b"alive?")), "FAIL", "marker"),
    ("markers in the wrong order", WANT, seen(console=LOG.replace(b"alive\ndone", b"done\nalive")), "FAIL", "marker"),
    ("a marker without its line end", WANT, seen(console=LOG[:-1]), "FAIL", "marker"),
    ("half a line at the end", WANT, seen(console=LOG + b"and th"), "FAIL", "half-line"),
    ("a bug after the last marker", WANT, seen(console=LOG + b"BUG: bad list\n"), "FAIL", "bad-pattern"),
    ("a leak", WANT, seen(console=LOG + b"heap: leak of 3 pages\n"), "FAIL", "bad-pattern"),
    ("bytes that are no text", WANT, seen(console=LOG + b"\xff\xfe\x00\n"), "PASS", ""),
    ("a script that complains", WANT, seen(script_error="not seen"), "FAIL", "script"),
    ("a guest error", WANT, seen(stderr="gicv3_dist_write: invalid\n"), "FAIL", "guest-error"),
    ("a panic that is due", Expectation(255, ("re:PANIC: .*",), NONCE, panics=True),
     seen(console=LOG + b"PANIC: oh\n", status=255), "PASS", ""),
    ("no panic where due", Expectation(255, ("re:PANIC: .*",), NONCE, panics=True), seen(status=255), "FAIL", "marker"),
    ("complete results", GUEST, seen(console=b"", results=KTAP), "PASS", ""),
    ("no results", GUEST, seen(), "PROTOCOL", "ktap"),
    ("cut results", GUEST, seen(results=KTAP[:-8]), "PROTOCOL", "ktap"),
    ("stale results", GUEST, seen(results=KTAP.replace(b"00c0", b"11c0")), "PROTOCOL", "nonce"),
    ("a result not ok, status 1", GUEST, seen(results=KTAP.replace(b"ok 2", b"not ok 2"), status=1), "FAIL", "status"),
    ("a result not ok, status 0", GUEST, seen(results=KTAP.replace(b"ok 2", b"not ok 2")), "FAIL", "guest-test"),
    ("a guest that skips all", GUEST,
     seen(results=f"KTAP version 1\n# nonce {NONCE}\n1..0 # SKIP no RNDR\n".encode()), "SKIP", "guest"),
    ("a hang in the middle of results", GUEST, seen(results=KTAP[:-8], how="cpu", status=None), "HANG", "spins"),
)


class Judge(unittest.TestCase):
    """judge() over the table."""

    def test_a_verdict_quotes_no_more_than_one_can_read(self) -> None:
        for console in (LOG.replace(b"done", b"x" * 100000), LOG + b"WARNING: " + b"y" * 100000 + b"\n"):
            self.assertLess(len(str(judge(WANT, seen(console=console)))), 500)

    def test_each_run_gets_exactly_its_verdict(self) -> None:
        for special, want, run, name, cause in TABLE:
            with self.subTest(special):
                verdict = judge(want, run)
                self.assertEqual((verdict.name, verdict.cause), (name, cause), str(verdict))

    def test_signature_has_no_addresses_and_numbers(self) -> None:
        first, second = (judge(WANT, seen(console=LOG + f"PANIC: bad page 0x{at:x} of {at}\n".encode()))
                         for at in (0x1234, 0xABCDEF))
        self.assertEqual(first.signature, second.signature)
        self.assertNotEqual(first.signature, judge(WANT, seen(console=LOG + b"PANIC: other\n")).signature)

    def test_host_faults_are_told_from_the_guests(self) -> None:
        self.assertTrue(judge(WANT, seen(status=-9)).host_fault)
        self.assertFalse(judge(WANT, seen(started=False, status=1)).host_fault)

    def test_first_missing_wants_each_marker_after_the_one_before(self) -> None:
        self.assertIsNone(first_missing(("a", "a"), ["a", "b", "a", ""]))
        self.assertEqual(first_missing(("a", "a"), ["a", "b", ""]), "a")


#: stream, the words of the breach
BREACHES = (
    (b"", "empty"),
    (b"TAP version 13\n", "line 1"),
    (b"KTAP version 1\n", "no plan"),
    (b"KTAP version 1\n1..1\nok 1 a", "middle of a line"),
    (b"KTAP version 1\n1..2\nok 1 a\n", "1..2, but 1"),
    (b"KTAP version 1\n1..1\nok 1 a\nok 2 b\n", "more results"),
    (b"KTAP version 1\n1..2\nok 2 a\nok 1 b\n", "number 2 where 1"),
    (b"KTAP version 1\nok 1 a\n1..1\n", "before the plan"),
    (b"KTAP version 1\n1..1\n1..1\nok 1 a\n", "second plan"),
    (b"KTAP version 1\n# nonce ab\n# nonce ab\n1..1\nok 1 a\n", "second nonce"),
    (b"KTAP version 1\n1..1\nhello\nok 1 a\n", "not KTAP"),
    (b"KTAP version 1\n1..1\n# perf x 1\nok 1 a\n", "not a measurement"),
    (b"KTAP version 1\n1..1\nok 1\n", "not KTAP"),
)


class Parse(unittest.TestCase):
    """The strict KTAP parser."""

    def test_each_breach_is_named(self) -> None:
        for stream, words in BREACHES:
            with self.subTest(stream):
                self.assertIn(words, result.parse(stream).error)

    def test_results_measures_and_nonce_are_read(self) -> None:
        results = result.parse(b"KTAP version 1\n# nonce 0a\n1..3\nok 1 a\n# perf ring.push 12.5 instructions/op\n"
                               b"not ok 2 b # 3 is not 4\n# any words\nok 3 c # SKIP no RNDR\n")
        self.assertEqual(results.error, "")
        self.assertEqual(results.nonce, "0a")
        self.assertEqual([(test.name, test.passed, test.skipped) for test in results.tests],
                         [("a", True, False), ("b", False, False), ("c", True, True)])
        self.assertEqual(results.failed[0].why, "3 is not 4")
        self.assertEqual((results.measures[0].metric, results.measures[0].value), ("ring.push", 12.5))


if __name__ == "__main__":
    unittest.main()
