# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The build stamp of a kernel image (struct build_stamp in kernel/core/version.h): which version of which commit it is."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import BadInput

MAGIC = b"RUMPKVER"
FORMAT = 1
ALIGNMENT = 16
_LAYOUT = struct.Struct("<8sII32s80s")
#: What Linux's boot protocol puts into the header of an arm64 Image, and where. QEMU knows an image by it, too.
_IMAGE_MAGIC, _IMAGE_MAGIC_AT = b"ARM\x64", 56


@dataclass(frozen=True)
class Stamp:
    """Which build an image is."""

    version: str
    commit: str

    @property
    def dirty(self) -> bool:
        """Whether the tree that it was built from was not exactly the commit; also where nobody knows."""
        return self.commit == "unknown" or self.commit.endswith("-dirty")


def is_image(data: bytes) -> bool:
    """Whether a file is an arm64 kernel image, of Rumpk or of another kernel."""
    return data[_IMAGE_MAGIC_AT:_IMAGE_MAGIC_AT + len(_IMAGE_MAGIC)] == _IMAGE_MAGIC


def read(image: bytes, where: str) -> Stamp:
    """The stamp; BadInput unless there is exactly one, well placed and well formed."""
    at = image.find(MAGIC)
    if at < 0:
        raise BadInput(f"{where}: no build stamp: not a Rumpk image, or one from before images had any")
    if image.find(MAGIC, at + 1) >= 0:
        raise BadInput(f"{where}: more than one build stamp")
    if at % ALIGNMENT or at + _LAYOUT.size > len(image):
        raise BadInput(f"{where}: build stamp at offset {at} is misaligned or cut off")
    _, layout, size, version, commit = _LAYOUT.unpack_from(image, at)
    if (layout, size) != (FORMAT, _LAYOUT.size):
        raise BadInput(f"{where}: build stamp of format {layout} with {size} bytes, known is {FORMAT} with {_LAYOUT.size}")
    return Stamp(_text(version, "version", where), _text(commit, "commit", where))


def _text(field: bytes, name: str, where: str) -> str:
    """A field's text: printable ASCII, so that showing it does no more than show it."""
    text, nul, rest = field.partition(b"\0")
    if not text or not nul or any(rest) or not all(0x20 < byte < 0x7f for byte in text):
        raise BadInput(f"{where}: the {name} of the build stamp is malformed")
    return text.decode("ascii")
