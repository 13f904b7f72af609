# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Guests in the background: where what is known of them lies, and which of them still run.

Each has a folder below $XDG_RUNTIME_DIR/rumpk, or below /tmp/rumpk-UID where that is not set, that only its user can enter:

    lock            held by its supervisor (supervisor.py) as long as that lives, by flock: the kernel lets go of it however it
                    ends, so that no process id, which may by then be another's, tells whether a guest runs
    state.json      what it is, and how it ended
    socket          where its supervisor takes requests
    console.log     what it printed; the part before that in console.log.1, once it is long
"""
from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import stat
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import BadInput

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
SOCKET_PATH_MOST = 107  # of sun_path
KEPT = 20  # guests that have ended


@dataclass
class State:
    """What is known of a guest; `pid`: of its supervisor."""

    name: str
    bundle: str
    pid: int = 0
    started: float = 0.0
    forwards: list[str] = field(default_factory=list)
    ended: float | None = None
    status: int | None = None
    reason: str = ""  # where the status is not the guest's


class Guest:
    """A folder of the registry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.log = folder / "console.log"
        self.socket = folder / "socket"

    def state(self) -> State | None:
        """What is known of it; None where nothing is (yet)."""
        try:
            return State(**json.loads((self.folder / "state.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, state: State) -> None:
        """Replaces what is known of it, at once."""
        new, there, text = self.folder / "state.json.new", self.folder / "state.json", json.dumps(asdict(state), indent=1) + "\n"
        try:
            new.write_text(text, encoding="utf-8")
            new.rename(there)
        except OSError:  # a full disk: what is there has its room
            new.unlink(missing_ok=True)
            if not there.exists():
                raise
            with there.open("r+", encoding="utf-8") as file:
                file.write(text)
                file.truncate()

    def lock(self) -> int | None:
        """Takes its lock: a descriptor; None while its supervisor, or somebody who starts it, has it."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def running(self) -> bool:
        """Whether its supervisor lives."""
        try:
            descriptor = self.lock()
        except OSError:
            return False
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def connect(self, request: str) -> socket.socket:
        """A connection to its supervisor, on which something was asked for. Raises OSError."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self.socket))
            connection.sendall(request.encode("ascii") + b"\n")
        except OSError:
            connection.close()
            raise
        return connection


def home() -> Path:
    """The folder of all guests, made where it is not there; BadInput where another could have made it."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(given) / "rumpk" if given and os.path.isabs(given) and os.path.isdir(given) else Path(f"/tmp/rumpk-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise BadInput(f"{folder}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise BadInput(f"{folder}: is not a folder that only you can enter; remove it, or set XDG_RUNTIME_DIR")
    return folder


def every() -> list[Guest]:
    """All that are known, the longest known first."""
    known = [Guest(path) for path in home().iterdir() if path.is_dir() and NAME.fullmatch(path.name)]
    return sorted(known, key=lambda guest: (guest.state() or State("", "")).started)


def find(name: str) -> Guest:
    """The guest of that name; BadInput where there is none."""
    guest = Guest(home() / name)
    if not NAME.fullmatch(name) or not guest.state():
        names = ", ".join(one.name for one in every()) or "none"
        raise BadInput(f"there is no guest {name} (known: {names})")
    return guest


def running(name: str) -> Guest:
    """The guest of that name, which runs."""
    guest = find(name)
    if not guest.running():
        raise BadInput(f"{name} does not run any more (rumpk logs {name}, rumpk ps -a)")
    return guest


def _take(folder: Path) -> tuple[Guest, int] | None:
    """The folder of a name, empty and locked; None where a guest runs under it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    guest = Guest(folder)
    descriptor = guest.lock()
    if descriptor is None:
        return None
    for path in folder.iterdir():
        if path.name != "lock":
            path.unlink()
    return guest, descriptor


def claim(name: str | None, bundle: str) -> tuple[Guest, int]:
    """The folder for a new guest and the lock that whoever has it must keep: of the name that is asked for, else of the bundle's with
    a number where that is taken. What a guest that has ended left under the name goes."""
    folder = home()
    if name is not None and not NAME.fullmatch(name):
        raise BadInput(f"--name {name}: 1 to 48 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit")
    if name is None:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(bundle).stem).lstrip("._-")[:40] or "guest"
        names = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
    else:
        names = [name]
    for one in names:
        if len(os.fsencode(folder / one / "socket")) > SOCKET_PATH_MOST:
            raise BadInput(f"{folder / one / 'socket'}: too long for a socket; set XDG_RUNTIME_DIR to a shorter path")
        try:
            taken = _take(folder / one)
        except OSError as error:
            raise BadInput(f"{folder / one}: {error.strerror}") from error
        if taken:
            _forget_old(taken[0])
            return taken
    raise BadInput(f"a guest {names[0]} runs already (rumpk ps, rumpk stop {names[0]}, or another --name)")


def forget(guest: Guest, descriptor: int) -> None:
    """Removes a folder whose lock one has."""
    shutil.rmtree(guest.folder, ignore_errors=True)
    os.close(descriptor)


def _forget_old(but: Guest) -> None:
    """Of those that have ended keeps the newest."""
    ended = [guest for guest in every() if guest.name != but.name and not guest.running()]
    for guest in ended[:-KEPT]:
        descriptor = guest.lock()
        if descriptor is not None:
            forget(guest, descriptor)


def age(since: float) -> str:
    """How long ago, for people."""
    seconds = max(0, int(time.time() - since))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
