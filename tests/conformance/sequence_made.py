# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A sequence of system calls that is being made: what its slots hold, so that most calls get what they are for."""
from __future__ import annotations

from random import Random
from typing import Callable

SLOTS = 16
WILD = 0.05  # how often a descriptor is not what the call is for
SIZES = (0, 1, 2, 7, 16, 100, 511, 512, 1000, 4095, 4096, 4097, 8192, 20000, 65536)
NAMES, ODD_NAMES = tuple(range(9)) + (16, 17, 21), (9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 24)
Arguments = list[int]
Make = Callable[["Sequence"], Arguments]


class Missing(Exception):
    """Nothing in the slots is what a call wants: another call comes first."""


class Sequence:
    """One sequence that is being made."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.kinds: dict[int, str] = {}
        self.served: dict[str, list[int]] = {"unix": [], "inet": []}  # names that somebody listens at
        self.lines: list[str] = []

    def fd(self, *kinds: str) -> int:
        """A slot that holds one of these, as a rule."""
        good = [slot for slot, kind in self.kinds.items() if kind in kinds]
        if not good:
            raise Missing
        if self.draw.random() < WILD:
            return self.draw.choice([*range(SLOTS), -1, 999])
        return self.draw.choice(good)

    def any_fd(self) -> int:
        """A slot that holds anything."""
        return self.fd(*set(self.kinds.values()))

    def put(self, kind: str) -> int:
        """A slot that will hold this: a free one, else one that is closed first."""
        free = [slot for slot in range(SLOTS) if slot not in self.kinds]
        slot = self.draw.choice(free or range(SLOTS))
        if not free:
            self.say("close", [slot])
        self.kinds[slot] = kind
        return slot

    def two(self, first: tuple[str, ...], second: tuple[str, ...]) -> Arguments:
        """Two slots that are not the same: what is copied onto itself meanwhile is nobody's business."""
        slots = [self.fd(*first), self.fd(*second)]
        if slots[0] == slots[1]:
            raise Missing
        return slots

    def name(self) -> int:
        """A file's name, as a rule one of few, so that they meet."""
        return self.draw.choice(ODD_NAMES if self.draw.random() < 0.12 else NAMES)

    def size(self) -> int:
        """A length."""
        return self.draw.choice(SIZES)

    def one(self, *values: int) -> int:
        """One of these."""
        return self.draw.choice(values)

    def flags(self, *values: int, chance: float = 0.3) -> int:
        """Some of these together."""
        return sum(value for value in values if self.draw.random() < chance)

    def say(self, name: str, arguments: Arguments) -> None:
        """Adds an operation."""
        self.lines.append(" ".join([name, *map(str, arguments)]))
