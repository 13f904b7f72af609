#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Transfers over a cable that is bad, or pulled, and connections one after the other. The server's end tells whether all memory came back."""
from __future__ import annotations

import hashlib
import random
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite, usernet, wire  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.relay import Faults, Relay  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
PATIENCE_S = 60
ENDED = (markers.RUBICON, "re:net: 0 connections, .*")
BUDGET = suite.Budget(cpu_s=60, idle_s=20)
#: How long a transfer may stand still behind a cable that is in again: QEMU's side waits so long at most, having repeated itself in vain.
RESUMED_S = 8.0
PULLED_S = 3.0
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net,id=nic"),
    "pci": ("-device", "virtio-net-pci,netdev=net,romfile=,id=nic"),
}
#: Loss of 1 to 5 %, with the rest of what a network does.
CABLES = {
    "loss1": Faults(loss=0.01), "loss5": Faults(loss=0.05), "reorder": Faults(late=0.05), "repeat": Faults(repeat=0.05),
    "all": Faults(loss=0.02, repeat=0.02, late=0.02, every_s=0.001),
}
#: QEMU's side repeats itself a second after at the earliest, and then twice as late each time.
SIZES = {"loss5": 256 << 10}


class Client:
    """Through forwards of QEMU's network."""

    def __init__(self, machine: Machine, network: str) -> None:
        machine.console.pexpect(PATIENCE_S).expect_exact("net: serves")
        self._ports = {port: usernet.forward(machine, port, network=network) for port in (7, 9, 19, 99)}
        self.progress = [0.0, 0.0]  # when the last byte came, and the longest that none did

    def connect(self, port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._ports[port]), PATIENCE_S)

    def moved(self) -> None:
        now = time.monotonic()
        self.progress[1] = max(self.progress[1], now - self.progress[0])
        self.progress[0] = now

    def echo(self, data: bytes, during: Callable[[int], None] = lambda done: None) -> None:
        """All that is sent comes back, unchanged."""
        with self.connect(7) as connection:
            sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
            sender.start()
            got, done = hashlib.sha256(), 0
            self.progress = [time.monotonic(), 0.0]
            while part := connection.recv(1 << 16):
                got.update(part)
                done += len(part)
                self.moved()
                during(done)
            sender.join()
        assert done == len(data) and got.digest() == hashlib.sha256(data).digest(), f"{done} bytes of {len(data)}, or others"

    def quit(self) -> None:
        self.connect(99).close()


def over(faults: Faults, seed: int, size: int) -> suite.Drive:
    """Both ways at once over a bad cable."""
    def run(machine: Machine) -> None:
        relay = Relay(machine, faults, seed)
        client = Client(machine, "user")
        client.echo(random.Random(seed).randbytes(size))
        assert relay.out.frames > 100 and relay.back.frames > 100, "it did not go over the relay"
        assert not faults.loss or (relay.out.lost and relay.back.lost), "nothing was lost"
        client.quit()
    return suite.Drive(run)


def pulled(times: int, size: int) -> suite.Drive:
    """The cable is pulled in the middle of a transfer, and put in again: it goes on, soon."""
    def run(machine: Machine) -> None:
        client = Client(machine, "net")
        cuts = [size * (number + 1) // (times + 1) for number in range(times)]

        def cut(done: int) -> None:
            if cuts and done >= cuts[0]:
                cuts.pop(0)
                machine.qmp.monitor("set_link nic off")
                time.sleep(PULLED_S)
                machine.qmp.monitor("set_link nic on")
                client.progress[0] = time.monotonic()

        client.echo(random.Random(1).randbytes(size), cut)
        assert not cuts, "it was not pulled"
        assert client.progress[1] < RESUMED_S, f"it stood still for {client.progress[1]:.1f} s"
        client.quit()
    return suite.Drive(run)


def one_by_one(count: int) -> suite.Drive:
    """Connections one after the other, each with a few bytes."""
    def run(machine: Machine) -> None:
        client = Client(machine, "net")
        for number in range(count):
            with client.connect(7) as connection:
                connection.sendall(b"%d" % number)
                assert connection.recv(100) == b"%d" % number
        client.quit()
    return suite.Drive(run)


def case(name: str, device: str, script: suite.Drive, backend: tuple[str, ...], cpus: int = 1, budget: suite.Budget = BUDGET) -> suite.Case:
    machine = suite.product(None, IMAGE, append="test=net", extra=(*DEVICES[device], *backend), smp=cpus, icount=False,
                            halted=backend is wire.BACKEND)
    return suite.Case(f"{name}[{device},smp{cpus}]", machine, Expectation(0, ENDED), script, budget=budget)


def cases() -> list[suite.Case]:
    found = [case(f"net_{name}", "pci", over(faults, 1, SIZES.get(name, 1 << 20)), wire.BACKEND) for name, faults in CABLES.items()]
    found += [case("net_pulled", device, pulled(2, 64 << 20), usernet.BACKEND) for device in DEVICES]
    found += [case("net_thousand_one_by_one", "mmio", one_by_one(1000), usernet.BACKEND, cpus) for cpus in (1, 4)]
    return found


if __name__ == "__main__":
    suite.main(__file__)
