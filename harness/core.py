# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A core of the guest that gdb opens and sees as the guest saw it.

QEMU dumps the RAM by physical address alone, so that no pointer of a kernel with an MMU could be followed. Here the
guest's own page tables (4 KiB granule) are walked in the dump, and each mapped range becomes a segment of the ELF file at
its virtual address, over the same bytes. Nothing is copied; zero pages become holes.
"""
from __future__ import annotations

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Iterator

from harness.qmp import Qmp

RAM_BASE = 0x4000_0000
#: A larger guest is dumped to this size only: a dump is for reading, and has a time limit.
DUMP_LIMIT_BYTES = 512 << 20
SEGMENTS_MAX = 20000
PT_LOAD = 1
EHDR, PHDR = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")
ADDRESS_BITS = 0x0000_FFFF_FFFF_F000
HIGH = 1 << 64
MMU_LINE = re.compile(r"mmu \d+: .*")


@dataclass
class Segment:
    """A range of the guest's memory and where the file has it."""

    virtual: int
    physical: int
    bytes: int
    offset: int


def dump(qmp: Qmp, path: Path, memory_bytes: int, timeout_s: float) -> str:
    """Has QEMU write the core of a stopped guest; says what is left out of it."""
    part = {"begin": RAM_BASE, "length": DUMP_LIMIT_BYTES} if memory_bytes > DUMP_LIMIT_BYTES else {}
    path.unlink(missing_ok=True)
    qmp.command("dump-guest-memory", timeout_s, paging=False, protocol=f"file:{path}", **part)
    path.chmod(0o600)
    return f"only the first {DUMP_LIMIT_BYTES >> 20} MiB" if part else ""


def memory_bytes(memory: str) -> int:
    """What `-m 128`, `5M` or `4G` is in bytes."""
    scale = {"K": 10, "M": 20, "G": 30}.get(memory[-1:].upper())
    return int(memory[:-1]) << scale if scale else int(memory) << 20


def sparsify(path: Path, timeout_s: float) -> None:
    """Gives the file system back what is zero: most of a guest's memory."""
    subprocess.run(["fallocate", "--dig-holes", str(path)], timeout=timeout_s, check=False, capture_output=True)


def registers(gdb_text: str) -> list[dict[str, int]]:
    """The translation registers of each CPU from the lines of `rumpk mmu`."""
    return [{name: int(value, 16) for name, value in re.findall(r"(\w+)=0x([0-9a-f]+)", line)}
            for line in MMU_LINE.findall(gdb_text)]


class Core:
    """A core as QEMU wrote it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        self._header = list(EHDR.unpack(file.read(EHDR.size)))
        file.seek(self._header[5])
        self._programs = [PHDR.unpack(file.read(PHDR.size)) for _ in range(self._header[10])]
        self._memory = [Segment(0, program[4], program[5], program[2]) for program in self._programs
                        if program[0] == PT_LOAD]

    def offset(self, physical: int) -> int | None:
        """Where the file has a physical address."""
        for segment in self._memory:
            if segment.physical <= physical < segment.physical + segment.bytes:
                return segment.offset + physical - segment.physical
        return None

    def _table(self, physical: int) -> tuple[int, ...]:
        at = self.offset(physical)
        if at is None:
            return ()
        self._file.seek(at)
        data = self._file.read(4096)
        return struct.unpack("<512Q", data) if len(data) == 4096 else ()

    def _walk(self, physical: int, level: int, virtual: int, seen: set[int]) -> Iterator[Segment]:
        """Every page and block below one table. Spec: Arm ARM D8.3, 4 KiB granule."""
        shift = 39 - 9 * level
        for index, entry in enumerate(self._table(physical)):
            at, target = virtual + (index << shift), entry & ADDRESS_BITS
            if entry & 3 == 3 and level < 3:
                if target not in seen:
                    yield from self._walk(target, level + 1, at, seen | {target})
            elif (entry & 3 == 3 and level == 3) or (entry & 3 == 1 and 0 < level < 3):
                size = 1 << shift
                yield Segment(at, target & ~(size - 1), size, 0)

    def mapped(self, table: int, size_bits: int, high: bool) -> Iterator[Segment]:
        """What a translation table maps and the file has, in pieces that lie behind one another."""
        root = table & ADDRESS_BITS & ~1
        level = 3 - (64 - size_bits - 12 - 1) // 9
        if not 0 <= level <= 2 or not root:
            return
        base = HIGH - (1 << (64 - size_bits)) if high else 0
        last: Segment | None = None
        for piece in self._walk(root, level, base, {root}):
            offset = self.offset(piece.physical)
            if offset is None or piece.virtual >= HIGH:
                continue
            piece.offset = offset
            room = next(part.physical + part.bytes for part in self._memory
                        if part.physical <= piece.physical < part.physical + part.bytes) - piece.physical
            piece.bytes = min(piece.bytes, room)
            if last and last.virtual + last.bytes == piece.virtual and last.offset + last.bytes == offset:
                last.bytes += piece.bytes
                continue
            if last:
                yield last
            last = piece
        if last:
            yield last

    def link(self, segments: list[Segment]) -> None:
        """Writes a new table of segments, behind everything else."""
        rows = [program for program in self._programs if program[0] != PT_LOAD]
        rows += [(PT_LOAD, 7, part.offset, part.virtual, part.physical, part.bytes, part.bytes, 0) for part in segments]
        end = self._file.seek(0, 2)
        end = self._file.seek((end + 7) & ~7)
        self._file.write(b"".join(PHDR.pack(*row) for row in rows))
        self._header[5], self._header[10] = end, len(rows)
        self._file.seek(0)
        self._file.write(EHDR.pack(*self._header))


def translate(path: Path, mmus: list[dict[str, int]]) -> int:
    """Makes a core show the guest's virtual addresses; how many ranges are mapped (0: it has no MMU on)."""
    with path.open("r+b") as file:
        core = Core(file)
        found: dict[int, Segment] = {}
        for mmu in mmus:
            control, on = mmu.get("TCR_EL1", 0), mmu.get("SCTLR", 1) & 1
            halves = (("TTBR1_EL1", control >> 16 & 63, True, control >> 30 & 3 == 2 and not control >> 23 & 1),
                      ("TTBR0_EL1", control & 63, False, control >> 14 & 3 == 0 and not control >> 7 & 1))
            for name, size, high, usable in halves:
                if on and usable and size and mmu.get(name):
                    for part in core.mapped(mmu[name], size, high):
                        found.setdefault(part.virtual, part)
        mapped = sorted(found.values(), key=lambda part: part.virtual)[:SEGMENTS_MAX]
        identity = [Segment(part.physical, part.physical, part.bytes, part.offset) for part in core._memory
                    if not any(one.virtual < part.physical + part.bytes and part.physical < one.virtual + one.bytes
                               for one in mapped)]
        core.link(mapped + identity)
    return len(mapped)
