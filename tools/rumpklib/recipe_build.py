# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""From a recipe to a signed bundle: packages, the closure of files, the manifest, the archive."""
from __future__ import annotations

import fnmatch
import os
import shutil
import stat
import subprocess
from pathlib import Path

from . import closure, crossbuild, debian, debian_lock, files, manifest, pack, toolchain
from .debian import Package
from .errors import BadInput, Refused
from .recipe import SOURCES_LOCK, Made, Recipe

OUTPUT = debian.ROOT / "build/recipes"


def locked(recipe: Recipe, anew: bool = False) -> list[Package]:
    """The packages of a recipe: those of its lock, which is made where there is none, or `anew` from what Debian has now."""
    if not recipe.packages:
        return []
    if anew or not recipe.lock.exists():
        apt = debian.Apt(debian.TARGET)
        with debian.alone(debian.folder()):
            if anew:
                apt.update()
            chosen = debian_lock.resolve(list(recipe.packages), apt.packages())
        debian_lock.write(recipe.lock, chosen, f"recipes/{recipe.name}.toml", f"tools/rumpk recipe lock {recipe.name}")
        print(f"{recipe.lock}: {len(chosen)} packages")
    chosen = debian_lock.read(recipe.lock)
    for name in recipe.packages:
        if not any(package.name == name for package in chosen):
            raise BadInput(f"{recipe.lock}: {name} is not in it (`rumpk recipe lock {recipe.name}` makes it anew)")
    return chosen


def _made_files(recipe: Recipe) -> dict[str, str]:
    return recipe.make.files if recipe.make else {}


#: What a make that called us tells the makes below it: its flags are not meant for somebody else's Makefile (ours has --no-builtin-rules).
_OF_OUTER_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")


def _make_environment(home: Path) -> dict[str, str]:
    """The same whoever calls."""
    inherited = {name: value for name, value in crossbuild.environment().items() if name not in _OF_OUTER_MAKE}
    return {**inherited, "SOURCE_DATE_EPOCH": "0", "LC_ALL": "C", "GIT_CEILING_DIRECTORIES": str(home)}


def _make(made: Made, home: Path) -> dict[str, Path]:
    """What is built from a source package, by its names in the bundle; the same each time, whenever and in whatever folder's name."""
    if subprocess.run([str(debian.ROOT / "tools/fetch-deps.sh"), str(SOURCES_LOCK)], check=False).returncode:
        raise Refused(f"{made.source}: its source package cannot be had")
    toolchain.root("musl")
    source, built = debian.ROOT / "build/deps" / made.source, home / "made"
    if not source.is_dir():
        raise BadInput(f"{SOURCES_LOCK}: {made.source} is not in it")
    shutil.rmtree(built, ignore_errors=True)
    shutil.copytree(source, built, symlinks=True)
    done = subprocess.run([*crossbuild.make_command(list(made.words)), "-s", "-j2"], cwd=built, env=_make_environment(home), check=False, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode:
        raise Refused(f"{made.source}: make: {done.stderr[-2000:]}")
    for name in made.files.values():
        stripped = subprocess.run([toolchain.BIN / "aarch64-rumpk-strip", built / name], check=False, text=True, errors="replace", capture_output=True)
        if stripped.returncode:
            raise Refused(f"{made.source}: make has not built the program {name}: {stripped.stderr.strip()}")
    return {name: built / file for name, file in made.files.items()}


def _named(recipe: Recipe, tree: closure.Tree) -> dict[str, Path]:
    """The files that the recipe itself asks for, by their names in the bundle."""
    found: dict[str, Path] = {}
    for pattern in recipe.files:
        matched = tree.match(pattern)
        if not matched:
            raise BadInput(f"{recipe.path}: recipe: files: no file {pattern} in its packages")
        found.update((name, tree.folder / name) for name in matched)
    for pattern in recipe.without:
        for name in fnmatch.filter(found, pattern.strip("/")):
            del found[name]
    for name, source in recipe.copy.items():
        found[name] = tree.folder / source.strip("/")
    for name in recipe.execs:
        if name not in recipe.compile and name not in _made_files(recipe) and name not in found:
            found[name] = tree.folder / name
    for name, path in found.items():
        inside = tree.file(str(path.relative_to(tree.folder)))
        if inside is None:
            raise BadInput(f"{recipe.path}: {name}: no such file in its packages")
        found[name] = inside
    return found


def _stage(recipe: Recipe, sources: dict[str, Path], linked: dict[str, str], folders: dict[str, str], stage: Path) -> None:
    """Lays everything out as the program will see it. `linked`: files, and `folders`, that are symbolic links, and what they hold."""
    shutil.rmtree(stage, ignore_errors=True)
    for name, path in sources.items():
        placed = stage / name
        placed.parent.mkdir(parents=True, exist_ok=True)
        if name in linked:
            placed.symlink_to(linked[name])
            continue
        shutil.copyfile(path, placed)
        os.chmod(placed, (0o755 if os.access(path, os.X_OK) else 0o644) | path.stat().st_mode & stat.S_ISUID)
    for name, target in folders.items():
        otherwise = name in recipe.links or any(fnmatch.fnmatch(name, pattern.strip("/")) for pattern in recipe.without)
        if not otherwise and not os.path.lexists(stage / name):
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).symlink_to(target)
    for name, text in recipe.text.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_text(text, encoding="utf-8")
    for name, target in recipe.links.items():
        if os.path.lexists(stage / name):
            raise BadInput(f"{recipe.path}: recipe: links: {name} is another file of the bundle, too (`without` leaves that out)")
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).symlink_to(target)
    for name in recipe.folders:
        (stage / name).mkdir(parents=True, exist_ok=True)
    (stage / manifest.FILE_NAME).write_text(recipe.manifest, encoding="utf-8")


def build(recipe: Recipe, key: str | Path, output: Path | None = None) -> Path:
    """Builds the bundle of a recipe and says where it is. The same lock and key give the same bytes."""
    bundle = output or OUTPUT / f"{recipe.name}.rpk"
    with debian.alone(OUTPUT / recipe.name):
        files.write(bundle, pack.pack(_built(recipe, OUTPUT / recipe.name), {}, key))
    return bundle


def _built(recipe: Recipe, home: Path) -> Path:
    """The folder that is to be packed, made in `home`."""
    packages = locked(recipe)
    tree = closure.Tree(debian.unpack(packages, home / "packages", lambda _: debian.Apt(debian.TARGET)))
    compiled = {}
    for name, source in recipe.compile.items():
        compiled[name] = home / "compiled" / name
        compiled[name].parent.mkdir(parents=True, exist_ok=True)
        toolchain.compile_source(recipe.path.parent / source, compiled[name])
    if recipe.make:
        compiled.update(_make(recipe.make, home))
    named = _named(recipe, tree)
    sources = closure.close(tree, {**named, **compiled})
    alone = {name: path for name, path in sources.items() if name not in {*recipe.copy, *recipe.text}}
    folders = closure.linked_folders(tree, recipe.files, sources)
    stage = home / "root"
    try:
        _stage(recipe, sources, closure.links(tree, alone, {*recipe.execs, *(alone.keys() - named.keys())}), folders, stage)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise BadInput(f"{recipe.path}: {os.path.relpath(error.filename, stage)}: both a file and a folder of the bundle") from error
    return stage
