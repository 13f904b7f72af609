# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Archives of bundles: newc cpio, written so that the same files give the same bytes, read as strictly as lib/cpio.h."""
from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass

from . import elf_dynamic
from .errors import BadInput

NAME_MAX = 255
NAME_PAD_MAX = 4096  # NULs behind a name, besides its own
PAGE_BYTES = 4096
PAGED_FROM = 32768  # bytes of a file that begins at a page, so that it can be mapped where it lies
ENTRY_MAX = 4096
LINK_MAX = 1023
TIME_MAX = 0xffffffff
FILE_MAX = 0xffffffff  # bytes: eight digits say how many
TRAILER = "TRAILER!!!"
_HEADER_BYTES = 110
_FIELDS = ("ino", "mode", "uid", "gid", "nlink", "mtime", "filesize", "devmajor", "devminor", "rdevmajor", "rdevminor",
           "namesize", "check")


@dataclass(frozen=True)
class Entry:
    """One file, directory or symbolic link, whose data is the path that it holds; `mode` has type and permissions."""

    name: str
    mode: int
    data: bytes = b""
    modified: int = 0  # seconds since 1970

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


def file(name: str, data: bytes, executable: bool = False, set_user: bool = False) -> Entry:
    """A regular file, with one of few modes: who built it, under which umask, must not show."""
    return Entry(name, stat.S_IFREG | (0o755 if executable else 0o644) | (stat.S_ISUID if executable and set_user else 0), data)


def directory(name: str) -> Entry:
    return Entry(name, stat.S_IFDIR | 0o755)


def link(name: str, target: str) -> Entry:
    return Entry(name, stat.S_IFLNK | 0o777, os.fsencode(target))


def name_is_valid(name: str) -> bool:
    """Whether a name may stand in an archive: relative, no empty, `.` or `..` part, no control characters."""
    raw = name.encode("utf-8", "surrogateescape")
    return (0 < len(raw) <= NAME_MAX and not re.search(rb"[\x00-\x1f\x7f]", raw) and name != TRAILER
            and not any(part in ("", ".", "..") for part in name.split("/")))


def _is_paged(data: bytes) -> bool:
    """Programs and libraries for Linux always: executable memory is mapped from the bundle and nowhere else. Native programs are copied."""
    return (len(data) >= PAGED_FROM or elf_dynamic.is_elf(data)) and not elf_dynamic.is_native(data)


def _record(ino: int, entry: Entry, at: int) -> bytes:
    """An entry that begins at offset `at` of the archive, which begins at a page."""
    name = entry.name.encode("utf-8", "surrogateescape") + b"\0"
    if _is_paged(entry.data):
        name += bytes(-(at + _HEADER_BYTES + len(name)) % PAGE_BYTES)
    values = dict.fromkeys(_FIELDS, 0)
    values.update(ino=ino, mode=entry.mode, mtime=entry.modified, nlink=2 if entry.is_directory else 1, filesize=len(entry.data),
                  namesize=len(name))
    header = b"070701" + b"".join(b"%08X" % values[field] for field in _FIELDS)
    return _pad4(header + name) + _pad4(entry.data)


def _pad4(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def write(entries: list[Entry]) -> bytes:
    """The archive of `entries`, in that order. Names are not checked here: fixtures write bad ones."""
    archive = bytearray()
    for ino, entry in enumerate(entries, 1):
        archive += _record(ino, entry, len(archive))
    return bytes(archive + _record(0, Entry(TRAILER, 0), len(archive)))


def _header(data: bytes, at: int) -> dict[str, int]:
    raw = data[at:at + _HEADER_BYTES]
    if len(raw) < _HEADER_BYTES:
        raise BadInput(f"archive: ends inside a header at offset {at}")
    if raw[:6] != b"070701" or not re.fullmatch(rb"[0-9A-Fa-f]{104}", raw[6:]):
        raise BadInput(f"archive: no newc header at offset {at}")
    fields = {name: int(raw[6 + 8 * i:14 + 8 * i], 16) for i, name in enumerate(_FIELDS)}
    if fields["check"]:
        raise BadInput(f"archive: checksum field is not zero at offset {at}")
    if not 0 < fields["namesize"] <= NAME_MAX + 1 + NAME_PAD_MAX:
        raise BadInput(f"archive: length of the name is out of range at offset {at}")
    return fields


def _padded(data: bytes, start: int, size: int, what: str) -> tuple[bytes, int]:
    """`size` bytes from `start`, and where the next thing begins, behind zero padding."""
    end = start + size
    after = end + -end % 4
    if after > len(data):
        raise BadInput(f"archive: {what} at offset {start} reaches past its end")
    if any(data[end:after]):
        raise BadInput(f"archive: padding at offset {end} is not zero")
    return data[start:end], after


def read(data: bytes) -> list[Entry]:
    """All entries of an archive; BadInput where the kernel would refuse it."""
    entries: list[Entry] = []
    names: set[str] = set()
    at = 0
    while True:
        fields = _header(data, at)
        raw, after = _padded(data, at + _HEADER_BYTES, fields["namesize"], "name")
        text = raw.rstrip(b"\0")
        if not text or raw[-1] or 0 in text:
            raise BadInput(f"archive: malformed name at offset {at}")
        name = text.decode("utf-8", "surrogateescape")
        content, at = _padded(data, after, fields["filesize"], f"content of {name}")
        if name == TRAILER:
            break
        if not name_is_valid(name):
            raise BadInput(f"archive: name {name!r} is not a clean relative path")
        if name in names:
            raise BadInput(f"archive: {name} is there twice")
        entry = Entry(name, fields["mode"], content, fields["mtime"])
        if not (stat.S_ISREG(entry.mode) or entry.is_link or entry.is_directory and not content):
            raise BadInput(f"archive: {name} is neither a regular file nor an empty directory entry nor a link")
        if entry.is_link and (not 0 < len(content) <= LINK_MAX or 0 in content):
            raise BadInput(f"archive: {name} is a link that holds no path")
        names.add(name)
        entries.append(entry)
        if len(entries) > ENTRY_MAX:
            raise BadInput(f"archive: more than {ENTRY_MAX} entries")
    if content or any(data[at:]):
        raise BadInput("archive: something follows the trailer")
    return entries
