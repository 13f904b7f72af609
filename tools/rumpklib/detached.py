# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Guests in the background: run -d starts one; ps, logs, stop and attach find it by its name."""
from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from . import guests, terminal
from .errors import BadInput, Refused

if TYPE_CHECKING:
    from harness.machine_config import MachineConfig

SUPERVISOR = Path(__file__).resolve().with_name("supervisor.py")
STOP_LIMIT_S = 10.0
FOLLOW_S = 0.1
STATUS_LEFT = 0


def start(guest: guests.Guest, lock: int, config: MachineConfig, forwards: list[str], bundle: str, timeout_s: float | None) -> None:
    """Starts a guest in the folder that was claimed for it; BadInput where it does not come up. The lock goes to its supervisor, and
    is closed here where it did."""
    state = guests.State(guest.name, bundle, forwards=forwards)
    machine = {**asdict(config), "image": str(config.image), "initrd": str(config.initrd)}
    asked = {"machine": machine, "state": asdict(state), "timeout_s": timeout_s}
    ours, theirs = os.pipe()
    errors = guest.folder / "supervisor.log"
    with errors.open("wb") as log:
        process = subprocess.Popen([sys.executable, str(SUPERVISOR), str(guest.folder), str(lock), str(theirs)], stdin=subprocess.PIPE,
                                   stdout=log, stderr=log, pass_fds=(lock, theirs), start_new_session=True, cwd="/")
    os.close(theirs)
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(asked).encode("utf-8"))
        process.stdin.close()
    except BrokenPipeError:
        pass  # it says why
    with os.fdopen(ours, encoding="utf-8", errors="replace") as report:
        said = report.read()
    if said != "started":
        process.wait()
        said = said or errors.read_text(encoding="utf-8", errors="replace").strip()[-300:]
        raise BadInput(f"the guest did not start: {said}")
    os.close(lock)
    process.returncode = 0  # it is not ours to wait for any more


def _shown(guest: guests.Guest, state: guests.State) -> tuple[str, ...]:
    if guest.running():
        how, age = "running", guests.age(state.started)
    elif state.status is None:
        how, age = "lost", guests.age(state.started)  # its supervisor was killed, and QEMU with it
    else:
        how, age = state.reason or f"exited {state.status}", guests.age(state.ended or state.started)
    return guest.name, how, str(state.pid), age, " ".join(state.forwards) or "-", state.bundle


def ps(arguments: argparse.Namespace) -> int:
    """Lists guests."""
    known = [(guest, state) for guest in guests.every() if (state := guest.state()) and (arguments.all or guest.running())]
    if arguments.json:
        print(json.dumps([{**asdict(state), "running": guest.running()} for guest, state in known], indent=2))
        return 0
    rows = [("NAME", "STATE", "PID", "SINCE", "REACHED AT", "BUNDLE"), *(_shown(guest, state) for guest, state in known)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


def _out(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def logs(arguments: argparse.Namespace) -> int:
    """What a guest printed, and with -f what it prints until it ends."""
    guest = guests.find(arguments.name)
    before = guest.log.with_name(guest.log.name + ".1")
    if before.exists():
        _out(before.read_bytes())
    _follow(guest, arguments.follow)
    return 0


def _follow(guest: guests.Guest, follow: bool) -> None:
    log = guest.log.open("rb")
    while True:
        over = not guest.running()  # before reading: what came until then is all
        while data := log.read(65536):
            _out(data)
        if guest.log.stat().st_ino != os.fstat(log.fileno()).st_ino:  # it was set aside, and a new one begun
            _out(log.read())
            log.close()
            log = guest.log.open("rb")
            continue
        if not follow or over:
            log.close()
            return
        time.sleep(FOLLOW_S)


def stop(arguments: argparse.Namespace) -> int:
    """Ends guests: by their supervisors, which ask QEMU to go and then kill it; where one does not answer, by its end."""
    for name in arguments.names:
        guest = guests.find(name)
        if not guest.running():
            print(f"{name} does not run any more", file=sys.stderr)
            continue
        try:
            with guest.connect("stop") as connection:
                connection.settimeout(STOP_LIMIT_S)
                answered = connection.recv(64) == b"stopped\n"
        except OSError:
            answered = False
        if not answered:
            _kill(guest)
        if not _gone(guest, STOP_LIMIT_S):
            raise Refused(f"{name} could not be ended")
        print(name)
    return 0


def _gone(guest: guests.Guest, limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while guest.running():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _kill(guest: guests.Guest) -> None:
    """Kills a supervisor that does not answer; QEMU goes with it. While its lock is held its number is its own."""
    state = guest.state()
    if not state:
        return
    try:
        process = os.pidfd_open(state.pid)
    except ProcessLookupError:
        return
    try:
        if guest.running():  # still: so the number that was opened is its
            signal.pidfd_send_signal(process, signal.SIGKILL)
    finally:
        os.close(process)


def attach(arguments: argparse.Namespace) -> int:
    """The console of a guest on this terminal, until Ctrl-] or the guest's end."""
    guest = guests.running(arguments.name)
    try:
        connection = guest.connect("attach")
    except OSError as error:
        raise Refused(f"{arguments.name} does not answer: {error.strerror or error}") from error
    with connection, terminal.keys() as is_terminal:
        if is_terminal:
            print(f"rumpk: attached to {arguments.name}; Ctrl-] leaves", file=sys.stderr, flush=True)
        left = _carry(connection)
    if left:
        if is_terminal:
            print(f"\nrumpk: left {arguments.name}, which goes on", file=sys.stderr)
        return STATUS_LEFT
    _gone(guest, STOP_LIMIT_S)
    state = guest.state()
    if not state or state.status is None:
        raise Refused(f"{arguments.name} is gone")
    if state.reason:
        print(f"rumpk: attach: {state.reason}", file=sys.stderr)
    return state.status


def _carry(connection: socket.socket) -> bool:
    """Keys there and output here; whether somebody left by Ctrl-], and not the guest."""
    with selectors.SelectSelector() as ready:  # epoll does not take plain files
        ready.register(connection, selectors.EVENT_READ)
        ready.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is connection:
                    data = connection.recv(65536)
                    if not data:
                        return False
                    _out(data)
                    continue
                data = os.read(0, 4096)
                keys, leaves, _ = data.partition(terminal.LEAVE)
                if not data:
                    ready.unregister(0)
                connection.sendall(keys)
                if leaves:
                    return True


def add(sub: argparse._SubParsersAction) -> None:
    """The commands."""
    parser = sub.add_parser("ps", help="list guests in the background",
                            description="Lists the guests that `rumpk run -d` started and that still run.")
    parser.add_argument("-a", dest="all", action="store_true", help="also those that have ended")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(function=ps)
    parser = sub.add_parser("logs", help="what a guest in the background printed",
                            description="Shows what a guest has printed, also after its end.")
    parser.add_argument("-f", dest="follow", action="store_true", help="and what it prints, until it ends")
    parser.add_argument("name", metavar="NAME")
    parser.set_defaults(function=logs)
    parser = sub.add_parser("stop", help="end guests in the background",
                            description="Ends guests. QEMU writes back what it holds of disks; to the guest it is a power cut.")
    parser.add_argument("names", metavar="NAME", nargs="+")
    parser.set_defaults(function=stop)
    parser = sub.add_parser("attach", help="join the console of a guest in the background",
                            description="Shows the last that a guest printed and what it prints from then on, and types what you type, "
                                        "Ctrl-C too. Ctrl-] leaves it to itself. Several may be attached at once. Ends with the guest's status.")
    parser.add_argument("name", metavar="NAME")
    parser.set_defaults(function=attach)
