#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The network under a peer that is made of frames: what is malformed, floods, IPv6. The server's end tells whether all memory came back."""
from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite, wire  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
ECHO = paths.BUILD / "apps" / "echo.rpk"
PATIENCE_S = 20
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net"),
    "pci": ("-device", "virtio-net-pci,netdev=net,romfile="),
}
ENDED = (markers.RUBICON, "re:net: 0 connections, .*")


def check_echo(peer: Peer, data: bytes, six: bool = False) -> None:
    """A connection, all that was sent comes back, and its end."""
    connection = peer.connect(7, six=six)
    for at in range(0, len(data), 30000):
        connection.send(data[at:at + 30000])
        assert connection.receive(len(data[at:at + 30000])) == data[at:at + 30000]
    connection.close()


def quit_server(peer: Peer) -> None:
    peer.connect(99).close()


def serving(machine: Machine, **options: object) -> Peer:
    """A peer, once the guest has an address and serves."""
    peer = Peer(machine, **options)
    machine.console.pexpect(PATIENCE_S).expect_exact("net: serves")
    assert peer.ready.wait(PATIENCE_S), "no address"
    return peer


def plain(machine: Machine) -> None:
    peer = serving(machine)
    check_echo(peer, os.urandom(100_000))
    assert peer.ask(7, b"datagram") == b"datagram"
    quit_server(peer)


def kernel(name: str, device: str, script: suite.Drive, cpus: int = 1, **options: object) -> suite.Case:
    machine = suite.product(None, IMAGE, append="test=net", extra=(*DEVICES[device], *wire.BACKEND), smp=cpus, icount=False, halted=True,
                            **options)
    return suite.Case(f"{name}[{device},smp{cpus}]", machine, Expectation(0, ENDED), script)


def cases() -> list[suite.Case]:
    return [kernel("net_peer", device, suite.Drive(plain)) for device in DEVICES]


if __name__ == "__main__":
    suite.main(__file__)
