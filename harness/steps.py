#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Instructions from the entry to a console line, counted from outside: harness/steps.py [-n ROWS].

QEMU runs one instruction a block and logs each, and each byte written to the PL011, in one stream; what comes before
the last byte of the line is what it took. Nothing in the guest takes part, and under -icount every run counts the same.
The program prints which functions they went to.
"""
from __future__ import annotations

import argparse
import collections
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import markers, suite  # noqa: E402
from harness.machine import Machine, MachineConfig  # noqa: E402
from harness.symbols import Symbols  # noqa: E402

TRACE = ("-singlestep", "-d", "exec,nochain", "-trace", "pl011_write")
EVENT = re.compile(rb"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/|^pl011_write addr 0x0*0 value 0x0*([0-9a-f]{1,2})\b", re.M)
LIMIT_S = 120.0
#: The same in every run, since its digits are parsed and printed.
NONCE = "0123456789abcdef"


@dataclass
class Steps:
    """How many instructions, and how many at each address."""

    total: int = 0
    at: collections.Counter[int] = field(default_factory=collections.Counter)


def count(log: bytes, line: str) -> Steps:
    """The instructions in a log before a line of the console is complete; RuntimeError where it never is."""
    steps, console, want = Steps(), bytearray(b"\n"), line.encode() + b"\n"
    for event in EVENT.finditer(log):
        if event[1]:
            steps.at[int(event[1], 16)] += 1
            continue
        console.append(int(event[2], 16))
        if console.replace(b"\r", b"").endswith(b"\n" + want):
            steps.total = steps.at.total()
            return steps
    raise RuntimeError(f"no line {line!r} in the log of instructions")


def to_rubicon() -> Steps:
    """The product's instructions from its entry to the Rubicon line. It has no bundle, so that it ends right after."""
    config = MachineConfig(suite.PRODUCT, append=f"nonce={NONCE}", icount=True, seed=1, extra=TRACE)
    with Machine(config) as machine:
        machine.wait(wall_s=LIMIT_S)
        machine.kill()
        return count(machine.stderr_bytes, markers.RUBICON)


def by_function(steps: Steps, symbols: Symbols) -> collections.Counter[str]:
    """Instructions of each function."""
    found: collections.Counter[str] = collections.Counter()
    for address, times in steps.at.items():
        found[symbols.function(address) or "?"] += times
    return found


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/steps.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("-n", dest="rows", type=int, default=25, help="so many functions (25)")
    options = parser.parse_args()
    steps = to_rubicon()
    print(f"{steps.total:10,} instructions to the Rubicon, at {len(steps.at):,} addresses")
    for function, times in by_function(steps, Symbols.beside(suite.PRODUCT)).most_common(options.rows):
        print(f"{times:10,} {times / steps.total:6.1%}  {function}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
