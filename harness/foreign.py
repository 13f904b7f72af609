# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Any kernel's tests from a table: `harness/run.py --file suite.toml`.

    name = "linux"              # tests are named linux[NAME]

    [defaults]                  # what every test has unless it says otherwise
    image = "vmlinuz"           # what QEMU is given with -kernel; relative to the table
    memory = "256M"

    [[test]]
    name = "boot"
    append = "console=ttyAMA0"  # the kernel's command line
    markers = ["re:.*Linux version.*"]
    status = 0                  # QEMU's exit status
    shutdowns = ["guest-shutdown"]

All that can be said: image, initrd, append, cpu, smp, memory, gic, el2, icount, seed, semihosting, extra (QEMU's own arguments);
markers, bad, known_errors, status, shutdowns, panics, ktap, nonce (the kernel prints `boot: nonce <hex>`; false); cpu_s, wall_s, idle_s.
A test whose image is not there is skipped, and says so. RUMPK_BUILD's folder is `@build@` in a path.
"""
from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import paths
from harness.machine import MachineConfig
from harness.suite import Budget, Case
from harness.verdict import BAD_PATTERNS, Expectation

FILES = ("image", "initrd")
MACHINE = {"append": "append", "cpu": "cpu", "smp": "smp", "memory": "memory_mib", "gic": "gic", "el2": "el2",
           "icount": "icount", "seed": "seed", "semihosting": "semihosting"}
EXPECT = ("status", "panics", "ktap")
LISTS = ("markers", "bad", "shutdowns", "known_errors")
BUDGET = ("cpu_s", "wall_s", "idle_s")
KNOWN = {"name", "nonce", "extra", *FILES, *MACHINE, *EXPECT, *LISTS, *BUDGET}


def load(table: Path) -> list[Case]:
    """The tests of a table; ValueError where it cannot be understood."""
    try:
        said = tomllib.loads(table.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{table}: {error}") from None
    unknown = set(said) - {"name", "defaults", "test"}
    if unknown:
        raise ValueError(f"{table}: unknown: {', '.join(sorted(unknown))}")
    defaults = said.get("defaults", {})
    return [_case(table, str(said.get("name", table.parent.name)), {**defaults, **row}) for row in said.get("test", [])]


def _case(table: Path, kernel: str, row: dict[str, Any]) -> Case:
    unknown = set(row) - KNOWN
    if unknown or not row.get("name") or not row.get("image"):
        raise ValueError(f"{table}: {row.get('name', 'a test')}: " +
                         (f"unknown: {', '.join(sorted(unknown))}" if unknown else "wants a name and an image"))
    files = {name: _path(table, str(row[name])) for name in FILES if row.get(name)}
    machine = MachineConfig(**files, **{MACHINE[name]: row[name] for name in MACHINE if name in row})
    machine = replace(machine, extra=tuple(row.get("extra", ())))
    lists = {"bad": BAD_PATTERNS, **{name: tuple(row[name]) for name in LISTS if name in row}}
    expect = Expectation(**{name: row[name] for name in EXPECT if name in row}, **lists,
                         says_nonce=bool(row.get("nonce", False)))
    missing = [str(path) for path in files.values() if not path.exists()]
    return Case(f"{kernel}[{row['name']}]", machine, expect, file=table,
                budget=Budget(**{name: row[name] for name in BUDGET if name in row}),
                skip=f"not there: {', '.join(missing)}" if missing else "")


def _path(table: Path, text: str) -> Path:
    return (table.parent / text.replace("@build@", str(paths.BUILD))).resolve()
