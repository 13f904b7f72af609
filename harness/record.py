# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Records a failed run again (QEMU's rr=record), as it was booted, so that harness/replay.py can go backwards in it.

Three things about QEMU 7.2's recorder shape this file. While a CPU runs, its main loop waits, until the next timer, or for
2^31 instructions where there is none: so a guest that spins cannot be stopped. announce-self is a timer of the host's clock
that needs no device and is not part of a recording: with it the main loop has its turn many times a second (give_turns).
`quit` is logged in front of the instructions that came before it, so that the replay ends too early, while the end by a
signal is logged behind them (Machine.terminate). And what is sent to the guest is handed on at checkpoints alone, of which
there are some in each turn only with icount's sleep=on (ReplayFiles.input).
"""
from __future__ import annotations

import json
import shlex
import shutil
import struct
import time
from dataclasses import replace
from pathlib import Path

from harness.autopsy import parse_registers
from harness.machine import Ending, Machine, ReplayFiles
from harness.qmp import QmpError
from harness.runner import Script, as_held, held_status, judge_case, observe
from harness.runfolder import Run
from harness.suite import Drive

FOLDER = "replay"
#: A recording is slower than a run.
SLOWER = 5.0
QUIT_S = 10.0
#: Of these there is nothing to record.
NOT_RECORDED = ("no-qemu", "not-run", "no-case", "harness", "starved", "stopped", "qemu-killed", "floods")
#: Of these the CPU never rests.
BUSY = ("spins", "wall-cap")
#: So much more of a guest that does not end is recorded than is replayed at first.
MORE_S = 0.05
#: A guest spins in its recording where it prints what it printed and then uses up so much CPU time.
SPIN_CPU_S = 1.5
#: How often the main loop has its turn.
TURN_MS = 50
TURNS = 1_000_000
#: Input comes when it comes: a run with a script may need several recordings until it fails as it did.
TAKES_OF_SCRIPT = 3
#: Of the function that ends the machine, so many instructions are recorded: fewer than come before it does end.
AFTER_STEPS = 4
SNAPSHOT_BYTES = 1 << 30
CLUSTER_BITS = 16


def empty_qcow2(path: Path, size: int = SNAPSHOT_BYTES) -> None:
    """A disk for snapshots. Spec: QEMU docs/interop/qcow2.txt, version 2: header, refcount table and block, L1 table."""
    cluster = 1 << CLUSTER_BITS
    tables = size >> (2 * CLUSTER_BITS - 3) or 1
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, CLUSTER_BITS, size, 0, tables, 3 * cluster, cluster,
                         1, 0, 0)
    counts = struct.pack(">4H", 1, 1, 1, 1)
    parts = (header, struct.pack(">Q", 2 * cluster), counts, b"")
    path.write_bytes(b"".join(part.ljust(cluster, b"\0") for part in parts))


def instructions(machine: Machine) -> int:
    """How many instructions a recording or replay is at."""
    return int(machine.qmp.command("query-replay", QUIT_S)["icount"])


def give_turns(machine: Machine) -> None:
    """Has QEMU's main loop come to its turn every TURN_MS, however busy the guest is. Of no interface: no packet is sent."""
    machine.qmp.command("announce-self", QUIT_S, initial=TURN_MS, max=TURN_MS, rounds=TURNS, step=1, interfaces=["none"])


def record(run: Run, folder: Path) -> dict[str, object]:
    """Records a run, booted as it was, into `folder`; what came of it, and where it ended."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    empty_qcow2(folder / "snapshot.qcow2")
    case = run.case
    config = replace(case.machine, icount=True, halted=True,
                     rr=ReplayFiles("record", folder / "log", folder / "snapshot.qcow2", case.script is not None))
    with Machine(config, holds=True) as machine:
        if case.script is not None or run.verdict.cause in BUSY:
            give_turns(machine)
        machine.start(QUIT_S)
        script = Script(case, machine) if case.script else None
        if script:
            script.start()
        while True:
            ending = _wait(machine, run)
            if not machine.running:
                raise QmpError("QEMU ended before it could be asked where it is")
            status = held_status(machine) if ending.how == "held" else None
            held = replace(ending, how="exited", status=status) if status is not None else ending
            said = script.finish(machine) if script else ""
            verdict = judge_case(as_held(case, machine), observe(case, machine, held, said))
            if ending.how != "held" or (status is not None and not verdict.good):
                break
            machine.release()
        place = standing(machine) if ending.how == "held" else None
        at = _finish(machine, held)
    facts: dict[str, object] = {"signature": verdict.signature, "verdict": str(verdict), "icount": at,
                                "input": case.script is not None}
    return facts if place is None else {**facts, "pc": place}


def _wait(machine: Machine, run: Run) -> Ending:
    """Waits for the end, as long as the run may take; for a guest that spun until it does so again."""
    budget = run.case.budget
    most = budget.cpu_s * SLOWER
    limit = min(SPIN_CPU_S, most) if run.verdict.cause == "spins" else most
    while True:
        ending = machine.wait(budget.wall_s, limit, budget.idle_s, budget.console_bytes)
        if ending.how != "cpu" or limit >= most or machine.console.total_bytes >= len(run.console):
            return ending
        limit = min(limit + SPIN_CPU_S, most)


def _finish(machine: Machine, ending: Ending) -> int:
    """Where a recording is, which then goes on for a little: its replay ends with its last instruction."""
    if ending.how != "exited":
        machine.qmp.command("stop", QUIT_S)
    at = instructions(machine)
    if ending.how != "exited":
        machine.qmp.command("cont", QUIT_S)
        time.sleep(MORE_S)
        machine.qmp.command("stop", QUIT_S)
    elif not machine.qmp.shut_down:
        machine.step(AFTER_STEPS, QUIT_S)
    machine.terminate()
    machine.join(QUIT_S)
    return at


def standing(machine: Machine) -> int | None:
    """At which of its exits a machine stands."""
    registers = parse_registers(machine.qmp.monitor("info registers -a"))
    return next((cpu["PC"] for cpu in registers if cpu.get("PC") in machine.hold.places), None)


def record_run(run: Run) -> str:
    """Records a failed run again; what to tell of it. Never raises for what the guest or QEMU does."""
    case = run.case
    if isinstance(case.script, Drive):
        return "not recorded: what its script does by QMP, gdb or the network is not part of a recording"
    if run.verdict.cause in NOT_RECORDED:
        return ""
    if case.machine.smp > 1:
        return f"not recorded: QEMU records one CPU only; the same again, forwards: python3 -m harness gdb {case.name}"
    facts: dict[str, object] = {}
    for _ in range(TAKES_OF_SCRIPT if case.script else 1):
        try:
            facts = record(run, run.folder / FOLDER)
        except (QmpError, OSError, KeyError) as error:
            return f"not recorded: {error}"
        if facts["signature"] == run.verdict.signature:
            (run.folder / FOLDER / "replay.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
            return f"backwards from the failure: harness/replay.py {shlex.quote(str(run.folder))}"
    shutil.rmtree(run.folder / FOLDER, ignore_errors=True)
    return f"recorded again, but then: {facts['verdict']}"
