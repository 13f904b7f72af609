# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The tables of Linux's system calls: a number stands in one of them, once."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

FOLDER = "kernel/sys/linux"
#: { number, arguments, "name", handler }
ROW = re.compile(r'^\t\{ (\d+), \d+, "(\w+)", \w+ \},')


def check(root: Path, files: list[str]) -> Iterator[str]:
    """`files` are paths below `root`."""
    seen: dict[str, str] = {}
    for name in files:
        if Path(name).parent.as_posix() != FOLDER or not name.endswith(".c"):
            continue
        for number, line in enumerate((root / name).read_text(encoding="utf-8").splitlines(), 1):
            row = ROW.match(line)
            if row and row[1] in seen:
                yield f"{name}:{number}: call {row[1]} ({row[2]}) stands in {seen[row[1]]} already"
            elif row:
                seen[row[1]] = f"{name}:{number}"
