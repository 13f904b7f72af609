#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Hostile processes at full speed beside one that must keep its rate (tests/apps/storm): it ends with 0, and no page is lost."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

STORM = paths.BUILD / "tests" / "apps" / "storm.rpk"
KINDS = ("random", "forge", "overwrite", "results", "outstanding", "bomb", "kills", "paths")
#: Of the guest's own time, which under -icount is instructions: seconds of the host's.
MILLISECONDS = 60
#: Percent of its turns that the good process must have: on a CPU of its own it is nearly all of them; on one CPU, where six threads that
#: never wait have slices of 4 ms each, it is its turn once a round.
SHARES = {1: 15, 4: 60}


def storm(kind: str, seed: int, milliseconds: int, smp: int, rule: str = "auto", percent: int | None = None,
          budget: suite.Budget = suite.Budget()) -> suite.Case:
    """One storm with one seed."""
    share = SHARES[smp] if percent is None else percent
    append = f"io={rule} log=warn,memory=debug -- {kind} {seed} {milliseconds} {share}"
    machine = suite.product(STORM, smp=smp, append=append, icount=True, seed=seed)
    pages = r"re:memory: (\d+) pages free before the processes, \1 after"
    turns = rf"re:\[steady\] storm {kind}: \d+ of \d+ turns, .*"
    return suite.Case(f"storm[{kind},smp{smp},{rule},seed{seed}]", machine, Expectation(
        markers=(markers.RUBICON, turns, pages, "sched: last process exited, halting"), bad=(*BAD_PATTERNS, "BROKEN")), budget=budget)


def cases() -> list[suite.Case]:
    """Each for a moment, on one CPU and on four."""
    return [storm(kind, 1, MILLISECONDS, smp, rule) for kind in KINDS for smp, rule in ((1, "auto"), (4, "auto"), (4, "war"))]


if __name__ == "__main__":
    suite.main(__file__)
