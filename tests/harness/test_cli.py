# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The commands as people use them: help, lists, an interruption, two at once."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import os  # noqa: E402
import re  # noqa: E402
import shlex  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

from harness import paths  # noqa: E402
from harness.machine_config import QEMU  # noqa: E402

PATIENCE_S = 60.0
HANGING = '''
name = "hanging"
[defaults]
image = "@build@/tests/spin.img"
memory = "8M"
cpu_s = 50.0
[[test]]
name = "one"
[[test]]
name = "two"
'''

PANICKING = '''
name = "panicking"
[[test]]
name = "guest"
image = "@build@/tests/guest.img"
append = "test=panic"
nonce = true
'''


def start(*words: str, **variables: str) -> subprocess.Popen[str]:
    """A command of the harness, in a session of its own; `variables` of its environment."""
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "harness", *words]  # a background shell ignores it
    return subprocess.Popen(argv, cwd=paths.ROOT, text=True, env={**os.environ, **variables},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def run(*words: str, **variables: str) -> tuple[int, str, str]:
    """The same, to its end."""
    process = start(*words, **variables)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def of_session(session: int) -> list[str]:
    """The names of the processes of a session that still run; QEMU's are in groups of their own, but in the session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text(encoding="ascii", errors="replace").partition("(")[2].rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(name)
    return found


def qemus_of(session: int) -> int:
    """How many of those are QEMU: what the harness calls besides comes and goes."""
    return sum(name.startswith("qemu-system") for name in of_session(session))


class Help(unittest.TestCase):
    """What is said to people."""

    def test_help_names_every_command(self) -> None:
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        for command in ("list", "run", "shell", "gdb", "replay", "bisect", "soak", "report", "perf"):
            self.assertRegex(out, rf"(?m)^  {command} .* \w+")
        self.assertLessEqual(max(map(len, out.splitlines())), 120)

    def test_an_unknown_command_is_usage(self) -> None:
        status, _, err = run("explode")
        self.assertEqual(status, 2)
        self.assertIn("no command 'explode'", err)

    def test_lists_are_sharded_without_loss(self) -> None:
        whole = run("list", "-k", "boot")[1].split()
        parts = [run("list", "-k", "boot", "--shard", f"{part}/3")[1].split() for part in (1, 2, 3)]
        self.assertEqual(sorted(whole), sorted(name for part in parts for name in part))
        self.assertGreater(min(map(len, parts)), 0)

    def test_a_wrong_shard_is_usage(self) -> None:
        for shard in ("0/3", "4/3", "x"):
            self.assertEqual(run("list", "--shard", shard)[0], 2)

    def test_a_file_that_has_no_tests_is_usage(self) -> None:
        for file in ("docs", "README.md", "/dev/null"):
            done = subprocess.run(["harness/run.py", "--file", file], cwd=paths.ROOT, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
            self.assertIn("neither a Python file nor a suite.toml", done.stderr)

    def test_who_reads_no_more_ends_it_in_silence(self) -> None:
        for program in ("harness/run.py --list", "python3 -m harness list", "python3 -m harness --help"):
            done = subprocess.run(["bash", "-c", f"exec 3>&1; {{ {program}; echo $? >&3; }} | sleep 0"], cwd=paths.ROOT, capture_output=True, text=True,
                                  check=False)
            self.assertIn((done.stdout, done.stderr), (("141\n", ""), ("0\n", "")), program)

    def test_gdb_stops_a_test_before_its_first_instruction(self) -> None:
        status, out, err = run("gdb", "boot_hello_exact", "-ex", "p/x $pc", "-ex", "info threads")
        self.assertEqual(status, 0, err)
        self.assertIn("$1 = 0x4000", out)

    def test_gdb_waits_for_a_machine_that_is_slow_to_start(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            slow = Path(folder) / QEMU
            slow.write_text(f'#!/bin/sh\nsleep 2\nexec {shutil.which(QEMU)} "$@"\n')
            slow.chmod(0o755)
            _, out, err = run("gdb", "boot_hello_exact", "-ex", "p/x $pc", PATH=f"{folder}:{os.environ['PATH']}")
            self.assertIn("$1 = 0x4000", out, err)
            slow.write_text("#!/bin/sh\necho it is not well >&2\nexit 1\n")
            status, out, err = run("gdb", "boot_hello_exact", "-ex", "p/x $pc", PATH=f"{folder}:{os.environ['PATH']}")
            self.assertEqual((status, "it is not well" in err), (1, True), out + err)


class Failing(unittest.TestCase):
    """What a failure tells."""

    def test_a_failure_says_how_to_see_it_again(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as table:
            table.write(PANICKING)
            table.flush()
            status, out, err = run("run", "--file", table.name)
            self.assertEqual(status, 1, out + err)
            folder = Path(re.search(r"autopsy: (.+)/autopsy.md", out)[1])
            self.assertIn(f"backwards from the failure: harness/replay.py {shlex.quote(str(folder))}", out)
            self.assertIn("PANIC (panic) PANIC: asked for, number 42", out)
            again = subprocess.run([folder / "repro.sh", "--no-record"], capture_output=True, text=True, check=False)
            self.assertIn("PANIC: asked for, number 42", again.stdout, again.stderr)
            self.assertRegex(again.stdout, r"before: failed \d+ of the last \d+")
            shutil.rmtree(folder / "replay")  # it can be recorded later, too
            replayed = run("replay", str(folder), "-ex", "reverse-stepi", "-ex", "bt")
            self.assertEqual(replayed[0], 0, replayed)
            self.assertIn("commit_panic", replayed[1])


class Together(unittest.TestCase):
    """Signals and neighbours."""

    def test_an_interruption_leaves_nothing_behind(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as table:
            table.write(HANGING)
            table.flush()
            process = start("run", "--file", table.name, "-j", "2")
            deadline = time.monotonic() + PATIENCE_S
            while qemus_of(process.pid) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(qemus_of(process.pid), 2)
            os.kill(process.pid, signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 2)
        self.assertIn("interrupted", err)
        self.assertEqual(of_session(process.pid), [])
        self.assertEqual(list(paths.RUNS.glob(f".{process.pid}-*")), [])

    def test_two_harnesses_do_not_disturb_each_other(self) -> None:
        both = [start("run", "-k", "no_bundle", "-k", "boot_hello", "--repeat", "6", "-j", "2") for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=PATIENCE_S)
            self.assertEqual(process.returncode, 0, out + err)
            self.assertIn("18 passed, 0 failed", out)


if __name__ == "__main__":
    unittest.main()
