#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs QEMU tests: harness/run.py [-k NAME] [-j N] [--repeat N] [--keep] [--list] [--self-test] [--report].

Exit status: 0 all passed, 1 a test failed, 2 usage or a fault of the harness itself, 3 only the host is at fault.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import signal
import sys
import time
import traceback
from pathlib import Path

sys.path[:] = [str(Path(__file__).resolve().parent.parent),
               *(entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent)]

from harness import junit, paths, report, suite  # noqa: E402
from harness.machine import kill_all  # noqa: E402
from harness.runner import Run, failed, run_case, sweep  # noqa: E402

SELF_TESTS = paths.ROOT / "tests" / "harness" / "broken.py"
SLOWEST = 5
#: Text of a console that a report carries.
CONSOLE_TAIL = 4000


def arguments(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="harness/run.py", description="Boots the images and judges what they do.")
    parser.add_argument("-k", dest="names", action="append", default=[], metavar="NAME",
                        help="only tests with NAME in their name (wildcards allowed; =NAME is exactly that test)")
    parser.add_argument("-j", dest="jobs", type=int, default=2, metavar="N", help="so many machines at once (2)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run each test N times; all must pass")
    parser.add_argument("--keep", action="store_true", help="keep the folder of every run, not only of the last")
    parser.add_argument("--list", action="store_true", help="print the names of the tests and leave")
    parser.add_argument("--self-test", action="store_true", help="the harness against deliberately broken images")
    parser.add_argument("--report", action="store_true", help="write build/report/ (JUnit XML and the HTML page) for a part of the tests too")
    parser.add_argument("--signature", action="store_true",
                        help="print a line `signature: ...` for each failure, the same for the same failure")
    parser.add_argument("--nonce", help="use this nonce (what repro.sh does)")
    parser.add_argument("--file", type=Path, action="append", help="tests of this file only")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the console of each run")
    options = parser.parse_args(argv)
    if options.jobs < 1 or options.repeat < 1:
        parser.error("-j and --repeat want a positive number")
    return options


def run_all(cases: list[suite.Case], options: argparse.Namespace) -> list[Run]:
    """Runs the cases `-j` at a time and prints a line for each as it ends."""
    work = [(case, f"{turn + 1} of {options.repeat}" if options.repeat > 1 else "")
            for case in cases for turn in range(options.repeat)]
    runs: list[Run] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(run_case, case, options.nonce, options.keep, turn): (case, turn) for case, turn in work}
        try:
            for done in concurrent.futures.as_completed(waiting):
                error = done.exception()
                run = failed(waiting[done][0], error) if isinstance(error, Exception) else done.result()
                if isinstance(error, Exception):
                    traceback.print_exception(error)
                runs.append(run)
                print_run(run, len(runs), len(work), options.verbose)
                if options.signature and not run.as_due and not run.verdict.host_fault:
                    print(f"signature: {run.verdict.signature}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_all()
            raise
    order = {case.name: at for at, case in enumerate(cases)}
    return sorted(runs, key=lambda run: order[run.case.name])


def print_run(run: Run, number: int, total: int, verbose: bool) -> None:
    """One line for a run; more where it is not as it should be."""
    mark = "ok  " if run.as_due else "FAIL"
    due = "" if run.case.verdict == "PASS" else f" (due: {run.case.verdict})"
    turn = f" ({run.attempt})" if run.attempt else ""
    print(f"[{number}/{total}] {mark} {run.case.name}{turn}: {run.verdict.name}{due} {run.wall_s * 1000:.0f} ms",
          flush=True)
    if verbose:
        print(run.console.decode("utf-8", "replace"), end="")
    if not run.as_due:
        print(f"       {run.verdict}", flush=True)
        if run.nonce:
            print(f"       {run.folder}/  (again: {run.folder}/repro.sh)", flush=True)


def to_items(run: Run) -> list[junit.Item]:
    """A run, and each result its guest reported, as tests of a report."""
    name = run.case.name + (f" ({run.attempt})" if run.attempt else "")
    item = junit.Item(name, run.wall_s)
    if not run.as_due:
        item.failure, item.kind = str(run.verdict), run.verdict.name
        tail = run.console[-CONSOLE_TAIL:].decode("utf-8", "replace")
        item.text = f"{run.folder}\n\n{run.autopsy or tail}"
    elif run.verdict.name == "SKIP":
        item.skipped = run.verdict.detail
    guests = run.results.tests if run.results and run.case.verdict == "PASS" else []
    return [item, *(junit.Item(f"{name}: {test.name}", 0.0, "" if test.passed else test.why or "not ok",
                               skipped=test.why if test.skipped else "") for test in guests)]


def exit_status(runs: list[Run]) -> int:
    """The harness's own exit status."""
    bad = [run for run in runs if not run.as_due]
    if any(run.verdict.cause == "harness" for run in bad):
        return 2
    if any(not run.verdict.host_fault for run in bad):
        return 1
    return 3 if bad else 0


def main(argv: list[str]) -> int:
    """The program."""
    options = arguments(argv)
    files = [SELF_TESTS] if options.self_test else [file.resolve() for file in options.file or []]
    cases = suite.select(suite.find(files=files), options.names)
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    if not cases:
        print("no test has such a name", file=sys.stderr)
        return 2
    sweep()
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        runs = run_all(cases, options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 2
    stage = junit.Stage("self-test" if options.self_test else "qemu", [item for run in runs for item in to_items(run)],
                        time.monotonic() - begun)
    if options.report or not (options.names or options.file):
        stage.write(paths.REPORT / f"{stage.name}.xml")
        print(f"report: {report.write()}")
    slow = sorted(runs, key=lambda run: -run.wall_s)[:SLOWEST]
    print("slowest: " + ", ".join(f"{run.case.name} {run.wall_s:.2f} s" for run in slow))
    print("{} passed, {} failed, {} skipped".format(*stage.counts), f"in {stage.seconds:.1f} s")
    return exit_status(runs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
