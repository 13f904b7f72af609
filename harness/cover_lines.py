# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Which source lines ran: from gcov's counts of host programs, and from the plugin's counts of a guest image.

Both end as the same thing, `Lines`: for each file, its lines that have code, and how often each ran. A guest line ran as
often as the busiest of the instructions that the image's line table (DWARF) gives to it. Functions that the linker threw
away are still in the line table, at addresses outside the image: their lines have code and never ran.
"""
from __future__ import annotations

import array
import json
import re
import subprocess
from pathlib import Path
from typing import Iterable

from harness.symbols import CROSS

#: file -> line -> how often it ran
Lines = dict[str, dict[int, int]]

INSTRUCTION_BYTES = 4
HEADING = re.compile(r"(CU: )?(\S.*?):(?:\[\+\+\])?")
ROW = re.compile(r"\S.*?\s+(\d+|-)\s+(0x[0-9a-f]+|0)(?:\s.*)?")
GCOV_AT_ONCE = 50


def add(lines: Lines, file: str, line: int, count: int) -> None:
    """Notes that a line has code and ran `count` times."""
    file = file.removeprefix("./")
    lines.setdefault(file, {})[line] = max(count, lines.get(file, {}).get(line, 0))


def merge(parts: Iterable[Lines]) -> Lines:
    """Lines with code in any of the parts; each with its highest count."""
    merged: Lines = {}
    for part in parts:
        for file, counts in part.items():
            for line, count in counts.items():
                add(merged, file, line, count)
    return merged


def parse_table(text: str) -> list[tuple[str, int, int, int]]:
    """readelf's decoded line table: (file, line, first address, end address) of each row.

    Each sequence (a function, where each has its section) begins in the unit's own file, without a heading (DWARF 5, 6.2.2).
    """
    rows: list[tuple[str, int, int, int]] = []
    open_rows: list[tuple[str, int]] = []
    unit, file, start = "", "", -1
    for text_line in text.splitlines():
        row = ROW.fullmatch(text_line)
        if not row:
            heading = HEADING.fullmatch(text_line)
            file = heading[2] if heading else file
            unit = file if heading and heading[1] else unit
            continue
        address = int(row[2], 16)
        if address != start:
            rows += [(name, line, start, address) for name, line in open_rows]
            open_rows, start = [], address
        if row[1] == "-":
            file, open_rows, start = unit, [], -1
        else:
            open_rows.append((file, int(row[1])))
    return rows


def line_table(elf: Path) -> list[tuple[str, int, int, int]]:
    """The line table of an ELF."""
    done = subprocess.run([CROSS + "readelf", "-W", "--debug-dump=decodedline", str(elf)], capture_output=True, text=True,
                          check=True)
    return parse_table(done.stdout)


def guest_lines(table: list[tuple[str, int, int, int]], counts: bytes, base: int) -> Lines:
    """The lines of an image, by the plugin's counters for what is at `base` and behind."""
    counters = array.array("Q", counts)
    lines: Lines = {}
    for file, line, start, end in table:
        first, last = (start - base) // INSTRUCTION_BYTES, (end - base) // INSTRUCTION_BYTES
        ran = max(counters[first:last], default=0) if start >= base else 0
        add(lines, file, line, ran)
    return lines


def parse_gcov(text: str) -> Lines:
    """gcov's JSON, one object a line."""
    lines: Lines = {}
    for document in text.splitlines():
        for file in json.loads(document)["files"] if document.strip() else []:
            for line in file["lines"]:
                add(lines, file["file"], line["line_number"], line["count"])
    return lines


def host_lines(folder: Path, root: Path) -> Lines:
    """What the programs built in a folder ran, by the .gcda files they left; code that no program ran is there as 0."""
    notes = sorted(folder.rglob("*.gcno"))
    parts = []
    for at in range(0, len(notes), GCOV_AT_ONCE):
        done = subprocess.run(["gcov", "--json-format", "--stdout", *map(str, notes[at:at + GCOV_AT_ONCE])], cwd=root,
                              capture_output=True, text=True, check=True)
        parts.append(parse_gcov(done.stdout))
    both = merge(parts)
    return {file: counts for file, counts in both.items() if (root / file).is_file()}  # not of sources that are gone
