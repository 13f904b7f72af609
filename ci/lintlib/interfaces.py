# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The definitions of interfaces: what is locked stays, and their reference is not stale."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Iterator


def check(root: Path) -> Iterator[str]:
    """What tools/idl-gen --check says."""
    done = subprocess.run([sys.executable, str(root / "tools/idl-gen"), "--check", "--root", str(root)], capture_output=True, text=True,
                          check=False)
    yield from done.stderr.splitlines()
