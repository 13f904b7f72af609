# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Allocations that fail: the n-th call of the page or heap allocator gives nothing, or that one and all after it.

Made from outside: gdb's stub stops the guest at the allocator's first instruction, and makes it return 0. The image is
the product's own.
"""
from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from harness import markers, nm, paths, suite
from harness.gdbstub import Stub
from harness.machine import Machine
from harness.verdict import BAD_PATTERNS, Expectation

#: An app that goes on where memory is refused to it.
FAILS = paths.BUILD / "tests" / "apps" / "memory-fails.rpk"
ALLOCATORS = ("page_alloc", "page_run_alloc", "heap_alloc")
#: Short, as these boots are; the wall's part leaves room for a host that is at work on something else.
BUDGET = suite.Budget(cpu_s=8.0, wall_s=60.0, idle_s=10.0)
NOT_STARTED = (*BAD_PATTERNS, markers.STARTED)
PANICKED = Expectation(255, (r"re:PANIC: (memory: .+|kernel/\S+:\d+: .* does not hold)", "backtrace:"),
                       panics=True, says_nonce=False, bad=NOT_STARTED)


def survived(cpus: int = 1) -> Expectation:
    """The boot of an app that ends with 0; a CPU for which there was no memory is missing."""
    return Expectation(markers=(*markers.alive(cpus=cpus), markers.RUBICON, "proc: process 1 exited with code 0",
                                "sched: last process exited, halting"))


def cannot_load(cpus: int = 1, memory_mib: int = 128) -> Expectation:
    """Too little memory for the process."""
    return Expectation(127, (*markers.alive(memory_mib, cpus), r"re:payload: cannot load: memory: .+"), bad=NOT_STARTED)


@functools.cache
def _folder() -> Path:
    """A folder for sockets that nobody else can enter, gone with this process."""
    folder = tempfile.mkdtemp(prefix="rumpk-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def socket_path(name: str) -> Path:
    """A path for a stub's socket; below /tmp, since it may have at most 107 bytes."""
    return _folder() / paths.folder_name(name)  # QEMU takes a comma for the next option


def stubbed(name: str, **options: object) -> suite.MachineConfig:
    """The product with a gdb stub, waiting for it.

    In real time: with -icount, QEMU 7.2 hangs where a single step meets a pending interrupt.
    """
    return suite.product(gdb_socket=socket_path(name), halted=True, icount=False, **options)


def fail(machine: Machine, function: str, nth: int, after: bool) -> int:
    """Runs a machine to its end, or until it needs no more watching; how often the allocator was called till then."""
    assert machine.config.gdb_socket is not None
    address = nm.addresses(suite.PRODUCT.with_suffix(".elf"))[function]
    calls = 0
    with Stub(machine.config.gdb_socket) as stub:
        stub.break_at(address)
        while stub.resume():
            calls += 1
            if calls >= nth > 0:
                stub.return_from(0)
            if calls == nth and not after:
                stub.let_go()
                break
    Path(machine.config.gdb_socket).unlink(missing_ok=True)
    return calls


def calls(function: str, app: Path, cpus: int = 1) -> int:
    """How often a boot calls the allocator."""
    with Machine(stubbed(f"count-{function}-{cpus}", initrd=app, smp=cpus)) as machine:
        return fail(machine, function, 0, after=True)


def case(function: str, nth: int, after: bool = False, app: Path = suite.HELLO, cpus: int = 1) -> suite.Case:
    """The boot whose n-th allocation fails: it may end in three ways, each documented."""
    name = f"{app.stem},{cpus} cpus,{function}-{nth}{'-on' if after else ''}"

    def drive(machine: Machine) -> None:
        count = fail(machine, function, nth, after)
        assert count >= nth or cpus > 1, "there were not so many calls"
    return suite.Case(f"faults_alloc[{name}]", stubbed(name, initrd=app, smp=cpus), survived(cpus), suite.Drive(drive),
                      budget=BUDGET, others=(cannot_load(cpus), PANICKED))


def some() -> list[suite.Case]:
    """Each page of a boot, some of an app whose memory fails, and the first of what the heap takes and gives."""
    return [*(case("page_alloc", nth) for nth in range(1, 34)),
            *(case("page_alloc", nth, True, FAILS) for nth in (2, 8, 10, 24, 42)),
            *(case("page_alloc", nth, False, FAILS) for nth in range(39, 49)),
            *(case("page_run_alloc", nth, after) for nth in range(1, 9) for after in (False, True)),
            *(case("heap_alloc", nth) for nth in range(1, 6))]


def sweep() -> list[suite.Case]:
    """Every call of a boot, alone, and as the last that would have been served."""
    return [case(function, nth, after, app) for function in ALLOCATORS for app in (suite.HELLO, FAILS)
            for nth in range(1, calls(function, app) + 1) for after in (False, True)]
