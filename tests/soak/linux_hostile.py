#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Hostile Linux programs for a minute a seed, on four CPUs: `make soak`, or this file as a program. HOSTILE_SEEDS="7 8" are others than 1 to 4."""
from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import suite  # noqa: E402

#: Of the guest's own time: repeatable to the instruction. It takes the host some times as long.
MILLISECONDS = int(os.environ.get("HOSTILE_MILLISECONDS", "60000"))
SEEDS = [int(seed) for seed in os.environ.get("HOSTILE_SEEDS", "1 2 3 4").split()]
BUDGET = suite.Budget(cpu_s=float(os.environ.get("HOSTILE_CPU_S", "1800")), wall_s=3600.0, idle_s=None, console_bytes=256 << 20)


def cases() -> list[suite.Case]:
    """One for each seed."""
    spec = importlib.util.spec_from_file_location("linux_hostile", Path(__file__).parents[1] / "qemu" / "linux_hostile.py")
    assert spec and spec.loader
    hostile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hostile)
    return [replace(case, name=f"soak.{case.name}") for case in (hostile.storm(seed, MILLISECONDS, 4, BUDGET) for seed in SEEDS)]


if __name__ == "__main__":
    suite.main(__file__)
