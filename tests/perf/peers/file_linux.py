# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Debian's arm64 Linux with the modules of 9p and ext4 and one program, file_bench.c, as an initial RAM disk. Needs no root. What is there already is taken."""
from __future__ import annotations

import shutil
from pathlib import Path

from harness import paths
from tests.foreign.linux.make import entry, kernel_package, private_apt, run, unpack

OUT = paths.BUILD / "peers" / "files"
KERNEL = OUT / "linux.img"
#: Linux at its best: nothing that only guards against other tenants of the processor.
APPEND = "console=ttyAMA0 quiet panic=-1 kpti=off mitigations=off"
#: In the order they are loaded in.
MODULES = ("virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_mmio", "netfs", "fscache", "9pnet", "9pnet_virtio", "9p",
           "crc32c_generic", "crc16", "mbcache", "jbd2", "ext4", "virtio_blk")
BENCH = Path(__file__).resolve().parent / "file_bench.c"
BUILD = ("aarch64-linux-gnu-gcc", "-O2", "-static", "-pthread", "-Wall", "-Wextra", "-Werror")


def fetch() -> None:
    """The kernel and its modules. Errors: RuntimeError, OSError, StopIteration."""
    if (OUT / "complete").exists():
        return
    print("fetching: Debian's arm64 kernel", flush=True)
    apt = OUT / "apt"
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "modules").mkdir(parents=True)
    options = private_apt(apt)
    there = unpack(apt, options, [kernel_package(options)])
    shutil.copy(next((there / "boot").glob("vmlinuz-*")), KERNEL)
    for module in MODULES:
        shutil.copy(next(there.glob(f"lib/modules/*/kernel/**/{module}.ko")), OUT / "modules")
    shutil.rmtree(apt)
    (OUT / "complete").touch()


def make_ramdisk(ramdisk: Path) -> None:
    """A RAM disk whose first process mounts the folder or the volume (`place` among its environment), measures, and powers off."""
    program = OUT / "file_bench"
    run(*BUILD, BENCH, "-o", program)
    parts = [entry(folder, 0o040755, b"") for folder in ("dev", "proc", "modules", "host", "data")]
    parts += [entry("dev/console", 0o020600, b"", (5, 1)), entry("init", 0o100755, program.read_bytes())]
    parts += [entry(f"modules/{number}.ko", 0o100644, (OUT / "modules" / f"{name}.ko").read_bytes()) for number, name in enumerate(MODULES)]
    ramdisk.write_bytes(b"".join([*parts, entry("TRAILER!!!", 0, b"")]))
