# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""`rumpk configure` and `rumpk make`: a project's own build, with the compilers for Linux programs. What follows is passed on."""
from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from . import toolchain
from .errors import BadInput

#: Debian's name for the target: the oldest config.sub knows it.
HOST = "aarch64-linux-gnu"
TOOLS = {"CC": "gcc", "CXX": "g++", "AR": "ar", "NM": "nm", "RANLIB": "ranlib", "STRIP": "strip", "PKG_CONFIG": "pkg-config"}
#: What make is told on its command line, over what a Makefile says. Not AR: many Makefiles keep its options in it.
OVERRIDES = ("CC", "CXX", "RANLIB")


def tools() -> dict[str, str]:
    """The compilers by the names that builds have for them. Builds take a space for the end of a word: then they are looked up in PATH."""
    return {name: prefix() + tool for name, tool in TOOLS.items()}


def prefix() -> str:
    return "aarch64-rumpk-" if " " in str(toolchain.BIN) else f"{toolchain.BIN}/aarch64-rumpk-"


def environment() -> dict[str, str]:
    return {**os.environ, **tools(), "CROSS_COMPILE": prefix(), "PATH": f"{toolchain.BIN}:{os.environ.get('PATH', os.defpath)}"}


def configure_command(script: str, words: list[str], help_text: str) -> list[str]:
    """What to run: scripts that are not autoconf's know no --host, and take the compilers from the environment alone."""
    known = [f"--host={HOST}"] if "--host" in help_text else []
    known += ["--disable-shared"] if "--disable-shared" in help_text or "--enable-shared" in help_text else []
    return [script, *known, *words]


def make_command(words: list[str]) -> list[str]:
    """What to run; what the caller says comes later, and counts."""
    made = tools()
    return ["make", *(f"{name}={made[name]}" for name in OVERRIDES), *words]


def _configure(arguments: argparse.Namespace) -> int:
    toolchain.root("musl")
    script = "./configure"  # as it stands: some write where they are into Makefiles, and in a guest that is elsewhere
    if not Path(script).is_file():
        raise BadInput("there is no ./configure in this folder")
    told = subprocess.run([script, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    return subprocess.run(configure_command(script, arguments.words, told.stdout), env=environment(), check=False).returncode


def _make(arguments: argparse.Namespace) -> int:
    toolchain.root("musl")
    return subprocess.run(make_command(arguments.words), env=environment(), check=False).returncode


def add(sub: argparse._SubParsersAction) -> None:
    for name, function, what in (("configure", _configure, "run ./configure for Linux programs of Rumpk"),
                                 ("make", _make, "run make for Linux programs of Rumpk")):
        sub.add_parser(name, help=what, add_help=False).set_defaults(function=function)
