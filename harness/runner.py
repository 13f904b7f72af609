# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Runs one case: a machine, its script, an autopsy where needed, and the verdict. runfolder.py writes what is left of it."""
from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pexpect

from harness import paths, result
from harness.autopsy import Autopsy, parse_registers
from harness.machine import Ending, Machine, MachineConfig
from harness.qmp import QmpError
from harness.runfolder import Run, sweep, write  # noqa: F401: sweep is for whoever runs many
from harness.suite import SEED, Case, Drive
from harness.verdict import FAIL, SKIP, Observation, Verdict, judge

#: The host let QEMU down where it kept it waiting for this part of the wall time.
STARVED_PART = 0.5
SCRIPT_LIMIT_S = 5.0
_NUMBER = itertools.count(1)


class Script(threading.Thread):
    """A case's pexpect script beside the watch over budgets."""

    def __init__(self, case: Case, machine: Machine) -> None:
        super().__init__(daemon=True, name=f"script-{case.name}")
        self._case = case
        self._machine = machine
        self.error = ""

    def run(self) -> None:
        script = self._case.script
        assert script is not None
        try:
            if isinstance(script, Drive):
                self._machine.await_start(SCRIPT_LIMIT_S)
                script.run(self._machine)
                return
            script(self._machine.console.pexpect(self._case.budget.wall_s))
        except pexpect.EOF as error:
            self.error = f"the console ended before what the script waits for: {_waited_for(error)}"
        except pexpect.TIMEOUT as error:
            self.error = f"not seen in time: {_waited_for(error)}"
        except Exception as error:  # a script's own assertion: a verdict, not a crash of the harness
            self.error = f"{type(error).__name__}: {error}"

    def finish(self, machine: Machine) -> str:
        """Ends a script whose guest prints no more: what it still waits for never comes. What it complains of."""
        if not isinstance(self._case.script, Drive):
            machine.console.close()
            self.join(SCRIPT_LIMIT_S)
        return self.error


def _waited_for(error: Exception) -> str:
    """The pattern that pexpect waited for, out of its long message."""
    rows = [row.strip() for row in str(error).split("\n")]
    return next((row for row in rows if row.startswith("0: ")), rows[0])


def prepare(case: Case, nonce: str | None = None, seed: int = SEED, realtime: bool = False) -> Case:
    """The case as it is booted: with its nonce, and with the seed all of its randomness comes from."""
    config = case.machine
    if realtime:
        config = replace(config, icount=False)
    if config.icount:
        config = replace(config, seed=seed if config.seed is None else config.seed)
        nonce = nonce or derive_nonce(config.seed or 0, case.name)
    nonce = nonce or secrets.token_hex(8)
    if config.gdb_socket is not None:
        config = own_socket(config)
    if config.own is not None:
        config = own_copy(config)
    # In front: what stands behind ` -- ` is the program's.
    config = replace(config, append=f"nonce={nonce} {config.append}".strip())
    return replace(case, machine=config, expect=replace(case.expect, nonce=nonce))


def nonce_of(case: Case) -> str:
    """The nonce that a prepared case is booted with."""
    return case.expect.nonce or ""


def own_socket(config: MachineConfig) -> MachineConfig:
    """The machine with a debug socket of its own, and what is named after it: the same case may run twice at a time."""
    old, new = str(config.gdb_socket), f"{config.gdb_socket}.{next(_NUMBER)}"
    return replace(config, gdb_socket=new, extra=tuple(word.replace(old, new) for word in config.extra))


def own_copy(config: MachineConfig) -> MachineConfig:
    """The machine with a copy of what it writes to; forget_copy() removes it."""
    old, new = str(config.own), paths.RUNS / f".{os.getpid()}-{next(_NUMBER)}" / "own"
    new.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--sparse=always", "--reflink=auto", old, str(new)], check=True)
    return replace(config, own=new, extra=tuple(word.replace(old, str(new)) for word in config.extra))


def forget_copy(case: Case) -> None:
    """Removes what a prepared case's machine wrote to."""
    if case.machine.own is not None:
        shutil.rmtree(case.machine.own.parent, ignore_errors=True)


def derive_nonce(seed: int, name: str) -> str:
    """The nonce of a reproducible run: another one for each test and seed, and the same in every run."""
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()[:16]


def run_case(case: Case, nonce: str | None = None, keep: bool = False, attempt: str = "", seed: int = SEED,
             realtime: bool = False) -> Run:
    """Boots a case, watches it to its end, judges it and writes its folder under build/runs."""
    if case.error:
        return Run(case, Verdict(FAIL, "no-case", case.error), Path())
    if case.skip:
        return Run(case, Verdict(SKIP, "host", case.skip), Path())
    case = prepare(case, nonce, seed, realtime)
    work = paths.RUNS / f".{os.getpid()}-{next(_NUMBER)}"
    try:
        machine = Machine(case.machine, holds=True)
    except OSError as error:
        run = Run(case, judge(case.expect, Observation("no-qemu", None, stderr=str(error))), Path(), nonce_of(case))
        run.folder = write(run, None, keep, work)
        return run
    with machine:
        run = _watch(case, machine, work)
        run.attempt = attempt
        run.folder = write(run, machine, keep, work)
    if run.as_due:
        forget_copy(case)  # of a failure it stays to be looked at until the next harness sweeps
    return run


def _watch(case: Case, machine: Machine, work: Path) -> Run:
    """Watches a machine to its end; examines it there where it is not as it should be."""
    script = Script(case, machine) if case.script else None
    if script:
        script.start()
    budget, page = case.budget, ""
    while True:
        ending = machine.wait(budget.wall_s, budget.cpu_s, budget.idle_s, budget.console_bytes)
        if ending.how == "held":
            ending = replace(ending, how="exited", status=held_status(machine))
            said = script.finish(machine) if script else ""
            if ending.status is None or judge_case(as_held(case, machine), observe(case, machine, ending, said)).good:
                machine.release()
                continue
        if machine.running and case.autopsy:
            work.mkdir(parents=True, exist_ok=True)
            page = Autopsy(machine, folder=work, held=ending.how == "exited").page(f"{case.name}: {{why}}")
        break
    machine.kill()
    if script:
        script.join(SCRIPT_LIMIT_S)
    verdict = judge_case(case, observe(case, machine, ending, script.error if script else ""))
    if verdict.good:
        page = ""
    elif not page and case.autopsy:
        page = Autopsy(machine).page(f"{case.name}: {{why}}")
    results = result.parse(machine.results.bytes()) if case.expect.ktap else None
    return Run(case, verdict, Path(), nonce_of(case), ending.wall_s, ending.cpu_s, machine.console.bytes(),
               page.replace("{why}", str(verdict)), results)


def as_held(case: Case, machine: Machine) -> Case:
    """What can be asked of a machine that stands where it ends: where it stands before the exit, no event has come."""
    if machine.qmp.shut_down:
        return case
    others = tuple(replace(other, shutdowns=()) for other in case.others)
    return replace(case, expect=replace(case.expect, shutdowns=()), others=others)


def held_status(machine: Machine) -> int | None:
    """What QEMU will end with, of a machine that stands where it ends."""
    if machine.qmp.shut_down:
        return 0  # powered off or reset: QEMU's own status
    try:
        registers = parse_registers(machine.qmp.monitor("info registers -a"))
    except QmpError:
        return None
    for cpu in registers:
        if cpu.get("PC") in machine.hold.places:
            known = machine.hold.places[cpu["PC"]]
            return cpu.get("X00", 0) & 0xff if known is None else known
    return None


def judge_case(case: Case, seen: Observation) -> Verdict:
    """The verdict by what the case expects; by another of its good endings where one fits."""
    verdict = judge(case.expect, seen)
    others = (judge(replace(other, nonce=case.expect.nonce), seen) for other in case.others)
    return verdict if verdict.good else next((other for other in others if other.good), verdict)


def observe(case: Case, machine: Machine, ending: Ending, script_error: str = "") -> Observation:
    """What a machine showed, as the verdict wants it."""
    shutdowns = tuple(event["data"].get("reason", "?") for event in machine.qmp.events
                      if event["event"] == "SHUTDOWN" and event["data"].get("reason") != "host-qmp-quit")
    starved = ending.starved_s > STARVED_PART * ending.wall_s
    return Observation(ending.how, ending.status, machine.console.bytes(), machine.results.bytes(),
                       machine.qmp.started, shutdowns, machine.stderr, script_error, starved, str(case.budget))


def failed(case: Case, error: Exception) -> Run:
    """A run that the harness itself could not do."""
    return Run(case, Verdict(FAIL, "harness", f"{type(error).__name__}: {error}"), Path())
