# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Layering over includes: no arrow upward, no circle, every name spelled from the root."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

from .tree import MAY_KNOW, layer

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
FREESTANDING = {f"std{name}.h" for name in ("align", "arg", "atomic", "bool", "def", "int", "noreturn")} | {
    "limits.h", "float.h", "iso646.h", "assert.h"}
#: Libraries: what their includes begin with, and the layers that may use them.
LIBRARIES = {"libfdt": {"lib", "hal"}, "sodium/": {"kernel"}, "lwip/": {"kernel"}, "netif/": {"kernel"}, "ext2fs/": {"kernel"},
             "http_parser": {"apps"}}
#: What libcapos has of C's library, beside <capos/...>.
APPS_HEADERS = {"string.h"}
#: What both sides of the application binary interface include; the second are made (tools/idl-gen).
ABI = ("capos/include/capos/abi.h", "capos/abi/")
#: Where headers lie that are made.
MADE = "build/gen"
#: All that the kernel may know of the machine.
HAL_CONTRACT = "hal/contract/"
#: Headers for the code of others, spelled as that wants them.
COMPAT = "lib/compat/"
#: Where they may be included besides: beside the code of others, in its terms.
PORTS = ("kernel/io/fs/ext4/",)


def _check_library(root: Path, name: str, own: str, target: str) -> str | None:
    """What is wrong with `#include <target>` in a file of layer `own`."""
    if target in FREESTANDING or (own == "apps" and target in APPS_HEADERS):
        return None
    if name.startswith(PORTS) and (root / COMPAT / target).is_file():
        return None
    for prefix, users in LIBRARIES.items():
        if target.startswith(prefix):
            return None if own in users else f"{own} may not use {prefix.rstrip('/')}"
    if target.startswith("capos/"):
        return None if own in ("capos", "apps") else f"{own} includes <{target}>: spell it from the root"
    return f"<{target}> is not a freestanding header"


def _check_own(root: Path, name: str, own: str, target: str) -> str | None:
    """What is wrong with `#include "target"` in a file of layer `own`."""
    if not (root / target).is_file() and not (root / MADE / target).is_file():
        return None if own == "apps" and (root / name).with_name(target).is_file() else \
            f'"{target}" is no file seen from the root'
    other = layer(target)
    if own == "kernel" and other == "hal" and not target.startswith(HAL_CONTRACT):
        return f'kernel may include {HAL_CONTRACT} of hal alone, not "{target}"'
    if other in MAY_KNOW[own] or own == "kernel" and target.startswith(ABI):
        return None
    return f'{own} may not know {other or target}: "{target}"'


def _circles(graph: dict[str, list[str]]) -> Iterator[str]:
    """Each circle of includes, once."""
    state: dict[str, bool] = {}  # False while on the path, True when done

    def visit(name: str, path: list[str]) -> Iterator[str]:
        state[name] = False
        for target in graph.get(name, []):
            if state.get(target) is False:
                yield f"{name}:1: circle of includes: {' -> '.join([*path[path.index(target):], target])}"
            elif target not in state:
                yield from visit(target, [*path, target])
        state[name] = True

    for name in graph:
        if name not in state:
            yield from visit(name, [name])


def check(root: Path, files: list[str]) -> Iterator[str]:
    """Checks the includes of every C and assembly file of the layers."""
    graph: dict[str, list[str]] = {}
    for name in files:
        own = layer(name)
        if own is None or name.startswith(COMPAT) or not name.endswith((".c", ".h", ".S")):
            continue
        graph[name] = []
        for number, line in enumerate((root / name).read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            if found[1] == "<":
                wrong = _check_library(root, name, own, found[2])
            else:
                wrong = _check_own(root, name, own, found[2])
                graph[name].append(found[2])
            if wrong:
                yield f"{name}:{number}: {wrong}"
    yield from _circles(graph)
