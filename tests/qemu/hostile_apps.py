#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Signed apps that misbehave, or use every service: each is a row of hostile.toml, and the kernel outlives them all."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import tomllib  # noqa: E402

from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

TABLE = Path(__file__).with_name("hostile.toml")


def anywhere(pattern: str) -> str:
    """The pattern for a whole line: `^` and `$` say where the row's begins and ends, else it is anywhere."""
    start = "" if pattern.startswith("^") else ".*"
    end = "" if pattern.endswith("$") else ".*"
    return start + pattern.removeprefix("^").removesuffix("$") + end


def case(row: dict[str, object]) -> suite.Case:
    """One app: `status` and `line` must be seen, then the kernel's own last line; `halts = false` leaves that out."""
    name = str(row["rpk"])
    last = ("sched: last process exited, halting",) if row.get("halts", True) else ()
    lines = (f"re:{anywhere(str(row['line']))}",)
    machine = suite.product(paths.BUILD / "tests" / "apps" / f"{name}.rpk", memory_mib=str(row.get("memory", 128)))
    bad = (*BAD_PATTERNS, str(row["never"])) if "never" in row else BAD_PATTERNS
    want = Expectation(int(str(row["status"])), (markers.RUBICON, *lines, *last), bad=bad)
    return suite.Case(f"hostile[{name}]", machine, want)


def cases() -> list[suite.Case]:
    """Every row."""
    return [case(row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8")).get("app", [])]


if __name__ == "__main__":
    suite.main(__file__)
