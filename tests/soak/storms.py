#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Every storm of tests/qemu/storms.py for 30 s on four CPUs: `make soak`, or this file as a program."""
from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import suite  # noqa: E402

#: Of the guest's own time: repeatable to the instruction. The longest takes the host a few times as long.
MILLISECONDS = {"bomb": 5000, "kills": 3000}
USUAL_MS = 30000
#: Of its turns that the good process must have: half of the storms are threads that never wait.
PERCENT = 40
SEEDS = {"random": (1, 2, 3)}
BUDGET = suite.Budget(cpu_s=900.0, wall_s=1800.0, idle_s=None, console_bytes=64 << 20)


def cases() -> list[suite.Case]:
    """One seed each, and more of what is random throughout."""
    spec = importlib.util.spec_from_file_location("storms", Path(__file__).parents[1] / "qemu" / "storms.py")
    assert spec and spec.loader
    storms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(storms)
    found = [storms.storm(kind, seed, MILLISECONDS.get(kind, USUAL_MS), 4, percent=PERCENT, budget=BUDGET)
             for kind in storms.KINDS for seed in SEEDS.get(kind, (1,))]
    found += [storms.storm_at(place, seed, USUAL_MS, 4, transport, BUDGET)
              for place in storms.PLACES for seed, transport in ((1, "mmio"), (2, "pci"))]
    return [replace(case, name=f"soak.{case.name}") for case in found]


if __name__ == "__main__":
    suite.main(__file__)
