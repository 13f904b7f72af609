#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs host tests and counts them: harness/unit.py [-j N] [-k NAME] [FOLDER]; harness/unit.py --python FOLDER...

Every `*_test` program below FOLDER (build/tests/unit) is a CUnit program of its own; with --python, every `test_*.py`
below the folders is unittest. Both become JUnit files: build/report/unit.xml and build/report/<--name>.xml.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import junit, paths, report  # noqa: E402

LIMIT_S = 300
#: CUnit's basic interface in its verbose mode: `  Test: name ...passed`, or `...FAILED` and its numbered reasons.
CUNIT_TEST = re.compile(r"^\s*Test: (.+?) \.\.\.(.*)$", re.M)
CUNIT_TOTAL = re.compile(r"^\s*tests\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)", re.M)


def parse_cunit(program: str, output: str, status: int | None) -> list[junit.Item]:
    """The tests of one CUnit program. A program that dies or gives no summary has failed, whatever it printed."""
    total = CUNIT_TOTAL.search(output)
    tests = list(CUNIT_TEST.finditer(output))
    items = []
    for test, following in zip(tests, [*tests[1:], None]):
        tail = output[test.end():following.start() if following else total.start() if total else None]
        verdict = test[2] + tail
        passed = "passed" in verdict and "FAILED" not in verdict
        item = junit.Item(f"{program}: {test[1]}", text="" if passed else verdict.strip())
        item.failure = "" if passed else _first(tail) or "failed"
        items.append(item)
    ran = int(total[2]) if total else 0
    failed = int(total[4]) if total else 0
    if total and not items:  # not verbose: only the totals are known
        items = [junit.Item(f"{program}: test {number + 1}", 0.0, "failed" if number < failed else "",
                            text=output if number < failed else "") for number in range(ran)]
    problem = _problem(items, output, status)
    if problem:
        items.append(junit.Item(program, 0.0, problem, "CRASH", text=output[-6000:]))
    return items


def _problem(items: list[junit.Item], output: str, status: int | None) -> str:
    """What is wrong with a program as a whole, or nothing."""
    total = CUNIT_TOTAL.search(output)
    failed = sum(bool(item.failure) for item in items)
    if status is None:
        return f"not done in {LIMIT_S} s"
    if not total:
        return f"no CUnit summary, status {status}"
    if int(total[2]) == 0:
        return "ran no test"
    if (len(items), failed) != (int(total[2]), int(total[4])):
        return "its summary is not the sum of its tests"
    return f"exit status {status}, but no test failed" if status and not failed else ""


def _first(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def run_cunit(program: Path, folder: Path) -> tuple[str, list[junit.Item]]:
    """Runs one program."""
    name, begun = str(program.relative_to(folder)), time.monotonic()
    try:
        done = subprocess.run([program.resolve()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                              cwd=paths.ROOT, check=False)
        output, status = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as error:
        output, status = (error.stdout or b"").decode("utf-8", "replace"), None
    items = parse_cunit(name, output, status)
    items[0].seconds = time.monotonic() - begun
    return name, items


def cunit_stage(folder: Path, jobs: int, pattern: str) -> junit.Stage:
    """Every CUnit program of a folder, in parallel."""
    programs = sorted(path for path in folder.glob("**/*_test")
                      if path.is_file() and os.access(path, os.X_OK) and pattern in str(path))
    stage = junit.Stage("unit")
    if not programs:
        stage.items.append(junit.Item("programs", 0.0, f"no test program below {folder}"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, items in pool.map(lambda program: run_cunit(program, folder), programs):
            print_items(name, items)
            stage.items += items
    return stage


def print_items(name: str, items: list[junit.Item]) -> None:
    """A line for a program, and what failed in it."""
    failed = [item for item in items if item.failure]
    print(f"{'FAIL' if failed else 'ok  '} {name}: {len(items) - len(failed)} of {len(items)}", flush=True)
    for item in failed:
        print(f"     {item.name}: {item.failure}\n{item.text}")


class Collect(unittest.TextTestResult):
    """unittest's results as JUnit items."""

    items: list[junit.Item] = []

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._begun = time.monotonic()
        self._item = junit.Item(test.id())
        self.items.append(self._item)

    def stopTest(self, test: unittest.TestCase) -> None:
        self._item.seconds = time.monotonic() - self._begun
        super().stopTest(test)

    def _fault(self, test: unittest.TestCase, err: object) -> None:
        text = self._exc_info_to_string(err, test)  # type: ignore[attr-defined]
        if not self.items or self.items[-1].name != test.id():
            self.items.append(junit.Item(test.id()))
        self.items[-1].failure, self.items[-1].text = text.strip().split("\n")[-1], text

    def addError(self, test, err) -> None:  # type: ignore[no-untyped-def]
        super().addError(test, err)
        self._fault(test, err)

    def addFailure(self, test, err) -> None:  # type: ignore[no-untyped-def]
        super().addFailure(test, err)
        self._fault(test, err)

    def addSubTest(self, test, subtest, err) -> None:  # type: ignore[no-untyped-def]
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._fault(test, err)

    def addSkip(self, test, reason: str) -> None:  # type: ignore[no-untyped-def]
        super().addSkip(test, reason)
        self._item.skipped = reason


def run_python(file: Path) -> list[junit.Item]:
    """Every unittest of a file, in this process."""
    tests = unittest.TestLoader().discover(str(file.parent), file.name, str(file.parent))
    Collect.items = []
    unittest.TextTestRunner(io.StringIO(), resultclass=Collect, verbosity=0).run(tests)
    return Collect.items


def run_apart(file: Path) -> list[junit.Item]:
    """The same in a process of its own; one that dies, or says nothing, has failed."""
    done = subprocess.run([sys.executable, __file__, "--python", "--items", str(file)], capture_output=True, cwd=paths.ROOT, check=False)
    try:
        items = [junit.Item(**row) for row in json.loads(done.stdout)]
    except ValueError:
        items = [junit.Item(file.stem, 0.0, f"exit status {done.returncode}", "CRASH", text=(done.stdout + done.stderr).decode("utf-8", "replace"))]
    return items or [junit.Item(file.stem, 0.0, "no test here")]


def python_stage(name: str, folders: list[Path], jobs: int) -> junit.Stage:
    """Every unittest of some folders, so many files at once."""
    stage = junit.Stage(name)
    for folder in folders:
        files = sorted(folder.glob("test_*.py"))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            found = [item for items in pool.map(run_apart, files) for item in items]
        print_items(str(folder), found)
        stage.items += found or [junit.Item(str(folder), 0.0, "no test here")]
    return stage


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/unit.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("-k", dest="pattern", default="", metavar="NAME", help="only programs with NAME in their path")
    parser.add_argument("--python", action="store_true", help="the folders hold unittest files")
    parser.add_argument("--items", action="store_true", help="with --python: one file's, printed as JSON")
    parser.add_argument("--name", default="unit-python", help="the stage's name for --python")
    parser.add_argument("--report", type=Path, help="the JUnit file (build/report/<name>.xml)")
    parser.add_argument("folders", type=Path, nargs="*")
    options = parser.parse_args()
    if options.items:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever began all this may ignore them, as nohup does, and programs inherit that
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
            os.dup2(2, 1)  # what tests print is no answer
            json.dump([asdict(item) for item in run_python(options.folders[0].resolve())], answer)
        return 0
    begun = time.monotonic()
    if options.python:
        stage = python_stage(options.name, options.folders, options.jobs)
    else:
        stage = cunit_stage((options.folders or [paths.BUILD / "tests" / "unit"])[0], options.jobs, options.pattern)
    stage.seconds = time.monotonic() - begun
    stage.write(options.report or paths.REPORT / f"{stage.name}.xml")
    report.write()
    print("{} passed, {} failed, {} skipped".format(*stage.counts), f"in {stage.seconds:.1f} s")
    return 1 if stage.counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
