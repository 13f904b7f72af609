# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Resets at exact instructions of a boot: what a warm reset leaves in RAM must not matter to the next boot.

One QEMU for all of them. A plugin holds the CPU at the k-th instruction; the machine is reset there over QMP, and boots to
its end, which is a power-off that QEMU is told to stand still at; then the next. The memory is never cleared.
"""
from __future__ import annotations

import mmap
import struct
import threading
import time
from pathlib import Path

from harness import markers, paths, suite
from harness.fault_alloc import socket_path
from harness.machine import Machine
from harness.verdict import Expectation

PLUGIN = paths.BUILD / "plugins" / "pause.so"
COUNT, TARGET, HELD = 0, 8, 16
LIMIT_S = 20.0
#: QEMU's main loop has heard of a reset by then, and the CPU is let go into it; longer where that was too short.
HEARD_S = (0.004, 0.05, 0.5)
LATE_MAX = 10
POLL_S = 0.0005


class Page:
    """The plugin's shared page."""

    def __init__(self, path: Path) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not path.is_file() or path.stat().st_size < mmap.PAGESIZE:  # QEMU is only just starting
            if time.monotonic() > deadline:
                raise AssertionError(f"no page {path}")
            time.sleep(POLL_S)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        path.unlink()

    def __getitem__(self, at: int) -> int:
        return struct.unpack_from("<Q", self._memory, at)[0]

    def __setitem__(self, at: int, value: int) -> None:
        struct.pack_into("<Q", self._memory, at, value)


def _offs(machine: Machine) -> int:
    return sum(event["event"] == "SHUTDOWN" for event in list(machine.qmp.events))


def _await(what: str, machine: Machine, done) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + LIMIT_S
    while not done():
        if not machine.running or time.monotonic() > deadline:
            raise AssertionError(f"{what}: {'QEMU has ended' if not machine.running else 'not in time'}")
        time.sleep(POLL_S)


def _boot(machine: Machine, page: Page, target: int, what: str) -> bool:
    """Resets a machine that stands still and runs it: to an instruction (True), or to its power-off (False)."""
    offs = _offs(machine)
    machine.qmp.command("system_reset")
    page[HELD], page[COUNT], page[TARGET] = 0, 0, target
    machine.qmp.command("cont")
    _await(what, machine, lambda: page[HELD] or _offs(machine) > offs)
    return bool(page[HELD])


def _reset_held(machine: Machine, page: Page, heard_s: float) -> bool:
    """Resets a held machine. False where the host let QEMU hear of it too late, and the boot came to its end before."""
    since = len(machine.qmp.events)
    asks = threading.Thread(target=machine.qmp.command, args=("system_reset", LIMIT_S))
    asks.start()  # QEMU answers only when the CPU is let go
    time.sleep(heard_s)
    page[TARGET] = page[HELD] = 0
    asks.join()
    _await("a reset", machine, lambda: any(event["event"] == "RESET" for event in list(machine.qmp.events)[since:]))
    names = [event["event"] for event in list(machine.qmp.events)[since:]]
    return "SHUTDOWN" not in names[:names.index("RESET")]


def _ends_well(machine: Machine, what: str, seen: int, offs: int) -> None:
    """Waits for a boot's power-off; every line of it must be there."""
    _await(what, machine, lambda: _offs(machine) > offs)
    console = machine.console.bytes()[seen:].decode("utf-8", "replace").replace("\r", "")
    for line in (markers.RUBICON, "[c-hello] hello from c-hello", "sched: last process exited, halting"):
        assert f"{line}\n" in console, f"{what}: no line {line!r} in {console!r}"


def _try(machine: Machine, page: Page, at: int, what: str) -> None:
    """One reset at one instruction, tried again where the host was too slow for it."""
    for heard_s in HEARD_S:
        assert _boot(machine, page, at, what), f"{what}: the boot ended before"
        seen, offs = machine.console.total_bytes, _offs(machine)
        if _reset_held(machine, page, heard_s):
            _ends_well(machine, what, seen, offs)
            return
    raise AssertionError(f"{what}: the host lets no reset come in time")


def places(total: int, points: int) -> list[int]:
    """Half of the points over the whole boot, half in its first hundredth, where little is set up."""
    half = points // 2
    early = [1 + (total // 100 - 2) * i // half for i in range(half)]
    return [*early, *(total // 100 + (total - total // 100 - 1) * i // (points - half) for i in range(points - half))]


def drive(machine: Machine, page: Page, points: int) -> None:
    """All the resets, and in any case a last boot that ends the machine."""
    machine.qmp.command("set-action", reboot="reset", shutdown="pause")
    try:
        machine.qmp.command("cont")
        _ends_well(machine, "the first boot", 0, 0)
        total = page[COUNT]
        for at in places(total, points):
            _try(machine, page, at, f"reset at instruction {at} of {total}")
    finally:
        page[TARGET] = page[HELD] = 0
        machine.qmp.command("set-action", shutdown="poweroff")
        machine.qmp.command("system_reset")
        machine.qmp.command("cont")


def case(points: int, **options: object) -> suite.Case:
    """So many resets of one machine."""
    path = socket_path(f"reset-{points}")
    config = suite.product(semihosting=False, halted=True, gdb_socket=path, extra=("-plugin", f"{PLUGIN},page={path}.page"),
                           **options)

    def run(machine: Machine) -> None:
        page = Page(Path(f"{machine.config.gdb_socket}.page"))
        drive(machine, page, points)
    expect, *others = (Expectation(markers=markers.hello(), shutdowns=("guest-shutdown",) * (points + 2 + late))
                       for late in range(LATE_MAX))
    return suite.Case(f"faults_reset[{points}]", config, expect, suite.Drive(run), others=tuple(others),
                      budget=suite.Budget(cpu_s=20.0 + points, wall_s=60.0 + points, idle_s=10.0))


def some() -> list[suite.Case]:
    """A dozen."""
    return [case(12)]


def sweep() -> list[suite.Case]:
    """Some hundred."""
    return [case(300)]
