# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What goes into a bundle, from a folder or from a manifest with the files it names."""
from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import bundle, cpio, elf, files, manifest, minisign
from .errors import BadInput

#: 1980-01-01: no ZIP archive can hold what is older, and some programs take what is of 1970 for what has no time.
OLDEST = 315532800


def modified() -> int:
    """
    When everything in a bundle was modified, in seconds since 1970: SOURCE_DATE_EPOCH, or OLDEST where it is not set, and not what the files' own
    times are, which another clone has otherwise. Spec: reproducible-builds.org, SOURCE_DATE_EPOCH
    """
    text = os.environ.get("SOURCE_DATE_EPOCH") or str(OLDEST)
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > cpio.TIME_MAX:
        raise BadInput(f"SOURCE_DATE_EPOCH: {text!r} is not a number of seconds since 1970, at most {cpio.TIME_MAX}")
    return int(text)


@dataclass
class Sources:
    """Names in the bundle and their content, before they are an archive."""

    content: dict[str, bytes] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)
    set_user: set[str] = field(default_factory=set)  # run as root, whoever starts them
    directories: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)

    def _add_name(self, name: str, path: Path) -> None:
        if not cpio.name_is_valid(name):
            raise BadInput(f"{path}: {name!r} cannot be a name in a bundle (clean relative path, at most "
                           f"{cpio.NAME_MAX} bytes, no control characters)")
        for parent in Path(name).parents:
            if str(parent) != ".":
                self.directories.add(str(parent))

    def add(self, name: str, path: Path) -> None:
        self._add_name(name, path)
        if path.is_file() and path.stat().st_size > cpio.FILE_MAX:
            raise BadInput(f"{path}: {path.stat().st_size} bytes, at most {cpio.FILE_MAX} fit a file of a bundle")
        self.content[name] = files.read(path)
        self.links.pop(name, None)
        self.where[name] = str(path)
        if os.access(path, os.X_OK):
            self.executable.add(name)
        if path.stat().st_mode & stat.S_ISUID:
            self.set_user.add(name)

    def add_link(self, name: str, path: Path) -> None:
        """As it is: it may lead to what the machine alone has."""
        self._add_name(name, path)
        self.links[name] = os.readlink(path)
        if len(os.fsencode(self.links[name])) > cpio.LINK_MAX:
            raise BadInput(f"{path}: a link of more than {cpio.LINK_MAX} bytes")

    def _entry(self, name: str) -> cpio.Entry:
        if name in self.links:
            return cpio.link(name, self.links[name])
        if name in self.directories:
            return cpio.directory(name)
        return cpio.file(name, self.content[name], name in self.executable, name in self.set_user)

    def entries(self) -> list[cpio.Entry]:
        """The manifest, then everything in the order of its bytes."""
        clash = self.directories & (self.content.keys() | self.links.keys())
        if clash:
            raise BadInput(f"{min(clash)}: both a file and a folder")
        rest = sorted((self.content.keys() | self.links.keys() | self.directories) - {manifest.FILE_NAME}, key=os.fsencode)
        when = modified()
        entries = [cpio.file(manifest.FILE_NAME, self.content[manifest.FILE_NAME]), *map(self._entry, rest)]
        return [replace(entry, modified=when) for entry in entries]


def _unreadable(error: OSError) -> None:
    raise BadInput(f"{error.filename}: {error.strerror}")


def _walk(folder: Path, sources: Sources) -> None:
    """Everything in a folder; what an archive cannot hold is an error, never left out."""
    for path in sorted(Path(inside, name) for inside, folders, names in os.walk(folder, onerror=_unreadable) for name in folders + names):
        name = str(path.relative_to(folder))
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            sources.add(name, path)
        elif stat.S_ISDIR(mode):
            sources.directories.add(name)
        elif stat.S_ISLNK(mode):
            sources.add_link(name, path)
        else:
            raise BadInput(f"{path}: neither a regular file nor a folder nor a link")


def collect(source: Path, placed: dict[str, Path]) -> tuple[manifest.Manifest, Sources]:
    """
    Gathers the files of a bundle. `source` is a folder with a manifest.toml, of which everything is taken, or the
    manifest itself, with each `exec` looked up beside it. `placed` adds files from elsewhere, by their name in the bundle.
    """
    is_folder = source.is_dir()
    manifest_path = source / manifest.FILE_NAME if is_folder else source
    parsed = manifest.parse(files.read(manifest_path), str(manifest_path))
    sources = Sources()
    if is_folder:
        _walk(source, sources)
    else:
        placed = {process.exec: source.parent / process.exec for process in parsed.processes} | placed
    for name, path in placed.items():
        sources.add(name, path)
    if manifest.FILE_NAME in placed:
        raise BadInput(f"--file {manifest.FILE_NAME}: the manifest cannot be replaced")
    sources.add(manifest.FILE_NAME, manifest_path)
    for process in parsed.processes:
        sources.executable.add(process.exec)
        if process.exec not in sources.content:
            raise BadInput(f"{manifest_path}: exec: no file {process.exec} in the bundle")
        elf.check(sources.content[process.exec], sources.where[process.exec])
    return parsed, sources


def trusted_comment(name: str) -> str:
    """What the signature says; no time and no place, so that packing twice gives the same bytes."""
    return f"rumpk bundle {name}"


def sign_archive(archive: bytes, key: str | Path, name: str) -> bytes:
    """The bundle of an archive, signed."""
    return bundle.join(minisign.sign(archive, key, trusted_comment(name)), archive)


def _keep_out(path: str | Path | None, what: str, source: Path, placed: dict[str, Path]) -> None:
    """BadInput where what is no part of the bundle would become one: the secret key, or the bundle of the time before."""
    if path is None:
        return
    real = Path(os.path.realpath(path))
    if (source.is_dir() and real.is_relative_to(source.resolve())) or any(Path(os.path.realpath(one)) == real for one in placed.values()):
        raise BadInput(f"{path}: {what} would be in the bundle: keep it outside of what is packed")


def pack(source: Path, placed: dict[str, Path], key: str | Path | None, output: str | Path | None = None) -> bytes:
    """The bundle of a folder or manifest, unsigned where there is no key. `output`: where it is to be written."""
    _keep_out(key, "the secret key", source, placed)
    _keep_out(output, "the bundle itself", source, placed)
    parsed, sources = collect(source, placed)
    entries = sources.entries()
    if len(entries) > cpio.ENTRY_MAX:
        raise BadInput(f"{source}: {len(entries)} files and folders, at most {cpio.ENTRY_MAX} fit a bundle")
    archive = cpio.write(entries)
    return sign_archive(archive, key, parsed.name) if key else bundle.join(b"", archive)
