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
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import debugger, runfolder  # noqa: E402
from harness.machine import Machine, MachineConfig, ReplayFiles  # noqa: E402
from harness.qmp import QmpError  # noqa: E402
from harness.record import FOLDER, QUIT_S, record_run  # noqa: E402

REACH_S = 300.0
#: Snapshots that a replay makes before it comes to its failure, by instructions: from there a step backwards is quick.
NEAR = (1 << 24, 1 << 20, 1 << 12)


def config_of(folder: Path) -> MachineConfig:
    """The machine that a run was done with."""
    fields = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    fields["extra"] = tuple(fields["extra"])
    fields["rr"] = None
    return MachineConfig(**fields)


def replay(folder: Path, commands: list[str]) -> int:
    """gdb on the replay, at the failure."""
    facts = json.loads((folder / FOLDER / "replay.json").read_text(encoding="utf-8"))
    files = ReplayFiles("replay", folder / FOLDER / "log", folder / FOLDER / "snapshot.qcow2",
                        bool(facts.get("input")))
    with debugger.private_folder() as private:
        # The replay may write to its snapshot disk, and the next one needs it as it was.
        scratch = private / "snapshot.qcow2"
        shutil.copyfile(files.snapshot, scratch)
        socket = private / "gdb"
        config = replace(config_of(folder), icount=True, halted=True, gdb_socket=socket,
                         rr=replace(files, snapshot=scratch))
        with Machine(config) as machine:
            machine.qmp.command("query-status", REACH_S)  # it stands, and its socket is there
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
    """Brings a replay to its failure, with snapshots on the way; gdb's arguments for the rest of it. A breakpoint is exact;
    where a guest does not end there is no place to break at, and QEMU stops by the count of instructions."""
    at = facts["icount"]
    for before in NEAR:
        if at > 2 * before:
            run_to(machine, at - before)
            machine.qmp.monitor(f"savevm before-{before}", REACH_S)
    connect = ["-ex", f"target remote {socket}"]
    if "pc" in facts:
        words = (f"hbreak *{facts['pc']}", "continue", "delete")
        return [*connect, *(word for command in words for word in ("-ex", command))]
    run_to(machine, at)
    return connect


def run_to(machine: Machine, icount: int) -> None:
    """Has a replay stand before that instruction."""
    seen = len(machine.qmp.events)
    machine.qmp.command("replay-break", REACH_S, icount=icount)
    machine.qmp.command("cont", REACH_S)
    deadline = time.monotonic() + REACH_S
    while machine.running and time.monotonic() < deadline:
        if any(event["event"] == "STOP" for event in machine.qmp.events[seen:]):
            return
        time.sleep(0.005)
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
    run = runfolder.load(folder, config_of(folder))
    if run is None:
        return "its test is no longer there"
    said = record_run(run)
    return "" if (folder / FOLDER / "replay.json").exists() else said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
