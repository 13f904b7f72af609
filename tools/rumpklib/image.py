# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The section of trusted keys in a kernel image (struct minisign_key_section in lib/minisign.h)."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import BadInput
from .minisign import PublicKey, key_id_text

MAGIC = b"RUMPKKEY"
CAPACITY = 8
DEVELOPMENT = 0x01
_HEAD = struct.Struct("<8sII")
_START = MAGIC + struct.pack("<I", CAPACITY)  # the magic alone stands in the code that checks it, too
_SLOT = struct.Struct("<42sB5s")
SECTION_BYTES = _HEAD.size + CAPACITY * _SLOT.size


@dataclass(frozen=True)
class TrustedKey:
    """One key of the section."""

    public: PublicKey
    development: bool


def find(image: bytes, where: str) -> int:
    """The offset of the section; BadInput unless there is exactly one, well placed."""
    places = []
    at = image.find(_START)
    while at >= 0:
        places.append(at)
        at = image.find(_START, at + 1)
    if len(places) != 1:
        raise BadInput(f"{where}: not a Rumpk image: {len(places)} key sections, there must be one")
    if places[0] % 16 or places[0] + SECTION_BYTES > len(image):
        raise BadInput(f"{where}: key section at offset {places[0]} is misaligned or cut off")
    return places[0]


def read(image: bytes, where: str) -> list[TrustedKey]:
    """The keys that an image trusts, checked as the kernel does."""
    start = find(image, where)
    _, capacity, count = _HEAD.unpack_from(image, start)
    if capacity != CAPACITY or count > CAPACITY:
        raise BadInput(f"{where}: key section says {count} keys in {capacity} slots, known are {CAPACITY} slots")
    keys: list[TrustedKey] = []
    for slot in range(CAPACITY):
        raw, flags, zero = _SLOT.unpack_from(image, start + _HEAD.size + slot * _SLOT.size)
        if slot >= count:
            if any(raw) or flags or any(zero):
                raise BadInput(f"{where}: unused key slot {slot} is not zero")
        elif raw[:2] != b"Ed" or flags & ~DEVELOPMENT or any(zero):
            raise BadInput(f"{where}: key slot {slot} is malformed")
        else:
            keys.append(TrustedKey(PublicKey(raw), bool(flags & DEVELOPMENT)))
    return keys


def write(image: bytes, keys: list[TrustedKey], where: str) -> bytes:
    """The image with exactly these keys in its section."""
    start = find(image, where)
    if len(keys) > CAPACITY:
        raise BadInput(f"{where}: {len(keys)} keys, at most {CAPACITY} fit")
    section = _HEAD.pack(MAGIC, CAPACITY, len(keys))
    for key in keys:
        section += _SLOT.pack(key.public.raw, DEVELOPMENT if key.development else 0, bytes(5))
    section = section.ljust(SECTION_BYTES, b"\0")
    return image[:start] + section + image[start + SECTION_BYTES:]


def add(image: bytes, public: PublicKey, development: bool, where: str) -> bytes:
    """The image that trusts one key more; a key that is there already only gets its flag set anew."""
    keys = read(image, where)
    key = TrustedKey(public, development)
    for place, old in enumerate(keys):
        if old.public.key_id == public.key_id:
            if old.public != public:
                raise BadInput(f"{where}: trusts another key with the id {key_id_text(public.key_id)}")
            keys[place] = key
            return write(image, keys, where)
    return write(image, keys + [key], where)
