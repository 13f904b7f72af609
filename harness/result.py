# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The guest's test results: strict KTAP from the result channel.

Strict means: version line, nonce, plan, then exactly the planned numbers in order, and nothing else. A parser that
forgives is how a guest that died half way is scored as passed. Measurements ride along as
`# perf <metric> <value> <unit>`; any other `#` line is a diagnostic of the result before it.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

VERSION = "KTAP version 1"
NONCE = re.compile(r"# nonce ([0-9a-f]+)")
PLAN = re.compile(r"1\.\.(\d+)(?: # SKIP(?: (.*))?)?")
LINE = re.compile(r"(ok|not ok) (\d+) (\S+)(?: # (.*))?")
PERF = re.compile(r"# perf (\S+) (-?\d+(?:\.\d+)?) (\S+)")


@dataclass(frozen=True)
class GuestTest:
    """One result line of the guest."""

    name: str
    passed: bool
    skipped: bool = False
    why: str = ""


@dataclass(frozen=True)
class Measure:
    """One measurement of the guest."""

    metric: str
    value: float
    unit: str


@dataclass
class Results:
    """What a result stream held. `error` names its first breach of the format, empty where there is none."""

    nonce: str | None = None
    planned: int | None = None
    tests: list[GuestTest] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    skip_all: str | None = None
    error: str = ""

    @property
    def failed(self) -> list[GuestTest]:
        """The guest's tests that failed."""
        return [test for test in self.tests if not test.passed]


def parse(stream: bytes) -> Results:
    """Reads a whole result stream. Never raises: the first breach is in `error`, with its line number."""
    results = Results()
    if not stream:
        results.error = "empty result stream"
        return results
    *lines, rest = stream.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, 1):
        breach = _take(results, number, line.rstrip("\r"))
        if breach:
            results.error = f"line {number}: {breach}"
            return results
    if rest:
        results.error = f"line {len(lines) + 1}: ends in the middle of a line"
    elif results.planned is None:
        results.error = "no plan"
    elif len(results.tests) != results.planned:
        results.error = f"plan 1..{results.planned}, but {len(results.tests)} results"
    return results


def _take(results: Results, number: int, line: str) -> str:
    """Takes one line into `results`; gives the breach, or nothing."""
    if number == 1:
        return "" if line == VERSION else f"not `{VERSION}`: {line!r}"
    if line.startswith("#"):
        return _take_comment(results, line)
    if plan := PLAN.fullmatch(line):
        if results.planned is not None:
            return "a second plan"
        results.planned = int(plan[1])
        if results.planned == 0:
            results.skip_all = plan[2] or "no reason given"
        return ""
    test = LINE.fullmatch(line)
    if not test:
        return f"not KTAP: {line!r}"
    if results.planned is None:
        return "a result before the plan"
    if int(test[2]) != len(results.tests) + 1:
        return f"number {test[2]} where {len(results.tests) + 1} was due"
    if len(results.tests) == results.planned:
        return "more results than planned"
    why = test[4] or ""
    results.tests.append(GuestTest(test[3], test[1] == "ok", why.upper().startswith("SKIP"), why))
    return ""


def _take_comment(results: Results, line: str) -> str:
    if nonce := NONCE.fullmatch(line):
        if results.nonce is not None:
            return "a second nonce"
        results.nonce = nonce[1]
    elif line.startswith("# perf "):
        measure = PERF.fullmatch(line)
        if not measure:
            return f"not a measurement: {line!r}"
        results.measures.append(Measure(measure[1], float(measure[2]), measure[3]))
    return ""
