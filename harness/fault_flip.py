# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Single bits flipped anywhere in a bundle: each must be refused with 126, and nothing of it may run."""
from __future__ import annotations

import random

from harness import markers, suite
from harness.fault_tree import file
from harness.verdict import BAD_PATTERNS, Expectation

REFUSED = Expectation(126, (markers.RUBICON, "re:trust: refused: .+"), bad=(*BAD_PATTERNS, markers.STARTED))
SEED = 20


def case(bit: int) -> suite.Case:
    """c-hello with one bit of its bundle flipped."""
    bundle = bytearray(suite.HELLO.read_bytes())
    bundle[bit // 8] ^= 1 << bit % 8
    return suite.Case(f"faults_flip[{bit // 8}.{bit % 8}]", suite.product(file(f"flip-{bit}.rpk", bytes(bundle))), REFUSED)


def flips(count: int, seed: int = SEED) -> list[suite.Case]:
    """So many different bits, the same ones for the same seed; the first of a seed are the same for any count."""
    bits = 8 * suite.HELLO.stat().st_size
    chosen = random.Random(seed)
    found: dict[int, None] = {}
    while len(found) < min(count, bits):
        found[chosen.randrange(bits)] = None
    return [case(bit) for bit in found]


def some() -> list[suite.Case]:
    """A few."""
    return flips(20)


def sweep() -> list[suite.Case]:
    """Half a thousand."""
    return flips(500)
