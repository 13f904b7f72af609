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


@dataclass
class Boots:
    """What a row of boots came to."""

    total: int
    seconds: float = 0.0
    failed: list[Run] = field(default_factory=list)
    kinds: collections.Counter[bytes] = field(default_factory=collections.Counter)
    rounds_cpu_s: list[float] = field(default_factory=list)  # CPU time of each whole round, of QEMU and of the harness

    @property
    def different(self) -> int:
        """Boots that failed, or whose console is not what most boots printed."""
        return self.total - (self.kinds.most_common(1)[0][1] if self.kinds else 0)

    @property
    def per_minute(self) -> float:
        """Boots a minute, by the wall's clock."""
        return self.total / self.seconds * 60 if self.seconds else 0.0

    def by_cpu_time(self, cpus: int = 2) -> tuple[float, float]:
        """Boots a minute that so many CPUs would do with nothing else to do, over all rounds and in the calmest one; 0 without a whole round.

        Who shares the host's cores and caches makes CPU time longer and never shorter: so the calmest round is nearest to what a boot costs.
        """
        if not self.rounds_cpu_s or not min(self.rounds_cpu_s):
            return 0.0, 0.0
        minute = 60.0 * cpus * ROUND
        return minute / statistics.mean(self.rounds_cpu_s), minute / min(self.rounds_cpu_s)

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


def boot_many(case: suite.Case, total: int, jobs: int, progress: bool = True) -> Boots:
    """Boots a case `total` times."""
    boots, begun, cpu_s = Boots(total), time.monotonic(), sum(os.times()[:4])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for number, run in enumerate(pool.map(lambda _: run_case(case, attempt="boot"), range(total)), 1):
            if run.as_due:
                boots.kinds[normalise(run.console)] += 1
            else:
                boots.failed.append(run)
            if number % ROUND:
                continue
            now_s = sum(os.times()[:4])
            boots.rounds_cpu_s.append(now_s - cpu_s)
            cpu_s = now_s
            if progress:
                print(f"boots: {number} of {total}, {len(boots.failed)} failed", flush=True)
    boots.seconds = time.monotonic() - begun
    return boots


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/boots.py", description="Boots c-hello many times; none may differ.")
    parser.add_argument("total", type=int, nargs="?", default=1000)
    parser.add_argument("-j", dest="jobs", type=int, default=2)
    options = parser.parse_args()
    boots = boot_many(hello(), options.total, options.jobs)
    print(boots.explain() or f"{boots.total} boots, none different, {boots.per_minute:.0f} a minute")
    return 1 if boots.different else 0


if __name__ == "__main__":
    sys.exit(main())
