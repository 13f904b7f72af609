# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Reading and writing whole files, with errors that name the file."""
from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Iterator

from .errors import BadInput


def read(path: str | Path) -> bytes:
    """All bytes of a file."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def _mode(path: Path) -> int:
    """Of the file that is there; else what the user's umask makes of a new one."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[str]:
    """The name of an empty file that takes the place of `path`, or of what it leads to, once it is whole; goes where that fails."""
    path = Path(os.path.realpath(path))
    handle, temporary = tempfile.mkstemp(prefix=".rumpk-", dir=path.parent)
    try:
        os.close(handle)
        yield temporary
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def write(path: str | Path, data: bytes) -> None:
    """
    Writes a file whole or not at all: an interrupted or failed write leaves what was there. Links are followed; a device or a pipe is
    written to, not replaced.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            Path(path).write_bytes(data)
        else:
            with replacing(path) as temporary:
                Path(temporary).write_bytes(data)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
