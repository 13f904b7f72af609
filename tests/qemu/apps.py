#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The applications of apps/: each ends with 0 only if all that it checked holds, on one CPU and on four, in Peace and in War."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

APPS = paths.BUILD / "apps"
HALTED = "sched: last process exited, halting"

#: Application -> lines in their order.
LINES: dict[str, tuple[str, ...]] = {
    "ping-pong": ("[ping] 1000000 messages there and back, each as it must be", r"re:\[ping\] \d+ messages a second"),
    "supervised": (r"re:proc: process 2 exited with code 0",),
    "threads": ("[threads] once: as it must be", "[threads] counting, one ring: as it must be", "[threads] queue, one ring: as it must be",
                "[threads] operations: as it must be", "[threads] heap: as it must be", "[threads] atexit: the end"),
    "caps": ("[caps] every refusal as it must be",),
}

#: What two processes write at once comes in any order between them: each one's lines in theirs.
SUPERVISED = (
    ("[shaky] restarts 0: about to crash", "[shaky] restarts 1: about to crash", "[shaky] restarts 2: about to crash",
     "[shaky] restarts 3: work done"),
    ("[child] restarts 0: about to crash", "[steady] child killed by signal 11 at address 0x8", "[child] restarts 3: work done",
     "[steady] the child crashed 3 times and did its work; nothing happened to this process"),
)


def case(name: str, cell: str, smp: int, append: str = "", lines: tuple[str, ...] | None = None) -> suite.Case:
    """One application on one machine, repeatable to the instruction."""
    machine = suite.product(APPS / f"{name}.rpk", smp=smp, append=append, icount=True, seed=1)
    bad = tuple(pattern for pattern in BAD_PATTERNS if name != "supervised" or "killed" not in str(pattern))
    return suite.Case(f"apps[{name},{cell}]", machine, Expectation(
        markers=(markers.RUBICON, *(lines or LINES[name]), HALTED), bad=(*bad, "wrong, line", "is WRONG")))


def cases() -> list[suite.Case]:
    """Each on one CPU and on four; the last in War as well."""
    found = []
    for name in LINES:
        found += [case(name, "smp1", 1), case(name, "smp4", 4), case(name, "smp4,war", 4, "io=war")]
    found += [case("supervised", f"lines{number}", 2, lines=lines) for number, lines in enumerate(SUPERVISED)]
    return found


if __name__ == "__main__":
    suite.main(__file__)
