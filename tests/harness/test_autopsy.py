# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A failure explains itself: where every CPU and every fiber was, in a page, a core, and a replay that goes backwards."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import subprocess  # noqa: E402
import time  # noqa: E402

from harness import core, paths, record, suite  # noqa: E402
from harness.autopsy import LIMIT_S, Autopsy  # noqa: E402
from harness.console import ConsoleSpawn  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.runner import Run, run_case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

GUEST = paths.BUILD / "tests" / "guest.img"
PATIENCE_S = 60.0
CONSOLE_FIBER = r"fiber console .*\n(.*\n)* +#\d .* console_main\+"


def failing(test: str, smp: int = 1, expect: Expectation = Expectation(), **options: object) -> Run:
    """A run of the test image that was not to end so."""
    case = suite.Case(f"autopsy[{test},{smp}]", suite.product(None, GUEST, append=f"test={test}", smp=smp, **options),
                      expect, budget=suite.Budget(cpu_s=1.5, idle_s=0.7))
    return run_case(case)


def gdb(run: Run, *commands: str) -> str:
    """gdb on the core of a run."""
    argv = ["gdb-multiarch", "-nx", "-batch", "-x", str(paths.ROOT / "harness" / "gdb" / "rumpk.py"),
            str(GUEST.with_suffix(".elf")), "-c", str(run.folder / "core")]
    for command in commands:
        argv += ["-ex", command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False).stdout


class Pages(unittest.TestCase):
    """autopsy.md."""

    def page(self, run: Run, verdict: str, cause: str) -> str:
        """The page, checked for what each must have."""
        self.assertEqual((run.verdict.name, run.verdict.cause), (verdict, cause), str(run.verdict))
        page = (run.folder / "autopsy.md").read_text(encoding="utf-8")
        for heading in ("# Autopsy: ", "## Last lines of the console", "## CPUs", "## Kernel", "## Core"):
            self.assertIn(heading, page)
        self.assertNotIn("cannot be read", page)
        self.assertIn(str(run.verdict)[:60], page)
        return page

    def test_a_panic_is_seen_where_it_happened(self) -> None:
        page = self.page(failing("panic"), "PANIC", "panic")
        self.assertRegex(page, r"#\d 0x[0-9a-f]+ commit_panic\+0x[0-9a-f]+ at tests/guest/fault.c:\d+")
        self.assertRegex(page, CONSOLE_FIBER)
        self.assertIn("PANIC: asked for, number 42", page)

    def test_an_exception_is_followed_to_the_code_it_interrupted(self) -> None:
        page = self.page(failing("bad-instruction"), "PANIC", "panic")
        self.assertRegex(page, r"taken from 0x[0-9a-f]+ commit_bad_instruction")

    def test_a_sleeping_hang_shows_who_sleeps(self) -> None:
        page = self.page(failing("hang"), "HANG", "idles")
        self.assertIn("cpu 0: stuck", page)
        self.assertIn("waits for an interrupt (wfi)", page)
        self.assertRegex(page, r"fiber main .*sleeping.*\n(.*\n)* +#\d .* (commit_hang|fault_commit)\+")
        self.assertRegex(page, CONSOLE_FIBER)

    def test_a_spinning_hang_shows_its_loop_and_the_lines_it_kept_back(self) -> None:
        page = self.page(failing("hang-irqs-off"), "HANG", "spins")
        self.assertRegex(page, r"pc 0x[0-9a-f]+ \(commit_hang_irqs_off\+")
        self.assertRegex(page, r"== log\n +\[Rumpk L1\] The Rubicon is crossed\.")

    def test_every_cpu_is_shown(self) -> None:
        page = self.page(failing("panic", smp=4), "PANIC", "panic")
        for cpu in range(4):
            self.assertRegex(page, rf"cpu {cpu}: EL\d")

    def test_a_reset_and_a_wrong_status_are_held_too(self) -> None:
        self.page(failing("exit-7"), "FAIL", "status")
        broken = suite.product(None, paths.BUILD / "tests" / "reset-loop.img", memory_mib="8M")
        run = run_case(suite.Case("autopsy[reset]", broken, Expectation()))
        self.assertEqual(run.verdict.name, "RESET")
        self.assertIn("(main+0x", run.autopsy)

    def test_a_dump_of_a_large_guest_is_partial_and_says_so(self) -> None:
        page = self.page(failing("panic", memory_mib="2G"), "PANIC", "panic")
        self.assertIn("only the first 512 MiB", page)

    def test_it_keeps_its_time(self) -> None:
        config = suite.product(None, GUEST, append="test=hang-irqs-off")
        with Machine(config, holds=True) as machine:
            machine.wait(wall_s=1.0)
            begun = time.monotonic()
            page = Autopsy(machine, limit_s=0.05).page("no time at all")
        self.assertLess(time.monotonic() - begun, LIMIT_S)
        self.assertIn("## CPUs", page)


class Cores(unittest.TestCase):
    """Guest cores."""

    def test_gdb_opens_it_and_sees_the_fibers(self) -> None:
        text = gdb(failing("panic"), "bt", "rumpk fibers", "p build_stamp.version")
        self.assertRegex(text, r"#\d .*commit_panic \(\) at tests/guest/fault.c")
        self.assertRegex(text, CONSOLE_FIBER)
        self.assertRegex(text, r'= "\d+\.\d+')

    def test_memory_sizes_are_read(self) -> None:
        self.assertEqual([core.memory_bytes(text) for text in ("128", "5M", "4G", "512K")],
                         [128 << 20, 5 << 20, 4 << 30, 512 << 10])


class Backwards(unittest.TestCase):
    """Record and replay."""

    def gdb(self, run: Run, *commands: str) -> str:
        """What gdb says at the failure of a run."""
        program = [sys.executable, str(paths.ROOT / "harness" / "replay.py"), str(run.folder)]
        done = subprocess.run([*program, *(word for command in commands for word in ("-ex", command))],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check(self, run: Run, inside: str) -> None:
        """A failure is recorded, and its replay steps back."""
        self.assertIn("harness/replay.py", record.record_run(run))
        text = self.gdb(run, "p/x $pc", "reverse-stepi", "p/x $pc", "bt")
        pcs = [line.split("= ")[1] for line in text.splitlines() if line.startswith("$")]
        self.assertEqual(len(pcs), 2, text)
        self.assertNotEqual(pcs[0], pcs[1], text)
        self.assertIn(inside, text)

    def test_a_panic_is_stepped_backwards(self) -> None:
        self.check(failing("panic"), "commit_panic ()")

    def test_a_sleeping_hang_is_stepped_backwards(self) -> None:
        self.check(failing("hang"), "sched_run ()")

    def test_a_spinning_hang_is_followed_back_to_how_it_began(self) -> None:
        run = failing("hang-irqs-off")
        self.assertIn("harness/replay.py", record.record_run(run))
        text = self.gdb(run, "bt 1", "hbreak *commit_hang_irqs_off", "reverse-continue", "delete", "reverse-stepi", "bt 1")
        self.assertRegex(text, r"#0 .*commit_hang_irqs_off \(\)(.*\n)*#0 .* fault_commit \(")

    def test_several_cpus_say_how_else_to_get_there(self) -> None:
        self.assertIn("harness gdb autopsy[hang-irqs-off,2]", record.record_run(failing("hang-irqs-off", 2)))

    def test_what_a_script_sends_is_part_of_the_recording(self) -> None:
        machine = suite.MachineConfig(paths.BUILD / "tests" / "answer.img", memory_mib="8M")

        def script(console: ConsoleSpawn) -> None:
            console.expect(r"alive\r?\n")
            console.send("7")

        run = run_case(suite.Case("autopsy[answer]", machine, Expectation(), script))
        self.assertEqual(run.verdict.detail, "PANIC: asked for, by 7")
        self.check(run, "#0 ")


if __name__ == "__main__":
    unittest.main()
