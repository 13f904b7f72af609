#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make perf-peers, second half: libcapos' malloc beside musl's on the same traces. malloc_peers.py [--rounds N]

malloc_trace.c is built twice by musl-gcc: with musl's malloc, and with ours over mmap. Both run every trace once a round, in an order that
is drawn anew each time. Left are medians, least and most, in nanoseconds an operation, and the ratio of the medians:
build/report/malloc.json and .md. Exit status: 0 measured, 1 not.
"""
from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from harness import paths  # noqa: E402

OURS, OTHER = "rumpk", "musl"
#: Trace, its rounds (about a tenth of a second), and what it is like.
TRACES = (("small_lifo", 20000, "16 to 127 bytes, the last one freed first"),
          ("random_lives", 200, "1 to 4096 bytes, mostly small; 20,000 live, and die in no order"),
          ("growing_buffers", 50000, "realloc from 32 bytes to twice as much, up to 16 KiB; 64 live"),
          ("large_blocks", 20000, "4 to 64 KiB, one at a time"))

#: Trace -> contender -> (ns an operation, KiB) of each run.
Runs = dict[str, dict[str, list[tuple[float, int]]]]


def measure(rounds: int) -> Runs:
    """All runs."""
    runs: Runs = {trace: {OURS: [], OTHER: []} for trace, _rounds, _words in TRACES}
    turns = [(trace, count, name) for trace, count, _words in TRACES for name in (OURS, OTHER)]
    for _ in range(rounds):
        for trace, count, name in random.sample(turns, len(turns)):
            program = paths.BUILD / "peers" / f"malloc_{name}"
            reply = subprocess.run([program, trace, str(count)], check=True, capture_output=True, text=True).stdout.split()
            runs[trace][name].append((float(reply[0]), int(reply[1])))
    return runs


def cell(runs: list[tuple[float, int]]) -> str:
    """Median, least and most."""
    times = [ns for ns, _kib in runs]
    return f"{statistics.median(times):.1f} ({min(times):.1f}..{max(times):.1f})"


def ratio(row: dict[str, list[tuple[float, int]]]) -> float:
    """Ours by musl's: below 1 is faster."""
    ours, other = (statistics.median([ns for ns, _kib in row[name]]) for name in (OURS, OTHER))
    return ours / other


def markdown(runs: Runs) -> str:
    """The table."""
    out = ["# malloc beside musl's", "",
           "Nanoseconds an operation (an allocation, a reallocation or a release): median of the runs, least to most. One "
           f"thread; {len(runs[TRACES[0][0]][OURS])} runs of each, in random order.", "",
           f"| trace | {OURS} | {OTHER} | {OURS} : {OTHER} | |", "| --- | ---: | ---: | ---: | --- |"]
    for trace, _rounds, words in TRACES:
        row = runs[trace]
        out.append(f"| {trace} | {cell(row[OURS])} | {cell(row[OTHER])} | {ratio(row):.2f} | {words} |")
    return "\n".join([*out, ""])


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="make perf-peers", description="malloc beside musl's.")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="runs of each (9)")
    options = parser.parse_args()
    try:
        runs = measure(options.rounds)
    except (subprocess.CalledProcessError, OSError, ValueError, IndexError) as error:
        print(f"malloc: {error}", file=sys.stderr)
        return 1
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    numbers = {trace: {"ratio": ratio(row), **row} for trace, row in runs.items()}
    (paths.REPORT / "malloc.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    (paths.REPORT / "malloc.md").write_text(markdown(runs), encoding="utf-8")
    print(markdown(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
