#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a native program pays (tests/apps/rates): instructions, exact under -icount, and what they may be at most."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import Expectation  # noqa: E402


def at_most(limit: int) -> str:
    """A pattern for the numbers up to a limit of n digits, 599 or 999999."""
    text = str(limit)
    assert set(text[1:]) <= {"9"}, text
    return rf"(?:\d{{1,{len(text) - 1}}}|[1-{text[0]}]\d{{{len(text) - 1}}})"


def cases() -> list[suite.Case]:
    """A call at most 600 instructions from C and back; a lock 50; a new process 1 ms; a channel 80 % of the ring's rate."""
    lines = (rf"re:\[rates\] call {at_most(599)}", rf"re:\[rates\] mutex {at_most(49)}", rf"re:\[rates\] spawn {at_most(999999)}",
             *(rf"re:\[rates\] batch of {batch}: .* rate ([89]\d|\d{{3}}) %" for batch in (1, 16, 64)))
    machine = suite.product(paths.BUILD / "tests" / "apps" / "rates.rpk", smp=2, append="io=peace", icount=True, seed=1)
    return [suite.Case("rates", machine, Expectation(markers=(markers.RUBICON, *lines, "sched: last process exited, halting")))]


if __name__ == "__main__":
    suite.main(__file__)
