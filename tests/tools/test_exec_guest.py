# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk exec and shell in a guest. Skipped where busybox's package cannot be had."""
from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import KEYS, ROOT  # noqa: E402
from rumpklib import exec_bundle  # noqa: E402
from rumpklib.errors import BadInput, Refused  # noqa: E402

IMAGE = ROOT / "build/rumpk.img"
LIMIT_S = 30.0


class GuestTest(support.Case):
    @classmethod
    def setUpClass(cls) -> None:
        try:
            exec_bundle.make(None, "", [], False, KEYS / "dev.key")
        except (BadInput, Refused, OSError, subprocess.SubprocessError) as error:
            raise unittest.SkipTest(f"no busybox here: {error}") from None

    def exec(self, *words: str, options: tuple[str, ...] = (), command: str = "exec", stdin: bytes = b"") -> tuple[int, bytes, str]:
        behind = ("--", *words) if words else ()
        done = subprocess.run([str(ROOT / "tools/rumpk"), command, "--share", f"{self.folder}", *options, str(IMAGE), *behind], input=stdin,
                              capture_output=True, timeout=LIMIT_S, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def test_prints_what_commands_print_and_nothing_else(self) -> None:
        (self.folder / "file").write_bytes(bytes(range(256)) + b"\r\n\n")
        self.assertEqual(self.exec("echo one; cat file; printf two"), (0, b"one\n" + bytes(range(256)) + b"\r\n\ntwo", ""))

    def test_standard_input_is_given_where_it_is_asked_for(self) -> None:
        given = bytes(range(256)) * 4000 + b"no newline at the end"
        self.assertEqual(self.exec("cat", options=("-i",), stdin=given), (0, given, ""))
        self.assertEqual(self.exec("read line; echo $line; wc -l", options=("-i",), stdin=b"one\ntwo\nthree\n"), (0, b"one\n2\n", ""))
        self.assertEqual(self.exec("wc -c", options=("-i",)), (0, b"0\n", ""))
        self.assertEqual(self.exec("wc -c", stdin=given), (0, b"0\n", ""))

    def test_ends_with_the_last_status(self) -> None:
        self.assertEqual(self.exec("true; exit 200")[0], 200)
        self.assertEqual(self.exec("false")[0], 1)
        self.assertEqual(self.exec("nonesuch")[0], 127)
        self.assertEqual(self.exec("kill -9 $$")[0], 125)

    def test_pipes_loops_and_children_work(self) -> None:
        script = "for i in 3 1 2; do echo $i; done | sort | tr '\\n' ' '; seq 1000 | wc -l; yes | head -2; (exit 4) || echo failed $?"
        self.assertEqual(self.exec(script), (0, b"1 2 3 1000\ny\ny\nfailed 4\n", ""))

    def test_the_folder_changes_only_where_it_is_said(self) -> None:
        (self.folder / "file").write_text("there\n")
        self.assertNotEqual(self.exec("cp file copy")[0], 0)
        self.assertFalse((self.folder / "copy").exists())
        done = subprocess.run([str(ROOT / "tools/rumpk"), "exec", "--share", f"{self.folder}:rw", str(IMAGE), "--", "cp", "file", "copy"],
                              capture_output=True, timeout=LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertEqual((self.folder / "copy").read_text(), "there\n")

    def test_time_limit_ends_it(self) -> None:
        status, _, error = self.exec("sleep 100", options=("--timeout", "3"))
        self.assertEqual(status, 124)
        self.assertIn("did not end within 3 s", error)

    def test_a_shell_takes_a_script(self) -> None:
        status, out, _ = self.exec(command="shell", stdin=b"echo $((6*7))\nexit 5\n")
        self.assertEqual(status, 5)
        self.assertRegex(out, rb"(?m)^42\r?$")

    def test_a_run_is_given_what_comes_before_its_kernel_is_up(self) -> None:
        (self.folder / "reads.rpk").write_bytes(exec_bundle.make(None, 'read line; echo "<$line>"; exit 5', [], False, KEYS / "dev.key")[0])
        done = subprocess.run([ROOT / "tools/rumpk", "run", "-i", "--timeout", "20", self.folder / "reads.rpk"], input=b"0123456789\n", capture_output=True,
                              timeout=LIMIT_S, check=False)
        self.assertEqual((done.returncode, b"<0123456789>" in done.stdout), (5, True), done.stdout)

    def test_a_shell_ends_with_what_it_is_given(self) -> None:
        for text in (b"", b"echo $((6*7))\n", b"cat\n"):
            (self.folder / "typed").write_bytes(text)
            with open(self.folder / "typed", "rb") as file:
                done = subprocess.run([ROOT / "tools/rumpk", "shell", "--share", "none", IMAGE], stdin=file, capture_output=True, timeout=LIMIT_S, check=False)
            self.assertEqual(done.returncode, 0, text)
            self.assertEqual(self.exec(command="shell", stdin=text)[0], 0, text)

    def test_output_that_cannot_be_written_is_told(self) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run([ROOT / "tools/rumpk", "exec", "--share", "none", IMAGE, "--", "echo", "a"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (125, b"rumpk: exec: standard output: No space left on device\n"))

    def test_time_limit_ends_it_whoever_does_not_read(self) -> None:
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        with os.fdopen(theirs, "wb") as pipe:
            done = subprocess.run([ROOT / "tools/rumpk", "exec", "--share", "none", "--timeout", "4", IMAGE, "--", "yes"], stdout=pipe,
                                  stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 124)


class TerminalTest(GuestTest):
    def start(self, image: Path = IMAGE, until: bytes = rb"~ # ") -> None:
        self.ours, theirs = pty.openpty()
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        termios.tcsetwinsize(theirs, (33, 111))
        self.process = subprocess.Popen([ROOT / "tools/rumpk", "shell", "--share", "none", image], stdin=theirs, stdout=theirs,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(os.close, self.ours)
        self.addCleanup(os.close, theirs)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.seen = b""
        self.until(until)

    def until(self, pattern: bytes) -> None:
        end = time.monotonic() + LIMIT_S
        while not re.search(pattern, self.seen):
            self.assertLess(time.monotonic(), end, f"{pattern!r} never came: {self.seen!r}")
            if select.select([self.ours], [], [], 0.2)[0]:
                self.seen += os.read(self.ours, 4096)

    def type(self, keys: bytes, until: bytes) -> None:
        self.seen = b""
        os.write(self.ours, keys)
        self.until(until)

    def interrupt(self) -> None:
        """Ctrl-C; again where it came before the program had the terminal."""
        self.seen = b""
        for _ in range(20):
            os.write(self.ours, b"\x03")
            if select.select([self.ours], [], [], 1.0)[0]:
                self.seen += os.read(self.ours, 4096)
            time.sleep(0.5)
            while select.select([self.ours], [], [], 0.1)[0]:
                self.seen += os.read(self.ours, 4096)
            if b"~ # " in self.seen:
                return
        self.fail(f"Ctrl-C ends nothing: {self.seen!r}")

    def test_keys_go_to_the_guest_and_the_terminal_comes_back(self) -> None:
        self.start()
        self.type(b"stty size\n", rb"33 111")
        self.type(b"echo re''ady; sleep 1000\n", rb"ready\r\n")
        self.interrupt()
        self.type(b"echo $?\n", rb"130")
        os.write(self.ours, b"exit 7\n")
        self.assertEqual(self.process.wait(LIMIT_S), 7)
        self.assertEqual(termios.tcgetattr(self.theirs), self.before)

    def test_control_bracket_ends_what_never_came_up(self) -> None:
        image = self.folder / "spins.img"
        image.write_bytes(struct.pack("<I", 0x14000000).ljust(56, b"\0") + b"ARM\x64".ljust(8, b"\0"))  # b .
        self.start(image, rb"")
        time.sleep(2.0)
        os.write(self.ours, b"\x1d")
        self.assertEqual(self.process.wait(LIMIT_S), 130)
        self.assertEqual(termios.tcgetattr(self.theirs), self.before)

    def test_control_bracket_ends_it(self) -> None:
        self.start()
        os.write(self.ours, b"\x1d")
        self.assertEqual(self.process.wait(LIMIT_S), 130)
        self.assertEqual(termios.tcgetattr(self.theirs), self.before)


for inherited in [name for name in dir(GuestTest) if name.startswith("test_")]:
    setattr(TerminalTest, inherited, None)  # those are tested where they are

if __name__ == "__main__":
    unittest.main()
