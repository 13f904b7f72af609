#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""One image for all of them: c-hello on every machine of matrix.toml."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dataclasses import replace  # noqa: E402

from harness import markers, matrix, suite  # noqa: E402
from harness.verdict import Expectation  # noqa: E402


def case(cell: matrix.Cell) -> suite.Case:
    """c-hello on one machine."""
    machine = suite.product(**cell.options)
    lines = markers.hello(markers.mebibytes(str(machine.memory_mib)), machine.smp)
    return replace(suite.Case(f"{cell.sweep}[{cell.name}]", machine, Expectation(markers=lines)), skip=cell.skip)


def cases() -> list[suite.Case]:
    """Every cell."""
    return [case(cell) for cell in matrix.cells()]


if __name__ == "__main__":
    suite.main(__file__)
