# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Interrupts that should not be, that come to nothing, and that come late; each must be survived.

gdb's stub stops the guest at the n-th of many places and writes the interrupt controller's registers, as a device that
is broken would have it.
"""
from __future__ import annotations

import time
from pathlib import Path
from typing import Callable

from harness import markers, nm, paths, suite
from harness.fault_alloc import BUDGET, stubbed
from harness.gdbstub import PC, Stub
from harness.machine import Machine
from harness.verdict import Expectation

#: Spec: Arm IHI 0069H, 12.9 and 12.11; offsets of the first word of each bank.
ENABLE, DISABLE, PEND, UNPEND, GROUP = 0x100, 0x180, 0x200, 0x280, 0x080
DISTRIBUTOR_PA, REDISTRIBUTOR_PA = 0x0800_0000, 0x080B_0000
TIMER, NOBODYS_SGI, NOBODYS_PPI, NOBODYS_SPI = 27, 5, 20, 40
INTERRUPTS = {"timer": TIMER, "sgi": NOBODYS_SGI, "ppi": NOBODYS_PPI, "spi": NOBODYS_SPI}
#: Where a guest is stopped: all over the boot and the process's life.
PLACES = ("page_alloc", "log_text", "hal_context_switch", "hal_user_run", "native_call", "hal_timer_now_ns")
LATE_S = 0.1
#: An interrupt at each stop for ever, and nothing else would come to its turn.
EVERYWHERE_MAX = 60
STOPS_MAX = 2000
TIMEOUTS = paths.BUILD / "tests" / "apps" / "timeouts.rpk"


def write(stub: Stub, gic: int, intid: int, bank: int) -> None:
    """Sets an interrupt's bit in a bank: GICv3 keeps the private ones in the redistributor."""
    base = REDISTRIBUTOR_PA if gic == 3 and intid < 32 else DISTRIBUTOR_PA
    stub.write32(base + bank + intid // 32 * 4, 1 << intid % 32)


def raise_(stub: Stub, gic: int, intid: int) -> None:
    """Makes an interrupt pending, and enabled, as if the kernel had wanted it."""
    write(stub, gic, intid, GROUP)
    write(stub, gic, intid, ENABLE)
    write(stub, gic, intid, PEND)


def address(function: str) -> int:
    """Where a function of the product is."""
    return nm.addresses(suite.PRODUCT.with_suffix(".elf"))[function]


def stops(machine: Machine, functions: tuple[str, ...], act: Callable[[Stub, int], bool]) -> int:
    """Calls `act` with the stub and the number of the stop, until it gives True; the number of stops."""
    assert machine.config.gdb_socket is not None
    count = 0
    with Stub(machine.config.gdb_socket) as stub:
        for function in functions:
            stub.break_at(address(function))
        while count < STOPS_MAX and stub.resume():
            count += 1
            if act(stub, count):
                stub.let_go()
                break
    Path(machine.config.gdb_socket).unlink(missing_ok=True)
    return count


def _case(name: str, functions: tuple[str, ...], act: Callable[[Stub, int], bool], app: Path = suite.HELLO,
          **options: object) -> suite.Case:
    def drive(machine: Machine) -> None:
        stops(machine, functions, act)
    expect = Expectation(markers=(*markers.alive(), markers.RUBICON, "proc: process 1 exited with code 0"))
    return suite.Case(f"faults_irq[{name}]", stubbed(f"irq-{name}", initrd=app, **options), expect, suite.Drive(drive),
                      budget=BUDGET)


def spurious(kind: str, nth: int, gic: int = 3) -> suite.Case:
    """An interrupt that nothing asked for, at the n-th stop."""
    def act(stub: Stub, count: int) -> bool:
        if count == nth:
            raise_(stub, gic, INTERRUPTS[kind])
        return count == nth
    return _case(f"{kind},{nth},gic{gic}", PLACES, act, gic=gic)


def everywhere(kind: str, gic: int = 3) -> suite.Case:
    """The same at each of many stops of one boot."""
    def act(stub: Stub, count: int) -> bool:
        raise_(stub, gic, INTERRUPTS[kind])
        return count == EVERYWHERE_MAX
    return _case(f"{kind},everywhere,gic{gic}", PLACES, act, gic=gic)


def withdrawn(gic: int = 3) -> suite.Case:
    """Interrupts that are gone when they are acknowledged: INTID 1023."""
    def act(stub: Stub, count: int) -> bool:
        if stub.registers()[PC] == address("irqchip_handle"):
            write(stub, gic, TIMER, UNPEND)
        else:
            raise_(stub, gic, TIMER)
        return count >= 2 * EVERYWHERE_MAX
    return _case(f"withdrawn,gic{gic}", (*PLACES, "irqchip_handle"), act, gic=gic)


def late(gic: int = 3) -> suite.Case:
    """A timer whose interrupt comes long after its deadline."""
    def act(stub: Stub, _count: int) -> bool:
        write(stub, gic, TIMER, DISABLE)
        stub.run_for(LATE_S)
        write(stub, gic, TIMER, ENABLE)
        return True
    return _case(f"late,gic{gic}", ("hal_timer_arm",), act, app=TIMEOUTS, gic=gic)


def held(nth: int) -> suite.Case:
    """A machine that its host stops for a while, at the n-th stop."""
    def act(_stub: Stub, count: int) -> bool:
        if count == nth:
            time.sleep(LATE_S)
        return count == nth
    return _case(f"held,{nth}", PLACES, act, app=TIMEOUTS)


def count_stops() -> int:
    """How many stops a boot has."""
    with Machine(stubbed("irq-count")) as machine:
        return stops(machine, PLACES, lambda _stub, _count: False)


def some() -> list[suite.Case]:
    """Each kind once, on both interrupt controllers where they differ."""
    return [*(everywhere(kind, gic) for kind in INTERRUPTS for gic in (2, 3)), withdrawn(2), withdrawn(3), late(2),
            late(3), held(20)]


def sweep() -> list[suite.Case]:
    """Each kind at each stop of a boot."""
    total = count_stops()
    return [*some(), *(spurious(kind, nth) for kind in INTERRUPTS for nth in range(1, total + 1)),
            *(held(nth) for nth in range(1, total + 1, 10))]
