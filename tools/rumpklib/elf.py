# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""As much of ELF as tells early that a file is not a program for Rumpk; the kernel checks the rest (lib/elf.h)."""
from __future__ import annotations

import struct

from .errors import BadInput

MACHINE_AARCH64 = 183
_TYPES = (2, 3)  # ET_EXEC, ET_DYN


def check(data: bytes, where: str) -> None:
    """BadInput where `data` is no little-endian 64-bit AArch64 program."""
    if len(data) < 64 or data[:4] != b"\x7fELF":
        raise BadInput(f"{where}: not an ELF file")
    if data[4:6] != b"\x02\x01":
        raise BadInput(f"{where}: not a little-endian 64-bit ELF file")
    kind, machine = struct.unpack_from("<HH", data, 16)
    if machine != MACHINE_AARCH64:
        raise BadInput(f"{where}: ELF for machine {machine}, not AArch64 ({MACHINE_AARCH64})")
    if kind not in _TYPES:
        raise BadInput(f"{where}: ELF of type {kind} is not a program (an object file?)")
