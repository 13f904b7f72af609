# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""manifest.toml of a bundle: the same rules and limits as kernel/payload/manifest.h, so that what packs also loads."""
from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field

from . import cpio, toml_subset
from .errors import BadInput

FILE_NAME = "manifest.toml"
ARG_MAX = 16
ARG_BYTES = 1024
PAGE_BYTES = 4096  # of every size
#: Capability name -> its rights.
CAPABILITIES = {"console": ("write",)}

_NAME = re.compile(r"[a-z0-9-]{1,32}")
_SIZE = re.compile(r"([0-9]+)([KMG])")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


@dataclass
class Manifest:
    """A checked manifest."""

    name: str = ""
    exec: str = ""
    args: list[str] = field(default_factory=list)
    memory_bytes: int = 2**20
    stack_bytes: int = 64 * 2**10
    capabilities: dict[str, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class _Reader:
    """Fills a Manifest entry by entry; each error names file, line and key."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.manifest = Manifest()
        self.entry = toml_subset.Entry(1, "", None)
        self.seen: dict[str, int] = {}

    def fail(self, why: str, line: int | None = None) -> BadInput:
        return BadInput(f"{self.where}:{line or self.entry.line}: {self.entry.key}: {why}")

    def once(self, name: str) -> None:
        if name in self.seen:
            raise self.fail(f"given twice, first in line {self.seen[name]}")
        self.seen[name] = self.entry.line

    def text(self) -> str:
        if not isinstance(self.entry.value, str):
            raise self.fail('must be a string, like "text"')
        return self.entry.value

    def texts(self) -> list[str]:
        if not isinstance(self.entry.value, list):
            raise self.fail('must be an array of strings, like ["a", "b"]')
        return self.entry.value

    def size(self) -> int:
        found = _SIZE.fullmatch(self.text())
        if not found:
            raise self.fail('must be a size like "512K" or "2M"')
        if int(found[1]) >= 2**32:
            raise self.fail("too large")
        size = int(found[1]) * _UNITS[found[2]]
        if size == 0 or size % PAGE_BYTES:
            raise self.fail("must be a multiple of 4K above zero")
        return size

    def name(self) -> None:
        self.manifest.name = self.text()
        if not _NAME.fullmatch(self.manifest.name):
            raise self.fail("must be 1 to 32 characters of a-z, 0-9 and -")

    def exec(self) -> None:
        self.manifest.exec = self.text()
        if not cpio.name_is_valid(self.manifest.exec):
            raise self.fail("must be a relative path in the bundle, with no empty, . or .. part")

    def args(self) -> None:
        self.manifest.args = self.texts()
        if len(self.manifest.args) > ARG_MAX:
            raise self.fail(f"more than {ARG_MAX} arguments")
        if sum(len(arg.encode()) + 1 for arg in self.manifest.args) > ARG_BYTES:
            raise self.fail(f"arguments take more than {ARG_BYTES} bytes")

    def memory(self) -> None:
        self.manifest.memory_bytes = self.size()

    def stack(self) -> None:
        self.manifest.stack_bytes = self.size()

    def capability(self) -> None:
        known = CAPABILITIES.get(self.entry.key)
        if known is None:
            raise self.fail(f"unknown capability (known: {', '.join(CAPABILITIES)})")
        rights = self.texts()
        for right in rights:
            if right not in known:
                raise self.fail(f'unknown right "{right}" (known: {", ".join(known)})')
        if not rights:
            raise self.fail("no rights given")
        if len(set(rights)) != len(rights):
            raise self.fail("a right is given twice")
        self.manifest.capabilities[self.entry.key] = rights

    def read(self, data: bytes) -> Manifest:
        table = ""
        keys = {"name": self.name, "exec": self.exec, "args": self.args, "memory": self.memory, "stack": self.stack}
        for self.entry in toml_subset.entries(data, self.where):
            if self.entry.is_table:
                if self.entry.key != "capabilities":
                    raise self.fail("unknown table (known: capabilities)")
                table = self.entry.key
                self.once(f"[{table}]")
                continue
            self.once(f"{table}.{self.entry.key}")
            if table:
                self.capability()
            elif self.entry.key in keys:
                keys[self.entry.key]()
            else:
                raise self.fail(f"unknown key (known: {', '.join(keys)})")
        self.check_whole()
        return self.manifest

    def check_whole(self) -> None:
        for key in ("name", "exec"):
            if not getattr(self.manifest, key):
                raise BadInput(f"{self.where}: {key}: missing")
        if self.manifest.stack_bytes >= self.manifest.memory_bytes:
            line = self.seen.get(".stack") or self.seen.get(".memory")
            raise BadInput(f"{self.where}:{line}: stack: must be smaller than memory")


def parse(data: bytes, where: str = FILE_NAME) -> Manifest:
    """Reads and checks a manifest; BadInput says `where`:line: key: cause."""
    return _Reader(where).read(data)
