#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A few faults of each kind; tests/soak/faults.py has all of them."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import faults, suite  # noqa: E402


def cases() -> list[suite.Case]:
    """Quick ones."""
    return faults.some()


if __name__ == "__main__":
    suite.main(__file__)
