# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The serial lines every good boot shows, in their order: what DESIGN calls the contract with whoever reads a log."""
from __future__ import annotations

import re

RUBICON = "[Rumpk L1] The Rubicon is crossed."
#: A process was started: never to be seen where a bundle is refused.
STARTED = r"^proc: process \d+ .*started"


def alive(memory_mib: int = 128, cpus: int = 1) -> tuple[str, ...]:
    """The lines from power-on to the kernel being alive."""
    return (rf"re:\[Rumpk L0\] HAL initialized: .+, {cpus} cpus, {memory_mib} MiB",
            r"re:\[Rumpk L1\] kernel alive: rumpk \S+ .+")


def process(name: str, status: int = 0, output: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The lines of a process that runs to its own end."""
    return (f"proc: process 1 ({name}) started", *output, f"proc: process 1 exited with code {status}",
            "sched: last process exited, halting")


def hello(memory_mib: int = 128, cpus: int = 1) -> tuple[str, ...]:
    """Every line of c-hello's boot."""
    return (*alive(memory_mib, cpus), RUBICON, *process("c-hello", 0, ("[c-hello] hello from c-hello",)))


def mebibytes(memory: str) -> int:
    """What `-m 5M` or `-m 4G` is in MiB."""
    found = re.fullmatch(r"(\d+)([MG]?)", memory)
    assert found, memory
    return int(found[1]) * (1024 if found[2] == "G" else 1)
