#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make model: every interleaving of the ring's protocol, by Spin. tests/spin/model.py [-k TEXT]

disruptor.pml is checked whole in several shapes, each of which must be without error and be searched to its end; and
with one rule of the protocol broken at a time, each of which must be caught: a model that cannot fail proves nothing.
Leaves build/report/model.xml. Exit status: 0 all as it should be, 1 not.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from harness import junit, paths, report  # noqa: E402

MODEL = Path(__file__).resolve().with_name("disruptor.pml")
FOLDER = paths.BUILD / "spin"
MEMORY_MIB = 900
AT_ONCE = 2  # each may need that much memory
LIMIT_S = 120
DEPTH = 20000


@dataclass(frozen=True)
class Check:
    """A shape of the model, and whether an error is to be found in it."""

    name: str
    macros: tuple[str, ...]
    broken: bool = False


SOUND = (
    Check("many_producers_broadcast", ("MESSAGES=2",)),
    Check("many_producers_broadcast_larger_ring", ("CAPACITY=4", "MESSAGES=2")),
    Check("many_producers_pipeline_more_laps", ("PIPELINE", "MESSAGES=3", "FEWER=1")),
    Check("many_producers_closed_at_any_moment", ("PIPELINE", "CLOSE_EARLY", "MESSAGES=2")),
    Check("one_producer_broadcast", ("SINGLE", "MESSAGES=8")),
    Check("one_producer_pipeline", ("SINGLE", "PIPELINE", "MESSAGES=8")),
)
BROKEN = tuple(Check(f"caught_{name}", (f"BREAK_{name.upper()}", "MESSAGES=2"), True)
               for name in ("release", "acquire", "released", "gate", "claim", "lap"))


def command(arguments: list[str], folder: Path) -> str:
    """What a program prints; its failure is an error."""
    done = subprocess.run(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def search(check: Check) -> str:
    """Builds the verifier and runs it; gives what it prints."""
    folder = FOLDER / check.name
    folder.mkdir(parents=True, exist_ok=True)
    command(["spin", "-a", *(f"-D{macro}" for macro in check.macros), str(MODEL)], folder)
    command(["gcc", "-O1" if check.broken else "-O2", "-DSAFETY", f"-DMEMLIM={MEMORY_MIB}", "-o", "pan", "pan.c"], folder)
    return command(["./pan", f"-m{DEPTH}", "-w20"], folder)


def judge(check: Check, output: str) -> str:
    """What is wrong with a search, or nothing."""
    errors = re.search(r"errors: (\d+)", output)
    if not errors:
        return "the verifier gave no count of errors"
    if check.broken:
        return "" if int(errors[1]) else "the broken protocol was not caught"
    if int(errors[1]):
        found = re.search(r"^pan:\d+: (.*)$", output, re.M)
        return found[1] if found else "an error"
    if "Search not completed" in output or "max search depth too small" in output or "reached -DMEMLIM" in output:
        return "the search did not reach its end"
    return ""


def run(check: Check) -> junit.Item:
    """One check."""
    begun = time.monotonic()
    try:
        output = search(check)
        failure = judge(check, output)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        output, failure = str(error), str(error).split("\n", 1)[0]
    item = junit.Item(check.name, time.monotonic() - begun, failure, text=output[-6000:] if failure else "")
    states = re.search(r"(\S+)\s+states, stored", output)
    print(f"{'FAIL' if failure else 'ok  '} {check.name}: {failure or (states[1] + ' states' if states else '')}, "
          f"{item.seconds:.1f} s", flush=True)
    return item


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="make model", description="Checks the ring's protocol in every interleaving.")
    parser.add_argument("-k", dest="pattern", default="", metavar="TEXT", help="only checks with TEXT in their name")
    options = parser.parse_args()
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        checks = [check for check in SOUND + BROKEN if options.pattern in check.name]
        stage = junit.Stage("model", list(pool.map(run, checks)))
    stage.seconds = time.monotonic() - begun
    stage.write(paths.REPORT / "model.xml")
    report.write()
    print("{} passed, {} failed, {} skipped".format(*stage.counts), f"in {stage.seconds:.1f} s")
    return 1 if stage.counts[1] or not stage.counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())
