# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Makes a failing sequence short. A boot costs more than a sequence, so each turn tries every cut of one size in one boot."""
from __future__ import annotations

from typing import Callable, TypeVar

from tests.conformance import guests

Boot = Callable[[dict[int, list[str]]], guests.Said]
Kind = TypeVar("Kind")
TURNS_MAX = 24


def shortest(lines: list[str], kind: Kind, judge: Callable[[dict[int, list[str]]], list[list[Kind]]]) -> list[str]:
    """As few of the lines as still end with a difference of `kind`; the last line is the one that differs, and stays.

    `judge` gives for each of several sequences, in their order, the kinds of difference that it has."""
    piece = max(1, len(lines) // 2)
    for _ in range(TURNS_MAX):
        cuts = [lines[:at] + lines[at + piece:] for at in range(0, len(lines) - 1, piece) if at + piece < len(lines)]
        if cuts:
            verdicts = judge(dict(enumerate(cuts)))
            good = [cut for cut, verdict in zip(cuts, verdicts) if kind in verdict]
        else:
            good = []
        if good:
            together = _all_at_once(lines, piece, [cut in good for cut in cuts])
            lines = together if len(together) < len(good[0]) and kind in judge({0: together})[0] else good[0]
        elif piece == 1:
            break
        piece = max(1, min(piece if good else piece // 2, len(lines) // 2))
    return lines


def _all_at_once(lines: list[str], piece: int, removable: list[bool]) -> list[str]:
    """Without every piece that can go by itself: often they can all go."""
    kept: list[str] = []
    for number, at in enumerate(range(0, len(lines), piece)):
        if number >= len(removable) or not removable[number]:
            kept += lines[at:at + piece]
    return kept
