# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Volumes that tests start from. A case names one as its machine's `own`, and each of its runs has a copy."""
from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import paths

FOLDER = paths.BUILD / "tests" / "volumes"
E2FS = ":/usr/sbin:/sbin"


def e2fs(tool: str, *argv: str) -> None:
    """One of e2fsprogs'; it must find nothing to complain of."""
    done = subprocess.run([shutil.which(tool, path=E2FS) or tool, *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{tool}: {done.stdout}{done.stderr}"


def fresh(mib: int = 48, *options: str, damage: tuple[int, bytes] = (0, b"")) -> Path:
    """A fresh volume, made once, so that listing tests makes none. `options`: of mke2fs; `damage`: a place, and bytes for it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / (hashlib.sha256(repr((mib, options, damage)).encode()).hexdigest()[:16] + ".img")
    if path.exists():
        return path
    with tempfile.NamedTemporaryFile(dir=FOLDER, delete=False) as file:
        file.truncate(mib << 20)
        e2fs("mke2fs", "-q", "-F", "-t", "ext4", *options, file.name)
        file.seek(damage[0])
        file.write(damage[1])
    Path(file.name).rename(path)
    return path
