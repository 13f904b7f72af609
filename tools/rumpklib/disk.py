# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The disk of a run: what --disk says, and QEMU's arguments for it."""
from __future__ import annotations

import os
from dataclasses import dataclass

from .errors import BadInput

DISK_HELP = ("FILE, a volume (rumpk volume create); FILE:ro, which the guest cannot change whatever its manifest says; "
             "or FILE:snapshot, whose changes are thrown away at the end")
MODES = ("rw", "ro", "snapshot")
QCOW2_MAGIC = b"QFI\xfb"


@dataclass(frozen=True)
class Disk:
    """A file that is a disk."""

    path: str
    mode: str  # of MODES
    kind: str  # QEMU's name of its format


def parse(text: str) -> Disk:
    """Reads the value of --disk; BadInput where there is no such file, or QEMU could not use it so."""
    name, colon, mode = text.rpartition(":")
    if not colon or mode not in MODES:
        name, mode = text, "rw"
    path = os.path.abspath(name)
    if not name or not os.path.exists(path):
        raise BadInput(f"--disk {text}: there is no file {name or '(empty)'} (rumpk volume create FILE SIZE makes one)")
    if os.path.isdir(path):
        raise BadInput(f"--disk {text}: {name} is a folder")
    needed = os.R_OK | (os.W_OK if mode == "rw" else 0)
    if not os.access(path, needed):
        raise BadInput(f"--disk {text}: you may not {'write' if mode == 'rw' else 'read'} {name}" + (" (FILE:ro, FILE:snapshot)" if mode == "rw" else ""))
    with open(path, "rb") as file:
        kind = "qcow2" if file.read(4) == QCOW2_MAGIC else "raw"
    return Disk(path, mode, kind)


def arguments(disk: Disk, transport: str) -> tuple[str, ...]:
    """QEMU's arguments. The host's page cache holds what the guest has not flushed: it is gone with the host's power, not with QEMU."""
    path = disk.path.replace(",", ",,")
    option = {"rw": "", "ro": ",readonly=on", "snapshot": ",snapshot=on"}[disk.mode]
    device = (("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk")
              if transport == "mmio" else ("-device", "virtio-blk-pci,drive=disk"))
    return ("-drive", f"if=none,id=disk,format={disk.kind},file={path}{option}", *device)
