# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What the runs of a stage came to, as JUnit, KTAP and JSON beside the page: one list, three forms.

`<stage>.json` has one object a run (its schema is tests/harness/schemas/outcome.json); `<stage>.ktap` has one test a run, with
what its guest reported as its subtests.
"""
from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from harness import junit, paths, report
from harness.result import GuestTest
from harness.runfolder import Run, facts

#: Text of a console that a report carries.
CONSOLE_TAIL = 4000
FORMAT = 1


def guest_tests(run: Run) -> list[GuestTest]:
    """What the guest itself reported."""
    return run.results.tests if run.results and run.case.verdict == "PASS" else []


def items(run: Run) -> list[junit.Item]:
    """A run, and each result its guest reported, as tests of a report."""
    name = run.case.name + (f" ({run.attempt})" if run.attempt else "")
    item = junit.Item(name, run.wall_s)
    if not run.as_due:
        item.failure, item.kind = str(run.verdict), run.verdict.name
        tail = run.console[-CONSOLE_TAIL:].decode("utf-8", "replace")
        item.text = f"{run.folder}\n{run.beside}\n\n{run.autopsy or tail}"
    elif run.verdict.name == "SKIP":
        item.skipped = run.verdict.detail
    return [item, *(junit.Item(f"{name}: {test.name}", 0.0, "" if test.passed else test.why or "not ok",
                               skipped=test.why if test.skipped else "") for test in guest_tests(run))]


def stage(name: str, runs: list[Run], seconds: float) -> junit.Stage:
    """All of them as one stage."""
    return junit.Stage(name, [item for run in runs for item in items(run)], seconds)


def write(done: junit.Stage, runs: list[Run]) -> Path:
    """Writes every form, and the page anew; gives the page's path."""
    done.write(paths.REPORT / f"{done.name}.xml")
    junit.replace_file(paths.REPORT / f"{done.name}.json", (json.dumps(as_json(done, runs), indent=1) + "\n").encode())
    junit.replace_file(paths.REPORT / f"{done.name}.ktap", as_ktap(runs).encode())
    return report.write()


def as_json(done: junit.Stage, runs: list[Run]) -> dict[str, Any]:
    """The stage for programs."""
    passed, failed, skipped = done.counts
    return {"format": FORMAT, "stage": done.name, "written": round(time.time(), 3), "seconds": round(done.seconds, 3),
            "passed": passed, "failed": failed, "skipped": skipped, "runs": [
                {**facts(run), "folder": str(run.folder),
                 "machine": {"cpu": run.case.machine.cpu, "smp": run.case.machine.smp, "gic": run.case.machine.gic,
                             "memory": str(run.case.machine.memory_mib), "el2": run.case.machine.el2,
                             "accel": run.case.machine.accel or "tcg"},
                 "guest": [{"name": test.name, "passed": test.passed, "skipped": test.skipped, "why": test.why}
                           for test in guest_tests(run)]} for run in runs]}


def as_ktap(runs: list[Run]) -> str:
    """The stage as KTAP. Spec: Linux, Documentation/dev-tools/ktap.rst, version 1."""
    lines = ["KTAP version 1", f"1..{len(runs)}"]
    for number, run in enumerate(runs, 1):
        guests = guest_tests(run)
        if guests:
            lines += ["  KTAP version 1", f"  1..{len(guests)}"]
            lines += [f"  {_ktap_line(at, test.name, test.passed, test.skipped, test.why)}"
                      for at, test in enumerate(guests, 1)]
        said = str(run.verdict) if not run.as_due else run.verdict.detail
        lines.append(_ktap_line(number, run.case.name, run.as_due, run.verdict.name == "SKIP", said))
    return "\n".join(lines) + "\n"


def _ktap_line(number: int, name: str, passed: bool, skipped: bool, why: str) -> str:
    """One result. A `#` begins a directive, so none may be in the name."""
    directive = f" # SKIP {why}" if skipped else "" if passed else f" # {why}"
    name = "_".join(name.replace("#", "_").split())
    return f"{'ok' if passed else 'not ok'} {number} {name}" + " ".join(directive.split("\n"))
