#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Many boots in a row, none different: harness/boots.py [N] [-j JOBS].

Every boot must pass by itself, and all consoles must be the same bytes once the fields that are meant to vary are
taken out. What differs is shown beside what most boots printed.
"""
from __future__ import annotations

import argparse
import collections
import concurrent.futures
import difflib
import os
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import markers, paths, suite  # noqa: E402
from harness.runner import Run, run_case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

#: Fields of the console that may differ from boot to boot; everything else must not.
VARIABLE = (re.compile(rb"(?m)^(boot: nonce )[0-9a-f]+"),)
#: So many boots are a round: progress is told after each, and CPU time is taken of each.
ROUND = 100
#: So many of the trivial image follow each round, where what a boot costs is set beside it.
ROUND_TRIVIAL = 50


@dataclass
class Boots:
    """What a row of boots came to."""

    total: int = 0
    seconds: float = 0.0
    failed: list[Run] = field(default_factory=list)
    kinds: collections.Counter[bytes] = field(default_factory=collections.Counter)
    cpu_ms: list[float] = field(default_factory=list)  # CPU time of a boot, of QEMU and of the harness: a number each round

    @property
    def different(self) -> int:
        """Boots that failed, or whose console is not what most boots printed."""
        return self.total - (self.kinds.most_common(1)[0][1] if self.kinds else 0)

    @property
    def per_minute(self) -> float:
        """Boots a minute, by the wall's clock."""
        return self.total / self.seconds * 60 if self.seconds else 0.0

    def by_cpu_time(self, cpus: int = 2) -> float:
        """Boots a minute that so many CPUs would do with nothing else to do."""
        return 60e3 * cpus / statistics.median(self.cpu_ms) if self.cpu_ms else 0.0

    def costs_of(self, other: "Boots") -> float:
        """How many times the CPU time of the other's boots these take: the median of the rounds that were next to each other in time."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.cpu_ms, other.cpu_ms, strict=True))

    def explain(self) -> str:
        """What differed, empty where nothing did."""
        lines = [f"{run.folder}: {run.verdict}" for run in self.failed[:5]]
        usual, *others = [kind for kind, _ in self.kinds.most_common(4)] or [b""]
        for other in others:
            lines += [f"{self.kinds[other]} of {self.total} boots printed otherwise:",
                      *difflib.unified_diff(usual.decode("utf-8", "replace").split("\n"),
                                            other.decode("utf-8", "replace").split("\n"), "most", "some", lineterm="")]
        return "\n".join(lines)


def normalise(console: bytes) -> bytes:
    """A console without its variable fields."""
    for field_ in VARIABLE:
        console = field_.sub(rb"\1<varies>", console)
    return console


def hello() -> suite.Case:
    """The case that is booted: c-hello, by the host's clock: one that counts instructions could not differ."""
    return suite.Case("boots", suite.product(icount=False), Expectation(markers=markers.hello()))


def trivial(image: Path) -> suite.Case:
    """The same with an image that prints a byte and ends: what a boot test costs without a kernel."""
    return suite.Case("trivial", suite.product(image=image, icount=False), Expectation(says_nonce=False, bad=()))


def boot_round(boots: Boots, case: suite.Case, count: int, jobs: int) -> None:
    """Boots a case `count` times more."""
    begun, cpu_s = time.monotonic(), sum(os.times()[:4])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for run in pool.map(lambda _: run_case(case, attempt="boot"), range(count)):
            if run.as_due:
                boots.kinds[normalise(run.console)] += 1
            else:
                boots.failed.append(run)
    boots.total += count
    boots.seconds += time.monotonic() - begun
    boots.cpu_ms.append((sum(os.times()[:4]) - cpu_s) * 1000 / count)


def boot_many(total: int, jobs: int, floor: Path | None = None) -> tuple[Boots, Boots]:
    """Boots c-hello `total` times, in rounds, and the trivial image `floor`, where one is given, after each round."""
    boots, beside = Boots(), Boots()
    while boots.total < total:
        boot_round(boots, hello(), min(ROUND, total - boots.total), jobs)
        if floor is not None:
            boot_round(beside, trivial(floor), ROUND_TRIVIAL, jobs)
        print(f"boots: {boots.total} of {total}, {len(boots.failed)} failed", flush=True)
    return boots, beside


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/boots.py", description="Boots c-hello many times; none may differ.")
    parser.add_argument("total", type=int, nargs="?", default=1000)
    parser.add_argument("-j", dest="jobs", type=int, default=2)
    options = parser.parse_args()
    boots, _ = boot_many(options.total, options.jobs)
    print(boots.explain() or f"{boots.total} boots, none different, {boots.per_minute:.0f} a minute")
    return 1 if boots.different else 0


if __name__ == "__main__":
    sys.exit(main())
