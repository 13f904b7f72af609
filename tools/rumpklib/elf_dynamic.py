# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What an ELF file asks for when it is started: its interpreter, its libraries, and where it wants them looked for."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import BadInput

_PHDR = struct.Struct("<IIQQQQQQ")
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_RPATH, _DT_RUNPATH = 1, 5, 10, 15, 29
#: Where one of these is called, glibc loads UNWINDER by itself, and aborts where it is not there. Ends of names: linkers have a name that is
#: the end of another share its bytes.
_UNWINDING = (b"pthread_exit\0", b"pthread_cancel\0", b"thrd_exit\0", b"backtrace\0")
UNWINDER = "libgcc_s.so.1"
#: Marks a native program, see lib/elf.h.
_NATIVE_NOTE = struct.pack("<III", 6, 4, 1) + b"Rumpk\0\0\0"


@dataclass(frozen=True)
class Needs:
    """`paths` are searched before the usual ones; they may hold $ORIGIN. `unwinds`: it names a call for which glibc loads UNWINDER."""

    interpreter: str = ""
    libraries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    unwinds: bool = False


def is_elf(data: bytes) -> bool:
    return data[:6] == b"\x7fELF\x02\x01" and len(data) >= 64


def _segments(data: bytes, where: str) -> list[tuple[int, ...]]:
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    if count and (size != _PHDR.size or offset + size * count > len(data)):
        raise BadInput(f"{where}: the ELF program headers are malformed")
    return [_PHDR.unpack_from(data, offset + size * at) for at in range(count)]


def is_native(data: bytes) -> bool:
    """Whether it is a program with the note of a native one; any other runs as a Linux program."""
    try:
        segments = _segments(data, "") if is_elf(data) else []
    except BadInput:
        return False
    return any(_NATIVE_NOTE in data[offset:offset + file_bytes] for kind, _, offset, _, _, file_bytes, _, _ in segments if kind == _PT_NOTE)


def _text(data: bytes, at: int, where: str) -> str:
    end = data.find(b"\0", at)
    if at >= len(data) or end < 0:
        raise BadInput(f"{where}: a string of the dynamic section lies outside")
    return data[at:end].decode("utf-8", "surrogateescape")


def _offset(segments: list[tuple[int, ...]], address: int, where: str) -> int:
    for kind, _, offset, start, _, file_bytes, _, _ in segments:
        if kind == _PT_LOAD and start <= address < start + file_bytes:
            return offset + address - start
    raise BadInput(f"{where}: the dynamic section points outside")


def needs(data: bytes, where: str) -> Needs:
    """Of a file that is_elf(); nothing for one that is linked statically."""
    segments = _segments(data, where)
    interpreter, dynamic = "", b""
    for kind, _, offset, _, _, file_bytes, _, _ in segments:
        if kind == _PT_INTERP:
            interpreter = _text(data[:offset + file_bytes], offset, where)
        elif kind == _PT_DYNAMIC:
            dynamic = data[offset:offset + file_bytes]
    tags = [pair for pair in struct.iter_unpack("<QQ", dynamic[:len(dynamic) & ~15])]
    strings = next((value for tag, value in tags if tag == _DT_STRTAB), None)
    if strings is None:
        return Needs(interpreter)
    base = _offset(segments, strings, where)

    def texts(*wanted: int) -> tuple[str, ...]:
        return tuple(_text(data, base + value, where) for tag, value in tags if tag in wanted)

    table = data[base:base + next((value for tag, value in tags if tag == _DT_STRSZ), 0)]
    paths = texts(_DT_RUNPATH) or texts(_DT_RPATH)
    return Needs(interpreter, texts(_DT_NEEDED), tuple(path for text in paths for path in text.split(":") if path),
                 any(name in table for name in _UNWINDING))
