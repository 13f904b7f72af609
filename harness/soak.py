#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs tests over and over: harness/soak.py [-k NAME] [--minutes M] [-j N] [--realtime] [--keep-going].

Every round has another seed, so that what is random in a kernel takes other ways; a failure is reproduced by its seed. The
first failure ends it, unless it is to keep going. What each test came to is in its last lines, as `k of n`.
"""
from __future__ import annotations

import argparse
import collections
import concurrent.futures
import sys
import time
from pathlib import Path
from typing import Iterator

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import history, run, suite  # noqa: E402
from harness.machine import kill_all  # noqa: E402
from harness.runfolder import facts  # noqa: E402
from harness.runner import Run, run_case, sweep  # noqa: E402

PROGRESS_S = 10.0


def work(cases: list[suite.Case], first_seed: int, until: float) -> Iterator[tuple[suite.Case, int]]:
    """Every case with the first seed, then every case with the next, until the time is over."""
    seed = first_seed
    while True:
        for case in cases:
            if time.monotonic() > until:
                return
            yield case, seed
        seed += 1


def soak(cases: list[suite.Case], options: argparse.Namespace) -> list[Run]:
    """Runs for the time asked for; the runs that failed."""
    begun, counts, bad = time.monotonic(), collections.Counter(), []
    todo, shown = work(cases, options.seed, begun + options.minutes * 60), begun
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        busy: set[concurrent.futures.Future[Run]] = set()
        try:
            while True:
                while len(busy) < options.jobs and not (bad and not options.keep_going):
                    following = next(todo, None)
                    if following is None:
                        break
                    busy.add(pool.submit(run_case, following[0], seed=following[1], realtime=options.realtime))
                if not busy:
                    return bad
                done, busy = concurrent.futures.wait(busy, return_when=concurrent.futures.FIRST_COMPLETED)
                for run_ in (future.result() for future in done):
                    counts[run_.as_due] += 1
                    if not run_.as_due:
                        bad.append(run_)
                        print(f"FAIL {run_.case.name}, seed {run_.case.machine.seed}\n     {run_.verdict}\n"
                              f"     {run_.folder}/autopsy.md", flush=True)
                    history.add([facts(run_)])
                if time.monotonic() - shown > PROGRESS_S:
                    shown = time.monotonic()
                    print(f"soak: {counts.total()} runs in {shown - begun:.0f} s, {counts[False]} failed", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_all()
            raise
        finally:
            print(f"{counts[True]} of {counts.total()} as due in {time.monotonic() - begun:.0f} s", flush=True)


def main(argv: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/soak.py", description=(__doc__ or "").strip(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    run.add_selection(parser)
    run.add_determinism(parser)
    parser.add_argument("-j", dest="jobs", type=int, default=2, metavar="N", help="so many machines at once (2)")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="M", help="for so long (10)")
    parser.add_argument("--keep-going", action="store_true", help="do not end at the first failure")
    options = parser.parse_args(argv)
    cases = [case for case in run.selected(options) if not case.skip]
    if not cases:
        print("no test has such a name", file=sys.stderr)
        return 2
    sweep()
    try:
        bad = soak(cases, options)
    except KeyboardInterrupt:
        sweep(own=True)
        print("interrupted", file=sys.stderr)
        return 2
    kinds = collections.Counter(f"{one.case.name}: {one.verdict.signature}" for one in bad)
    for kind, times in kinds.most_common():
        print(f"{times} times: {kind}")
    return run.exit_status(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
