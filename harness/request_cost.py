#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a request costs the guest, in instructions: harness/request_cost.py.

A client that is made of frames asks the blog for its small page over one connection, and waits until nothing happens any more; QEMU
counts what the guest did meanwhile, acknowledgments and all. Under -icount that is the same each time but for timers that come
between, and for the last acknowledgment, which comes with the reply's end or after it: so the least of many rounds is exact.
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import paths, result, suite, wire  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.peer import Connection, Peer  # noqa: E402

BLOG = paths.BUILD / "apps" / "blog.rpk"
PAGE = paths.ROOT / "apps" / "blog" / "site" / "index.html"
READY = "[blog] listens on TCP port 80"
REQUEST = b"GET /index.html HTTP/1.1\r\nHost: blog\r\n\r\n"
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net"),
    "pci": ("-device", "virtio-net-pci,netdev=net,romfile="),
}
PATIENCE_S = 20.0
#: The guest rests when it has done nothing for so long.
REST_S = 0.003
ROUNDS = 60
#: A round that takes more than this is no request.
MOST = 1_000_000


def done(machine: Machine) -> int:
    """Instructions that the guest has done; it rests."""
    last = -1
    while (now := int(machine.qmp.command("query-replay", PATIENCE_S)["icount"])) != last:  # tells it of any run with -icount
        last = now
        time.sleep(REST_S)
    return last


def ask(connection: Connection) -> None:
    """One request, and all of the reply."""
    connection.send(REQUEST)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.receive(1)
    if not head.startswith(b"HTTP/1.1 200 ") or connection.receive(PAGE.stat().st_size) != PAGE.read_bytes():
        raise RuntimeError("the blog gave something else than its page")


def least(transport: str, rounds: int = ROUNDS) -> int:
    """Instructions of a request over that transport. Errors: RuntimeError, OSError."""
    config = suite.product(BLOG, append="io=peace -- quiet", extra=(*DEVICES[transport], *wire.BACKEND), icount=True, idles=True, halted=True,
                           seed=suite.SEED)
    with Machine(config) as machine:
        peer = Peer(machine)
        if machine.console.wait_line(READY, PATIENCE_S) is None or not peer.ready.wait(PATIENCE_S):
            raise RuntimeError("the blog does not serve")
        connection = peer.connect(80, PATIENCE_S)
        found = []
        for _ in range(rounds):
            before = done(machine)
            ask(connection)
            found.append(done(machine) - before)
    if not 0 < min(found) < MOST:
        raise RuntimeError(f"{min(found)} instructions are no request")
    return min(found)


def measures() -> list[result.Measure]:
    """A request over each transport."""
    return [result.Measure(f"blog.request_{transport}", least(transport), "instructions") for transport in DEVICES]


if __name__ == "__main__":
    for measure in measures():
        print(f"{measure.value:10,.0f} {measure.unit}  {measure.metric}")
