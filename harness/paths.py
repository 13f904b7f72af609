# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Where things are. RUMPK_BUILD points the whole harness at another build, which is how bisect judges old commits."""
from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("RUMPK_BUILD") or ROOT / "build").resolve()
RUNS = BUILD / "runs"
REPORT = BUILD / "report"
TESTS = ROOT / "tests" / "qemu"


def folder_name(test: str) -> str:
    """A test's name as a folder's: `boot[gic3,max]` becomes `boot-gic3-max`."""
    return re.sub(r"[^A-Za-z0-9._=+]+", "-", test).strip("-.")
