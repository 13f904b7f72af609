# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Names for guest addresses, from the ELF beside a flat image.

Before the MMU is on, a program counter is physical: it is taken back to the link address by where QEMU puts an
AArch64 Image (RAM base plus the header's text offset; below 4 KiB another 2 MiB).
"""
from __future__ import annotations

import bisect
import functools
import struct
import subprocess
from pathlib import Path

RAM_BASE = 0x4000_0000
TOOL_LIMIT_S = 5.0
CROSS = "aarch64-linux-gnu-"


def _tool(*argv: str) -> str:
    """What a binutils program prints; empty where it fails."""
    try:
        done = subprocess.run([CROSS + argv[0], *argv[1:]], capture_output=True, text=True, timeout=TOOL_LIMIT_S,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


class Symbols:
    """The functions of one image, by address."""

    def __init__(self, elf: Path, load_address: int) -> None:
        self._elf = elf
        self._load = load_address
        self._addresses: list[int] = []
        self._names: list[str] = []
        for line in _tool("nm", "-n", "--defined-only", str(elf)).splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] in "tTwW" and not fields[2].startswith("$"):
                self._addresses.append(int(fields[0], 16))
                self._names.append(fields[2])
        self.base = self._addresses[0] if self._addresses else 0

    @staticmethod
    def beside(image: Path) -> "Symbols":
        """The symbols of the ELF that has the image's name; no names where there is none."""
        return _symbols(image.with_suffix(".elf"), load_address(image))

    def _link_address(self, address: int) -> int:
        """The address as linked, whether given as linked or physical."""
        if not self._addresses or self._addresses[0] <= address <= self._addresses[-1]:
            return address
        return address - self._load + self._addresses[0]

    def _index(self, link: int) -> int:
        """Which function an address is in; -1 where in none."""
        past = not self._addresses or link > self._addresses[-1] + 0x1000
        return -1 if past else bisect.bisect_right(self._addresses, link) - 1

    def addresses(self, name: str) -> list[int]:
        """Where a function is, as linked and as loaded; nothing where there is none."""
        found = [address for address, known in zip(self._addresses, self._names) if known == name]
        return list(dict.fromkeys([*found, *(address - self.base + self._load for address in found)]))

    def function(self, address: int) -> str:
        """The function's name alone; empty where it is in none."""
        at = self._index(self._link_address(address))
        return self._names[at] if at >= 0 else ""

    def name(self, address: int) -> str:
        """`0x… (function+0x10 at file.c:12)`, or only the number."""
        link = self._link_address(address)
        at = self._index(link)
        if at < 0:
            return f"0x{address:x}"
        where = _tool("addr2line", "-e", str(self._elf), hex(link)).strip().split("/")[-1]
        place = "" if where.startswith("?") or not where else f" at {where}"
        return f"0x{address:x} ({self._names[at]}+0x{link - self._addresses[at]:x}{place})"


@functools.lru_cache(maxsize=32)
def _symbols(elf: Path, load: int) -> Symbols:
    return Symbols(elf, load)


def load_address(image: Path) -> int:
    """Where QEMU's virt machine puts this Image."""
    try:
        with image.open("rb") as file:
            header = file.read(64)
        offset, size = struct.unpack_from("<QQ", header, 8)
    except (OSError, struct.error):
        return RAM_BASE
    if header[56:60] != b"ARM\x64" or not size:
        return RAM_BASE + 0x8_0000
    return RAM_BASE + offset + (0x20_0000 if offset < 4096 else 0)
