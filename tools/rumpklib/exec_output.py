# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What commands print, cut out of all that a guest's console prints: it stands between two marks that nobody else can know."""
from __future__ import annotations

import re
from dataclasses import dataclass

BEGINS, ENDS = b"begins-", b"ends-"
STATUS_MOST = 3  # digits


def marks(nonce: str) -> tuple[str, str]:
    """The line before, and what stands before the status, behind all that the commands printed."""
    return (BEGINS.decode() + nonce, ENDS.decode() + nonce + " ")


@dataclass
class Cutter:
    """Give it everything in pieces. Pure.

    A terminal that ends lines by carriage return and newline says so behind the first mark: `\\r\\n` then stands for each newline, and is
    turned back unless `raw`."""

    nonce: str
    raw: bool = False
    status: int | None = None
    before: bytes = b""  # what the kernel said first
    inside: bool = False
    _rest: bytes = b""
    _carriage: bool = False

    def feed(self, data: bytes) -> bytes:
        """What of it is to be printed."""
        self._rest += data
        if not self.inside and not self._begin():
            return b""
        if self.status is not None:
            return b""
        return self._until_the_end()

    def _begin(self) -> bool:
        mark, _ = marks(self.nonce)
        found = re.search(re.escape(mark.encode()) + rb"(\r*)\n", self._rest)
        if not found:
            return False
        self.before, self._rest = self._rest[:found.start()], self._rest[found.end():]
        self.inside, self._carriage = True, bool(found[1])
        return True

    def _until_the_end(self) -> bytes:
        _, mark = marks(self.nonce)
        found = re.search(re.escape(mark.encode()) + rb"([0-9]{1,%d})\r*\n" % STATUS_MOST, self._rest)
        if found:
            shown, self._rest, self.status = self._rest[:found.start()], b"", int(found[1])
        else:
            keep = self._held(mark.encode())
            shown, self._rest = self._rest[:len(self._rest) - keep], self._rest[len(self._rest) - keep:]
        return shown.replace(b"\r\n", b"\n") if self._carriage and not self.raw else shown

    def _held(self, mark: bytes) -> int:
        """How many bytes at the end may become the mark, or a newline."""
        at = self._rest.rfind(mark)
        if at >= 0 and len(self._rest) - at <= len(mark) + STATUS_MOST + 2:
            return len(self._rest) - at
        for length in range(min(len(mark) - 1, len(self._rest)), 0, -1):
            if mark.startswith(self._rest[-length:]):
                return length
        return 1 if self._carriage and not self.raw and self._rest.endswith(b"\r") else 0

    def left(self) -> bytes:
        """At the end of a guest that did not come to the second mark: what there is besides."""
        return self._rest
