# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The console: bytes kept with their times, whole lines, and what pexpect makes of them."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import threading  # noqa: E402

import pexpect  # noqa: E402

from harness.console import KEEP_BYTES, Console, split_lines  # noqa: E402


def fed(*pieces: bytes) -> Console:
    """A console that was fed one piece a millisecond and closed."""
    console = Console()
    for number, piece in enumerate(pieces):
        console.feed(piece, number * 1_000_000)
    console.close()
    return console


class Lines(unittest.TestCase):
    """Whole lines and their times."""

    def test_a_line_split_over_pieces_has_the_time_of_its_end(self) -> None:
        self.assertEqual(fed(b"one\ntw", b"o", b"\nthr").timed_lines(),
                         [(0, "one"), (2_000_000, "two"), (2_000_000, "thr")])

    def test_an_unfinished_line_is_no_line(self) -> None:
        self.assertEqual(fed(b"one\r\ntwo").lines(), ["one"])
        self.assertEqual(split_lines(b"one\ntwo"), (["one"], "two"))

    def test_wait_line_wants_the_whole_line(self) -> None:
        self.assertEqual(fed(b"a done\n", b"done\n").wait_line("done", 0), 1_000_000)
        self.assertEqual(fed(b"x\ndo", b"ne\r", b"\n").wait_line("done", 0), 2_000_000)
        self.assertIsNone(fed(b"done").wait_line("done", 0))
        self.assertIsNone(fed(b"undone\n").wait_line("done", 0))

    def test_a_flood_is_counted_but_not_kept(self) -> None:
        console = fed(b"x" * KEEP_BYTES, b"y" * 10)
        self.assertEqual((len(console.bytes()), console.total_bytes), (KEEP_BYTES, KEEP_BYTES + 10))

    def test_a_watcher_gets_what_came_before_it(self) -> None:
        console, got = Console(), []
        console.feed(b"a", 0)
        console.watch(got.append)
        console.feed(b"b", 1)
        self.assertEqual(got, [b"a", b"b"])


class Pexpect(unittest.TestCase):
    """The pexpect side."""

    def test_captures_whole_fields_and_the_text_before(self) -> None:
        spawn = fed(b"noise\nrate=12", b"34", b"56\r\nmore\n").pexpect(1)
        spawn.expect(r"(?m)^rate=(\d+)\r?\n")
        self.assertEqual((spawn.match[1], spawn.before), ("123456", "noise\n"))

    def test_the_end_of_the_console_is_eof(self) -> None:
        with self.assertRaises(pexpect.EOF):
            fed(b"one\n").pexpect(1).expect("two")

    def test_silence_is_a_timeout(self) -> None:
        with self.assertRaises(pexpect.TIMEOUT):
            Console().pexpect(0.05).expect("anything")

    def test_what_comes_later_is_seen(self) -> None:
        console = Console()
        threading.Timer(0.05, console.feed, (b"late\n", 0)).start()
        self.assertEqual(console.pexpect(5).expect(r"late\r?\n"), 0)

    def test_typing_goes_to_the_guest(self) -> None:
        typed: list[bytes] = []
        Console(typed.append).pexpect().sendline("hello")
        self.assertEqual(typed, [b"hello\n"])


if __name__ == "__main__":
    unittest.main()
