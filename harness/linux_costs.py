#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What the kernel's basic services cost a Linux program, in instructions: harness/linux_costs.py [--linux].

tests/linux/costs.c measures itself by the machine's counter, which under -icount counts instructions. `--linux`: the same program beside it, as
the first process of Debian's Linux with `kpti=off mitigations=off`, which is fetched for that.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import paths, result, suite  # noqa: E402
from harness.machine import Machine, MachineConfig  # noqa: E402

FOLDER = paths.BUILD / "tests" / "linux"
COST = re.compile(r"cost (\w+) ([0-9.]+)\r?$", re.M)
DONE = "costs: as it must be"
LIMIT_S = 120.0
NAMES = ("null_call", "pipe_round_trip", "context_switch", "fork_exit_wait", "page_fault")


def _told(config: MachineConfig) -> dict[str, float]:
    """What the program says in that machine. Errors: RuntimeError."""
    with Machine(config, channels=("console",)) as machine:
        machine.console.wait_line(DONE, LIMIT_S)
        said = machine.console.bytes().decode("utf-8", "replace")
    found = {name: float(value) for name, value in COST.findall(said)}
    if DONE not in said or set(found) != set(NAMES):
        raise RuntimeError(f"tests/linux/costs.c did not end well: {said[-500:]}")
    return found


def ours() -> dict[str, float]:
    """In Rumpk."""
    return _told(suite.product(FOLDER / "costs.rpk", icount=True, seed=suite.SEED))


def theirs() -> dict[str, float]:
    """In Debian's Linux. Errors: RuntimeError, OSError, StopIteration."""
    from tests.foreign.linux.make import entry
    from tests.perf.peers import http_linux

    http_linux.OUT.mkdir(parents=True, exist_ok=True)
    http_linux.fetch()
    ramdisk = http_linux.OUT / "costs.cpio"
    ramdisk.write_bytes(b"".join((entry("dev", 0o040755, b""), entry("dev/console", 0o020600, b"", (5, 1)),
                                  entry("init", 0o100755, (FOLDER / "costs" / "program").read_bytes()), entry("TRAILER!!!", 0, b""))))
    return _told(MachineConfig(image=http_linux.KERNEL, initrd=ramdisk, append=http_linux.APPEND, memory_mib=256, icount=True, seed=suite.SEED))


def measures() -> list[result.Measure]:
    """For harness/perf.py."""
    return [result.Measure(f"linux.{name}", value, "instructions") for name, value in ours().items()]


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/linux_costs.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--linux", action="store_true", help="beside Debian's Linux")
    options = parser.parse_args()
    mine, others = ours(), theirs() if options.linux else {}
    print(f"{'instructions':20} {'Rumpk':>10} {'Linux':>10}")
    for name, value in mine.items():
        print(f"{name:20} {value:10,.0f}" + (f" {others[name]:10,.0f} {others[name] / value:6.2f}x" if others else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
