# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What every command does where its surroundings fail it: descriptors, pipes, disks, folders, signals, terminals."""
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import KEYS, ROOT  # noqa: E402

RUMPK = str(ROOT / "tools/rumpk")


class ProcessTest(support.Case):
    def shell(self, command: str, **environment: str) -> tuple[int, str, str]:
        """A line of a shell, in which $RUMPK is the program."""
        done = subprocess.run(["bash", "-c", command.replace("$RUMPK", '"$RUMPK"')], cwd=self.folder, env={**os.environ, "RUMPK": RUMPK, **environment}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_closed_output_is_no_failure(self) -> None:
        self.packed()
        for close in (">&-", "<&- >&-", "<&- >&- 2>&-"):
            self.assertEqual(self.shell(f"$RUMPK inspect app.rpk {close}"), (0, "", ""), close)
        self.assertEqual(self.shell("$RUMPK inspect nothing 2>&-"), (2, "", ""))

    def test_names_that_are_not_utf_8_are_shown_as_they_are(self) -> None:
        (self.app() / os.fsdecode(b"caf\xe9")).write_text("x")
        done = subprocess.run(["bash", "-c", '"$0" pack app -o "$1" && "$0" inspect "$1"', RUMPK, b"d\xe9.rpk"], cwd=self.folder, capture_output=True, check=False,
                              env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"})  # as with most locales
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertRegex(done.stdout, rb"(?s)^d\xe9.rpk: .* caf\xe9\n")

    def test_a_name_that_no_signature_can_hold_is_refused(self) -> None:
        for name in ("a\nb", "a\x01b"):
            (self.folder / name).write_text("x")
            status, _, error = self.rumpk("sign", self.folder / name, "-k", KEYS / "dev.key")
            self.assertEqual((status, error.count("\n")), (2, 1))
            self.assertIn("cannot hold control characters", error)

    def test_a_full_disk_is_told_without_a_traceback(self) -> None:
        self.packed()
        self.assertEqual(self.shell("$RUMPK inspect app.rpk >/dev/full"), (2, "", "rumpk: inspect: No space left on device\n"))

    def test_who_reads_no_more_ends_it_in_silence(self) -> None:
        for command in ("--help", "run --help", "recipe list"):
            _, status, error = self.shell(f"exec 3>&1; {{ $RUMPK {command}; echo $? >&3; }} | true")
            self.assertRegex(status, "^(0|141)\n$", command)
            self.assertEqual(error, "", command)

    def test_a_program_that_may_not_be_executed_is_told(self) -> None:
        (self.folder / "configure").write_bytes(b"#!/bin/sh\n[ $1 != --help ] || printf 'caf\\351 --host\\n'\n")  # Latin-1
        status, _, error = self.shell("$RUMPK configure")
        self.assertEqual((status, error), (2, "rumpk: configure: ./configure: Permission denied\n"))
        (self.folder / "configure").chmod(0o755)
        self.assertEqual(self.shell("$RUMPK configure")[0], 0)

    def test_signals_leave_no_temporary_file(self) -> None:
        bundle = self.packed()
        (self.folder / "minisign").write_text("#!/bin/sh\ntouch started\nsleep 60\n")
        (self.folder / "minisign").chmod(0o755)
        (self.folder / "tmp").mkdir()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = sorted(self.folder.iterdir())
            process = subprocess.Popen([RUMPK, "sign", bundle, "-k", KEYS / "dev.key"], cwd=self.folder, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "TMPDIR": str(self.folder / "tmp")})
            self.addCleanup(process.kill)
            while not (self.folder / "started").exists():
                time.sleep(0.02)
            (self.folder / "started").unlink()
            process.send_signal(number)
            self.assertEqual(process.wait(10), 128 + number)
            self.assertEqual(sorted(self.folder.iterdir()), before)
            self.assertEqual(list((self.folder / "tmp").iterdir()), [])

    def test_a_terminal_shows_again_what_is_typed(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        before = termios.tcgetattr(theirs)
        process = subprocess.Popen([RUMPK, "keygen", self.folder / "mine"], stdin=theirs, stdout=theirs, stderr=theirs)
        self.addCleanup(process.kill)
        seen = b""
        while b"Password: " not in seen:
            self.assertTrue(select.select([ours], [], [], 20)[0], seen)
            seen += os.read(ours, 4096)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 143)
        self.assertEqual(termios.tcgetattr(theirs), before)

    def test_errors_name_the_file_that_could_not_be_written(self) -> None:
        self.packed()
        status, _, error = self.shell(f"ulimit -f 8; $RUMPK sign app.rpk -k '{KEYS}/dev.key'")
        self.assertEqual(status, 2)
        self.assertRegex(error, f"^rumpk: sign: {tempfile.gettempdir()}/rumpk-sign-[^:]*/archive.cpio: File too large\n$")


if __name__ == "__main__":
    unittest.main()
