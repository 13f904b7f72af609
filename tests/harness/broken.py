# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The harness's self-test: images that are broken on purpose, each of which must get exactly its verdict and cause.

`harness/run.py --self-test` runs them. The images are built from tests/qemu/images/.
"""
from __future__ import annotations

from harness import paths
from harness.machine import MachineConfig
from harness.suite import Budget, Case
from harness.verdict import Expectation

MARKERS = ("alive", "done")
BUDGET = Budget(cpu_s=0.7, wall_s=20.0, idle_s=0.7, console_bytes=1 << 16)

#: image, verdict, cause
DUE = (
    ("good", "PASS", ""),
    ("silent", "HANG", "idles"),
    ("spin", "HANG", "spins"),
    ("half-line", "FAIL", "marker"),
    ("half-tail", "FAIL", "half-line"),
    ("panic", "PANIC", "panic"),
    ("panic-status-0", "PANIC", "panic"),
    ("bug", "FAIL", "bad-pattern"),
    ("reset-loop", "RESET", "guest-reset"),
    ("power-off", "FAIL", "events"),
    ("flood", "HANG", "floods"),
    ("wrong-nonce", "FAIL", "nonce"),
    ("exit-7", "FAIL", "status"),
    ("exit-256", "FAIL", "status"),
    ("hang-after", "HANG", "idles"),
    ("no-markers", "FAIL", "nonce"),
    ("wrong-order", "FAIL", "marker"),
    ("guest-error", "FAIL", "guest-error"),
    ("missing-file", "NO-START", "not-run"),
    ("ktap-good", "PASS", ""),
    ("ktap-cut", "PROTOCOL", "ktap"),
    ("ktap-stale", "PROTOCOL", "nonce"),
    ("ktap-not-ok", "FAIL", "guest-test"),
    ("ktap-silent", "PROTOCOL", "ktap"),
)


def cases() -> list[Case]:
    """A case for each broken image."""
    def case(image: str, verdict: str, cause: str) -> Case:
        ktap = image.startswith("ktap")
        return Case(f"broken[{image}]", MachineConfig(paths.BUILD / "tests" / f"{image}.img", memory_mib="8M"),
                    Expectation(markers=() if ktap else MARKERS, ktap=ktap), budget=BUDGET,
                    verdict=verdict, cause=cause)
    return [case(*due) for due in DUE]
