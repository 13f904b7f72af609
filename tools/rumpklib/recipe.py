# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Recipes, recipes/<name>.toml: a manifest, and in the table [recipe] what its bundle is made of; see docs/recipes.md."""
from __future__ import annotations

import posixpath
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import cpio, debian, files, manifest, manifest_write
from .errors import BadInput

FOLDER = debian.ROOT / "recipes"
SUFFIX = ".toml"
#: What compiles a source, by its suffix (toolchain.py).
SOURCES = (".c", ".cc", ".cpp", ".go", ".rs", ".ml")


#: The source packages that recipes build from, pinned as those of deps.lock are.
SOURCES_LOCK = FOLDER / "sources.lock"


@dataclass(frozen=True)
class Made:
    """What the `make` of a source package of SOURCES_LOCK is told, and which of its files go where in the bundle."""

    source: str
    words: tuple[str, ...]
    files: dict[str, str]


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked as far as it can be before its packages are there. Names in the bundle have no slash before them."""

    path: Path
    manifest: str
    parsed: manifest.Manifest
    about: str = ""
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    text: dict[str, str] = field(default_factory=dict)
    copy: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    compile: dict[str, str] = field(default_factory=dict)
    make: Made | None = None

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    @property
    def execs(self) -> list[str]:
        """The programs that it starts."""
        return [process.exec for process in self.parsed.processes]

    @property
    def lock(self) -> Path:
        return self.path.with_suffix(".lock")


def names() -> list[str]:
    """Of the recipes that come with Rumpk."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob("*" + SUFFIX))


def find(name: str) -> Path:
    """A recipe by its name, or by its file."""
    path = Path(name) if name.endswith(SUFFIX) else FOLDER / (name + SUFFIX)
    if not path.is_file():
        raise BadInput(f"{name}: no such recipe (known: {', '.join(names())}; or the path of a {SUFFIX} file)")
    return path


def _list(path: Path, table: dict[str, Any], key: str) -> tuple[str, ...]:
    value = table.pop(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise BadInput(f'{path}: recipe: {key} must be an array of strings, like ["a", "b"]')
    return tuple(value)


def _texts(path: Path, table: dict[str, Any], key: str) -> dict[str, str]:
    value = table.pop(key, {})
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise BadInput(f'{path}: recipe: {key} must be a table of "name in the bundle" = "text"')
    for name in value:
        if not cpio.name_is_valid(name) or name == manifest.FILE_NAME:
            raise BadInput(f"{path}: recipe: {key}: {name!r} cannot be a name in the bundle (a clean relative path)")
    return value


def _links(path: Path, table: dict[str, Any]) -> dict[str, str]:
    """Written as target = [names]; given as name: what the link holds, from where it stands."""
    found: dict[str, str] = {}
    said = table.pop("links", {})
    if not isinstance(said, dict):
        raise BadInput(f'{path}: recipe: links must be a table of "target" = ["name", ...]')
    for target in said:
        for name in _list(path, dict(said), target):
            if not cpio.name_is_valid(name) or not cpio.name_is_valid(target):
                raise BadInput(f"{path}: recipe: links: {name!r} to {target!r}: both must be names in the bundle (clean relative paths)")
            found[name] = posixpath.relpath(target, posixpath.dirname(name) or ".")
    return found


def _make(path: Path, table: dict[str, Any]) -> Made | None:
    said = table.pop("make", None)
    if said is None:
        return None
    if not isinstance(said, dict) or not isinstance(source := said.pop("source", None), str) or not debian.name_is_valid(source):
        raise BadInput(f'{path}: recipe: make must be a table with source = "a name of {SOURCES_LOCK.name}"')
    words, built = _list(path, said, "words"), _texts(path, said, "files")
    if said or not built or not all(_is_inside(one) for one in built.values()):
        raise BadInput(f"{path}: recipe: make: source, words, and files: \"name in the bundle\" = \"file that is built\"")
    return Made(source, words, built)


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and not any(part in ("", ".", "..") for part in name.split("/"))


def read(path: Path) -> Recipe:
    """The recipe of a file; BadInput says what is wrong with it."""
    try:
        said = tomllib.loads(files.read(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}") from error
    table = said.pop("recipe", None)
    if not isinstance(table, dict):
        raise BadInput(f"{path}: no table [recipe]")
    processes = said.get("process", [])
    if not isinstance(processes, list) or not all(isinstance(one, dict) for one in processes):
        raise BadInput(f"{path}: process: must be [[process]]")
    text = manifest_write.write(said)
    parsed = manifest.parse(text.encode(), f"{path}: manifest")
    about = table.pop("about", "")
    packages, listed = _list(path, table, "packages"), {key: _list(path, table, key) for key in ("files", "without", "folders")}
    links = _links(path, table)
    texts = {key: _texts(path, table, key) for key in ("text", "copy", "compile")}
    made = _make(path, table)
    if table:
        raise BadInput(f"{path}: recipe: unknown key {min(table)} (known: about, packages, files, without, folders, text, copy, links, "
                       "compile, make)")
    _check(path, about, packages, listed["folders"], texts["compile"])
    return Recipe(path, text, parsed, about, packages, links=links, make=made, **listed, **texts)


def _check(path: Path, about: object, packages: tuple[str, ...], folders: tuple[str, ...], compiled: dict[str, str]) -> None:
    if not isinstance(about, str):
        raise BadInput(f"{path}: recipe: about must be a string")
    for name in packages:
        if not debian.name_is_valid(name):
            raise BadInput(f"{path}: recipe: packages: {name!r} cannot be a package's name")
    for name in folders:
        if not cpio.name_is_valid(name):
            raise BadInput(f"{path}: recipe: folders: {name!r} cannot be a name in the bundle (a clean relative path)")
    for source in compiled.values():
        if not _is_inside(source) or Path(source).suffix not in SOURCES:
            raise BadInput(f"{path}: recipe: compile: {source!r} must be a file beside the recipe, one of {' '.join(SOURCES)}")
