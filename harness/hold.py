# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Stops a guest at the moment it ends, while its state can still be seen.

QEMU leaves at once where a guest exits by semihosting, and then nothing is left to look at. So its debug stub is given
breakpoints where the kernel is about to exit: a guest that runs into one stands still, its exit code in x0. A good
run is let go (one packet); a bad one is examined as it stands, without being run again. PSCI power-off and reset are
held by `-action shutdown=pause`.
"""
from __future__ import annotations

import functools
from pathlib import Path

from harness.symbols import Symbols

#: Functions that end the machine: the exit code is the first argument, or is what stands here.
EXITS: dict[str, int | None] = {"hal_exit": None, "early_exit": 255}
STEP = b"$s#73"    # one instruction, breakpoints or not
DETACH = b"$D#44"  # takes every breakpoint out and lets the guest go on


def packet(text: str) -> bytes:
    """One packet of the debugger's protocol."""
    return f"${text}#{sum(text.encode()) & 0xff:02x}".encode()


@functools.lru_cache(maxsize=64)
def _exits(image: Path, changed_ns: int) -> dict[int, int | None]:  # pylint: disable=unused-argument
    symbols = Symbols.beside(image)
    found: dict[int, int | None] = {}
    for name, code in EXITS.items():
        for address in symbols.addresses(name):
            found[address] = code
    return found


def exits(image: Path) -> dict[int, int | None]:
    """Where an image is about to end, as linked and as loaded; with the exit code where it is known from the place."""
    try:
        return _exits(image, image.with_suffix(".elf").stat().st_mtime_ns)
    except OSError:
        return {}


class Hold:
    """The debug stub's end of one machine."""

    def __init__(self, places: dict[int, int | None]) -> None:
        self.places = places
        self._answers = 0
        self._rest = b""
        self.ready = False  # every breakpoint is in
        self.hit = False    # the guest stands at one

    def opening(self) -> bytes:
        """What is sent before the guest runs."""
        return b"".join(packet(f"Z1,{address:x},4") for address in self.places)

    def feed(self, data: bytes) -> None:
        """Takes what the stub says. Context: the pump thread only."""
        *said, self._rest = (self._rest + data).split(b"#")
        for text in said:
            if text.endswith(b"$OK"):
                self._answers += 1
                self.ready = self.ready or self._answers >= len(self.places)
            self.hit = self.hit or b"$T05" in text
