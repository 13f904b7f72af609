# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The files that a Linux program needs, out of a folder into which packages were unpacked: libraries as ld.so will look for them."""
from __future__ import annotations

import fnmatch
import os
import posixpath
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from . import elf_dynamic
from .errors import BadInput

#: Where ld.so of Debian's arm64 looks without a cache, in its order.
LIBRARY_PATHS = ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib", "usr/lib")
#: glibc's own names of the calls are not calls of them.
_GLIBC = ("libc.so.6", "libpthread.so.0")
_LINKS_MAX = 40


class Tree:
    """A folder that is another machine's root: symbolic links are followed within it, and never out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, name: str) -> Path | None:
        """The file or folder of that name, None where there is none."""
        parts, done, links = [part for part in name.split("/") if part], [], 0
        while parts:
            part = parts.pop(0)
            if part in (".", ".."):
                del done[len(done) - (part == ".."):]
                continue
            path = self.folder.joinpath(*done, part)
            try:
                mode = path.lstat().st_mode
            except OSError:
                return None
            if not stat.S_ISLNK(mode):
                done.append(part)
                continue
            links += 1
            if links > _LINKS_MAX:
                return None
            target = os.readlink(path)
            done = [] if target.startswith("/") else done
            parts = [piece for piece in target.split("/") if piece] + parts
        return self.folder.joinpath(*done)

    def file(self, name: str) -> Path | None:
        path = self.resolve(name)
        return path if path and path.is_file() else None

    def names(self) -> list[str]:
        """Every file, links to files included, by its name from the root."""
        return [str(path.relative_to(self.folder)) for path in self._all() if self.file(str(path.relative_to(self.folder)))]

    def _all(self) -> list[Path]:
        """All that there is, sorted; what a link leads to this machine may take for a folder of its own, or for nothing."""
        return sorted(Path(inside, name) for inside, folders, names in os.walk(self.folder) for name in folders + names)

    def folder_links(self) -> dict[str, str]:
        """Links to folders, by their names from the root, with the name of the folder; those that lead to what they lie in are left out."""
        found = {}
        for link in self._all():
            to = self.resolve(str(link.relative_to(self.folder))) if link.is_symlink() else None
            if to and to.is_dir() and to not in link.parents:
                found[str(link.relative_to(self.folder))] = str(to.relative_to(self.folder))
        return found

    def whole(self, pattern: str) -> str:
        """A pattern as it is meant: a folder's name stands for everything in it."""
        pattern = pattern.strip("/")
        folder = self.resolve(pattern)
        return pattern + "/*" if folder and folder.is_dir() else pattern

    def match(self, pattern: str) -> list[str]:
        """Files by a pattern; `*` stands for any characters, slashes too; a folder's name for everything in it."""
        pattern = self.whole(pattern)
        return fnmatch.filter(self.names(), pattern) if "*" in pattern or "?" in pattern else [pattern] if self.file(pattern) else []


def _library(tree: Tree, name: str, owner: str, needs: elf_dynamic.Needs) -> str | None:
    """Where a needed library is, by its name from the root."""
    if "/" in name:
        return posixpath.normpath(name).strip("/")
    origin = "/" + posixpath.dirname(owner)
    places = [path.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for path in needs.paths]
    for place in (*places, *LIBRARY_PATHS):
        candidate = posixpath.normpath("/" + place + "/" + name).strip("/")
        if tree.file(candidate):
            return candidate
    return None


def _check_elsewhere(tree: Tree, found: dict[str, Path], missing: dict[str, str]) -> None:
    """
    Libraries that ld.so would not find, with who needs each: one that lies elsewhere in the bundle its program loads beforehand (a Java
    machine's libjvm.so). BadInput names what is not there, and where the packages have it.
    """
    there = {posixpath.basename(name) for name in found}
    for library, owner in missing.items():
        if library in there:
            continue
        places = [name for name in tree.names() if posixpath.basename(name) == library]
        if not places:
            raise BadInput(f"{owner}: needs {library}, which no package of the recipe has")
        raise BadInput(f"{owner}: needs {library}, which ld.so would not find; the packages have it as {places[0]}: "
                       f'if the program loads that beforehand, write files = ["{places[0]}"]')


def links(tree: Tree, names: dict[str, Path], plain: set[str]) -> dict[str, str]:
    """
    Names of the bundle whose file has another name there, too, by a link of either kind: with what each holds as a symbolic link. One name of
    a file stays: a `plain` one, else its own, else the first. Those in `plain` are never links.
    """
    groups: dict[tuple[int, int], list[str]] = {}
    for name, path in names.items():
        status = path.stat()
        groups.setdefault((status.st_dev, status.st_ino), []).append(name)
    found = {}
    for group in groups.values():
        stays = min(group, key=lambda name: (name not in plain, names[name] != tree.folder / name, name))
        found.update((name, posixpath.relpath(stays, posixpath.dirname(name) or ".")) for name in group if name != stays and name not in plain)
    return found


def linked_folders(tree: Tree, patterns: Iterable[str], there: Collection[str]) -> dict[str, str]:
    """Links to folders by patterns as in Tree.match(), as far as there is something in them: with what each holds as a symbolic link."""
    whole = [tree.whole(pattern) for pattern in patterns]
    return {link: posixpath.relpath(folder, posixpath.dirname(link) or ".") for link, folder in tree.folder_links().items()
            if any(fnmatch.fnmatch(link, pattern) for pattern in whole) and any(name.startswith(folder + "/") for name in there)}


def close(tree: Tree, names: dict[str, Path]) -> dict[str, Path]:
    """
    The files named and all that they need: interpreters and libraries, in turn, and what glibc loads for those. BadInput names what no
    package has.
    """
    found, wanted = dict(names), sorted(names)
    missing: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        data = found[name].read_bytes()
        if not elf_dynamic.is_elf(data) or elf_dynamic.is_native(data):
            continue
        needs = elf_dynamic.needs(data, name)
        places = [needs.interpreter.strip("/")] if needs.interpreter else []
        for library in needs.libraries:
            place = _library(tree, library, name, needs)
            if place is None:
                missing.setdefault(library, name)
            else:
                places.append(place)
        if needs.unwinds and posixpath.basename(name) not in _GLIBC:
            places += filter(None, [_library(tree, elf_dynamic.UNWINDER, name, needs)])
        for place in places:
            if place in found:
                continue
            path = tree.file(place)
            if path is None:
                raise BadInput(f"{name}: needs {place}, which no package of the recipe has")
            found[place] = path
            wanted.append(place)
    _check_elsewhere(tree, found, missing)
    return found
