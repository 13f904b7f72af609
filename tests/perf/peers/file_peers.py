#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The host's folder over 9p and a volume, beside Debian's Linux in the same QEMU: file_peers.py [--rounds N] [--place host|data]

Reads and writes of 64 MiB in pieces of 256 KiB, four under way; 2,000 of 4 KiB at random, sixteen under way, synced at the end; 200 of 4 KiB, each
synced; 500 small files made, looked at and removed, one after the other. Linux mounts the folder with msize=524288 and no cache, as is its custom, the
volume as mount does it, and once more with data=journal, as our volumes have it, and anew before it reads; Rumpk is booted anew before. What is under
way is a thread each there, a submission here. In each round both are booted, in an order that is drawn anew, without -icount; the volume is fresh each
time. Left are medians, least and most: build/report/files.json and .md. Exit status: 0 measured, 1 not.
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
from rumpklib import disk, share  # noqa: E402
from tests.perf.peers import file_linux  # noqa: E402

OURS, THEIRS = "rumpk", "linux"
#: Linux with what our volumes promise: data goes through the journal, too.
ALIKE = "linux, data=journal"
TRANSPORTS = ("mmio", "pci")
#: What is measured, in what.
PLACES = ("host", "data")
SYSTEMS = {"host": (OURS, THEIRS), "data": (OURS, THEIRS, ALIKE)}
ROWS = {"seqwrite": "KiB/s", "seqread": "KiB/s", "randwrite": "ops/s", "randread": "ops/s", "syncwrite": "ops/s", "create": "ops/s", "stat": "ops/s",
        "unlink": "ops/s"}
BYTES = 64 << 20
#: What Rumpk does in one boot, and in the next.
WORDS = tuple(" , ".join(f"bench {what} /{{0}}/bench {BYTES}" for what in whats)
              for whats in (("seqwrite", "randwrite", "syncwrite"), ("seqread", "randread")))
SMALL_WORDS = " , bench smallfiles /{0} 500"
#: Whose manifest takes each of them where it is there, with memory for all that is under way.
BUNDLE = paths.BUILD / "apps" / "files.rpk"
VOLUME_BYTES = 256 << 20
MKFS = ("mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0")
MEMORY_MIB = 256
LIMIT_S = 120.0
OPTIONS = {THEIRS: "", ALIKE: "data=journal"}
_FIGURE = re.compile(r"(?:\[files\] )?(\w+) (\d+) (?:KiB/s|ops/s)")


def extra_for(place: str, transport: str) -> tuple[str, ...]:
    """An empty folder, or a fresh volume: QEMU's arguments for it."""
    path = file_linux.OUT / place
    if place == "host":
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return share.arguments(share.Share(str(path), False), transport)
    with open(path, "wb") as file:
        file.truncate(VOLUME_BYTES)
    file_linux.run(shutil.which(MKFS[0], path=":/usr/sbin:/sbin") or MKFS[0], *MKFS[1:], path)
    return disk.arguments(disk.Disk(str(path), "rw", "raw"), transport)


def boot(system: str, place: str, transport: str, ramdisk: Path) -> dict[str, float]:
    """Each row's figure, of a fresh folder or volume. RuntimeError where one is missing."""
    extra = extra_for(place, transport)
    if system == OURS:
        configs = [MachineConfig(image=paths.BUILD / "rumpk.img", initrd=BUNDLE, append=f"-- {words.format(place)}", memory_mib=MEMORY_MIB, icount=False,
                                 extra=extra) for words in (WORDS[0] + SMALL_WORDS, WORDS[1])]
    else:
        configs = [MachineConfig(image=file_linux.KERNEL, initrd=ramdisk, append=f"{file_linux.APPEND} place={place} options={OPTIONS[system]}", memory_mib=MEMORY_MIB,
                                 icount=False, semihosting=False, extra=extra)]
    text = ""
    for config in configs:
        with Machine(config) as machine:
            machine.wait(wall_s=LIMIT_S)
            text += machine.console.bytes().decode("utf-8", "replace")
    figures = {found[1]: float(found[2]) for line in text.splitlines() if (found := _FIGURE.fullmatch(line.strip()))}
    if set(figures) != set(ROWS):
        raise RuntimeError(f"{system}, {place} over {transport}: {sorted(set(ROWS) - set(figures))} is missing:\n{text[-1500:]}")
    return figures


Found = dict[tuple[str, str, str], list[dict[str, float]]]


def rounds(count: int, places: tuple[str, ...]) -> Found:
    """Every system, at every place over every transport, so often."""
    found: Found = {(system, place, transport): [] for place in places for system in SYSTEMS[place] for transport in TRANSPORTS}
    ramdisk = file_linux.OUT / "ramdisk"
    file_linux.make_ramdisk(ramdisk)
    draw = random.Random(1)
    for number in range(count):
        order = list(found)
        draw.shuffle(order)
        for system, place, transport in order:
            print(f"round {number + 1}: {system}, {place}, {transport}", flush=True)
            found[system, place, transport].append(boot(system, place, transport, ramdisk))
    return found


def cell(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def table(found: Found, places: tuple[str, ...]) -> str:
    """For people: medians, (least to most), and how many times as fast."""
    rows = ["| | | Rumpk | Linux | Rumpk is | Linux, data=journal | Rumpk is |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for place, transport in ((place, transport) for place in places for transport in TRANSPORTS):
        for row, unit in ROWS.items():
            ours, *others = ([figures[row] for figures in found[system, place, transport]] for system in SYSTEMS[place])
            cells = [f"{cell(values)} | {statistics.median(ours) / statistics.median(values):.2f} times as fast" for values in others]
            rows.append(f"| /{place}, {transport} | {row}, {unit} | {cell(ours)} | " + " | ".join(cells + [" | "] * (2 - len(cells))) + " |")
    return "\n".join(rows) + "\n"


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each is booted (5)")
    parser.add_argument("--place", choices=PLACES, help="there alone (both)")
    arguments = parser.parse_args()
    places = (arguments.place,) if arguments.place else PLACES
    try:
        file_linux.fetch()
        found = rounds(arguments.rounds, places)
    except (RuntimeError, OSError, StopIteration) as error:
        print(f"file_peers: {error}", file=sys.stderr)
        return 1
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    (paths.REPORT / "files.json").write_text(json.dumps({" ".join(key): value for key, value in found.items()}, indent=1), encoding="utf-8")
    (paths.REPORT / "files.md").write_text(table(found, places), encoding="utf-8")
    print(table(found, places), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
