# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs one case: a machine, its script, an autopsy where needed, the verdict, and a folder that holds it all."""
from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pexpect

from harness import autopsy, paths, result
from harness.machine import Ending, Machine
from harness.suite import Case
from harness.verdict import FAIL, Observation, Verdict, judge

#: The host let QEMU down where it kept it waiting for this part of the wall time.
STARVED_PART = 0.5
SCRIPT_LIMIT_S = 5.0


@dataclass
class Run:
    """What came of one case."""

    case: Case
    verdict: Verdict
    folder: Path
    nonce: str
    wall_s: float = 0.0
    cpu_s: float = 0.0
    console: bytes = b""
    autopsy: str = ""
    results: result.Results | None = None
    attempt: str = ""  # `2 of 5` where a case is repeated
    started: float = field(default_factory=time.time)

    @property
    def as_due(self) -> bool:
        """Whether the verdict is the one the case asks for (PASS, but for the harness's own broken images)."""
        due = self.verdict.name == self.case.verdict or (self.verdict.good and self.case.verdict == "PASS")
        return due and self.case.cause in (None, self.verdict.cause)


class Script(threading.Thread):
    """A case's pexpect script beside the watch over budgets."""

    def __init__(self, case: Case, machine: Machine) -> None:
        super().__init__(daemon=True, name=f"script-{case.name}")
        self._case = case
        self._machine = machine
        self.error = ""

    def run(self) -> None:
        assert self._case.script is not None
        try:
            self._case.script(self._machine.console.pexpect(self._case.budget.wall_s))
        except pexpect.EOF as error:
            self.error = f"the console ended before what the script waits for: {_waited_for(error)}"
        except pexpect.TIMEOUT as error:
            self.error = f"not seen in time: {_waited_for(error)}"
        except Exception as error:  # a script's own assertion: a verdict, not a crash of the harness
            self.error = f"{type(error).__name__}: {error}"


def _waited_for(error: Exception) -> str:
    """The pattern that pexpect waited for, out of its long message."""
    rows = [row.strip() for row in str(error).split("\n")]
    return next((row for row in rows if row.startswith("0: ")), rows[0])


def run_case(case: Case, nonce: str | None = None, keep: bool = False, attempt: str = "") -> Run:
    """Boots a case, watches it to its end, judges it and writes its folder under build/runs."""
    if case.error:
        return Run(case, Verdict(FAIL, "no-case", case.error), Path(), "")
    nonce = nonce or secrets.token_hex(8)
    config = replace(case.machine, append=f"{case.machine.append} nonce={nonce}".strip())
    case = replace(case, machine=config, expect=replace(case.expect, nonce=nonce))
    try:
        machine = Machine(config)
    except OSError as error:
        run = Run(case, judge(case.expect, Observation("no-qemu", None, stderr=str(error))), Path(), nonce)
        run.folder = _write(run, None, keep)
        return run
    with machine:
        script = Script(case, machine) if case.script else None
        if script:
            script.start()
        budget = case.budget
        ending = machine.wait(budget.wall_s, budget.cpu_s, budget.idle_s, budget.console_bytes)
        page = autopsy.Autopsy(machine).page(ending.how) if ending.how != "exited" else ""
        machine.kill()
        if script:
            script.join(SCRIPT_LIMIT_S)
        verdict = judge(case.expect, observe(case, machine, ending, script.error if script else ""))
        if not verdict.good and not page and case.verdict == "PASS":
            page = autopsy.Autopsy(machine).page(str(verdict))
        run = Run(case, verdict, Path(), nonce, ending.wall_s, ending.cpu_s, machine.console.bytes(), page,
                  result.parse(machine.results.bytes()) if case.expect.ktap else None, attempt)
        run.folder = _write(run, machine, keep)
    return run


def observe(case: Case, machine: Machine, ending: Ending, script_error: str = "") -> Observation:
    """What a machine showed, as the verdict wants it."""
    shutdowns = tuple(event["data"].get("reason", "?") for event in machine.qmp.events if event["event"] == "SHUTDOWN")
    starved = ending.starved_s > STARVED_PART * ending.wall_s
    return Observation(ending.how, ending.status, machine.console.bytes(), machine.results.bytes(),
                       machine.qmp.started, shutdowns, machine.stderr, script_error, starved, str(case.budget))


def _write(run: Run, machine: Machine | None, keep: bool) -> Path:
    """Writes a run's folder and puts it in its place in one step, so that two harnesses never mix theirs."""
    name = paths.folder_name(run.case.name) + (f".{run.nonce}" if keep or (run.attempt and not run.as_due) else "")
    work = paths.RUNS / f".{os.getpid()}-{run.nonce}"
    work.mkdir(parents=True)
    files: dict[str, bytes | str] = {
        "verdict.json": json.dumps({"test": run.case.name, "verdict": run.verdict.name, "cause": run.verdict.cause,
                                    "detail": run.verdict.detail, "signature": run.verdict.signature,
                                    "nonce": run.nonce, "wall_s": run.wall_s, "cpu_s": run.cpu_s}, indent=1) + "\n",
        "console.log": run.console, "repro.sh": _repro(run)}
    if machine:
        files["cmdline"] = shlex.join(machine.argv) + "\n"
        files["console.times"] = "".join(f"{at / 1e6:12.3f} {line}\n" for at, line in machine.console.timed_lines())
        files["events.json"] = json.dumps(machine.qmp.events, indent=1) + "\n"
        files["qemu.log"] = machine.stderr
    if machine and run.results:
        files["results.ktap"] = machine.results.bytes()
    if run.autopsy:
        files["autopsy.txt"] = run.autopsy
    for file, text in files.items():
        (work / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    (work / "repro.sh").chmod(0o755)
    return _put(work, paths.RUNS / name)


def sweep() -> None:
    """Removes the unfinished folders of harnesses that are no more."""
    for work in paths.RUNS.glob(".[0-9]*-*"):
        if not Path("/proc", work.name[1:].partition("-")[0]).exists():
            shutil.rmtree(work, ignore_errors=True)


def _put(work: Path, place: Path) -> Path:
    """Renames a folder over another, whoever else may be doing the same."""
    while True:
        try:
            return work.rename(place)
        except OSError:
            old = work.with_name(work.name + ".old")
            try:
                place.rename(old)
            except FileNotFoundError:
                continue
            shutil.rmtree(old)


def _repro(run: Run) -> str:
    """A script that boots this again: judged by the harness, or `--raw` on this terminal with QEMU alone."""
    raw = shlex.join(run.case.machine.argv("stdio"))
    file = ["--file", str(run.case.file.relative_to(paths.ROOT))] if run.case.file else []
    again = shlex.join(["harness/run.py", *file, "-k", f"={run.case.name}", "--nonce", run.nonce])
    return (f"#!/bin/sh\n# Runs `{run.case.name}` again; --raw: QEMU alone, its console on this terminal.\n"
            f"cd {shlex.quote(str(paths.ROOT))} || exit 2\n[ \"$1\" = --raw ] && exec {raw}\n"
            f"RUMPK_BUILD={shlex.quote(str(paths.BUILD))} exec {again} \"$@\"\n")


def failed(case: Case, error: Exception) -> Run:
    """A run that the harness itself could not do."""
    return Run(case, Verdict(FAIL, "harness", f"{type(error).__name__}: {error}"), Path(), "")
