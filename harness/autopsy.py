# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a guest was doing when it went wrong: registers of each CPU twice, moving or stuck, backtraces, last lines.

QEMU is stopped for each reading, because a running CPU's program counter is only right where it has left its
translated code. Everything has a time limit, and what cannot be had is said instead: never silence.
"""
from __future__ import annotations

import re
import time
from pathlib import Path

from harness.machine import Machine
from harness.qmp import QmpError
from harness.symbols import Symbols

LIMIT_S = 3.0
APART_S = 0.05
LAST_LINES = 20
MAX_FRAMES = 24
ADDRESS = re.compile(r"0x[0-9a-f]{8,16}")


class Autopsy:
    """One examination within a time limit."""

    def __init__(self, machine: Machine, limit_s: float = LIMIT_S) -> None:
        self._machine = machine
        self._deadline = time.monotonic() + limit_s
        self._symbols = Symbols.beside(Path(machine.config.image))

    def _left_s(self) -> float:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise QmpError("the autopsy's time is over")
        return left_s

    def _registers(self) -> list[dict[str, int]]:
        self._machine.qmp.command("stop", self._left_s())
        return parse_registers(self._machine.qmp.monitor("info registers -a", self._left_s()))

    def _frames(self, cpu: int, frame: int) -> list[int]:
        """Return addresses along the chain of frame pointers."""
        found: list[int] = []
        self._machine.qmp.monitor(f"cpu {cpu}", self._left_s())
        while frame and frame % 8 == 0 and len(found) < MAX_FRAMES:
            text = self._machine.qmp.monitor(f"x /2gx 0x{frame:x}", self._left_s())
            words = [int(word, 16) for word in re.findall(r"0x[0-9a-f]{16}", text.split(":", 1)[-1])]
            if len(words) != 2 or not words[1]:
                break
            found.append(words[1])
            if words[0] <= frame:
                break
            frame = words[0]
        return found

    def live(self) -> list[str]:
        """The state of a QEMU that still runs. Leaves it stopped."""
        first = self._registers()
        self._machine.qmp.command("cont", self._left_s())
        time.sleep(APART_S)
        second = self._registers()
        page: list[str] = []
        for cpu, (before, after) in enumerate(zip(first, second)):
            state = "stuck" if before["PC"] == after["PC"] else "moving"
            page += [f"cpu {cpu}: {state}", f"  pc {self._symbols.name(before['PC'])}",
                     f"  then, {APART_S * 1000:.0f} ms later, {self._symbols.name(after['PC'])}"]
            page += [f"    called from {self._symbols.name(address - 4)}"
                     for address in [after.get("X30", 0), *self._frames(cpu, after.get("X29", 0))] if address]
            page += ["  " + line for line in format_registers(after)]
        return page

    def page(self, why: str) -> str:
        """The whole page."""
        lines = [f"# Autopsy: {why}", ""]
        if self._machine.running:
            try:
                lines += self.live()
            except (QmpError, KeyError) as error:
                lines.append(f"no registers: {error}")
        else:
            lines.append("QEMU has ended by itself: no registers to be had")
        data = self._machine.console.timed_lines()
        lines += ["", f"last lines of the console ({self._machine.console.total_bytes} bytes in all):"]
        lines += [f"  {at / 1e6:10.3f} ms  {line}" for at, line in data[-LAST_LINES:]] or ["  (it printed nothing)"]
        addresses = dict.fromkeys(address for _, line in data[-100:] for address in ADDRESS.findall(line))
        named = [(address, self._symbols.name(int(address, 16))) for address in addresses]
        known = [f"  {name}" for address, name in named if "(" in name]
        lines += ["", "addresses it printed:", *known[:40]] if known else []
        if self._machine.stderr.strip():
            lines += ["", "QEMU said:", *("  " + line for line in self._machine.stderr.strip().split("\n")[:20])]
        return "\n".join(lines) + "\n"


def parse_registers(text: str) -> list[dict[str, int]]:
    """`info registers -a` as one table of numbers for each CPU."""
    cpus: list[dict[str, int]] = []
    for line in text.replace("\r", "").split("\n"):
        if line.startswith("CPU#"):
            cpus.append({})
        for name, value in re.findall(r"\b(PC|SP|X\d\d|PSTATE)=([0-9a-f]+)", line):
            if cpus:
                cpus[-1][name] = int(value, 16)
    return cpus


def format_registers(registers: dict[str, int]) -> list[str]:
    """Four registers a line."""
    cells = [f"{name.lower():>6} {value:016x}" for name, value in registers.items()]
    return ["".join(cells[at:at + 4]) for at in range(0, len(cells), 4)]
