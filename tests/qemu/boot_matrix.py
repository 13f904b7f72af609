#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""One image for all of them: interrupt controllers, CPU models, memory sizes, and both entry levels."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dataclasses import replace  # noqa: E402

from harness import markers, suite  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

GICS = (2, 3)
CPUS = ("cortex-a53", "cortex-a72", "neoverse-n1", "max")
MEMORIES = ("5M", "4096M")
EL2S = (False, True)


def cases() -> list[suite.Case]:
    """c-hello on every cell."""
    boot = suite.Case("boot", suite.product(), Expectation())
    return [replace(case, expect=Expectation(markers=markers.hello(markers.mebibytes(str(case.machine.memory_mib)))))
            for case in suite.matrix(boot, GICS, CPUS, MEMORIES, EL2S)]


if __name__ == "__main__":
    suite.main(__file__)
