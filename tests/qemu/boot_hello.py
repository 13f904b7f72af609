#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Power-on to exit code: c-hello boots, says hello and ends, with every serial line in its place."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, suite  # noqa: E402
from harness.console import ConsoleSpawn  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402


#: The first identifier where no key was drawn: SipHash-2-4 of eight zero bytes under a key of zeros.
KEYLESS_ID = "e849e8bb6ffe2567"


def boot(console: ConsoleSpawn) -> None:
    """Follows the boot line by line, as a person at the console would."""
    console.expect(r"(?m)^\[Rumpk L0\] HAL initialized: \S.*, 1 cpus, 128 MiB\r?\n")
    console.expect(r"(?m)^\[Rumpk L1\] kernel alive: rumpk (\S+) (\S+)\r?\n")
    for line in (r"\[Rumpk L1\] The Rubicon is crossed\.", r"proc: process 1 \(c-hello\) started",
                 r"\[c-hello\] hello from c-hello", r"proc: process 1 exited with code 0",
                 r"sched: last process exited, halting"):
        console.expect(rf"(?m)^{line}\r?\n")


def cases() -> list[suite.Case]:
    """One boot followed by a script, and one that is reproducible to the instruction."""
    hello = suite.Case("boot_hello", suite.product(), Expectation(markers=markers.hello()), script=boot)
    exact = suite.Case("boot_hello_exact", suite.product(icount=True, seed=1), Expectation(markers=markers.hello()))
    counted = suite.Case("memory_comes_back", suite.product(append="log=info,memory=debug"), Expectation(
        markers=(markers.RUBICON, r"re:memory: (\d+) pages free before the processes, \1 after")))
    silent = suite.Case("log_levels", suite.product(append="log=error,proc=debug,nonsense,virtio=debug"), Expectation(
        markers=("log: log=: 'nonsense' names no level or component; known: "
                 "log=<error|warn|info|debug|trace>[,<component>=<level>...]",
                 r"re:proc: process 1: id [0-9a-f]{16}, \d+ of \d+ pages used"),
        bad=(*BAD_PATTERNS, "memory: ", "trust: ", f"id {KEYLESS_ID}")))
    traced = suite.Case("log_trace", suite.product(append="log=trace"), Expectation(
        markers=(markers.RUBICON, r"re:cap: process 1: capability 0x[0-9a-f]+ method 1: 0")))
    unasked = suite.Case("boot_words_for_nobody", suite.product(append="-- word"), Expectation(
        markers=(markers.RUBICON, "proc: the words behind -- are for nobody: c-hello has no launch = true", *markers.process("c-hello", 0))))
    return [hello, exact, counted, silent, traced, unasked]


if __name__ == "__main__":
    suite.main(__file__)
