#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A fault before C can speak: an instruction of the entry is made a bad one in memory. One line with the syndrome, status 255."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import nm, suite  # noqa: E402
from harness.fault_irq import stubbed  # noqa: E402
from harness.gdbstub import Stub  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.symbols import load_address  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

#: ESR_ELx of an undefined instruction: no class, 32 bits long.
UNDEFINED = "0x0000000002000000"


def case(level: str, symbol: str) -> suite.Case:
    """A bad instruction where a function begins, at that exception level."""
    symbols = nm.addresses(suite.PRODUCT.with_suffix(".elf"))
    at = load_address(suite.PRODUCT) + symbols.get(symbol, 0) - symbols.get("image_start", 0)

    def drive(machine: Machine) -> None:
        assert machine.config.gdb_socket is not None
        with Stub(machine.config.gdb_socket) as stub:
            stub.write(at, bytes(4))
            stub.let_go()
        Path(machine.config.gdb_socket).unlink(missing_ok=True)
    line = f"re:PANIC: fault before the MMU was on: esr {UNDEFINED} pc 0x{at:016x} address 0x[0-9a-f]{{16}}"
    return suite.Case(f"early_fault[{level}]", stubbed(f"early-{level}", el2=level == "el2"),
                      Expectation(255, (line,), says_nonce=False, panics=True), suite.Drive(drive))


def cases() -> list[suite.Case]:
    """At the level that the loader gives, and below."""
    return [case("el1", "early_map_build"), case("el2", "leave_el2")]


if __name__ == "__main__":
    suite.main(__file__)
