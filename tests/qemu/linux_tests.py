#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Linux programs that are tests (tests/linux): each ends with 0 only if all that it claims holds, on one CPU and on four."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

PROGRAMS = sorted(path.stem for path in (paths.ROOT / "tests" / "linux").glob("*.c"))
#: What has no console says nothing: its status tells.
MUTE = {"mute"}
HALTED = "sched: last process exited, halting"
NETWORK = ("-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=")


def case(name: str, smp: int) -> suite.Case:
    """One program on one machine, repeatable to the instruction."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / f"{name}.rpk", smp=smp, icount=True, seed=1, extra=NETWORK)
    said = () if name in MUTE else (f"{name}: as it must be",)
    return suite.Case(f"linux[{name},smp{smp}]", machine, Expectation(markers=(markers.RUBICON, *said, HALTED), bad=("WRONG",)))


def told() -> suite.Case:
    """What is asked for in vain is told once by its name, and listed at the end."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / "bounds.rpk", icount=True, seed=1, append="log=linux:info", extra=NETWORK)
    once = r"re:.*\(bounds\): {} is not there: ENOSYS"
    listed = r"re:.*not there: {}"
    return suite.Case("linux[bounds,told]", machine, Expectation(markers=(
        markers.RUBICON, once.format(r"setxattr \(5\)"), once.format(r"a call without a name here \(400\)"), "bounds: as it must be",
        listed.format(r"setxattr \(5\)"), listed.format(r"a call without a name here \(400\)"), HALTED), bad=("WRONG",)))


def cases() -> list[suite.Case]:
    """Each on one CPU and on four."""
    return [*(case(name, smp) for name in PROGRAMS for smp in (1, 4)), told()]


if __name__ == "__main__":
    suite.main(__file__)
