# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Layering over symbols: no object needs what only a layer above it defines."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Iterator

from .tree import MAY_KNOW, layer

#: What a layer calls of the one above it by contract: C's start-up code calls the program.
BY_CONTRACT = {"main"}
#: <string.h>, which libcapos brings with it from lib/ (capos/rules.mk): an application need not know whence.
STRINGS = {f"mem{name}" for name in ("chr", "cmp", "cpy", "move", "set")} | {
    f"str{name}" for name in ("chr", "cmp", "cpy", "len", "ncmp", "nlen", "rchr")}
NM = "aarch64-linux-gnu-nm"


def source_of(root: Path, path: Path) -> str | None:
    """The source of an object, wherever under the build folder it lies: the longest tail that is one."""
    parts = path.with_suffix("").parts
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        for name in (tail, f"{tail}.c", f"{tail}.S"):
            if layer(name) and name.endswith((".c", ".S")) and (root / name).is_file():
                return name
    return None


def _listing(objects: list[str]) -> Iterator[tuple[str, str, str]]:
    """(object, symbol, kind) of every global symbol."""
    if not objects:
        return
    text = subprocess.run([NM, "-A", "-g", "--format=posix", *objects], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        path, _, rest = line.partition(": ")
        fields = rest.split()
        if len(fields) >= 2:
            yield path, fields[0], fields[1]


def check(root: Path, folder: Path) -> Iterator[str]:
    """Checks every object under `folder` that was compiled for AArch64 from a file of a layer."""
    sources = {str(path): name for path in _objects(folder) if (name := source_of(root, path)) and _is_aarch64(path)}
    defined: dict[str, set[str]] = {}
    wanted: set[tuple[str, str]] = set()
    for path, symbol, kind in _listing(list(sources)):
        if kind in "Uvw":
            wanted.add((sources[path], symbol))
        else:
            defined.setdefault(symbol, set()).add(layer(sources[path]) or "")
    for name, symbol in sorted(wanted):
        owners = defined.get(symbol, set())
        if layer(name) == "apps" and symbol in STRINGS:
            continue
        if symbol not in BY_CONTRACT and owners and not owners & MAY_KNOW[layer(name) or ""]:
            yield f"{name}:1: needs {symbol}, which {' and '.join(sorted(owners))} defines"


def _objects(folder: Path) -> list[Path]:
    """The objects below a folder, but of other trees that lie there: mutants, bisection, each commit."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = [] if Path(top) != folder and "Makefile" in names else folders
        found += [Path(top, name) for name in names if name.endswith(".o")]
    return sorted(found)


def _is_aarch64(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(20)
    return head[:4] == b"\x7fELF" and head[18:20] == b"\xb7\x00"
