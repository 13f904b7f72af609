#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs QEMU tests: harness/run.py [-k NAME] [-j N] [--seed N] [--realtime] [--repeat N] [--shard I/N] [--list] ...

Exit status: 0 all passed, 1 a test failed, 2 usage or a fault of the harness itself, 3 only the host is at fault.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import shlex
import signal
import sys
import time
import traceback
from pathlib import Path

sys.path[:] = [str(Path(__file__).resolve().parent.parent),
               *(entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent)]

from harness import beside, foreign, history, outcome, paths, reader, record, suite  # noqa: E402
from harness.counting import Counting  # noqa: E402
from harness.machine import kill_all  # noqa: E402
from harness.runfolder import facts  # noqa: E402
from harness.runner import Run, failed, run_case, sweep  # noqa: E402

SELF_TESTS = paths.ROOT / "tests" / "harness" / "broken.py"
SLOWEST = 5
#: So many failing runs are recorded again, and run with the known-good image; more would cost more time than they tell.
RECORDED = 5


def shard(text: str) -> tuple[int, int]:
    """`2/4`: the second of four parts."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"wants I/N with 1 <= I <= N, not {text!r}")
    return int(part), int(parts)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that say which tests."""
    parser.add_argument("-k", dest="names", action="append", default=[], metavar="NAME",
                        help="only tests with NAME in their name (wildcards allowed; =NAME is exactly that test)")
    parser.add_argument("--file", type=Path, action="append", help="tests of this file only: tests/qemu/*.py, or the "
                        "suite.toml of another kernel")
    parser.add_argument("--shard", type=shard, metavar="I/N", help="the I-th of N parts of the list")
    parser.add_argument("--self-test", action="store_true", help="the harness against deliberately broken images")


def add_determinism(parser: argparse.ArgumentParser) -> None:
    """The options that say what varies."""
    parser.add_argument("--seed", type=int, default=suite.SEED, metavar="N",
                        help=f"what all randomness of a run comes from ({suite.SEED}); the same seed is the same run")
    parser.add_argument("--realtime", action="store_true",
                        help="by the host's clock, as on a real machine, instead of one nanosecond an instruction")


def arguments(argv: list[str], prog: str) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog=prog, description="Boots the images and judges what they do.")
    add_selection(parser)
    add_determinism(parser)
    parser.add_argument("-j", dest="jobs", type=int, default=2, metavar="N", help="so many machines at once (2)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run each test N times; all must pass")
    parser.add_argument("--keep", action="store_true", help="keep the folder of every run, not only of the last")
    parser.add_argument("--list", action="store_true", help="print the names of the tests and leave")
    parser.add_argument("--no-record", action="store_true", help="do not record failing runs again for replay")
    parser.add_argument("--count", action="store_true", help="count for harness/cover.py what exact tests execute")
    parser.add_argument("--report", action="store_true",
                        help="write build/report/ for a part of the tests too, not only for all")
    parser.add_argument("--signature", action="store_true",
                        help="print a line `signature: ...` for each failure, the same for the same failure")
    parser.add_argument("--nonce", help="use this nonce (what repro.sh does)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the console of each run")
    options = parser.parse_args(argv)
    if options.jobs < 1 or options.repeat < 1:
        parser.error("-j and --repeat want a positive number")
    return options


def selected(options: argparse.Namespace) -> list[suite.Case]:
    """The tests that are asked for."""
    files = [SELF_TESTS] if options.self_test else [file.resolve() for file in options.file or []]
    tables = [file for file in files if file.suffix == ".toml"]
    cases = [case for table in tables for case in foreign.load(table)]
    files = [file for file in files if file not in tables]
    if files or not tables:
        cases += suite.find(files=files)
    cases = suite.select(cases, options.names)
    part, parts = options.shard or (1, 1)
    return cases[part - 1::parts]


def run_all(cases: list[suite.Case], options: argparse.Namespace) -> list[Run]:
    """Runs the cases `-j` at a time and prints a line for each as it ends."""
    work = [(case, f"{turn + 1} of {options.repeat}" if options.repeat > 1 else "")
            for case in spread(cases) for turn in range(options.repeat)]
    known, counting = history.records(), Counting() if options.count and not options.realtime else None
    runs: list[Run] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:  # around this too: an interruption while the first machines run already must end them, not wait for them
            waiting = {pool.submit(run_case, counting.of(case) if counting else case, options.nonce, options.keep, turn, options.seed, options.realtime):
                       (case, turn) for case, turn in work}
            for done in concurrent.futures.as_completed(waiting):
                error = done.exception()
                run = failed(waiting[done][0], error) if isinstance(error, Exception) else done.result()
                if isinstance(error, Exception):
                    traceback.print_exception(error)
                runs.append(run)
                print_run(run, len(runs), len(work), options.verbose)
                if not run.as_due:
                    explain(run, runs, known.get(run.case.name), options)
                    stand_beside(waiting[done][0], run, runs, options)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_all()
            raise
    if counting:
        counting.finish()
    order = {case.name: at for at, case in enumerate(cases)}
    return sorted(runs, key=lambda run: order[run.case.name])


def spread(cases: list[suite.Case]) -> list[suite.Case]:
    """The cases with those in real time, which wait much, evenly among those that only compute."""
    parts = [[case for case in cases if case.machine.icount == exact] for exact in (True, False)]
    placed = [(at / len(part), case.name, case) for part in parts for at, case in enumerate(part)]
    return [case for _, _, case in sorted(placed, key=lambda one: one[:2])]


def print_run(run: Run, number: int, total: int, verbose: bool) -> None:
    """One line for a run."""
    mark = "ok  " if run.as_due else "FAIL"
    due = "" if run.case.verdict == "PASS" else f" (due: {run.case.verdict})"
    turn = f" ({run.attempt})" if run.attempt else ""
    print(f"[{number}/{total}] {mark} {run.case.name}{turn}: {run.verdict.name}{due} {run.wall_s * 1000:.0f} ms",
          flush=True)
    if verbose:
        print(run.console.decode("utf-8", "replace"), end="")


def explain(run: Run, runs: list[Run], before: history.Record | None, options: argparse.Namespace) -> None:
    """What is to be told of a failure: why, where it is described, how to run it again, how to step backwards in it."""
    print(f"       {run.verdict}", flush=True)
    if before is not None:
        print(f"       before: {before}")
    if options.signature and not run.verdict.host_fault:
        print(f"signature: {run.verdict.signature}", flush=True)
    if not run.nonce:
        return
    print(f"       again: {shlex.quote(str(run.folder))}/repro.sh", flush=True)
    if run.autopsy:
        print(f"       autopsy: {run.folder}/autopsy.md", flush=True)
    if not (options.no_record or options.signature) and sum(not one.as_due for one in runs) <= RECORDED:
        said = record.record_run(run)
        print(f"       {said}" if said else "", end="\n" if said else "", flush=True)


def stand_beside(case: suite.Case, run: Run, runs: list[Run], options: argparse.Namespace) -> None:
    """What the known-good image does in the same test. Of the first failures, and where the case says that it should pass."""
    if options.signature or case.verdict != "PASS" or sum(not one.as_due for one in runs) > RECORDED:
        return
    run.beside = beside.compare(case, run)
    print(f"       {run.beside}" if run.beside else "", end="\n" if run.beside else "", flush=True)


def exit_status(runs: list[Run]) -> int:
    """The harness's own exit status."""
    bad = [run for run in runs if not run.as_due]
    if any(run.verdict.cause == "harness" for run in bad):
        return 2
    if any(not run.verdict.host_fault for run in bad):
        return 1
    return 3 if bad else 0


def main(argv: list[str], prog: str = "harness/run.py") -> int:
    """The program."""
    options = arguments(argv, prog)
    try:
        cases = selected(options)
    except (OSError, ValueError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
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
        sweep(own=True)
        return 2
    history.add(facts(run) for run in runs if run.nonce and run.case.verdict == "PASS")
    name = "self-test" if options.self_test else "qemu"
    whole = not (options.names or options.file or options.shard)
    stage = outcome.stage(name, runs, time.monotonic() - begun)
    if options.report or whole:
        print(f"report: {outcome.write(stage, runs)}")
    slow = sorted(runs, key=lambda run: -run.wall_s)[:SLOWEST]
    print("slowest: " + ", ".join(f"{run.case.name} {run.wall_s:.2f} s" for run in slow))
    print("{} passed, {} failed, {} skipped".format(*stage.counts), f"in {stage.seconds:.1f} s")
    return exit_status(runs)


if __name__ == "__main__":
    sys.exit(reader.served(lambda: main(sys.argv[1:])))
