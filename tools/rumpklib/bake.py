# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Kernel and bundle in one file that boots by itself and trusts one key (baked_take() in hal/start.c).

The image is padded to what it takes in memory, zeroed data included; the bundle follows, and the image_size of the head covers both:
so every loader leaves that memory alone, and the kernel knows where the bundle is.
"""
from __future__ import annotations

import argparse
import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

from . import bundle, content, debian, files, image, minisign, stamp
from .errors import BadInput, Refused

_SIZE_AT = 16  # of image_size in the Image header (Linux Documentation/arch/arm64/booting.rst)
RELEASE_IMAGE = debian.ROOT / "build/rumpk-release.img"


@dataclass(frozen=True)
class Target:
    """A form of the file."""

    about: str
    is_compressed: bool = False


TARGETS = {
    "image": Target("arm64 Image: QEMU -kernel, U-Boot booti"),
    "gzip": Target("the same, compressed: QEMU -kernel, U-Boot booti with kernel_comp_addr_r", True),
}


def _linked(kernel: bytes, where: str) -> int:
    """What an image that has no bundle says of its length in memory."""
    if not stamp.is_image(kernel):
        raise BadInput(f"{where}: not an AArch64 kernel image")
    size, = struct.unpack_from("<Q", kernel, _SIZE_AT)
    if size < len(kernel) or size % 4096 or size > 2**30:
        raise BadInput(f"{where}: not an image that can be baked: its head says {size} bytes, the file has {len(kernel)}")
    return size


def join(kernel: bytes, parts: bytes, where: str) -> bytes:
    """The image with the bundle `parts` behind it."""
    size = _linked(kernel, where)
    whole = bytearray(kernel.ljust(size, b"\0") + parts)
    struct.pack_into("<Q", whole, _SIZE_AT, len(whole))
    return bytes(whole)


def bundle_of(data: bytes) -> bytes | None:
    """The bundle in a baked image, None in an image without one."""
    if not stamp.is_image(data) or struct.unpack_from("<Q", data, _SIZE_AT)[0] != len(data):
        return None
    at = data.find(bundle.MAGIC)
    while at >= 0 and at % 4096:
        at = data.find(bundle.MAGIC, at + 1)
    return data[at:] if at >= 0 else None


def bake(kernel: bytes, parts: bytes, public: minisign.PublicKey, where: str) -> bytes:
    """An image that trusts this key alone, with this bundle; the same input gives the same bytes."""
    return join(image.write(kernel, [image.TrustedKey(public, False)], where), parts, where)


def add(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("bake", help="make one file that boots by itself",
                            description="Makes a kernel image with the bundle in it, that trusts the one key and nothing else, and boots by "
                                        "`qemu-system-aarch64 -M virt -kernel app.img` alone. The same input gives the same bytes.")
    parser.add_argument("bundle", metavar="app.rpk", nargs="?")
    parser.add_argument("--key", metavar="K.pub", help="public key of who signed the bundle: the only one the image will trust")
    parser.add_argument("-o", dest="output", metavar="app.img")
    parser.add_argument("--target", choices=sorted(TARGETS), default="image", help="which form the file has (image)")
    parser.add_argument("--image", metavar="IMG", default=RELEASE_IMAGE, help="kernel image (build/rumpk-release.img)")
    parser.add_argument("--list", action="store_true", help="list the targets")
    parser.set_defaults(function=_command)


def _command(arguments: argparse.Namespace) -> int:
    if arguments.list:
        print("\n".join(f"{name:<8}{target.about}" for name, target in TARGETS.items()))
        return 0
    for option, given in (("app.rpk", arguments.bundle), ("--key K.pub", arguments.key), ("-o app.img", arguments.output)):
        if not given:
            raise BadInput(f"{option} is missing (rumpk bake --help)")
    public, parts = minisign.read_public_key(arguments.key), files.read(arguments.bundle)
    whole = bundle.split(parts, arguments.bundle)
    if not whole.signature:
        raise Refused(f"{arguments.bundle}: not signed")
    minisign.verify(whole.archive, whole.signature, public, arguments.bundle)
    content.unpack(whole, arguments.bundle)
    made = bake(files.read(arguments.image), parts, public, str(arguments.image))
    if TARGETS[arguments.target].is_compressed:
        made = gzip.compress(made, mtime=0)
    files.write(Path(arguments.output), made)
    print(f"{arguments.output}: {len(made)} bytes, trusts key {minisign.key_id_text(public.key_id)} and no other")
    return 0
