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
    programs = {entry.name: entry.data for entry in entries if not entry.is_directory and not entry.is_link}
    for process in parsed.processes:
        if process.exec not in programs:
            raise BadInput(f"{where}: exec: no file {process.exec} in the bundle")
        elf.check(programs[process.exec], f"{where}: {process.exec}")
    return Content(parts.signature, parts.archive, entries, parsed)


def read(path: str) -> Content:
    """Reads a bundle file without checking its signature."""
    return unpack(bundle.split(files.read(path), path), path)
