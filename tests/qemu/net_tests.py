#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The network as peers outside see it: the kernel's own server of its test image, and the application `echo`."""
from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite, usernet  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
ECHO = paths.BUILD / "apps" / "echo.rpk"
PATIENCE_S = 20
PORTS = (7, 9, 19, 99)
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net"),
    "pci": ("-device", "virtio-net-pci,netdev=net,romfile="),
}


class Peer:
    """Whoever talks to the guest, through ports of this machine that QEMU forwards."""

    def __init__(self, machine: Machine) -> None:
        self.ports = {port: usernet.forward(machine, port) for port in PORTS}
        self.datagrams = usernet.forward(machine, 7, "udp")

    def connect(self, port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[port]), PATIENCE_S)

    def check_echo(self, data: bytes) -> None:
        """All that is sent comes back, while it is still being sent, and the end of it too."""
        with self.connect(7) as connection:
            sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
            sender.start()
            got = bytearray()
            while part := connection.recv(1 << 16):
                got += part
            sender.join()
        assert bytes(got) == data, f"{len(got)} bytes of {len(data)}, or others"

    def check_many(self, count: int) -> None:
        """Connections at once, each with its own. QEMU takes one at a time: the next comes when the last has been answered."""
        connections = []
        for number in range(2 * count):
            if number < count:
                connections.append(self.connect(7))
            connection = connections[number % count]
            connection.sendall(b"%d" % number)
            assert connection.recv(100) == b"%d" % number
        for connection in connections:
            connection.close()

    def check_datagrams(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            port.settimeout(PATIENCE_S)
            for size in (0, 1, 1000, 1400):
                data = os.urandom(size)
                port.sendto(data, ("127.0.0.1", self.datagrams))
                assert port.recv(2000) == data

    def check_one_way(self) -> None:
        """Bulk in one direction each; both ends give up in the middle of it."""
        with self.connect(9) as connection:
            connection.sendall(bytes(4 << 20))
        with self.connect(19) as connection:
            left = 4 << 20
            while left > 0:
                left -= len(connection.recv(1 << 16))

    def quit(self) -> None:
        self.connect(99).close()


def drive(ready: str, at_once: int, one_way: bool) -> suite.Drive:
    """Waits until the guest serves, tries everything, and has it end."""
    def run(machine: Machine) -> None:
        peer = Peer(machine)
        machine.console.pexpect(PATIENCE_S).expect_exact(ready)
        usernet.await_address(machine, PATIENCE_S)
        for size in (1, 1460, 1461, 100_000, 1 << 20):
            peer.check_echo(os.urandom(size))
        for _ in range(50):
            peer.check_echo(b"short")
        peer.check_many(at_once)
        peer.check_datagrams()
        if one_way:
            peer.check_one_way()
        peer.quit()
    return suite.Drive(run)


def kernel(device: str, cpus: int) -> suite.Case:
    """The kernel's own server: its end tells whether all memory came back."""
    machine = suite.product(None, IMAGE, append=f"test=net {usernet.TELLS}", extra=(*DEVICES[device], *usernet.BACKEND), smp=cpus, icount=False)
    return suite.Case(f"net_kernel[{device},smp{cpus}]", machine, Expectation(0, (markers.RUBICON, "re:net: 0 connections, .*")),
                      drive("net: serves", 100, True))


def echo(device: str, cpus: int) -> suite.Case:
    """The same through capabilities and rings."""
    machine = suite.product(ECHO, append=usernet.TELLS, extra=(*DEVICES[device], *usernet.BACKEND), smp=cpus, icount=False)
    return suite.Case(f"net_echo[{device},smp{cpus}]", machine, Expectation(0, (markers.RUBICON, "[echo] echo: serves TCP and UDP port 7")),
                      drive("echo: serves", 60, False))


def cases() -> list[suite.Case]:
    return [make(device, cpus) for make in (kernel, echo) for device in DEVICES for cpus in (1, 4)]


if __name__ == "__main__":
    suite.main(__file__)
