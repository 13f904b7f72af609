# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Clocks that jump: single readings that are wrong, and a counter that leaps and stays there; each must be survived.

gdb's stub stops the guest where the kernel reads its counter and changes what it reads, and, for a leap that lasts, what it
arms its timer with. A sleep may end early or late by as much as the clock leapt; it must end, and nothing else may go wrong.
"""
from __future__ import annotations

from pathlib import Path

from harness import markers, paths, suite
from harness.fault_alloc import BUDGET, stubbed
from harness.fault_irq import address
from harness.gdbstub import PC, X0, X30, Stub
from harness.machine import Machine
from harness.verdict import Expectation

READ, ARM = "hal_timer_now_ns", "hal_timer_arm"
SLEEPS = paths.BUILD / "tests" / "apps" / "sleeps.rpk"
HOUR_NS, TENTH_NS, MS_NS = 3600 * 10 ** 9, 10 ** 8, 10 ** 6
#: So many readings, and one instruction after the other to the end of each: more would take too long.
READINGS_MAX = 200
FUNCTION_STEPS_MAX = 100
ENDS = Expectation(markers=(*markers.alive(), markers.RUBICON, "proc: process 1 exited with code 0",
                            "sched: last process exited, halting"))


def _finish(stub: Stub) -> None:
    """From a function's first instruction to its return."""
    back = stub.registers()[X30]
    for _ in range(FUNCTION_STEPS_MAX):
        stub.step()
        if stub.registers()[PC] == back:
            return
    raise AssertionError("the counter's reading does not end")


def leap(machine: Machine, first: int, last: int, delta_ns: int, timer_too: bool) -> int:
    """Readings `first` to `last` are `delta_ns` off. The number of readings."""
    assert machine.config.gdb_socket is not None
    readings = 0
    with Stub(machine.config.gdb_socket) as stub:
        stub.break_at(address(READ))
        if timer_too:
            stub.break_at(address(ARM))
        while stub.resume():
            registers = stub.registers()
            if registers[PC] == address(ARM):
                if first <= readings <= last:
                    stub.set_register(X0, max(registers[X0] - delta_ns, 0))
                continue
            readings += 1
            if first <= readings <= last:
                _finish(stub)
                stub.set_register(X0, stub.registers()[X0] + delta_ns)
            if readings == min(last, READINGS_MAX) and not timer_too:
                stub.let_go()
                break
    Path(machine.config.gdb_socket).unlink(missing_ok=True)
    return readings


def case(name: str, first: int, last: int, delta_ns: int, timer_too: bool = False, sure: bool = True) -> suite.Case:
    """A boot whose process sleeps now and then while the clock leaps. `sure`: that it is read so often."""
    def drive(machine: Machine) -> None:
        count = leap(machine, first, last, delta_ns, timer_too)
        assert count >= first or not sure, "the clock was not read so often"
    return suite.Case(f"faults_clock[{name}]", stubbed(f"clock-{name}", initrd=SLEEPS), ENDS, suite.Drive(drive),
                      budget=BUDGET)


def readings() -> int:
    """How often a boot reads the clock."""
    with Machine(stubbed("clock-count", initrd=SLEEPS)) as machine:
        return leap(machine, 1, READINGS_MAX, 0, timer_too=True)


def rtc(base: str) -> suite.Case:
    """A boot at another date, in real time: nothing of the kernel hangs on it."""
    config = suite.product(initrd=SLEEPS, icount=False, extra=("-rtc", f"base={base}"))
    return suite.Case(f"faults_clock[rtc,{base}]", config, ENDS)


def some() -> list[suite.Case]:
    """Leaps ahead and back, for one reading and for good."""
    return [case("ahead-once", 2, 2, TENTH_NS), case("ahead", 2, 10 ** 9, HOUR_NS, timer_too=True),
            case("ahead-from-the-start", 1, 10 ** 9, HOUR_NS, timer_too=True),
            case("back", 1, 2, 20 * MS_NS, timer_too=True), rtc("1970-01-01"), rtc("2038-01-19T03:14:07")]


def sweep() -> list[suite.Case]:
    """One wrong reading, at each of a boot."""
    total = readings()
    return [*some(), *(case(f"{name},{at}", at, at, delta, sure=False) for at in range(1, total + 1)
                       for name, delta in (("ahead", TENTH_NS), ("ahead-a-little", MS_NS)))]
