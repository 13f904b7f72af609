#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Volumes as applications see them: both transports, 1 and 4 CPUs, read-only, damaged, full. Kills: tests/tools/test_volume.py."""
from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite, volumes  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

FILES = paths.BUILD / "apps" / "files.rpk"
HALTED = "sched: last process exited, halting"
#: Of the memory, what the driver of the disk keeps is missing, whatever was done: no more than this many pages.
DRIVER_PAGES = 64
MEMORY = r"re:memory: \d+ pages free before the processes, \d+ after"
DEVICES = {"mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk"),
           "pci": ("-device", "virtio-blk-pci,drive=disk")}
#: Commands of apps/files, and the lines they print.
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "write": ("write /data/a hello , append /data/a again , cat /data/a , stat /data/a",
              ("[files] hello", "[files] again", "[files] file 644 links 1 size 12")),
    "names": ("mkdir /data/d , write /data/x 1 , mv /data/x /data/d/y , ls /data/d", ("[files] file y",)),
    "links": ("write /data/a x , ln /data/a /data/b , symlink b /data/l , cat /data/l", ("[files] x",)),
    "many": ("many /data 3000", ("[files] made 3000, listed 3000",)),
    "large": ("bench seqwrite /data/b 20M , truncate /data/b 5 , stat /data/b", (r"re:\[files\] file 644 links 1 size 5",)),
}
#: Commands that fail, and the line that says so.
REFUSED = {
    "none": ("cat /data/none", "[files] cat: /data/none: ENOENT"),
    "full": ("bench seqwrite /data/b 200M", "[files] seqwrite: /data/b: ENOSPC"),
}


def fresh(name: str) -> suite.Drive:
    """Nothing to do while it runs; afterwards the volume must be clean."""
    def check(machine: Machine) -> None:
        machine.wait(wall_s=100.0)
        volumes.e2fs("e2fsck", "-fn", str(machine.config.own))
        found = re.search(rb"memory: (\d+) pages free before the processes, (\d+) after", machine.console.bytes())
        assert found and int(found[1]) - int(found[2]) <= DRIVER_PAGES, f"{name}: pages are lost"
    return suite.Drive(check)


def machine_with(path: Path, words: str, transport: str = "mmio", drive: str = "", **options: object) -> suite.MachineConfig:
    extra = ("-drive", f"if=none,id=disk,format=raw,file={path}{drive}", *DEVICES[transport])
    return suite.product(FILES, append=f"log=debug,cap=warn -- {words}", extra=extra, icount=False, seed=1, own=path, **options)


def command(name: str, cell: str, words: str, lines: tuple[str, ...], status: int = 0, options: tuple[str, ...] = (), **machine: object) -> suite.Case:
    """Commands on a volume of its own, which is whole and clean after them."""
    label = f"volume[{name},{cell}]"
    path = volumes.fresh(48, *options)
    want = Expectation(status, (markers.RUBICON, *lines, MEMORY, HALTED))
    return suite.Case(label, machine_with(path, words, **machine), want, script=fresh(label))


def refused(name: str, line: str, make: str, drive: str = "") -> suite.Case:
    """A disk that is no volume, or damaged: one line, and 127."""
    path = volumes.fresh(16, damage=(1024 + 56, b"\0\0\0\0") if make == "none" else (1024 + 200, b"\xa5"))
    want = Expectation(127, (markers.RUBICON, f"payload: cannot load: files: the volume cannot be used: {line}"))
    return suite.Case(f"volume[refused,{name}]", machine_with(path, "ls /data", drive=drive), want)


def read_only() -> suite.Case:
    path = volumes.fresh(16)
    want = Expectation(1, (markers.RUBICON, "[files] dir  lost+found", "[files] write: /data/x: EROFS", HALTED))
    return suite.Case("volume[read-only]", machine_with(path, "ls /data , write /data/x y", drive=",readonly=on"), want,
                      script=fresh("read-only"))


def cases() -> list[suite.Case]:
    found = [command(name, f"{transport},smp{cpus}", *COMMANDS[name], transport=transport, smp=cpus)
             for transport, cpus in (("mmio", 1), ("pci", 4)) for name in COMMANDS]
    found += [command(name, "mmio,smp1", words, (line,), 1) for name, (words, line) in REFUSED.items()]
    found += [command("many", "small-memory", *COMMANDS["many"], memory_mib="24M"),
              command("many", "1024", *COMMANDS["many"], options=("-b", "1024")),
              command("write", "ext3", *COMMANDS["write"], options=("-O", "^extent,^64bit,^metadata_csum,^huge_file,^flex_bg"))]
    found += [refused("none", "it has no ext4 file system", "none"), refused("damaged", "its superblock is damaged: run e2fsck", "byte"), read_only()]
    return found


if __name__ == "__main__":
    suite.main(__file__)
