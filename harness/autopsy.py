# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a guest was doing when it went wrong, on one page, with a core beside it.

The page has the last lines, the registers of each CPU twice (moving or stuck), and through gdb the backtraces of
every CPU and every fiber, schedulers, timers and rings. QEMU is stopped for each reading, because a running CPU's program
counter is only right where it has left its translated code. Everything has a time limit, and what cannot be had is
said instead: never silence.
"""
from __future__ import annotations

import re
import shlex
import subprocess
import time
from pathlib import Path

from harness import core, debugger
from harness.machine import Machine
from harness.qmp import QmpError
from harness.symbols import Symbols

#: For all of it; gdb and the dump have their parts of it.
LIMIT_S = 25.0
GDB_S = 12.0
ANSWER_S = 3.0
APART_S = 0.05
LAST_LINES = 25
MAX_FRAMES = 24
ADDRESS = re.compile(r"0x[0-9a-f]{8,16}")
#: What gdb says on its own about being connected.
NOISE = re.compile(r"^(Reading symbols|warning:|The target architecture|\[Inferior|Remote debugging|0x[0-9a-f]+ in |"
                   r"\d+\t|A program is being debugged|Ending remote)")


class Autopsy:
    """One examination within a time limit."""

    def __init__(self, machine: Machine, limit_s: float = LIMIT_S, folder: Path | None = None, held: bool = False) -> None:
        """`folder` takes the core; `held`: the machine stands where it ends, and is not to go on."""
        self._machine = machine
        self._deadline = time.monotonic() + limit_s
        self._symbols = Symbols.beside(Path(machine.config.image))
        self._folder = folder
        self._held = held

    def _left_s(self, part_s: float = LIMIT_S) -> float:
        left_s = min(self._deadline - time.monotonic(), part_s)
        if left_s <= 0:
            raise QmpError("the autopsy's time is over")
        return left_s

    def _registers(self) -> list[dict[str, int]]:
        self._machine.qmp.command("stop", self._left_s(ANSWER_S))
        return parse_registers(self._machine.qmp.monitor("info registers -a", self._left_s(ANSWER_S)))

    def cpus(self) -> list[str]:
        """The registers of each CPU, twice where it may go on. Leaves the machine stopped."""
        first = second = self._registers()
        if not self._held:
            self._machine.qmp.command("cont", self._left_s(ANSWER_S))
            time.sleep(APART_S)
            second = self._registers()
        page: list[str] = []
        for cpu, (before, after) in enumerate(zip(first, second)):
            state = "stands where the machine ends" if self._held else "stuck" if before == after else (
                "moving" if before["PC"] != after["PC"] else "moving, at the same place")
            page += [f"cpu {cpu}: {state}", f"  pc {self._symbols.name(before['PC'])}"]
            page += [] if self._held else [f"  then, {APART_S * 1000:.0f} ms later, {self._symbols.name(after['PC'])}"]
            page += ["  " + line for line in format_registers(after)]
        return page

    def kernel(self) -> str:
        """What gdb says of the kernel: every CPU, every fiber, schedulers, timers, rings."""
        text = debugger.examine(self._machine, ["rumpk all"], self._left_s(GDB_S))
        return "\n".join(line for line in text.splitlines() if not NOISE.match(line))

    def core(self) -> str:
        """Has QEMU write the core; what is left out of it."""
        assert self._folder is not None
        size = core.memory_bytes(str(self._machine.config.memory_mib))
        return core.dump(self._machine.qmp, self._folder / "core", size, self._left_s())

    def core_lines(self, left_out: str, gdb_text: str) -> list[str]:
        """Makes the core readable; how it is opened."""
        assert self._folder is not None
        ranges = core.translate(self._folder / "core", core.registers(gdb_text))
        core.sparsify(self._folder / "core", self._left_s())
        seen = f"{ranges} ranges at the guest's virtual addresses" if ranges else "physical addresses (no MMU)"
        elf = Path(self._machine.config.image).with_suffix(".elf")
        return [f"`core`: {seen}{', ' + left_out if left_out else ''}. Open it with:", "",
                f"    gdb-multiarch -x {shlex.quote(str(debugger.SCRIPT))} {shlex.quote(str(elf)) if elf.exists() else ''} -c {{folder}}/core -ex 'rumpk all'"]

    def _live(self) -> list[str]:
        """The state of a QEMU that still runs: each part by itself, so that one that fails costs only itself."""
        lines, gdb_text, left_out, no_core = ["", "## CPUs", "", "```"], "", "", ""
        try:
            lines += self.cpus()
        except (QmpError, KeyError) as error:
            return [*lines, f"no registers: {error}", "```"]
        if self._folder:
            try:
                left_out = self.core()
            except (QmpError, OSError, ValueError) as error:
                no_core = str(error)
        lines += ["```", "", "## Kernel", "", "```"]
        try:
            gdb_text = self.kernel()
            lines += [gdb_text.replace("## ", "== "), "```"]
        except (QmpError, OSError) as error:
            lines += [f"cannot be examined: {error}", "```"]
        if self._folder:
            lines += ["", "## Core", ""]
            try:
                lines += [f"no core: {no_core}"] if no_core else self.core_lines(left_out, gdb_text)
            except (QmpError, OSError, ValueError, subprocess.SubprocessError) as error:
                lines.append(f"the core cannot be made readable: {error}")
        return lines

    def page(self, why: str) -> str:
        """The whole page, in Markdown. `{folder}` in it is for whoever knows where it will lie."""
        data = self._machine.console.timed_lines()
        lines = [f"# Autopsy: {why}", "", "## Last lines of the console", "",
                 f"{self._machine.console.total_bytes} bytes in all.", "", "```"]
        lines += [f"{at / 1e6:10.3f} ms  {line}" for at, line in data[-LAST_LINES:]] or ["(it printed nothing)"]
        lines.append("```")
        lines += self._stale()
        lines += self._addresses([line for _, line in data[-100:]])
        if self._machine.stderr.strip():
            lines += ["", "## QEMU said", "", "```", *self._machine.stderr.strip().split("\n")[:20], "```"]
        if self._machine.running:
            lines += self._live()
        else:
            lines += ["", "QEMU has ended by itself: no registers to be had."]
        return "\n".join(lines) + "\n"

    def _stale(self) -> list[str]:
        """A warning where the symbols are not of this image."""
        image = Path(self._machine.config.image)
        try:
            newer = image.with_suffix(".elf").stat().st_mtime > image.stat().st_mtime
        except OSError:
            return []
        return ["", "**The ELF is newer than the image: names are wrong, and it was not held where it ended.**"] if newer else []

    def _addresses(self, lines: list[str]) -> list[str]:
        """The names of the addresses that it printed."""
        numbers = dict.fromkeys(address for line in lines for address in ADDRESS.findall(line))
        named = [self._symbols.name(int(number, 16)) for number in list(numbers)[:60]]
        known = [name for name in named if "(" in name]
        return ["", "## Addresses it printed", "", "```", *known[:40], "```"] if known else []


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
