# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Reading and writing whole files, with errors that name the file."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import BadInput


def read(path: str | Path) -> bytes:
    """All bytes of a file."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def write(path: str | Path, data: bytes, mode: int = 0o644) -> None:
    """Writes a file whole or not at all: an interrupted or failed write leaves what was there."""
    path = Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise BadInput(f"{path}: {error.strerror}") from error
