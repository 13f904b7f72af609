#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The host's folder over 9p, beside Debian's Linux in the same QEMU: share_peers.py [--rounds N]

Reads and writes of 64 MiB in pieces of 256 KiB, four under way; 2,000 of 4 KiB at random, sixteen under way; 500 small files made, looked
at and removed, one after the other. Linux mounts with msize=524288 and no cache, as is its custom; what is under way is a thread each
there, a submission here. In each round both are booted, in an order that is drawn anew, without -icount. Left are medians, least
and most: build/report/share.json and .md. Exit status: 0 measured, 1 not.
"""
from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import statistics
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])
    sys.path.insert(1, str(Path(__file__).resolve().parents[3] / "tools"))

from harness import paths  # noqa: E402
from harness.machine import Machine, MachineConfig  # noqa: E402
from rumpklib import share  # noqa: E402
from tests.perf.peers import share_linux  # noqa: E402

OURS, THEIRS = "rumpk", "linux"
TRANSPORTS = ("mmio", "pci")
#: What is measured, in what.
ROWS = {"seqwrite": "KiB/s", "seqread": "KiB/s", "randwrite": "ops/s", "randread": "ops/s", "create": "ops/s", "stat": "ops/s", "unlink": "ops/s"}
BYTES = 64 << 20
WORDS = " , ".join(f"bench {what} /host/bench {BYTES}" for what in ("seqwrite", "seqread", "randwrite", "randread")) + " , bench smallfiles /host 500"
BUNDLE = paths.BUILD / "tests" / "apps" / "files-host.rpk"
MEMORY_MIB = 256
LIMIT_S = 120.0
_FIGURE = re.compile(r"(?:\[files\] )?(\w+) (\d+) (?:KiB/s|ops/s)")


def boot(system: str, transport: str, folder: Path, ramdisk: Path) -> dict[str, float]:
    """One boot; each row's figure. RuntimeError where one is missing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    extra = share.arguments(share.Share(str(folder), False), transport)
    if system == OURS:
        config = MachineConfig(image=paths.BUILD / "rumpk.img", initrd=BUNDLE, append=f"-- {WORDS}", memory_mib=MEMORY_MIB, icount=False, extra=extra)
    else:
        config = MachineConfig(image=share_linux.KERNEL, initrd=ramdisk, append=share_linux.APPEND, memory_mib=MEMORY_MIB, icount=False,
                               semihosting=False, extra=extra)
    with Machine(config) as machine:
        machine.wait(wall_s=LIMIT_S)
        text = machine.console.bytes().decode("utf-8", "replace")
    shutil.rmtree(folder, ignore_errors=True)
    figures = {found[1]: float(found[2]) for line in text.splitlines() if (found := _FIGURE.fullmatch(line.strip()))}
    if set(figures) != set(ROWS):
        raise RuntimeError(f"{system} over {transport}: {sorted(set(ROWS) - set(figures))} is missing:\n{text[-1500:]}")
    return figures


def rounds(count: int) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Every system over every transport, so often."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {(system, transport): [] for system in (OURS, THEIRS) for transport in TRANSPORTS}
    ramdisk, folder = share_linux.OUT / "ramdisk", share_linux.OUT / "folder"
    share_linux.make_ramdisk(ramdisk)
    draw = random.Random(1)
    for number in range(count):
        order = list(found)
        draw.shuffle(order)
        for system, transport in order:
            print(f"round {number + 1}: {system}, {transport}", flush=True)
            found[system, transport].append(boot(system, transport, folder, ramdisk))
    return found


def table(found: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    """For people: medians, (least to most), and how many times as fast."""
    rows = ["| | | Rumpk | Linux | Rumpk is |", "| --- | --- | --- | --- | --- |"]
    for transport in TRANSPORTS:
        for row, unit in ROWS.items():
            ours, theirs = ([figures[row] for figures in found[system, transport]] for system in (OURS, THEIRS))
            cells = [f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})" for values in (ours, theirs)]
            rows.append(f"| {transport} | {row}, {unit} | {cells[0]} | {cells[1]} | {statistics.median(ours) / statistics.median(theirs):.2f} times as fast |")
    return "\n".join(rows) + "\n"


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each is booted (5)")
    arguments = parser.parse_args()
    try:
        share_linux.fetch()
        found = rounds(arguments.rounds)
    except (RuntimeError, OSError, StopIteration) as error:
        print(f"share_peers: {error}", file=sys.stderr)
        return 1
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    (paths.REPORT / "share.json").write_text(json.dumps({" ".join(key): value for key, value in found.items()}, indent=1), encoding="utf-8")
    (paths.REPORT / "share.md").write_text(table(found), encoding="utf-8")
    print(table(found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
