#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The kernel's own tests, run inside it: results come as KTAP on the semihosting channel, panics as console lines."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
#: Rows of the backtrace name functions.
BACKTRACE = r"re: +#\d+ 0x[0-9a-f]{16} [a-z_][\w.]*\+0x[0-9a-f]+"
#: And are where instructions begin.
BETWEEN = r" #\d+ 0x[0-9a-f]{15}[^048c]"
#: A fault shows all registers, four in a row.
REGISTERS = (r"re:pc 0x[0-9a-f]{16} address 0x[0-9a-f]{16} esr 0x[0-9a-f]{8} pstate 0x[0-9a-f]{8} sp 0x[0-9a-f]{16}",
             r"re:x0  0x[0-9a-f]{16} x1  0x[0-9a-f]{16} x2  0x[0-9a-f]{16} x3  0x[0-9a-f]{16}",
             r"re:x28 0x[0-9a-f]{16} x29 0x[0-9a-f]{16} x30 0x[0-9a-f]{16}")
#: What fault.c puts into them for the panic `registers`.
VALUES = tuple("re:" + " ".join(f"x{n:<2} " + (f"0x{0x10 * n + 1:016x}" if n != 29 else "0x[0-9a-f]{16}")
                                for n in range(first, min(first + 4, 31))) for first in range(0, 31, 4))
#: Lines of the claim a_flooded_log_loses_no_line: more than the log's ring holds.
FLOOD = tuple(f"flood: line {i} of 600, with some more text so that it spans several slots of the ring"
              for i in range(1, 601))
LIBC = ("libc: printf 42 x", "libc: puts")
LEVELS = ("boot: said at warn",)
READ, WRITE, EXECUTE = (f"PANIC: {what} in the kernel" for what in
                        ("data abort (read)", "data abort (write)", "instruction abort"))
#: The fault that is asked for, and the panic's first line.
PANICS = {
    "panic": "PANIC: asked for, number 42",
    "verify": r"re:PANIC: tests/guest/fault\.c:\d+: two \+ two == 5 does not hold",
    "null-read": READ,
    "identity-read": READ,
    "text-write": WRITE,
    "rodata-write": WRITE,
    "data-execute": EXECUTE,
    "stack-execute": EXECUTE,
    "direct-map-execute": EXECUTE,
    "stack-overflow": "PANIC: stack overflow in fiber main",
    "double-free": r"re:PANIC: heap: freed already: 0x[0-9a-f]+",
    "page-double-free": r"re:PANIC: memory: free of 0x[0-9a-f]+, order 0: it is free",
    "bad-instruction": "PANIC: unexpected instruction in the kernel",
    "registers": "PANIC: unexpected instruction in the kernel",
    "frame-at-end": "PANIC: unexpected instruction in the kernel",
    "abort": "PANIC: abort() called",
}


def machine(test: str, **options: object) -> suite.MachineConfig:
    """The test image, asked for one test."""
    return suite.product(None, IMAGE, append=f"test={test}", **options)


def panic(test: str, line: str) -> suite.Case:
    """A fault of the kernel: registers and backtrace, exit status 255, never silence."""
    registers = (REGISTERS[0], *VALUES) if test == "registers" else REGISTERS if "in the kernel" in line else ()
    lines = (*markers.alive(), markers.RUBICON, line, *registers, "backtrace:", BACKTRACE, "on cpu 0, in fiber: main")
    return suite.Case(f"guest[{test}]", machine(test), Expectation(255, lines, panics=True, bad=(*BAD_PATTERNS, BETWEEN)))


def cases() -> list[suite.Case]:
    """All results, on the machines where they could differ, and each kind of panic."""
    every = Expectation(ktap=True, markers=(*FLOOD, *LIBC, *LEVELS), bad=(*BAD_PATTERNS, "not said"))
    return [
        suite.Case("guest[all]", machine("all"), every),
        suite.Case("guest[all,gic2,el2]", machine("all", gic=2, el2=True, cpu="max"), every),
        suite.Case("guest[all,6M]", machine("all", memory_mib="6M"), every),
        suite.Case("guest[exit-7]", machine("exit-7"),
                   Expectation(7, (markers.RUBICON, "a last word without end of line"))),
        *(panic(test, line) for test, line in PANICS.items()),
        panic("user-read", READ).on("max", cpu="max"),  # FEAT_PAN
    ]


if __name__ == "__main__":
    suite.main(__file__)
