#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Puts a failed run into gdb at its failure, where it can be stepped backwards: harness/replay.py RUN [-ex COMMAND]...

RUN is the folder of a failed run. It is recorded again where that has not been done (QEMU's rr=record), and replayed to
the instruction where it failed; `reverse-stepi`, `reverse-continue` and watchpoints then work, and `rumpk all` shows the
kernel. With -ex, gdb runs these commands and leaves.

Exit status: 0, 1 it does not fail again as it did, 2 usage.
"""
from __future__ import annotations

import argparse
import json
import shutil
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import debugger  # noqa: E402
from harness.autopsy import parse_registers  # noqa: E402
from harness.machine import Ending, Machine, MachineConfig, ReplayFiles  # noqa: E402
from harness.qmp import QmpError  # noqa: E402
from harness.runner import as_held, held_status, judge_case, observe  # noqa: E402
from harness.runfolder import Run  # noqa: E402
from harness.suite import Case  # noqa: E402

FOLDER = "replay"
#: A recording is slower than a run.
SLOWER = 5.0
QUIT_S = 10.0
REACH_S = 300.0
#: Of these there is nothing to record.
NOT_RECORDED = ("no-qemu", "not-run", "no-case", "harness", "starved", "stopped", "qemu-killed", "floods")
#: So much more of a guest that idles is recorded than is replayed at first.
MORE_S = 0.05
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


def config_of(folder: Path) -> MachineConfig:
    """The machine that a run was done with."""
    fields = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    fields["extra"] = tuple(fields["extra"])
    fields["rr"] = None
    return MachineConfig(**fields)


def instructions(machine: Machine) -> int:
    """How many instructions a recording or replay is at."""
    return int(machine.qmp.command("query-replay")["icount"])


def record(case: Case, folder: Path) -> dict[str, object]:
    """Records a case, booted as it was, into `folder`; what came of it, and where it ended."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    empty_qcow2(folder / "snapshot.qcow2")
    config = replace(case.machine, icount=True, rr=ReplayFiles("record", folder / "log", folder / "snapshot.qcow2"))
    budget = case.budget
    with Machine(config, holds=True) as machine:
        while True:
            ending = machine.wait(budget.wall_s, budget.cpu_s * SLOWER, budget.idle_s, budget.console_bytes)
            if not machine.running:
                raise QmpError("QEMU ended before it could be asked where it is")
            status = held_status(machine) if ending.how == "held" else None
            held = replace(ending, how="exited", status=status) if status is not None else ending
            if ending.how != "held" or (status is not None and not judge_case(
                    as_held(case, machine), observe(case, machine, held)).good):
                break
            machine.release()
        place = standing(machine) if ending.how == "held" else None
        facts = _finish(machine, held, case)
    return facts if place is None else {**facts, "pc": place}


def _finish(machine: Machine, ending: Ending, case: Case) -> dict[str, object]:
    """Notes where a recording is, and has it go on for a little: a replay ends with its last instruction."""
    verdict = judge_case(as_held(case, machine), observe(case, machine, ending))
    if ending.how != "exited":
        machine.qmp.command("stop")
    at = instructions(machine)
    if ending.how != "exited":
        machine.qmp.command("cont")
        time.sleep(MORE_S)
    elif not machine.qmp.shut_down:
        # The replay ends as soon as it comes to the end of the log: that must be later than the place to stand at.
        machine.step(AFTER_STEPS, QUIT_S)
    try:
        if machine.running:
            machine.qmp.command("quit")  # writes the end of the log
    except QmpError:
        pass
    machine.join(QUIT_S)
    return {"signature": verdict.signature, "verdict": str(verdict), "icount": at}


def standing(machine: Machine) -> int | None:
    """At which of its exits a machine stands."""
    registers = parse_registers(machine.qmp.monitor("info registers -a"))
    return next((cpu["PC"] for cpu in registers if cpu.get("PC") in machine.hold.places), None)


def record_run(run: Run) -> str:
    """Records a failed run again; what to tell of it. Never raises for what the guest or QEMU does."""
    case = run.case
    if case.script is not None:
        return "not recorded: it is driven by a script"
    if run.verdict.cause == "spins":  # its one block of 2^31 instructions lets nothing else of QEMU's run meanwhile
        return f"not recorded: it spins; exactly the same again: python3 -m harness gdb {run.case.name}"
    if run.verdict.cause in NOT_RECORDED:
        return ""
    try:
        facts = record(case, run.folder / FOLDER)
    except (QmpError, OSError, KeyError) as error:
        return f"not recorded: {error}"
    if facts["signature"] != run.verdict.signature:
        shutil.rmtree(run.folder / FOLDER, ignore_errors=True)
        return f"recorded again, but then: {facts['verdict']}"
    (run.folder / FOLDER / "replay.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return f"backwards from the failure: harness/replay.py {run.folder}"


def replay(folder: Path, commands: list[str]) -> int:
    """gdb on the replay, at the failure."""
    facts = json.loads((folder / FOLDER / "replay.json").read_text(encoding="utf-8"))
    files = ReplayFiles("replay", folder / FOLDER / "log", folder / FOLDER / "snapshot.qcow2")
    with debugger.private_folder() as private:
        # The replay may write to its snapshot disk, and the next one needs it as it was.
        scratch = private / "snapshot.qcow2"
        shutil.copyfile(files.snapshot, scratch)
        socket = private / "gdb"
        config = replace(config_of(folder), icount=True, halted=True, gdb_socket=socket,
                         rr=replace(files, snapshot=scratch))
        with Machine(config) as machine:
            machine.qmp.command("query-status", QUIT_S)  # it stands, and its socket is there
            argv = [*debugger.arguments(Path(config.image)), *reach(machine, facts, socket)]
            for command in commands:
                argv += ["-ex", command]
            if commands:
                return subprocess.run([*argv, "-batch", "-ex", "disconnect"], stdin=subprocess.DEVNULL,
                                      check=False).returncode
            print(f"instruction {facts['icount']}; reverse-stepi, reverse-continue, rumpk all; quit ends it", flush=True)
            old = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is gdb's
            try:
                return subprocess.run(argv, check=False).returncode
            finally:
                signal.signal(signal.SIGINT, old)


def reach(machine: Machine, facts: dict[str, int], socket: Path) -> list[str]:
    """Brings a replay to its failure; gdb's arguments for that. A breakpoint is exact; where a guest idles there is no
    place to break at, and QEMU stops by the count of instructions."""
    connect = ["-ex", f"target remote {socket}"]
    if "pc" in facts:
        words = (f"hbreak *{facts['pc']}", "continue", "delete")
        return [*connect, *(word for command in words for word in ("-ex", command))]
    machine.qmp.command("replay-break", QUIT_S, icount=facts["icount"])
    machine.qmp.command("cont", QUIT_S)
    deadline = time.monotonic() + REACH_S
    while machine.running and time.monotonic() < deadline:
        if any(event["event"] == "STOP" for event in machine.qmp.events):
            return connect
        time.sleep(0.01)
    raise QmpError(f"the replay did not come to the failure: {machine.stderr.strip()[-200:]}")


def main(argv: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/replay.py", description=(__doc__ or "").strip(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a failed run, below build/runs")
    parser.add_argument("-ex", dest="commands", action="append", default=[], metavar="COMMAND",
                        help="a gdb command; gdb leaves after the last")
    options = parser.parse_args(argv)
    folder = options.run.resolve()
    try:
        if not (folder / FOLDER / "replay.json").exists():
            print("recording it again ...", flush=True)
            said = record_again(folder)
            if said:
                print(f"replay: {said}", file=sys.stderr)
                return 1
        return replay(folder, options.commands)
    except (OSError, QmpError, KeyError, ValueError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2


def record_again(folder: Path) -> str:
    """Records a run of which only the folder is left; what is wrong, or nothing."""
    from harness import runfolder  # pylint: disable=import-outside-toplevel
    run = runfolder.load(folder, config_of(folder))
    if run is None:
        return "its test is no longer there"
    said = record_run(run)
    return "" if (folder / FOLDER / "replay.json").exists() else said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
