# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The file format of a bundle (.rpk), see lib/bundle.h: a header of one page, then the archive."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import BadInput

MAGIC = b"RUMPKRPK"
VERSION = 1
HEADER_BYTES = 4096
SIGNATURE_OFFSET = 32
SIGNATURE_MAX = HEADER_BYTES - SIGNATURE_OFFSET
_LAYOUT = struct.Struct("<8sIIQII")


@dataclass(frozen=True)
class Bundle:
    """A bundle taken apart; an unsigned one has an empty signature."""

    signature: bytes
    archive: bytes


def is_bundle(data: bytes) -> bool:
    """Whether a file says of itself that it is one."""
    return data.startswith(MAGIC)


def join(signature: bytes, archive: bytes) -> bytes:
    """The file of a bundle."""
    if len(signature) > SIGNATURE_MAX:
        raise BadInput(f"signature text of {len(signature)} bytes, at most {SIGNATURE_MAX} fit")
    fixed = _LAYOUT.pack(MAGIC, VERSION, HEADER_BYTES, len(archive), len(signature), 0)
    return (fixed + signature).ljust(HEADER_BYTES, b"\0") + archive


def split(data: bytes, where: str) -> Bundle:
    """Takes a bundle apart, checking every byte of the header; BadInput names `where` and the cause."""
    if len(data) < HEADER_BYTES:
        raise BadInput(f"{where}: not a bundle: {len(data)} bytes, shorter than its header")
    magic, version, header_bytes, archive_bytes, signature_bytes, reserved = _LAYOUT.unpack_from(data)
    checks = (
        (magic == MAGIC, "not a bundle: wrong magic"),
        (version == VERSION, f"bundle version {version}, known is {VERSION}"),
        (header_bytes == HEADER_BYTES, f"header_bytes is {header_bytes}, not {HEADER_BYTES}"),
        (reserved == 0, "reserved field is not zero"),
        (signature_bytes <= SIGNATURE_MAX, f"signature_bytes is {signature_bytes}, at most {SIGNATURE_MAX} fit"),
        (archive_bytes == len(data) - HEADER_BYTES,
         f"archive_bytes is {archive_bytes}, but {len(data) - HEADER_BYTES} bytes follow the header"),
        (archive_bytes > 0, "archive is empty"),
    )
    for holds, why in checks:
        if not holds:
            raise BadInput(f"{where}: {why}")
    end = SIGNATURE_OFFSET + signature_bytes
    if any(data[end:HEADER_BYTES]):
        raise BadInput(f"{where}: padding of the header is not zero")
    return Bundle(data[SIGNATURE_OFFSET:end], data[HEADER_BYTES:])
