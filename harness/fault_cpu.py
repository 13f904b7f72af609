# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""CPUs that do not start: the firmware knows them not, or they start and never come. The others go on without."""
from __future__ import annotations

from pathlib import Path

from harness import devicetree, fault_tree, markers, suite
from harness.devicetree import Node, cells
from harness.fault_alloc import BUDGET, calls, case as alloc_case, stubbed
from harness.fault_irq import address
from harness.gdbstub import X0, X30, Stub
from harness.machine import Machine
from harness.verdict import Expectation

#: What a CPU's own part of the start gives where its hardware is not as described: -ENODEV.
NO_DEVICE = -19
REFUSED, LATE = "the firmware refused", "it did not come in time"


def _expect(cpus: int, absent: tuple[int, ...], why: str) -> Expectation:
    lines = tuple(f"sched: cpu {cpu} does not run: {why}" for cpu in absent)
    return Expectation(markers=(*markers.alive(cpus=cpus), *lines, *markers.hello()[2:]))


def unknown(cpus: int) -> suite.Case:
    """The device tree names CPUs that the machine has not. QEMU's log of what it thinks of that goes nowhere."""
    root = fault_tree.tree()
    first = root.at("cpus/cpu@0")
    for cpu in range(1, cpus):
        root.at("cpus").children.append(Node(f"cpu@{cpu}", {**first.properties, "reg": cells(cpu)}))
    return fault_tree.case(f"faults_cpu[unknown,{cpus}]", devicetree.emit(root),
                           _expect(cpus, tuple(range(1, cpus)), REFUSED), more=("-D", "/dev/null"))


def absent(cpus: int, victims: tuple[int, ...]) -> suite.Case:
    """CPUs that start and then find their hardware wanting."""
    def drive(machine: Machine) -> None:
        assert machine.config.gdb_socket is not None
        start, starts = address("secondary_main"), 0
        with Stub(machine.config.gdb_socket) as stub:
            stub.break_at(address("hal_cpu_init"))
            while starts < max(victims) and stub.resume():
                if start <= stub.registers()[X30] < address("smp_start"):
                    starts += 1
                    if starts in victims:
                        stub.return_from(NO_DEVICE)
            stub.let_go()
        Path(machine.config.gdb_socket).unlink(missing_ok=True)
    name = f"absent,{'+'.join(map(str, victims))} of {cpus}"
    return suite.Case(f"faults_cpu[{name}]", stubbed(f"cpu-{name}", smp=cpus), _expect(cpus, victims, LATE),
                      suite.Drive(drive), budget=BUDGET)


def late(cpus: int) -> suite.Case:
    """The first other CPU comes when the next one is being started: what that is given, it must not take."""
    def drive(machine: Machine) -> None:
        assert machine.config.gdb_socket is not None
        with Stub(machine.config.gdb_socket) as stub:
            stub.break_at(address("psci_cpu_on"))
            stub.resume()
            kept = stub.registers()[X0:X0 + 3]
            stub.return_from(0)  # it is on its way
            stub.resume()
            mine = stub.registers()
            for number, value in (*enumerate(kept), (X30, address("psci_cpu_on"))):
                stub.set_register(number, value)
            stub.resume()
            for number in (X0, X0 + 1, X0 + 2, X30):
                stub.set_register(number, mine[number])
            stub.let_go()
        Path(machine.config.gdb_socket).unlink(missing_ok=True)
    return suite.Case(f"faults_cpu[late,{cpus}]", stubbed(f"cpu-late-{cpus}", smp=cpus), _expect(cpus, (1,), LATE), suite.Drive(drive),
                      budget=BUDGET)


def some() -> list[suite.Case]:
    """The only other one, one in the middle, all."""
    return [unknown(2), unknown(8), late(3), absent(2, (1,)), absent(4, (2,)), absent(4, (1, 2, 3)),
            *(alloc_case("page_alloc", nth, cpus=2) for nth in range(8, 15))]


def sweep() -> list[suite.Case]:
    """Each of eight, and memory that runs out while they start."""
    total = calls("page_alloc", suite.HELLO, cpus=4)
    return [*some()[:6], *(absent(8, (cpu,)) for cpu in range(1, 8)),
            *(alloc_case("page_alloc", nth, after, cpus=4) for nth in range(1, total + 1) for after in (False, True))]
