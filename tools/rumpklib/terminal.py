# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The terminal while a guest has it: each key goes to the guest as it is, Ctrl-C too; what the guest prints is shown as ever."""
from __future__ import annotations

import os
import termios
from contextlib import contextmanager
from typing import Iterator

LEAVE = b"\x1d"  # Ctrl-]


@contextmanager
def as_before(descriptor: int = 0) -> Iterator[None]:
    """Has a terminal as it was in the end, also where a program that asks for a password is ended while it shows nothing."""
    before = termios.tcgetattr(descriptor) if os.isatty(descriptor) else None
    try:
        yield
    finally:
        if before is not None:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def keys(descriptor: int = 0) -> Iterator[bool]:
    """Whether it is a terminal; it is as it was before in the end. Output keeps its line ends: the guest's may be newlines alone."""
    if not os.isatty(descriptor):
        yield False
        return
    before = termios.tcgetattr(descriptor)
    now = termios.tcgetattr(descriptor)
    now[0] &= ~(termios.BRKINT | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.INPCK | termios.ISTRIP | termios.IXON)
    now[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    now[6][termios.VMIN], now[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSADRAIN, now)
    try:
        yield True
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def size(descriptor: int = 1) -> tuple[int, int]:
    """Columns and rows; 0 where it is no terminal."""
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return 0, 0
    return found.columns, found.lines
