# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The same commit and seed give the same bytes, however busy the host is; another seed gives others."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import os  # noqa: E402
import subprocess  # noqa: E402
from dataclasses import replace  # noqa: E402

from harness import paths, suite  # noqa: E402
from harness.machine import DIE_WITH_PARENT, Machine  # noqa: E402
from harness.runner import Run, derive_nonce, prepare, run_case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

TIMES = 20
BURNERS = 2
PATIENCE_S = 60.0


class Load:
    """Processes that use up the host's CPUs; each ends by itself after a minute."""

    def __enter__(self) -> None:
        burn = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
        self._burners = [subprocess.Popen([*DIE_WITH_PARENT, sys.executable, "-c", burn]) for _ in range(BURNERS)]

    def __exit__(self, *_: object) -> None:
        for burner in self._burners:
            burner.kill()
            burner.wait()


def seen(case: suite.Case, **options: int) -> tuple[bytes, str]:
    """All that a run shows: console and verdict."""
    run: Run = run_case(case, **options)
    return run.console, str(run.verdict)


def counters(case: suite.Case) -> str:
    """The console, and every register of every CPU where the machine is about to end."""
    with Machine(prepare(case).machine, holds=True) as machine:
        assert machine.wait(wall_s=PATIENCE_S).how == "held"
        return machine.qmp.monitor("info registers -a") + machine.console.bytes().decode()


def traced(smp: int = 1, **options: object) -> suite.Case:
    """c-hello with all that the kernel can log, random identifiers and page counts among it."""
    return suite.Case(f"determinism[{smp}]", suite.product(append="log=trace", smp=smp, **options), Expectation())


class Determinism(unittest.TestCase):
    """Byte for byte."""

    def same(self, case: suite.Case) -> None:
        """A case, many times under load: one kind of run only."""
        with Load():
            kinds = {seen(case) for _ in range(TIMES)}
        self.assertEqual(len(kinds), 1, [kind[1] for kind in kinds])
        self.assertTrue(next(iter(kinds))[1].startswith("PASS"), kinds)

    def test_a_boot_is_the_same_twenty_times_under_load(self) -> None:
        self.same(traced())

    def test_four_cpus_print_and_count_the_same_twenty_times_under_load(self) -> None:
        with Load():
            kinds = {counters(traced(4)) for _ in range(TIMES)}
        self.assertEqual(len(kinds), 1, kinds)
        self.assertIn("X00=", next(iter(kinds)))

    def test_another_seed_is_another_run(self) -> None:
        self.assertNotEqual(seen(traced(), seed=1)[0], seen(traced(), seed=2)[0])

    def test_entropy_is_the_seeds(self) -> None:
        """rng-seed and kaslr-seed: the whole device tree."""
        trees = []
        for seed in (1, 1, 2):
            path = paths.BUILD / "runs" / f".{os.getpid()}-tree"
            path.parent.mkdir(parents=True, exist_ok=True)
            argv = prepare(traced(), "00", seed).machine.argv("null")
            argv[argv.index("-M") + 1] += f",dumpdtb={path}"
            subprocess.run(argv, check=True, capture_output=True)
            trees.append(path.read_bytes())
            path.unlink()
        self.assertEqual(trees[0], trees[1])
        self.assertNotEqual(trees[0], trees[2])
        self.assertIn(b"rng-seed", trees[0])

    def test_the_nonce_is_of_seed_and_name(self) -> None:
        nonces = {derive_nonce(1, "a"), derive_nonce(1, "b"), derive_nonce(2, "a")}
        self.assertEqual(len(nonces), 3)
        self.assertEqual(prepare(traced()).expect.nonce, prepare(traced()).expect.nonce)

    def test_real_time_has_no_instruction_count(self) -> None:
        case = prepare(traced(), realtime=True)
        self.assertNotIn("-icount", case.machine.argv())
        self.assertNotEqual(case.expect.nonce, prepare(traced(), realtime=True).expect.nonce)
        self.assertIn("-icount", prepare(replace(traced())).machine.argv())


if __name__ == "__main__":
    unittest.main()
