#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Hostile Linux programs (tests/hostile) in the kernel that checks its memory: it does not panic, nothing is lost, and a neighbour is not disturbed."""
from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

BUNDLE = paths.BUILD / "tests" / "hostile-linux.rpk"
IMAGE = paths.BUILD / "rumpk-debug.img"
HALTED = "sched: last process exited, halting"
NETWORK = ("-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=")
#: Of the guest's own time.
MILLISECONDS = 600
ENDS = r"re:hostile: \d+ rounds, \d+ KiB free"
#: What the kernel makes with the first Linux program, or the network, it keeps: the same few pages however long it goes on.
KEPT_MAX = 60


def judge(machine: Machine) -> None:
    """The kernel's own memory, at the end: nothing but what it keeps is gone."""
    machine.wait(wall_s=1800.0)
    found = re.search(rb"memory: (\d+) pages free before the processes, (\d+) after", machine.console.bytes())
    if found and int(found[1]) - int(found[2]) > KEPT_MAX:
        raise RuntimeError(f"{int(found[1]) - int(found[2])} pages are lost")


def storm(seed: int, milliseconds: int, smp: int, budget: suite.Budget = suite.Budget(cpu_s=60.0)) -> suite.Case:
    """One seed, for so long."""
    append = f"log=error,memory=debug -- {seed} {milliseconds}"
    machine = suite.product(BUNDLE, image=IMAGE, smp=smp, icount=True, seed=seed, append=append, extra=NETWORK)
    return suite.Case(f"linux_hostile[smp{smp},seed{seed}]", machine, Expectation(
        markers=(markers.RUBICON, ENDS, "neighbour: as it must be", HALTED), bad=(r"WRONG: \d", "PANIC")), script=suite.Drive(judge), budget=budget)


def cases() -> list[suite.Case]:
    """Each for a moment, on one CPU and on four."""
    return [storm(seed, MILLISECONDS, smp) for seed, smp in ((1, 1), (1, 4), (21, 4))]


if __name__ == "__main__":
    suite.main(__file__)
