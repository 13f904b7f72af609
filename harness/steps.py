#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Instructions from the entry to a console line, counted from outside: harness/steps.py [-n ROWS].

QEMU runs one instruction a block and logs each, and each byte written to the PL011, in one stream; what comes before
the last byte of the line is what it took. Nothing in the guest takes part, and under -icount every run counts the same.
The same of the blocks that QEMU translates, each once: on a boot's way nearly every instruction runs for the first time, and
translating a block costs more than running all of it does. The program prints which functions they went to.
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
TRACE_BLOCKS = ("-d", "in_asm", "-trace", "pl011_write")
BYTE = rb"|^pl011_write addr 0x0*0 value 0x0*([0-9a-f]{1,2})\b"
EVENT = re.compile(rb"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/" + BYTE, re.M)
#: A translated block, and the address of its first instruction.
EVENT_BLOCK = re.compile(rb"^IN: .*\n0x([0-9a-f]+):" + BYTE, re.M)
LIMIT_S = 120.0
#: The same in every run, since its digits are parsed and printed.
NONCE = "0123456789abcdef"


@dataclass
class Steps:
    """How many instructions or blocks, and how many at each address."""

    total: int = 0
    at: collections.Counter[int] = field(default_factory=collections.Counter)


def count(log: bytes, line: str, what: re.Pattern[bytes] = EVENT) -> Steps:
    """The instructions (or blocks) in a log before a line of the console is complete; RuntimeError where it never is."""
    steps, console, want = Steps(), bytearray(b"\n"), line.encode() + b"\n"
    for event in what.finditer(log):
        if event[1]:
            steps.at[int(event[1], 16)] += 1
            continue
        console.append(int(event[2], 16))
        if console.replace(b"\r", b"").endswith(b"\n" + want):
            steps.total = steps.at.total()
            return steps
    raise RuntimeError(f"no line {line!r} in the log of instructions")


def to_rubicon() -> Steps:
    """The product's instructions from its entry to the Rubicon line."""
    return traced(TRACE, EVENT)


def blocks_to_rubicon() -> Steps:
    """The blocks that QEMU translates on that way."""
    return traced(TRACE_BLOCKS, EVENT_BLOCK)


def blocks_of_hello() -> Steps:
    """The blocks that it translates for the whole of c-hello, to the kernel's last line: what a boot test costs above one of an image that does nothing."""
    return traced(TRACE_BLOCKS, EVENT_BLOCK, suite.HELLO, markers.hello()[-1])


def traced(trace: tuple[str, ...], what: re.Pattern[bytes], bundle: Path | None = None, line: str = markers.RUBICON) -> Steps:
    """A boot of the product to a line; without a bundle it ends right after the Rubicon."""
    config = MachineConfig(suite.PRODUCT, initrd=bundle, append=f"nonce={NONCE}", icount=True, seed=1, extra=trace)
    with Machine(config) as machine:
        machine.wait(wall_s=LIMIT_S)
        machine.kill()
        return count(machine.stderr_bytes, line, what)


def by_function(steps: Steps, symbols: Symbols) -> collections.Counter[str]:
    """Instructions or blocks of each function."""
    found: collections.Counter[str] = collections.Counter()
    for address, times in steps.at.items():
        found[symbols.function(address) or "?"] += times
    return found


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/steps.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("-n", dest="rows", type=int, default=25, help="so many functions (25)")
    options = parser.parse_args()
    symbols = Symbols.beside(suite.PRODUCT)
    steps, blocks = to_rubicon(), blocks_to_rubicon()
    translated = by_function(blocks, symbols)
    print(f"{steps.total:10,} instructions to the Rubicon, at {len(steps.at):,} addresses, in {blocks.total:,} blocks")
    for function, times in by_function(steps, symbols).most_common(options.rows):
        print(f"{times:10,} {times / steps.total:6.1%} {translated[function]:6,}  {function}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
