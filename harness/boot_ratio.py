# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""How much longer a kernel's boot takes than the least a machine can do, on a host that others use too.

Two boots next to each other in time share what the host does besides, so the ratio of each pair is taken, and of these the median, with the
interval in which it lies whatever the noise looks like. While a limit lies inside that interval, more pairs are timed.
"""
from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from harness import markers
from harness.machine import Machine, MachineConfig

#: So many times the pairs asked for are timed at most.
ROUNDS = 4
LINE_LIMIT_S = 10.0
#: The PL011 takes a byte at a time: a reader that woke for each would take time from what is timed, and more from who says more.
NAP_S = 0.0005
FLOOR_LINE = "."


@dataclass(frozen=True)
class Timed:
    """Medians, and the interval of the ratio."""

    floor_ms: float
    product_ms: float
    ratio: float
    low: float
    high: float
    pairs: int


def line_ms(config: MachineConfig, line: str) -> float:
    """Milliseconds from the exec of QEMU to a whole line on its console, or NAP_S more; nothing else is attached to it."""
    with Machine(config, launcher=(), channels=("console",), nap_s=NAP_S) as machine:
        machine.join(LINE_LIMIT_S)
        at_ns = machine.console.wait_line(line, 0)
    if at_ns is None:
        raise RuntimeError(f"{config.image}: no line {line!r} within {LINE_LIMIT_S:g} s")
    return at_ns / 1e6


def median_interval(values: list[float], doubt: float = 0.01) -> tuple[float, float]:
    """Where the median of what `values` are drawn from lies, but for `doubt`: two of the values, from the binomial distribution of how
    many lie below it, whatever their own distribution is. The whole range where there are too few values to say."""
    ordered, count = sorted(values), len(values)
    tail, below = 0.0, 0
    while below < count // 2:
        tail += math.comb(count, below) / 2 ** count
        if tail > doubt / 2:
            break
        below += 1
    first = max(below - 1, 0)
    return ordered[first], ordered[count - 1 - first]


def time_boots(floor: MachineConfig, product: MachineConfig, pairs: int, limit: float) -> Timed:
    """Boots to the floor's line and to the Rubicon, one after the other in turns."""
    line_ms(floor, FLOOR_LINE), line_ms(product, markers.RUBICON)  # warms the host's caches
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        times += [(line_ms(floor, FLOOR_LINE), line_ms(product, markers.RUBICON)) for _ in range(max(1, pairs))]
        ratios = [with_kernel / without for without, with_kernel in times]
        low, high = median_interval(ratios)
        if not low <= limit <= high:
            break
    floor_ms, product_ms = (statistics.median(column) for column in zip(*times))
    return Timed(floor_ms, product_ms, statistics.median(ratios), low, high, len(times))
