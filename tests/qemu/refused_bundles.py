#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What bad bundles get: the documented exit status and one line that names the cause. Nothing of them ever runs.

The cases are made with their bundles (`build/fixtures/bundles/cases.json`): file, exit status, the line as a regular
expression.
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import json  # noqa: E402

from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

BUNDLES = paths.BUILD / "fixtures" / "bundles"


def case(row: dict[str, object]) -> suite.Case:
    """One bundle."""
    file = str(row["file"])
    return suite.Case(f"refused[{file.removesuffix('.rpk')}]", suite.product(BUNDLES / file),
                      Expectation(int(str(row["status"])), (markers.RUBICON, f"re:.*(?:{row['line']}).*"),
                                  bad=(*BAD_PATTERNS, markers.STARTED)))


def cases() -> list[suite.Case]:
    """Every broken bundle."""
    return [case(row) for row in json.loads((BUNDLES / "cases.json").read_text(encoding="utf-8"))]


if __name__ == "__main__":
    suite.main(__file__)
