# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Which files there are, and which layer each belongs to."""
from __future__ import annotations

import subprocess
from pathlib import Path

#: Layer -> layers it may know, itself included (docs/architecture.md).
MAY_KNOW = {
    "lib": {"lib"},
    "hal": {"hal", "lib"},
    "kernel": {"kernel", "hal", "lib"},
    "capos": {"capos", "lib"},
    "apps": {"apps", "capos"},
}


def files(root: Path) -> list[str]:
    """Every file that is or would be in the repository, relative to `root`."""
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                             capture_output=True, text=True).stdout
    names = sorted(set(listing.split("\0")) - {""})
    return [name for name in names if not name.startswith("build/") and (root / name).is_file()]


def layer(name: str) -> str | None:
    """The layer of a file, None where it is in none."""
    first = name.partition("/")[0]
    return first if first in MAY_KNOW else None
