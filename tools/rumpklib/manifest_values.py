# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The values of a manifest's keys: types, units and limits, as in kernel/payload/manifest_keys.c and manifest_values.c."""
from __future__ import annotations

import re
from typing import Any, Callable

from . import cpio, toml_subset
from .capabilities import Capability
from .errors import BadInput

LIST_MAX = 16  # arguments, variables, and words at launch
LIST_BYTES = 1024  # of each, with a NUL behind each string
PAGE_BYTES = 4096  # of every size
RESTARTS = ("never", "on-failure", "always")
BACKOFF_DEFAULT_NS = 10_000_000
BACKOFF_NS = range(1_000_000, 60_000_000_000 + 1)
RESTARTS_DEFAULT = 10

_NAME = re.compile(r"[a-z0-9-]{1,32}")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=.*", re.DOTALL)
_SIZE = re.compile(r"([0-9]+)([KMG])")
_SIZE_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}
_TIME = re.compile(r"([0-9]+)(m?s)")
_TIME_UNITS = {"ms": 10**6, "s": 10**9}


class Values:
    """Reads the value of `entry`; each error names file, line and key."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.entry = toml_subset.Entry(1, "", None)

    def fail(self, why: str) -> BadInput:
        return BadInput(f"{self.where}:{self.entry.line}: {self.entry.sub or self.entry.key}: {why}")

    def text(self) -> str:
        if not isinstance(self.entry.value, str):
            raise self.fail('must be a string, like "text"')
        return self.entry.value

    def texts(self) -> list[str]:
        if not isinstance(self.entry.value, list):
            raise self.fail('must be an array of strings, like ["a", "b"]')
        return self.entry.value

    def truth(self) -> bool:
        if not isinstance(self.entry.value, bool):
            raise self.fail("must be true or false")
        return self.entry.value

    def number(self, limits: range) -> int:
        if isinstance(self.entry.value, bool) or not isinstance(self.entry.value, int):
            raise self.fail("must be an integer")
        if self.entry.value not in limits:
            raise self.fail(f"must be between {limits[0]} and {limits[-1]}")
        return self.entry.value

    def name(self) -> str:
        name = self.text()
        if not _NAME.fullmatch(name):
            raise self.fail("must be 1 to 32 characters of a-z, 0-9 and -")
        return name

    def exec(self) -> str:
        name = self.text()
        if not cpio.name_is_valid(name):
            raise self.fail("must be a relative path in the bundle, with no empty, . or .. part")
        return name

    def strings(self, what: str) -> list[str]:
        strings = self.texts()
        if len(strings) > LIST_MAX:
            raise self.fail(f"more than {LIST_MAX} {what}")
        if sum(len(string.encode()) + 1 for string in strings) > LIST_BYTES:
            raise self.fail(f"more than {LIST_BYTES} bytes of {what}")
        return strings

    def args(self) -> list[str]:
        return self.strings("arguments")

    def env(self) -> list[str]:
        seen = set()
        for variable in self.texts():
            found = _VARIABLE.fullmatch(variable)
            if not found:
                raise self.fail(f'"{variable}" must be KEY=value, with a KEY of letters, digits and _')
            if found[1] in seen:
                raise self.fail(f"{found[1]} is given twice")
            seen.add(found[1])
        return self.strings("variables")

    def size(self) -> int:
        found = _SIZE.fullmatch(self.text())
        if not found:
            raise self.fail('must be a size like "512K" or "2M"')
        if int(found[1]) >= 2**32:
            raise self.fail("too large")
        size = int(found[1]) * _SIZE_UNITS[found[2]]
        if size == 0 or size % PAGE_BYTES:
            raise self.fail("must be a multiple of 4K above zero")
        return size

    def time(self) -> int:
        found = _TIME.fullmatch(self.text())
        if not found:
            raise self.fail('must be a time like "10ms" or "2s"')
        time_ns = int(found[1]) * _TIME_UNITS[found[2]]
        if time_ns not in BACKOFF_NS:
            raise self.fail("must be between 1ms and 60s")
        return time_ns

    def restart(self) -> str:
        policy = self.text()
        if policy not in RESTARTS:
            raise self.fail(f"must be one of {', '.join(RESTARTS)}")
        return policy

    def rights(self, known: Capability) -> list[str]:
        rights = self.texts()
        for right in rights:
            if right not in known.rights:
                raise self.fail(f'unknown right "{right}" (known: {", ".join(known.rights)})')
        if not rights:
            raise self.fail("no rights given")
        if len(set(rights)) != len(rights):
            raise self.fail("a right is given twice")
        return rights


#: A process's keys but for capabilities: the attribute of manifest.Process, and what reads the value.
KEYS: dict[str, tuple[str, Callable[[Values], Any]]] = {
    "name": ("name", Values.name),
    "exec": ("exec", Values.exec),
    "args": ("args", Values.args),
    "env": ("env", Values.env),
    "memory": ("memory_bytes", Values.size),
    "stack": ("stack_bytes", Values.size),
    "threads": ("threads", lambda values: values.number(range(1, 65))),
    "cpu": ("cpu", lambda values: values.number(range(0, 8))),
    "main": ("main", Values.truth),
    "restart": ("restart", Values.restart),
    "backoff": ("backoff_ns", Values.time),
    "restarts": ("restarts", lambda values: values.number(range(1, 1_000_001))),
    "launch": ("launch", Values.truth),
    "jit": ("jit", Values.truth),
}
