#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The kernel's own tests and c-hello on several CPUs: the same image, 2 to 8 of them, both interrupt controllers."""
from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.console import ConsoleSpawn  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
DEBUG = paths.BUILD / "tests" / "guest-debug.img"  # with checks of who owns what
#: All of the kernel's tests take 20 s of a slow host's CPU.
BUDGET = suite.Budget(cpu_s=90.0, wall_s=240.0)
LINES = 50
SAID = re.compile(r"smp: cpu (\d) says line (\d+) of 50, which is long enough for several slots of the ring")


def whole_lines(cpus: int) -> object:
    """A script that checks what the CPUs say at once: every line whole, those of one CPU in order, none lost."""
    def follow(console: ConsoleSpawn) -> None:
        console.expect(r"smp: all has been said\r?\n")
        lines = [line for line in console.before.splitlines() if "smp:" in line or "says line" in line]
        broken = [line for line in lines if not SAID.fullmatch(line)]
        assert not broken, f"broken lines: {broken[:3]}"
        for cpu in range(cpus):
            said = [int(found[2]) for line in lines if (found := SAID.fullmatch(line)) and int(found[1]) == cpu]
            assert said == list(range(1, LINES + 1)), f"cpu {cpu} said {said}"
    return follow


def guest(name: str, cpus: int, budget: suite.Budget = BUDGET, image: Path = IMAGE,
          **options: object) -> suite.Case:
    """All of the kernel's tests, ten idle seconds among them."""
    machine = suite.product(None, image, append="test=all", smp=cpus, **options)
    return suite.Case(f"smp[{name}]", machine, Expectation(ktap=True, markers=("smp: all has been said",)),
                      script=whole_lines(cpus), budget=budget)


def hello(cpus: int, gic: int, el2: bool) -> suite.Case:
    """c-hello, with all CPUs up."""
    machine = suite.product(smp=cpus, gic=gic, el2=el2, append="log=info,sched=debug")
    lines = (markers.alive(cpus=cpus)[1], f"sched: {cpus} of {cpus} cpus run", markers.RUBICON,
             *markers.process("c-hello", 0, ("[c-hello] hello from c-hello",)))
    return suite.Case(f"smp_hello[{cpus},gic{gic},{'el2' if el2 else 'el1'}]", machine, Expectation(markers=lines))


#: What one CPU does to what another owns, and where the debug build notices it.
FOREIGN = {"foreign-timer": "timer", "foreign-inbox": "message"}


def foreign(test: str, file: str) -> suite.Case:
    """A breach of ownership is a panic of the debug build."""
    line = rf"re:PANIC: kernel/core/{file}\.c:\d+: .* does not hold"
    return suite.Case(f"smp_owned[{test}]", suite.product(None, DEBUG, append=f"test={test}", smp=2),
                      Expectation(255, (line,), panics=True))


def panics(cpus: int, **options: object) -> suite.Case:
    """Every CPU panics; one of them reports, and the machine ends."""
    lines = (r"re:PANIC: asked for by cpu 0, of cpu \d", "backtrace:", r"re:on cpu \d, in fiber: (main|none)")
    return suite.Case(f"smp_panics[{cpus}{',realtime' if 'icount' in options else ''}]",
                      suite.product(None, IMAGE, append="test=panic-everywhere", smp=cpus, **options),
                      Expectation(255, lines, panics=True, bad=("again, while reporting",)))


def cases() -> list[suite.Case]:
    """Exact runs on 2, 4 and 8 CPUs, one with real concurrency, checks of ownership, and c-hello on each number."""
    return [
        *(foreign(test, file) for test, file in FOREIGN.items()),
        suite.Case("smp_owned[bench]", suite.product(None, DEBUG, append="test=bench", smp=2, icount=True, seed=1),
                   Expectation(ktap=True)),
        guest("2", 2, icount=True, seed=1),
        guest("4,gic2", 4, icount=True, seed=2, gic=2),
        guest("4,debug", 4, image=DEBUG, icount=True, seed=4),
        guest("8,el2", 8, icount=True, seed=3, el2=True, cpu="max"),
        guest("4,realtime", 4, replace(BUDGET, idle_s=20.0), icount=False),
        panics(4), panics(8, icount=False),
        *(hello(cpus, gic, el2) for cpus in (2, 3, 8) for gic in (2, 3) for el2 in (False, True)),
    ]


if __name__ == "__main__":
    suite.main(__file__)
