#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Writes the table of function names for the kernel's backtraces (lib/symtab.h), as assembly.

    tools/ksyms.py --empty -o ksyms0.S    a table of nothing, for the first link
    tools/ksyms.py rumpk1.elf -o ksyms.S  the functions of the first link, for the second

The same ELF gives the same bytes. The table must lie behind the text, so that its size moves no function.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

NM = "aarch64-linux-gnu-nm"
BASE = "image_start"
MAGIC = 0x4D59534B
HEAD = """// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors
// Made by tools/ksyms.py.
	.section .ksyms, "a"
	.balign 4
	.globl ksyms_table
ksyms_table:
"""


def functions(listing: str) -> tuple[int, dict[int, str]]:
    """The image's base and the name at each function's offset from it, from `nm --format=sysv`."""
    base = None
    found: dict[int, list[str]] = {}
    for line in listing.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 7 or not fields[1]:
            continue
        name, value, kind, section = fields[0], int(fields[1], 16), fields[3], fields[6]
        if name == BASE:
            base = value
        elif kind == "FUNC" and section.startswith(".text"):
            found.setdefault(value, []).append(name)
    if base is None:
        raise ValueError(f"no symbol {BASE}")
    # Aliases: the one name that a reader of a backtrace would look for is the shortest.
    return base, {value - base: min(names, key=lambda name: (len(name), name)) for value, names in sorted(found.items())}


def shared(names: set[str]) -> tuple[dict[str, int], list[str]]:
    """The place of each name among all, and what is written there: a name that another ends with lies in that."""
    places: dict[str, int] = {}
    written = []
    before, end = "", 0
    for name in sorted(names, key=lambda name: name[::-1], reverse=True):  # behind the last that ends with it
        if before.endswith(name):
            places[name] = places[before] + len(before) - len(name)
        else:
            places[name] = end
            written.append(name)
            end += len(name.encode()) + 1
        before = name
    return places, written


def assembly(table: dict[int, str]) -> str:
    """The table as assembly text."""
    places, written = shared(set(table.values()))
    offsets, names = [], []
    for offset, name in sorted(table.items()):
        offsets.append(f"\t.long {offset:#x}")
        names.append(f"\t.long {places[name]}")
    strings = [f'\t.asciz "{name}"' for name in written]
    return HEAD + "\n".join([f"\t.long {MAGIC:#x}, {len(table)}", *offsets, *names, *strings, "\t.balign 4"]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("elf", metavar="ELF", nargs="?")
    parser.add_argument("-o", dest="output", metavar="OUT.S", required=True)
    parser.add_argument("--empty", action="store_true", help="a table without entries")
    parser.add_argument("--nm", default=NM, help=f"program that lists symbols ({NM})")
    arguments = parser.parse_args()
    if bool(arguments.elf) == arguments.empty:
        parser.error("give either ELF or --empty")
    table: dict[int, str] = {}
    if arguments.elf:
        try:
            listing = subprocess.run([arguments.nm, "--format=sysv", "--defined-only", arguments.elf], check=True,
                                     capture_output=True, text=True).stdout
            base, table = functions(listing)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            print(f"ksyms: {arguments.elf}: {getattr(error, 'stderr', '') or error}", file=sys.stderr)
            return 1
        if table and not 0 <= min(table) <= max(table) < 2**32:
            print(f"ksyms: {arguments.elf}: functions are not within 4 GiB above {BASE} ({base:#x})", file=sys.stderr)
            return 1
    Path(arguments.output).write_text(assembly(table), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
