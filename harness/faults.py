#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Every fault at every place: harness/faults.py [--some] [-k NAME] [-j N] [--list], and what else run.py takes.

Injected from outside, into the product's own image. Each must be survived, or ended with a documented line and status:

    fault_alloc   the n-th allocation gives nothing                       gdb's stub
    fault_clock   the counter leaps                                       gdb's stub, -rtc
    fault_cpu     CPUs that do not start                                  a tree of our own, gdb's stub
    fault_device  devices and device trees that are not there             a tree of our own
    fault_flip    one bit of the bundle                                   a file
    fault_io      disks that fail, a cable that is out                    blkdebug, QMP
    fault_irq     interrupts spurious, withdrawn, late; a held machine    gdb's stub
    fault_memory  RAM of every size                                       a tree of our own, -m
    fault_offset  the counter leaps by its offset, set at EL2             gdb's stub, code of EL2
    fault_reset   a reset at the n-th instruction                         a plugin, QMP
    fault_volume  a volume's n-th request                                 blkdebug

Each module has `some()`, of each kind a few, for every run of the suite (tests/qemu/faults.py), and `sweep()`, every
place there is, for a soak (tests/soak/faults.py).
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path[:] = [str(Path(__file__).resolve().parent.parent),
               *(entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent)]

from harness import fault_alloc, fault_clock, fault_cpu, fault_device, fault_flip, fault_io, fault_irq  # noqa: E402
from harness import fault_memory, fault_offset, fault_reset, fault_volume, paths, suite  # noqa: E402

MODULES = (fault_alloc, fault_clock, fault_cpu, fault_device, fault_flip, fault_io, fault_irq, fault_memory, fault_offset, fault_reset,
           fault_volume)


def some() -> list[suite.Case]:
    """A few of each kind."""
    return [case for module in MODULES for case in module.some()]


def sweep() -> list[suite.Case]:
    """All of them."""
    return [case for module in MODULES for case in module.sweep()]


def main(argv: list[str]) -> int:
    """The program."""
    from harness import run  # here, since the test files that it finds import this module
    quick = "--some" in argv
    file = paths.ROOT / "tests" / ("qemu" if quick else "soak") / "faults.py"
    rest = [word for word in argv if word != "--some"]
    return run.main(["--file", str(file), *rest], "harness/faults.py")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
