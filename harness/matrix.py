# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The matrix of machines, read from a table (tests/qemu/matrix.toml says how it is written)."""
from __future__ import annotations

import itertools
import os
import platform
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import paths

TABLE = paths.TESTS / "matrix.toml"
KVM = Path("/dev/kvm")


@dataclass(frozen=True)
class Cell:
    """One machine of a sweep: its name in brackets, the options of a MachineConfig, why it cannot be had here."""

    sweep: str
    name: str
    options: dict[str, Any]
    skip: str = ""


def why_no_kvm() -> str:
    """Why the host cannot run an AArch64 guest itself; empty where it can."""
    if platform.machine() != "aarch64":
        return f"KVM wants an aarch64 host, this is {platform.machine()}"
    return "" if os.access(KVM, os.R_OK | os.W_OK) else f"{KVM} cannot be opened"


def cells(table: Path = TABLE) -> list[Cell]:
    """Every cell of every sweep; ValueError where the table is wrong."""
    said = tomllib.loads(table.read_text(encoding="utf-8"))
    axes, defaults, transports = said["axes"], said["defaults"], said["transport"]
    found = []
    for sweep in said["sweep"]:
        unknown = set(sweep) - set(axes) - {"name"}
        if unknown:
            raise ValueError(f"{table}: sweep {sweep.get('name')}: unknown axis {', '.join(sorted(unknown))}")
        varied = [axis for axis in axes if axis in sweep]
        for values in itertools.product(*(sweep[axis] for axis in varied)):
            chosen = {**defaults, **dict(zip(varied, values))}
            name = ",".join(_word(axis, chosen[axis]) for axis in varied)
            skip = why_no_kvm() if chosen["accel"] == "kvm" else ""
            found.append(Cell(sweep["name"], name, _options(chosen, transports, table), skip))
    names = [(cell.sweep, cell.name) for cell in found]
    if len(set(names)) != len(names):
        raise ValueError(f"{table}: two sweeps give the same cell")
    return found


def _word(axis: str, value: Any) -> str:
    return {"gic": f"gic{value}", "smp": f"smp{value}"}.get(axis, str(value))


def _options(chosen: dict[str, Any], transports: dict[str, list[str]], table: Path) -> dict[str, Any]:
    if chosen["transport"] not in transports or chosen["level"] not in ("el1", "el2"):
        raise ValueError(f"{table}: no such transport or level: {chosen['transport']}, {chosen['level']}")
    kvm = chosen["accel"] == "kvm"
    return {"gic": chosen["gic"], "cpu": chosen["cpu"], "memory_mib": chosen["memory"], "smp": chosen["smp"],
            "el2": chosen["level"] == "el2", "extra": tuple(transports[chosen["transport"]]),
            "accel": "kvm" if kvm else "", "icount": not kvm}
