# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The folder of a run: what --share says, and QEMU's arguments for it."""
from __future__ import annotations

import os
from dataclasses import dataclass

from .errors import BadInput

SHARE_HELP = "DIR, or DIR:ro, which the guest cannot change whatever its manifest says"
TAG = "host"  # what the kernel looks for


@dataclass(frozen=True)
class Share:
    """A folder of the host."""

    path: str
    read_only: bool


def parse(text: str) -> Share:
    """Reads the value of --share; BadInput where there is no such folder, or QEMU could do nothing in it."""
    name = text.removesuffix(":ro")
    path = os.path.abspath(name)
    if not name or not os.path.lexists(path):
        raise BadInput(f"--share {text}: there is no folder {name or '(empty)'}")
    if not os.path.isdir(path):
        raise BadInput(f"--share {text}: {name} is no folder")
    if not os.access(path, os.R_OK | os.X_OK):
        raise BadInput(f"--share {text}: you may not read the folder {name}")
    return Share(path, name != text)


def arguments(share: Share, transport: str) -> tuple[str, ...]:
    """QEMU's arguments. What the guest makes is owned by who runs QEMU, with the permissions it asks for; links are not followed
    by QEMU. Folders below that are mounted from elsewhere get file numbers of their own (multidevs)."""
    path = share.path.replace(",", ",,")
    device = (("-global", "virtio-mmio.force-legacy=false", "-device", f"virtio-9p-device,fsdev=share,mount_tag={TAG}")
              if transport == "mmio" else ("-device", f"virtio-9p-pci,fsdev=share,mount_tag={TAG}"))
    return ("-fsdev", f"local,id=share,path={path},security_model=none,multidevs=remap" + (",readonly=on" if share.read_only else ""),
            *device)
