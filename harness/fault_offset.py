# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The counter leaps because somebody at EL2 changes its offset (CNTVOFF_EL2), as a hypervisor does that moves a guest.

The machine boots at EL2. gdb's stub of QEMU 7.2 cannot write system registers, so six instructions of EL2 code are written to
the machine's flash, at address 0, while the kernel is about to leave EL2: they become EL2's vectors. Later the stub stops the guest
where it reads its counter, and has it make a hypervisor call, as which they set the offset. Nothing of this is in
the product, and counter, comparator and interrupt are those of the machine from then on.
"""
from __future__ import annotations

import struct
from pathlib import Path

from harness import markers, suite
from harness.fault_alloc import BUDGET, stubbed
from harness.fault_clock import SLEEPS
from harness.fault_irq import TIMEOUTS, address
from harness.gdbstub import PC, X0, Stub
from harness.machine import Machine
from harness.symbols import Symbols
from harness.verdict import Expectation

READ = "hal_timer_now_ns"
HVC = struct.pack("<I", 0xd4000002)
#: Spec: DDI 0487 D1.10.1: where EL2 takes an exception of AArch64 at EL1; a vector has room for 32 instructions.
VECTOR_PA = 0x400
SET_OFFSET = struct.pack("<3I", 0xd51ce060, 0xd5033fdf, 0xd69f03e0)  # msr cntvoff_el2, x0; isb; eret
INSTALL_PA = 0x800
INSTALL = struct.pack("<3I", 0xd51cc01f, 0xd5033fdf, 0xd61f0100)     # msr vbar_el2, xzr; isb; br x8
X8 = 8  # the first that leave_el2 overwrites
COUNTER_NS = 16  # a tick of QEMU's counter, 62.5 MHz
MS_NS, TENTH_NS, HOUR_NS = 10 ** 6, 10 ** 8, 3600 * 10 ** 9
AGES_NS = 300 * 366 * 24 * HOUR_NS
READINGS_MAX = 200


def install(stub: Stub) -> None:
    """From the machine's first instruction to where the kernel leaves EL2, whose vectors are replaced."""
    place = Symbols.beside(suite.PRODUCT).addresses("leave_el2")[-1]  # as loaded: the MMU is off
    stub.break_at(place)
    assert stub.resume(), "the kernel did not come at EL2"
    stub.unbreak(place)
    stub.write(VECTOR_PA, SET_OFFSET)
    stub.write(INSTALL_PA, INSTALL)
    stub.set_register(X8, place)
    stub.set_register(PC, INSTALL_PA)


def call_address(stub: Stub) -> int:
    """A hypervisor call in the kernel."""
    start = address("psci_cpu_on")
    return start + stub.read(start, 256).index(HVC)


def set_offset(stub: Stub, ticks: int) -> None:
    """At a stop of the kernel: makes the hypervisor call, and comes back as if nothing had been."""
    before, call = stub.registers(), call_address(stub)
    stub.set_register(X0, ticks)
    stub.set_register(PC, call)
    stub.break_at(call + 4)
    assert stub.resume(), "the hypervisor call did not come back"
    stub.unbreak(call + 4)
    stub.set_register(X0, before[X0])
    stub.set_register(PC, before[PC])


def leap(machine: Machine, leaps: dict[int, int]) -> int:
    """At the n-th reading of the counter it leaps by so many ns, for good; the number of readings watched."""
    assert machine.config.gdb_socket is not None
    readings, offset_ns = 0, 0
    with Stub(machine.config.gdb_socket) as stub:
        install(stub)
        stub.break_at(address(READ))
        while stub.resume():
            readings += 1
            if readings in leaps:
                offset_ns -= leaps[readings]
                set_offset(stub, offset_ns // COUNTER_NS)
            if readings >= max(leaps):
                stub.let_go()
                break
    Path(machine.config.gdb_socket).unlink(missing_ok=True)
    return readings


def case(name: str, leaps: dict[int, int], app: Path = SLEEPS, cpus: int = 1) -> suite.Case:
    """A boot at EL2 whose process sleeps now and then, and ends well however the counter leaps."""
    def drive(machine: Machine) -> None:
        assert leap(machine, leaps) >= min(leaps), "the clock was not read so often"
    config = stubbed(f"offset-{name}", initrd=app, el2=True, smp=cpus)
    expect = Expectation(markers=(*markers.alive(cpus=cpus), markers.RUBICON, "proc: process 1 exited with code 0",
                                  "sched: last process exited, halting"))
    return suite.Case(f"faults_offset[{name}]", config, expect, suite.Drive(drive), budget=BUDGET)


def some() -> list[suite.Case]:
    """Ahead and back, by a little and by more than a machine lives; there and back; of one CPU of two."""
    return [case("ahead", {2: HOUR_NS}), case("ahead-for-ages", {3: AGES_NS}), case("back", {3: -20 * MS_NS}),
            case("before-its-start", {1: -HOUR_NS}), case("before-its-start-and-back", {4: -HOUR_NS, 5: 2 * HOUR_NS}),
            case("there-and-back", {3: TENTH_NS, 9: -TENTH_NS}), case("one-of-two-cpus", {2: TENTH_NS}, cpus=2),
            case("timeouts", {2: TENTH_NS, 5: -TENTH_NS}, TIMEOUTS)]


def sweep() -> list[suite.Case]:
    """A leap at each reading of a boot, and one that is taken back at each later one."""
    with Machine(stubbed("offset-count", initrd=SLEEPS, el2=True)) as machine:
        total = leap(machine, {READINGS_MAX: 0})
    ways = {"ahead": TENTH_NS, "back": -TENTH_NS, "before-its-start": -HOUR_NS}
    return [*some(), *(case(f"{name},{at}", {at: by}) for at in range(1, total + 1) for name, by in ways.items()),
            *(case(f"{name},{at},{then}", {at: by, then: -2 * by if by == -HOUR_NS else -by})
              for at in range(1, total) for then in range(at + 1, total + 1) for name, by in ways.items())]
