# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A whole bundle, read and checked as the kernel does: header, archive, manifest, program."""
from __future__ import annotations

from dataclasses import dataclass

from . import bundle, cpio, elf, files, manifest
from .errors import BadInput


@dataclass(frozen=True)
class Content:
    """Everything in a bundle. Whether its signature holds is another question, see minisign.verify."""

    signature: bytes
    archive: bytes
    entries: list[cpio.Entry]
    manifest: manifest.Manifest


def unpack(parts: bundle.Bundle, where: str) -> Content:
    """Looks into the archive of a bundle; BadInput where the kernel would refuse it."""
    entries = cpio.read(parts.archive)
    if not entries or entries[0].name != manifest.FILE_NAME:
        raise BadInput(f"{where}: the first entry of the archive is not {manifest.FILE_NAME}")
    parsed = manifest.parse(entries[0].data, f"{where}: {manifest.FILE_NAME}")
    program = next((entry for entry in entries if entry.name == parsed.exec and not entry.is_directory), None)
    if program is None:
        raise BadInput(f"{where}: exec: no file {parsed.exec} in the bundle")
    elf.check(program.data, f"{where}: {parsed.exec}")
    return Content(parts.signature, parts.archive, entries, parsed)


def read(path: str) -> Content:
    """Reads a bundle file without checking its signature."""
    return unpack(bundle.split(files.read(path), path), path)
