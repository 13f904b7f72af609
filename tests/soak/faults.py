#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Every fault at every place: minutes, not seconds. `make soak`, or this file as a program."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import faults, suite  # noqa: E402


def cases() -> list[suite.Case]:
    """All of them."""
    return faults.sweep()


if __name__ == "__main__":
    suite.main(__file__)
