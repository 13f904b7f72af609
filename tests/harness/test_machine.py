# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Real machines with the harness's own images: none is left behind, and the host's faults are not the guest's."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import contextlib  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

from harness import paths  # noqa: E402
from harness.autopsy import Autopsy, parse_registers  # noqa: E402
from harness.machine import DIE_WITH_PARENT, Machine, MachineConfig, memory_text  # noqa: E402
from harness.runner import forget_copy, prepare, run_case  # noqa: E402
from harness.suite import Budget, Case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

PATIENCE_S = 20.0


def image(name: str) -> MachineConfig:
    """One of the harness's images."""
    return MachineConfig(paths.BUILD / "tests" / f"{name}.img", memory_mib="8M")


def gone(pid: int) -> bool:
    """Whether a process has ended, zombies counting as ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] in "ZX"
    return True


def wait_gone(pid: int) -> bool:
    """Waits for a process to end."""
    deadline = time.monotonic() + PATIENCE_S
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return gone(pid)


class Launcher(unittest.TestCase):
    """DIE_WITH_PARENT"""

    def test_the_child_of_a_parent_that_has_died_does_not_start(self) -> None:
        told = subprocess.run([*DIE_WITH_PARENT, "echo", "started"], capture_output=True, text=True, check=False)
        self.assertEqual(told.stdout, "started\n")
        orphan = subprocess.run([*DIE_WITH_PARENT[:-1], "1", "echo", "started"], capture_output=True, text=True, check=False)
        self.assertEqual((orphan.returncode, orphan.stdout), (1, ""))


class Life(unittest.TestCase):
    """The life of a QEMU."""

    def test_leaving_the_block_leaves_no_process(self) -> None:
        with self.assertRaises(ZeroDivisionError), Machine(image("spin")) as machine:
            _ = 1 / 0
        self.assertTrue(gone(machine.pid))

    def test_qemu_has_as_many_descriptors_as_the_user_may_have(self) -> None:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        try:
            with Machine(image("hang")) as machine:
                self.assertGreaterEqual(resource.prlimit(machine.pid, resource.RLIMIT_NOFILE)[0], min(limits[1], 4096))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    def test_qemu_dies_with_a_killed_harness(self) -> None:
        code = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom harness.machine import *\n"
                "machine = Machine(MachineConfig(sys.argv[2]))\nprint(machine.pid, flush=True)\nmachine.wait()")
        child = subprocess.Popen([sys.executable, "-c", code, str(paths.ROOT), str(image("spin").image)],
                                 stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        time.sleep(0.1)
        child.kill()
        child.wait()
        child.stdout.close()
        self.assertTrue(wait_gone(pid))

    def test_an_undrained_script_does_not_block_the_guest(self) -> None:
        with Machine(image("flood")) as machine:
            self.assertEqual(machine.wait(wall_s=PATIENCE_S, console_bytes=1 << 19).how, "flood")

    def test_a_stopped_qemu_is_the_hosts_fault(self) -> None:
        def stop(console) -> None:  # type: ignore[no-untyped-def]
            console.expect(r"(?m)^done\r?\n")
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if f"nonce={nonce}".encode() in (process / "cmdline").read_bytes():
                        os.kill(int(process.name), signal.SIGSTOP)
        nonce = os.urandom(8).hex()
        run = run_case(Case("machine[stopped]", image("hang-after"), Expectation(), stop, Budget(idle_s=0.5),
                            "HOST-TIMEOUT", "stopped"), nonce)
        self.assertEqual((run.verdict.name, run.verdict.cause), ("HOST-TIMEOUT", "stopped"), str(run.verdict))

    def test_what_is_answered_while_it_stands_does_not_say_again_that_it_stands(self) -> None:
        with Machine(image("exit-7"), holds=True) as machine:
            self.assertEqual(machine.wait(wall_s=PATIENCE_S).how, "held")
            machine._woken.clear()  # pylint: disable=protected-access
            for _ in range(2):  # the second is read once the first is all done with
                machine.qmp.monitor("info registers")
            self.assertFalse(machine._woken.is_set())  # pylint: disable=protected-access
            machine.release()
            ending = machine.wait(wall_s=PATIENCE_S)
            self.assertEqual((ending.how, ending.status), ("exited", 7))

    def test_a_guest_is_scripted_and_its_folder_runs_it_again(self) -> None:
        def script(console) -> None:  # type: ignore[no-untyped-def]
            console.expect(r"(?m)^alive\r?\n")
            console.expect(r"(?m)^never\r?\n")
        run = run_case(Case("machine[script]", image("good"), Expectation(), script, verdict="FAIL"))
        self.assertEqual((run.verdict.name, run.verdict.cause), ("FAIL", "script"))
        self.assertIn("never", run.verdict.detail)
        self.assertIn("stands where the machine ends", run.autopsy)
        raw = subprocess.run([run.folder / "repro.sh", "--raw"], capture_output=True, text=True, timeout=PATIENCE_S,
                             stdin=subprocess.DEVNULL, check=True)
        self.assertIn(run.nonce, raw.stdout)


class Own(unittest.TestCase):
    """What a machine writes to."""

    def test_each_run_has_a_copy_which_goes_with_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            disk = Path(folder, "disk.img")
            disk.write_bytes(b"before")
            config = MachineConfig("x.img", own=disk, extra=("-drive", f"if=none,file={disk},format=raw"))
            case = Case("own", config, Expectation())
            first, second = prepare(case), prepare(case)
            self.assertNotEqual(first.machine.own, second.machine.own)
            self.assertIn(f"if=none,file={first.machine.own},format=raw", first.machine.extra)
            first.machine.own.write_bytes(b"after")
            self.assertEqual((disk.read_bytes(), second.machine.own.read_bytes()), (b"before", b"before"))
            for one in (first, second):
                forget_copy(one)
                self.assertFalse(one.machine.own.exists())


class Examine(unittest.TestCase):
    """The autopsy."""

    def test_a_spinning_guest_is_found_in_its_loop(self) -> None:
        with Machine(image("spin")) as machine:
            machine.wait(wall_s=0.2)
            page = Autopsy(machine).page("spins")
        self.assertIn("cpu 0: ", page)
        self.assertIn("(main+0x", page)

    def test_it_says_so_where_nothing_can_be_had(self) -> None:
        with Machine(image("spin")) as machine:
            machine.wait(wall_s=0.1)
            os.kill(machine.pid, signal.SIGSTOP)
            begun = time.monotonic()
            page = Autopsy(machine, limit_s=0.3).page("stopped")
        self.assertLess(time.monotonic() - begun, 5)
        self.assertIn("no registers", page)

    def test_registers_are_read_for_each_cpu(self) -> None:
        text = "CPU#0\r\n PC=0000000000000010 X00=0000000000000001\r\n SP=ff\r\nCPU#1\r\n PC=0000000000000020\r\n"
        self.assertEqual(parse_registers(text), [{"PC": 16, "X00": 1, "SP": 255}, {"PC": 32}])


class CommandLine(unittest.TestCase):
    """QEMU's arguments."""

    def test_memory_has_units(self) -> None:
        self.assertEqual([memory_text(size) for size in (128, "5M", "64", "4G")], ["128M", "5M", "64M", "4G"])

    def test_no_port_is_ever_opened(self) -> None:
        argv = MachineConfig("x.img", gdb_socket="/tmp/gdb", icount=True, seed=3, el2=True).argv("socket,fd=3")
        self.assertNotIn("tcp:", " ".join(argv))
        self.assertIn("virt,gic-version=3,virtualization=on", argv)
        self.assertIn("shift=0,sleep=off", argv)


if __name__ == "__main__":
    unittest.main()
