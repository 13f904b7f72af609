#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make perf-peers: the ring beside those of others. peers.py [--rounds N] [--seconds S] [--only TEXT] [--first]

Every contender runs every case once a round, in an order that is drawn anew each time, so that a slow moment of the machine
hits all alike. The driver tells how much of its CPUs' time others had meanwhile; a run that lost more than 4 % is
discarded and tried again, up to four times. A run that takes 15 times as long as it should is ended and counted as
stuck, at the rate that it would have had had it ended then: rings whose producers wait for each other all but halt
when one of them loses its CPU at the wrong moment.
Virtual CPUs are moved closer and apart meanwhile, which changes every ring by a factor: before each run it is
measured how long a line of memory takes between them, and the table is made of the runs of the commoner of both
states, "near" and "far". Left are medians, least and most: build/report/peers.json, .md, .html, .svg. Exit status: 0
measured, 1 not.
"""
from __future__ import annotations

import argparse
import json
import os
import random
import select
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from harness import paths  # noqa: E402
from tests.perf.peers import table  # noqa: E402

PROGRAMS = paths.BUILD / "peers"
OURS = "rumpk"
CONTENDERS = (OURS, "ck_ring", "rte_ring", "boost_spsc", "lmax")
ONE_PRODUCER_ONLY = ("boost_spsc",)
DISTURBED = 0.04
RETRIES = 4
RUN_S = 0.06
REPLY_LIMIT_S = 15 * RUN_S
JAVA_LIMIT_S = 15.0
FAR_NS = 100
AUTOGROUP = Path("/proc/self/autogroup")
#: Looks before the CPU is given away, and pauses between looks: the same for all.
WAIT = (3, 32)


class Lost(RuntimeError):
    """A program that answered with an error, or ended."""


class Stuck(RuntimeError):
    """A run that did not end in time."""


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    producers: int
    capacity: int
    batch: int

    def __str__(self) -> str:
        return f"{self.producers}P1C {self.capacity} {'single' if self.batch == 1 else f'batch {self.batch}'}"


@dataclass
class Run:
    """One run."""

    rate: float
    others: float
    far: bool


@dataclass
class Cell:
    """What one contender did in one case, in millions of messages a second."""

    runs: list[Run] = field(default_factory=list)
    turns: int = 0
    stuck: list[float] = field(default_factory=list)  # the rates that they would have had at most

    def good(self, far: bool) -> list[float]:
        """The undisturbed runs of one state of the machine."""
        return [run.rate for run in self.runs if run.others <= DISTURBED and run.far == far]

    def used(self, far: bool) -> list[float]:
        """These; where they are fewer than three, the least disturbed besides; and those that were stuck."""
        good = self.good(far)
        rest = sorted((run for run in self.runs if run.others > DISTURBED and run.far == far), key=lambda run: run.others)
        return sorted(good + [run.rate for run in rest[:max(0, 3 - len(good))]] + self.stuck)


class Program:
    """A driver that answers a line with a line; started anew when it hangs."""

    def __init__(self, command: list[str], limit_s: float) -> None:
        self.command, self.limit_s = command, limit_s
        self.process: subprocess.Popen[str] | None = None

    def ask(self, line: str) -> tuple[float, float]:
        """Millions of messages a second, and the share of the CPUs' time that others had."""
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], self.limit_s)[0]:
            self.stop()
            raise Stuck(line)
        reply = self.process.stdout.readline().strip()
        try:
            rate, others = map(float, reply.split())
        except ValueError:
            self.stop()
            raise Lost(f"{line}: {reply or 'it ended'}") from None
        return rate, others

    def stop(self) -> None:
        """Ends it."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None


def programs() -> dict[str, Program]:
    """The program of each contender: LMAX has a Java machine, which stays so that its code is compiled by then."""
    native = Program([str(PROGRAMS / "driver")], REPLY_LIMIT_S)
    java = Program(["java", "-XX:+UseSerialGC", "-Xms256m", "-Xmx256m", "-cp",
                    f"{PROGRAMS}:/usr/share/java/disruptor.jar", "Lmax"], JAVA_LIMIT_S)
    return {name: java if name == "lmax" else native for name in CONTENDERS}


def is_far(drivers: dict[str, Program]) -> bool:
    """Whether the CPUs are far from each other just now."""
    try:
        return drivers[OURS].ask("probe")[0] > FAR_NS
    except Stuck:
        return True


def ask(drivers: dict[str, Program], name: str, case: Case, messages: int) -> tuple[float, float]:
    """One run of about `messages` messages in all."""
    step = 2 * 64
    each = max(step, messages // case.producers // step * step)
    return drivers[name].ask(f"{name} {case.producers} {case.capacity} {case.batch} {each} {WAIT[0]} {WAIT[1]}")


def messages_for(drivers: dict[str, Program], name: str, case: Case) -> int:
    """How many messages last RUN_S, at least a few laps; the runs for it also warm up. Nothing is kept of them."""
    messages = least = 8 * case.capacity
    for _ in range(4):
        try:
            rate, _others = ask(drivers, name, case, messages)
        except Stuck:
            break
        messages = min(max(least, int(rate * 1e6 * RUN_S)), 8 * messages)
    return messages


def run(cases: list[Case], rounds: int, seconds: float) -> dict[Case, dict[str, Cell]]:
    """All of it; no new round is begun after so many seconds."""
    deadline = time.monotonic() + seconds
    drivers = programs()
    pairs = [(case, name) for case in cases for name in CONTENDERS
             if case.producers == 1 or name not in ONE_PRODUCER_ONLY]
    cells: dict[Case, dict[str, Cell]] = {case: {} for case in cases}
    sizes = {}
    try:
        for case, name in pairs:
            sizes[case, name] = messages_for(drivers, name, case)
            cells[case][name] = Cell()
        for number in range(rounds):
            if number and time.monotonic() > deadline:
                break
            print(f"peers: round {number + 1} of {rounds}", flush=True)
            random.shuffle(cases)
            for case in cases:
                names = random.sample(list(cells[case]), len(cells[case]))
                for name in names:
                    measure(drivers, name, case, sizes[case, name], cells[case][name])
    finally:
        for driver in set(drivers.values()):
            driver.stop()
    return cells


def measure(drivers: dict[str, Program], name: str, case: Case, messages: int, cell: Cell) -> None:
    """One run that nobody disturbed, if there is one to be had."""
    cell.turns += 1
    for _ in range(1 + RETRIES):
        far = is_far(drivers)
        try:
            rate, others = ask(drivers, name, case, messages)
        except Stuck:
            cell.stuck.append(messages / drivers[name].limit_s / 1e6)
            return
        if far != is_far(drivers):
            others = 1.0
        cell.runs.append(Run(rate, others, far))
        if others <= DISTURBED:
            return


def rounds_of(cells: dict[Case, dict[str, Cell]]) -> int:
    """How often every contender had its turn."""
    return min(cell.turns for row in cells.values() for cell in row.values())


def mostly_far(cells: dict[Case, dict[str, Cell]]) -> bool:
    """The commoner state."""
    return statistics.mean([run.far for row in cells.values() for cell in row.values() for run in cell.runs] or [0]) > 0.5


def rows(cells: dict[Case, dict[str, Cell]], far: bool) -> list[table.Row]:
    """The table, in order."""
    found = []
    for case in sorted(cells, key=lambda case: (case.producers, case.capacity, case.batch)):
        row = table.Row(str(case), {})
        for name in CONTENDERS:
            if name in cells[case]:
                cell = cells[case][name]
                used, good = cell.used(far) or [0.0], len(cell.good(far))
                row.entries[name] = table.Entry(statistics.median(used), used[0], used[-1], good, len(cell.runs) - good,
                                                len(cell.stuck))
        found.append(row)
    return found


def go_first() -> None:
    """Before all else that runs here, for a machine that others use too: a session of our own, with a high priority."""
    if os.getsid(0) != os.getpid():
        if os.getpgrp() == os.getpid():
            raise PermissionError("--first needs to be started as `setsid -w ...` here")
        os.setsid()
    os.nice(-10)
    if AUTOGROUP.exists():
        AUTOGROUP.write_text("-18", encoding="ascii")


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="make perf-peers", description="The ring beside those of others.")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="runs of each (9)")
    parser.add_argument("--seconds", type=float, default=240, metavar="S", help="no new round after so long (240)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows with TEXT in their name, as in '3P1C'")
    parser.add_argument("--first", action="store_true", help="run before all others of a shared machine (as root)")
    options = parser.parse_args()
    cases = [case for producers in (1, 3) for capacity in (4096, 65536) for batch in (1, 16, 64)
             if options.only in str(case := Case(producers, capacity, batch))]
    begun = time.monotonic()
    try:
        if options.first:
            go_first()
        cells = run(cases, options.rounds, options.seconds)
        far = mostly_far(cells)
        found = rows(cells, far)
    except (Lost, OSError) as error:
        print(f"peers: {error}", file=sys.stderr)
        return 1
    about = table.About(OURS, list(CONTENDERS), rounds_of(cells), os.cpu_count() or 1, table.cpu_name(), far, WAIT, DISTURBED,
                        os.getloadavg()[2], time.monotonic() - begun)
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    runs = [{"case": str(case), "contender": name, **asdict(cell)}
            for case, row in cells.items() for name, cell in row.items()]
    numbers = {"about": asdict(about), "rows": [asdict(row) for row in found], "runs": runs}
    for name, text in (("json", json.dumps(numbers, indent=1) + "\n"), ("md", table.markdown(about, found)),
                       ("html", table.page(about, found)), ("svg", table.plot(about, found))):
        (paths.REPORT / f"peers.{name}").write_text(text, encoding="utf-8")
    print(table.markdown(about, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
