# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Guests in the background: found by name, joined and left, ended, and never another process taken for one."""
from __future__ import annotations

import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import test_run  # noqa: E402
from support import ROOT  # noqa: E402
from rumpklib import detached, guests, supervisor  # noqa: E402

#: Sends each byte back, one higher, and ends with status 9 at a `!`.
ECHO_ON = """
wait:	ldr w1, [x10, #0x18]
	tbnz w1, #4, wait
	ldrb w0, [x10]
	add w1, w0, #1
	strb w1, [x10]
	cmp w0, #'!'
	b.ne wait
	mov x0, #9"""
LIMIT_S = 15.0


class DetachedTest(test_run.RunTest):
    def setUp(self) -> None:
        super().setUp()
        runtime = tempfile.TemporaryDirectory(prefix="rumpk-test-")
        self.addCleanup(runtime.cleanup)
        patched = mock.patch.dict(os.environ, XDG_RUNTIME_DIR=runtime.name)
        patched.start()
        self.addCleanup(patched.stop)
        self.home = Path(runtime.name) / "rumpk"
        self.addCleanup(self.end_all)

    def end_all(self) -> None:
        for guest in guests.every():
            if guest.running():
                self.rumpk("stop", guest.name)

    def call(self, *words: object, stdin: bytes = b"") -> tuple[int, str, str]:
        done = subprocess.run([str(ROOT / "tools/rumpk"), *map(str, words)], input=stdin, capture_output=True, timeout=30, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def detach(self, body: str, *options: object) -> str:
        """Starts a guest; its name."""
        status, out, error = self.call(*self.command(body, "-d", *options)[1:])
        self.assertEqual((status, error), (0, ""))
        return out.strip()

    def until(self, name: str, condition: str) -> None:
        """Waits until its log holds something."""
        end = time.monotonic() + LIMIT_S
        while condition not in self.rumpk_logs(name):
            self.assertLess(time.monotonic(), end, f"{name} never printed {condition!r}")
            time.sleep(0.02)

    def rumpk_logs(self, name: str) -> str:
        return guests.Guest(self.home / name).log.read_text()

    def until_ended(self, name: str) -> guests.State:
        end = time.monotonic() + LIMIT_S
        while guests.find(name).running():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        state = guests.find(name).state()
        assert state
        return state

    def qemu(self, name: str) -> int:
        state = guests.find(name).state()
        assert state
        return test_run.children(state.pid)[0]


class LifeTest(DetachedTest):
    def test_is_listed_shown_and_stopped(self) -> None:
        name = self.detach(test_run.SPIN)
        self.assertEqual(name, "any")
        self.until(name, "up\n")
        self.assertRegex(self.rumpk("ps")[1], r"(?m)^any +running")
        self.assertEqual(self.call("logs", name), (0, "up\n", ""))
        qemu = self.qemu(name)
        self.assertEqual(self.rumpk("stop", name)[:2], (0, "any\n"))
        self.assertTrue(test_run.is_gone(qemu))
        self.assertNotIn("any", self.rumpk("ps")[1])
        self.assertRegex(self.rumpk("ps", "-a")[1], r"(?m)^any +stopped")
        self.assertEqual(self.call("logs", "-f", name), (0, "up\n", ""))
        self.assertEqual(self.rumpk("stop", name)[0], 0)

    def test_its_status_is_kept(self) -> None:
        name = self.detach(test_run.STATUS_7)
        self.assertEqual(self.until_ended(name).status, 7)
        self.assertRegex(self.rumpk("ps", "-a")[1], r"(?m)^any +exited 7 ")
        self.assertEqual(json.loads(self.rumpk("ps", "-a", "--json")[1])[0]["status"], 7)

    def test_time_limit_ends_it(self) -> None:
        state = self.until_ended(self.detach(test_run.SPIN, "--timeout", "0.5"))
        self.assertEqual((state.status, state.reason), (124, "its time was over"))

    def test_power_off_is_no_status(self) -> None:
        state = self.until_ended(self.detach(test_run.POWER_OFF))
        self.assertEqual(state.status, 125)
        self.assertIn("guest-shutdown", state.reason)

    def test_log_is_followed_to_the_end(self) -> None:
        name = self.detach(ECHO_ON)
        with subprocess.Popen([ROOT / "tools/rumpk", "logs", "-f", name], stdout=subprocess.PIPE) as follower:
            assert follower.stdout
            self.assertEqual(follower.stdout.readline(), b"up\n")
            self.call("attach", name, stdin=b"AB!")
            self.assertEqual(follower.stdout.read(), b'BC"')
            self.assertEqual(follower.wait(10), 0)


class NameTest(DetachedTest):
    def test_a_name_that_runs_is_not_given_again(self) -> None:
        self.assertEqual([self.detach(test_run.SPIN), self.detach(test_run.SPIN)], ["any", "any-2"])
        self.assertEqual(self.detach(test_run.SPIN, "--name", "mine"), "mine")
        status, _, error = self.call(*self.command(test_run.SPIN, "-d", "--name", "mine")[1:])
        self.assertEqual(status, 125)
        self.assertIn("a guest mine runs already", error)

    def test_a_name_that_ended_is_given_again(self) -> None:
        self.until_ended(self.detach(test_run.STATUS_7, "--name", "mine"))
        self.assertEqual(self.detach(test_run.SPIN, "--name", "mine"), "mine")
        self.assertTrue(guests.find("mine").running())

    def test_bad_and_unknown_names_are_told(self) -> None:
        for name in ("../x", "", ".x", "a b", "x" * 49):
            status, _, error = self.call(*self.command(test_run.SPIN, "-d", f"--name={name}")[1:])
            self.assertEqual(status, 125, name)
            self.assertIn("--name", error)
        for command in ("logs", "stop", "attach"):
            for name in ("nobody", "../rumpk", "."):
                status, _, error = self.rumpk(command, name)
                self.assertEqual(status, 2)
                self.assertIn("there is no guest", error)

    def test_what_cannot_go_together_is_told(self) -> None:
        for options in (("-d", "-i"), ("-d", "-D"), ("--name", "x")):
            self.assertEqual(self.call(*self.command(test_run.SPIN, *options)[1:])[0], 125)
        self.assertEqual(guests.every(), [])

    def test_qemu_that_does_not_start_leaves_nothing(self) -> None:
        status, _, error = self.call(*self.command(test_run.SPIN, "-d", "--cpu", "nonesuch")[1:])
        self.assertEqual(status, 125)
        self.assertIn("nonesuch", error)
        self.assertEqual(guests.every(), [])


class AttachTest(DetachedTest):
    def test_keys_reach_the_guest_and_its_status_comes_back(self) -> None:
        name = self.detach(ECHO_ON)
        self.until(name, "up\n")
        self.assertEqual(self.call("attach", name, stdin=b"AB!"), (9, 'up\nBC"', ""))
        status, _, error = self.rumpk("attach", name)
        self.assertEqual(status, 2)
        self.assertIn("does not run any more", error)

    def test_leaving_leaves_the_guest(self) -> None:
        name = self.detach(ECHO_ON)
        self.until(name, "up\n")
        self.assertEqual(self.call("attach", name, stdin=b"A\x1dB")[0], 0)
        self.until(name, "up\nB")
        self.assertTrue(guests.find(name).running())
        self.assertEqual(self.call("attach", name, stdin=b"!"), (9, 'up\nB"', ""))

    def test_several_see_the_same(self) -> None:
        name = self.detach(ECHO_ON)
        self.until(name, "up\n")
        watching = [subprocess.Popen([ROOT / "tools/rumpk", "attach", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(3)]
        for one in watching:
            assert one.stdout
            self.assertEqual(one.stdout.readline(), b"up\n")
        self.call("attach", name, stdin=b"AA!")
        for one in watching:
            self.assertEqual((one.communicate(timeout=10)[0], one.returncode), (b'BB"', 9))

    def test_a_terminal_gives_every_key_and_is_as_before(self) -> None:
        name = self.detach(ECHO_ON)
        self.until(name, "up\n")
        ours, theirs = pty.openpty()
        before = termios.tcgetattr(theirs)
        with subprocess.Popen([ROOT / "tools/rumpk", "attach", name], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
                              start_new_session=True) as attached:
            seen = b""
            while b"up" not in seen:
                seen += os.read(ours, 100)
            os.write(ours, b"\x03\x1a\x04")
            self.until(name, "up\n\x04\x1b\x05")
            self.assertIsNone(attached.poll())
            os.write(ours, b"\x1d")
            self.assertEqual(attached.wait(10), 0)
        self.assertEqual(termios.tcgetattr(theirs), before)
        for end in (ours, theirs):
            os.close(end)

    def test_who_does_not_read_holds_up_nobody(self) -> None:
        name = self.detach("flood:\tstrb w12, [x10]\n\tb flood")
        with guests.find(name).connect("attach"):
            first = guests.find(name).log.stat().st_size
            time.sleep(1)
            second = guests.find(name).log.stat().st_size
            self.assertTrue(second > first or guests.find(name).log.with_name("console.log.1").exists())
            self.assertEqual(self.rumpk("stop", name)[0], 0)


class StaleTest(DetachedTest):
    def test_a_supervisor_that_was_killed_takes_qemu_with_it(self) -> None:
        name = self.detach(test_run.SPIN)
        qemu, state = self.qemu(name), guests.find(name).state()
        assert state
        os.kill(state.pid, signal.SIGKILL)
        self.assertTrue(test_run.is_gone(qemu))
        self.until_ended(name)
        self.assertRegex(self.rumpk("ps", "-a")[1], r"(?m)^any +lost")
        self.assertEqual(self.detach(test_run.SPIN), "any")

    def test_a_number_that_is_another_process_is_left_alone(self) -> None:
        with subprocess.Popen(["sleep", "60"]) as other:
            guest, lock = guests.claim("old", "old.rpk")
            guest.write(guests.State("old", "old.rpk", pid=other.pid, started=1.0))
            os.close(lock)
            self.assertFalse(guest.running())
            self.assertEqual(self.rumpk("stop", "old")[0], 0)
            self.assertIsNone(other.poll())
            other.kill()

    def test_a_supervisor_that_hangs_is_killed(self) -> None:
        name = self.detach(test_run.SPIN)
        qemu, state = self.qemu(name), guests.find(name).state()
        assert state
        os.kill(state.pid, signal.SIGSTOP)
        with mock.patch.object(detached, "STOP_LIMIT_S", 1.0):
            self.assertEqual(self.rumpk("stop", name)[0], 0)
        self.assertTrue(test_run.is_gone(qemu))

    def test_sigterm_stops_the_guest(self) -> None:
        name = self.detach(test_run.SPIN)
        qemu, state = self.qemu(name), guests.find(name).state()
        assert state
        os.kill(state.pid, signal.SIGTERM)
        self.assertEqual(self.until_ended(name).reason, "stopped")
        self.assertTrue(test_run.is_gone(qemu))

    def test_a_folder_that_others_can_enter_is_refused(self) -> None:
        self.home.mkdir()
        self.home.chmod(0o755)  # whatever the umask
        status, _, error = self.rumpk("ps")
        self.assertEqual(status, 2)
        self.assertIn("only you can enter", error)
        self.home.rmdir()

    def test_a_relative_runtime_folder_is_none(self) -> None:
        with mock.patch.dict(os.environ, XDG_RUNTIME_DIR="."):
            self.assertEqual(guests.home(), Path(f"/tmp/rumpk-{os.getuid()}"))

    def test_few_that_have_ended_are_kept(self) -> None:
        for number in range(guests.KEPT + 3):
            guest, lock = guests.claim(f"g{number}", "x.rpk")
            guest.write(guests.State(guest.name, "x.rpk", started=float(number)))
            os.close(lock)
        names = [guest.name for guest in guests.every()]
        self.assertEqual(names, [f"g{number}" for number in range(2, guests.KEPT + 3)])


class LogTest(unittest.TestCase):
    def test_a_long_log_is_two_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(supervisor, "LOG_BYTES", 10):
            log = supervisor.Log(Path(folder) / "console.log")
            for piece in (b"12345678", b"abcdefgh", b"ABCDEFGH"):
                log.write(piece)
            self.assertEqual((Path(folder) / "console.log.1").read_bytes(), b"abcdefgh")
            self.assertEqual((Path(folder) / "console.log").read_bytes(), b"ABCDEFGH")
            log.close()
            self.assertEqual(log.tail, b"12345678abcdefghABCDEFGH")

    def test_a_full_disk_loses_lines_and_no_guest(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "console.log").symlink_to("/dev/full")
            log = supervisor.Log(Path(folder) / "console.log")
            with mock.patch("sys.stderr"):
                log.write(b"12345678")
            self.assertEqual(log.tail, b"12345678")
            log.close()

    def test_why_a_guest_cannot_be_kept_is_said(self) -> None:
        ours, theirs = os.pipe()
        with tempfile.TemporaryDirectory() as folder, os.fdopen(ours) as report, open(os.devnull, "rb") as lock:
            (Path(folder) / "socket").write_text("")
            with mock.patch("sys.stdin", io.StringIO("{}")), self.assertRaises(OSError):
                supervisor.main([folder, str(lock.fileno()), str(theirs)])
            self.assertIn("Address already in use", report.read())

    def test_a_client_that_was_let_go_meanwhile_is_no_harm(self) -> None:
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryDirectory() as folder, ours, theirs:
            supervised = supervisor.Supervisor(guests.Guest(Path(folder)), mock.Mock(), theirs, None)
            supervised._serve(ours, 1)  # pylint: disable=protected-access

    def test_how_a_guest_ended_is_kept_on_a_full_disk(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            guest = guests.Guest(Path(folder))
            guest.write(guests.State("a", "a.rpk", reason="x" * 1000))
            with mock.patch.object(Path, "write_text", side_effect=OSError(28, "No space left on device")):
                guest.write(guests.State("a", "a.rpk", status=7))
            self.assertEqual(guest.state(), guests.State("a", "a.rpk", status=7))


for inherited in [name for name in dir(test_run.RunTest) if name.startswith("test_")]:
    setattr(DetachedTest, inherited, None)  # those are tested where they are

if __name__ == "__main__":
    unittest.main()
