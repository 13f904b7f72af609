# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Lock files: exactly which packages something is made of, each with its SHA-256; as deps.lock does for sources."""
from __future__ import annotations

import re
from pathlib import Path

from . import debian, files
from .debian import Package
from .errors import BadInput

_HEAD = """# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# Packages of Debian that {what} is made of; made by `{command}`.
#
# package version architecture sha256
"""
_LINE = re.compile(r"(\S+) (\S+) (\S+) ([0-9a-f]{64})")


def read(path: Path) -> list[Package]:
    """The packages of a lock; BadInput names the line that is none."""
    found = []
    for number, line in enumerate(files.read(path).decode("utf-8", "replace").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match or not debian.name_is_valid(match[1]):
            raise BadInput(f"{path}:{number}: must be: package version architecture sha256")
        found.append(Package(*match.groups()))
    return found


def write(path: Path, packages: list[Package], what: str, command: str) -> None:
    rows = sorted(f"{one.name} {one.version} {one.architecture} {one.sha256}\n" for one in packages)
    files.write(path, (_HEAD.format(what=what, command=command) + "".join(rows)).encode())


def resolve(names: list[str], listed: dict[str, Package]) -> list[Package]:
    """
    The packages named and the libraries that they need, in turn: of Depends, those of the section `libs`. What else a package depends on
    (programs that configure it when it is installed) is not needed by its files; a recipe names it where it is.
    """
    wanted, chosen = list(names), {}
    for name in names:
        if name not in listed:
            raise BadInput(f"package {name}: Debian {debian.SUITE} has none of that name")
    while wanted:
        package = listed[wanted.pop(0)]
        if package.name in chosen:
            continue
        chosen[package.name] = package
        for alternatives in package.depends:
            other = next((listed[name] for name in alternatives if name in listed), None)
            if other and other.section == "libs":
                wanted.append(other.name)
    return list(chosen.values())
