#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""How a machine ends where something is missing: no semihosting, no bundle, no key for it."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

NEVER_STARTED = (*BAD_PATTERNS, markers.STARTED)


def cases() -> list[suite.Case]:
    """Each way to end."""
    release = paths.BUILD / "rumpk-release.img"
    return [
        suite.Case("no_semihosting", suite.product(semihosting=False),
                   Expectation(markers=markers.hello(), shutdowns=("guest-shutdown",))),
        suite.Case("no_bundle", suite.product(initrd=None),
                   Expectation(127, (*markers.alive(), markers.RUBICON, "re:payload: cannot load: .+"),
                               bad=NEVER_STARTED)),
        suite.Case("release_refuses_development_key", suite.product(image=release),
                   Expectation(126, (*markers.alive(), markers.RUBICON, "re:trust: refused: .+"), bad=NEVER_STARTED)),
    ]


if __name__ == "__main__":
    suite.main(__file__)
