# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk run against images of a few instructions: statuses, ends, and that no process is left."""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import KEYS, PROCESSES, ROOT  # noqa: E402

#: An AArch64 Image that prints "up", does `body`, and has a key section.
IMAGE = """
	b start
	nop
	.quad 0, 0x10000, 0xa, 0, 0, 0
	.ascii "ARM\\x64"
	.long 0
start:	mov x10, #0x09000000
	mov w12, #'u'
	strb w12, [x10]
	mov w12, #'p'
	strb w12, [x10]
	mov w12, #'\\n'
	strb w12, [x10]
	{body}
exit:	adr x1, block	// with the status in w0
	str x0, [x1, #8]
	mov w0, #0x20
	hlt #0xf000
	b .
	.balign 16
block:	.quad 0x20026, 0
keys:	.ascii "RUMPKKEY"
	.long 8, 0
	.zero 384
"""
SPIN = "b ."
STATUS_7 = "mov x0, #7"
COUNT_OF_KEYS = "adr x1, keys\n\tldr w0, [x1, #12]"
#: Sends one byte back, one higher, and ends with it as status.
ECHO = """
wait:	ldr w1, [x10, #0x18]
	tbnz w1, #4, wait
	ldrb w0, [x10]
	add w1, w0, #1
	strb w1, [x10]"""
#: Prints what follows "-- a" in the device tree, which holds the kernel's command line, up to its end.
COMMAND_LINE = """
	ldr w4, =0x61202d2d
	mov w5, #0
find:	ldrb w7, [x0], #1
	lsr w5, w5, #8
	orr w5, w5, w7, lsl #24
	cmp w5, w4
	b.ne find
say:	ldrb w7, [x0], #1
	strb w7, [x10]
	cbnz w7, say
	mov x0, #3"""
#: Prints for ever.
FLOOD = "\nflood:\tstrb w12, [x10]\n\tb flood"
POWER_OFF = "mov w0, #0x84000000\n\tadd w0, w0, #8\n\thvc #0"


def is_gone(pid: int) -> bool:
    """Whether a process ends within two seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def children(pid: int) -> list[int]:
    """The child processes of a process, of all its threads."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children")
            for child in path.read_text(encoding="ascii").split()]


class RunTest(support.Case):
    bundle = b"whatever"  # the bundle's bytes, which most runs do not look at

    def image(self, body: str) -> Path:
        source, made, image = (self.folder / name for name in ("image.S", "image.o", "image.img"))
        source.write_text(IMAGE.format(body=body))
        subprocess.run(["aarch64-linux-gnu-gcc", "-c", source, "-o", made], check=True)
        subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", made, image], check=True)
        return image

    def command(self, body: str, *options: object) -> list[str]:
        bundle = self.folder / "any.rpk"
        bundle.write_bytes(self.bundle)
        return [str(part) for part in (ROOT / "tools/rumpk", "run", bundle, "--image", self.image(body), *options)]

    def finish(self, body: str, *options: object, stdin: bytes = b"") -> tuple[int, str, str]:
        done = subprocess.run(self.command(body, *options), input=stdin, capture_output=True, timeout=30, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def start(self, body: str, *options: object) -> subprocess.Popen[bytes]:
        """A run whose guest has said that it is up."""
        process = subprocess.Popen(self.command(body, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), b"up\n")
        return process

    def test_ends_with_the_status_of_the_guest(self) -> None:
        self.assertEqual(self.finish(STATUS_7), (7, "up\n", ""))

    def test_timeout_is_124(self) -> None:
        status, out, error = self.finish(SPIN, "--timeout", "0.5")
        self.assertEqual((status, out), (124, "up\n"))
        self.assertEqual(error, "rumpk: run: the guest did not end within 0.5 s\n")

    def test_power_off_is_no_status(self) -> None:
        status, _, error = self.finish(POWER_OFF)
        self.assertEqual(status, 125)
        self.assertIn("ended without a status: guest-shutdown", error)

    def test_qemu_that_does_not_start_is_125(self) -> None:
        status, _, error = self.finish(STATUS_7, "--cpu", "nonesuch")
        self.assertEqual(status, 125)
        self.assertIn("rumpk: run: QEMU did not start", error)
        self.assertIn("nonesuch", error)

    def test_no_image_and_no_bundle_are_125(self) -> None:
        for path in (self.folder / "nothing", KEYS / "README.md"):
            status, _, error = self.finish(STATUS_7, "--image", path)
            self.assertEqual(status, 125)
            self.assertRegex(error, "^rumpk: run: .*(no such|not an AArch64) kernel image")
        self.assertEqual(self.rumpk("run", self.folder / "no.rpk", "--image", self.image(STATUS_7))[0], 125)

    def test_ends_leave_no_process(self) -> None:
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)):
            with self.subTest(number=number):
                process = self.start(SPIN)
                qemu = children(process.pid)
                self.assertEqual(len(qemu), 1)
                process.send_signal(number)
                self.assertEqual(process.wait(10), status)
                self.assertTrue(is_gone(qemu[0]))

    def test_signals_are_told_and_leave_no_folder(self) -> None:
        for name in ("SIGTERM", "SIGHUP"):
            before = set(Path(tempfile.gettempdir()).glob("rumpk-run-*"))
            process = self.start(SPIN, "--trust", KEYS / "other.pub")
            process.send_signal(signal.Signals[name])
            _, error = process.communicate(timeout=10)
            self.assertEqual((process.returncode, error.decode()), (128 + signal.Signals[name], f"rumpk: run: ended by {name}\n"))
            self.assertFalse(set(Path(tempfile.gettempdir()).glob("rumpk-run-*")) - before)

    def test_what_nohup_ignores_stays_ignored(self) -> None:
        old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            process = self.start(SPIN)
        finally:
            signal.signal(signal.SIGHUP, old)
        process.send_signal(signal.SIGHUP)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)

    def test_closed_descriptors_are_nothing_and_nobody_elses(self) -> None:
        for close in ("<&-", ">&-", "<&- >&- 2>&-"):
            done = subprocess.run(["sh", "-c", f'exec "$@" {close}', "sh", *self.command(STATUS_7, "-i")], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=30, check=False)
            self.assertEqual((done.returncode, done.stderr), (7, b""), close)
            self.assertEqual(done.stdout, b"" if ">&-" in close else b"up\n", close)

    def test_output_that_cannot_be_written_is_told(self) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.command(STATUS_7), stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual((done.returncode, done.stderr), (125, b"rumpk: run: standard output: No space left on device\n"))

    def test_who_does_not_read_holds_up_no_end(self) -> None:
        process = self.start(FLOOD, "--timeout", "1")
        self.assertEqual(process.wait(15), 124)

    def test_a_pipe_that_does_not_wait_loses_nothing(self) -> None:
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        process = subprocess.Popen(self.command(FLOOD, "--timeout", "20"), stdout=theirs, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(theirs)
        with os.fdopen(ours, "rb") as pipe:
            time.sleep(1.0)  # it is full by then
            self.assertEqual(pipe.read(3 + 200000), b"up\n" + b"\n" * 200000)

    def test_qemu_killed_is_125(self) -> None:
        process = self.start(SPIN)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, error = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 125)
        self.assertIn(b"QEMU was killed by signal 9", error)

    def test_stdin_reaches_the_guest_when_asked(self) -> None:
        self.assertEqual(self.finish(ECHO, "-i", stdin=b"A"), (ord("A"), "up\nB", ""))
        self.assertEqual(self.finish(ECHO, "--timeout", "0.5", stdin=b"A")[0], 124)

    def test_trust_boots_a_copy_with_the_key(self) -> None:
        self.assertEqual(self.finish(COUNT_OF_KEYS)[0], 0)
        before = self.image(COUNT_OF_KEYS).read_bytes()
        self.assertEqual(self.finish(COUNT_OF_KEYS, "--trust", KEYS / "other.pub")[0], 1)
        self.assertEqual((self.folder / "image.img").read_bytes(), before)
        self.assertEqual(self.finish(COUNT_OF_KEYS, "--trust", KEYS / "README.md")[0], 125)

    def test_words_go_behind_the_command_line(self) -> None:
        self.bundle = self.packed(PROCESSES).read_bytes()
        words = ("--", "a", "-m", "--caps", "--", "x=y", "\u00e9")
        self.assertEqual(self.finish(COMMAND_LINE, "--append", "log=info", "--timeout", "5", *words),
                         (3, "up\n -m --caps -- x=y \u00e9\0", ""))

    def test_words_that_cannot_be_given_are_125(self) -> None:
        self.bundle = self.packed(PROCESSES).read_bytes()
        for word, why in (("a b", "may not be empty, nor hold spaces"), ("", "may not be empty"), ("a\tb", "control characters"),
                          ("\u00a0", "nor hold spaces"), ("x" * 1024, "at most 16 words of 1024 bytes")):
            status, out, error = self.finish(STATUS_7, "--", word)
            self.assertEqual((status, out), (125, ""))
            self.assertRegex(error, f"^rumpk: run: .*{why}")
        self.assertIn("at most 16 words", self.finish(STATUS_7, "--", *["x"] * 17)[2])
        self.assertEqual(self.finish(STATUS_7, "--", *["x"] * 16)[0], 7)
        self.assertEqual(self.finish(STATUS_7, "--")[0], 7)
        self.bundle = b"whatever"
        self.assertEqual(self.finish(STATUS_7, "--", "a")[0], 125)

    def test_words_are_refused_where_no_process_takes_them(self) -> None:
        self.bundle = self.packed().read_bytes()
        status, out, error = self.finish(STATUS_7, "--", "a")
        self.assertEqual((status, out), (125, ""))
        self.assertIn("no process of its manifest has launch = true", error)

    def test_caps_prints_what_is_granted_and_then_boots(self) -> None:
        self.bundle = self.packed(PROCESSES).read_bytes()
        status, out, error = self.finish(STATUS_7, "--caps")
        self.assertEqual((status, error), (7, ""))
        granted, up, rest = out.partition("up\n")
        self.assertEqual((up, rest), ("up\n", ""))
        self.assertRegex(granted, r"(?s)^process     ping \(main\)\n.*clock: read, wait\n.*memory    516K.*nothing beyond")

    def test_debug_waits_for_gdb_and_says_how(self) -> None:
        process = subprocess.Popen(self.command(STATUS_7, "-D"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        assert process.stderr is not None
        line = process.stderr.readline()
        self.assertRegex(line, "^rumpk: run: halted; attach with: gdb-multiarch .*-ex 'target remote /.*'\n$")
        path = line.rpartition("target remote ")[2].strip().rstrip("'")
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o077, 0)
        with socket.socket(socket.AF_UNIX) as gdb:
            for _ in range(100):
                try:
                    gdb.connect(path)
                    break
                except OSError:
                    time.sleep(0.02)
            gdb.settimeout(5)
            gdb.sendall(b"+$?#3f")
            reply = b""
            while b"#" not in reply:
                reply += gdb.recv(100)
            self.assertIn(b"$T05", reply)
            gdb.sendall(b"+$c#63")
            self.assertEqual(process.wait(10), 7)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
