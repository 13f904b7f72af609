# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Where the symbols of an ELF are: what a plugin or a breakpoint needs to know of an image."""
from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from harness.symbols import CROSS


@functools.lru_cache(maxsize=32)
def _read(elf: Path, _changed_ns: int) -> dict[str, int]:
    done = subprocess.run([CROSS + "nm", "--defined-only", str(elf)], capture_output=True, text=True, check=True)
    fields = [line.split() for line in done.stdout.splitlines()]
    return {name: int(address, 16) for address, _kind, name in (row for row in fields if len(row) == 3)}


def addresses(elf: Path) -> dict[str, int]:
    """Every symbol and its address, as linked."""
    return _read(elf, elf.stat().st_mtime_ns)
