# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The far end of a guest's network cable: whole Ethernet frames, sent and received by a test.

QEMU joins the guest's device to a hub, and whatever else is added to the hub while it runs: a Wire over a Unix socket, or
QEMU's own network. So no name is shared between runs. The machine is `halted`: begin() lets the guest go, once the cable is in.
"""
from __future__ import annotations

import shutil
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable

from harness.machine import Machine

PATIENCE_S = 10.0
#: QEMU's arguments for the device's end. The hub's number is that of attach().
BACKEND = ("-netdev", "hubport,id=net,hubid=0")


class Wire:
    """One end. `take` is called with each frame that comes, in a thread of the wire's own."""

    def __init__(self, machine: Machine, take: Callable[[bytes], None], hub: int = 0) -> None:
        self._take = take
        self._lock = threading.Lock()
        folder = Path(tempfile.mkdtemp(prefix="wire"))
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(folder / "s"))
                listener.listen()
                listener.settimeout(PATIENCE_S)
                machine.qmp.command("netdev_add", PATIENCE_S, type="stream", id=f"wire{hub}", server=False,
                                    addr={"type": "unix", "path": str(folder / "s")})
                self._socket = listener.accept()[0]
        finally:
            shutil.rmtree(folder)
        machine.qmp.command("netdev_add", PATIENCE_S, type="hubport", id=f"port{hub}", hubid=hub, netdev=f"wire{hub}")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        threading.Thread(target=self._read, name="wire", daemon=True).start()

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                part = self._socket.recv(1 << 18)
            except OSError:
                part = b""
            if not part:
                return  # the guest is gone
            rest += part
            at = 0
            while at + 4 <= len(rest):
                size = struct.unpack_from(">I", rest, at)[0]
                if at + 4 + size > len(rest):
                    break
                self._take(rest[at + 4:at + 4 + size])
                at += 4 + size
            rest = rest[at:]

    def send(self, *frames: bytes) -> None:
        """Sends them in order; waits where QEMU does not take them. Nothing where the guest is gone."""
        data = b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)
        with self._lock:
            try:
                self._socket.sendall(data)
            except OSError:
                pass

    def close(self) -> None:
        self._socket.close()


def begin(machine: Machine) -> None:
    """Lets a guest go that was halted, once the harness holds it."""
    end = time.monotonic() + PATIENCE_S
    while machine.hold.places and not machine.hold.ready and time.monotonic() < end:
        time.sleep(0.005)
    machine.qmp.run()


def join_user(machine: Machine, hub: int) -> None:
    """QEMU's own network on a hub, by the name of `user`."""
    machine.qmp.command("netdev_add", PATIENCE_S, type="user", id="user")
    machine.qmp.command("netdev_add", PATIENCE_S, type="hubport", id="userport", hubid=hub, netdev="user")
