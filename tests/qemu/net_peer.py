#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The network under a peer that is made of frames: what is malformed, floods, IPv6. The server's end tells whether all memory came back."""
from __future__ import annotations

import os
import random
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import frames, markers, paths, suite, wire  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.malformed import malformed as generate  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
ECHO = paths.BUILD / "apps" / "echo.rpk"
STATIC = paths.BUILD / "tests" / "apps" / "echo-static.rpk"
PATIENCE_S = 20
SERVED_S = 1.0
BATCH, BATCH_S = 100, 0.01
#: Of a flood: who is served meanwhile, and how many frames there are more than.
ROUNDS, FLOOD = 20, 5000
#: What was begun by a flood is forgotten after 20 s, a fragment of IPv6 after 60.
BUDGET = suite.Budget(cpu_s=60, idle_s=None)
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


def apart(machine: Machine) -> None:
    """Segments that come in fragments, with nothing but the header in the first."""
    peer = Peer(machine)
    machine.console.pexpect(PATIENCE_S).expect_exact("echo: serves")
    assert peer.ready.wait(PATIENCE_S), "no address"
    connection = peer.connect(7)
    for part in (b"a part", b"another", b"x" * 1000):
        connection.send_apart(part)
        assert connection.receive(len(part)) == part
    connection.close()
    peer.connect(99)


def six(machine: Machine) -> None:
    """SLAAC, then TCP, UDP and a ping over IPv6."""
    peer = serving(machine, advertises=True)
    assert peer.ready6.wait(PATIENCE_S), "no address of the prefix"
    check_echo(peer, os.urandom(100_000), six=True)
    assert peer.ask(7, b"datagram", six=True) == b"datagram"
    check_echo(peer, b"beside it")
    quit_server(peer)


def malformed(seed: int, count: int, long: bool = False) -> suite.Drive:
    """The guest lives, serves between and afterwards; what came is not held."""
    def run(machine: Machine) -> None:
        peer = serving(machine, advertises=True)
        assert peer.ready6.wait(PATIENCE_S), "no address of the prefix"
        connection = peer.connect(7)
        for part in range(4):
            peer.wire.send(*generate(peer, 4 * seed + part, count // 4, long))
            connection.send(b"still there")
            assert connection.receive(11) == b"still there"
            check_echo(peer, b"and for others", six=part % 2 == 1)
        connection.close()
        quit_server(peer)
    return suite.Drive(run)


def flood(peer: Peer, stop: threading.Event, port: int = 7) -> None:
    """SYNs of addresses that nobody has, as many as the guest answers: beyond that QEMU's hub drops what comes, honest or not."""
    dice = random.Random(1)
    made = []
    for _ in range(2000):
        source = bytes([10, 9, dice.randrange(9, 250), dice.randrange(1, 255)])
        segment = frames.tcp(source, peer.guest, dice.randrange(1024, 65536), port, dice.getrandbits(32), 0, frames.SYN, options=b"\x02\x04\x05\xb4")
        made.append(peer.packet(source, peer.guest, frames.TCP, segment))
    while not stop.is_set():
        for at in range(0, len(made), BATCH):
            heard = peer.heard
            peer.wire.send(*made[at:at + BATCH])
            peer.flooded += BATCH
            end = time.monotonic() + BATCH_S
            while peer.heard - heard < BATCH and time.monotonic() < end and not stop.is_set():
                time.sleep(0.0002)
            if stop.is_set():
                break


def flood_link(peer: Peer, stop: threading.Event) -> None:
    """From everybody of the guest's own link, by turns: SYNs, whose answers have the guest ask who that is, and questions after the guest
    that say who asks. Each takes a place of its table."""
    made = []
    for last in range(9, 255):
        source, mac = peer.guest[:3] + bytes([last]), bytes.fromhex("5254000100") + bytes([last])
        segment = frames.tcp(source, peer.guest, 1024 + last, 7, last, 0, frames.SYN, options=b"\x02\x04\x05\xb4")
        made.append(frames.ethernet(peer.mac, mac, frames.IP4, frames.ip4(source, peer.guest, frames.TCP, segment)))
        made.append(frames.ethernet(peer.mac, mac, frames.ARP, struct.pack(">HHBBH", 1, frames.IP4, 6, 4, 1) + mac + source + bytes(6) + peer.guest))
    while not stop.is_set():
        for at in range(0, len(made), BATCH):
            peer.wire.send(*made[at:at + BATCH])
            peer.flooded += len(made[at:at + BATCH])
            time.sleep(BATCH_S)


def under(flooding: Callable[[Peer, threading.Event], None]) -> suite.Drive:
    """A flood, and somebody who means it beside it."""
    return suite.Drive(lambda machine: flooded(machine, flooding))


def flooded(machine: Machine, flooding: Callable[[Peer, threading.Event], None]) -> None:
    """Whoever means it is served within a second, with the flood at its height; who was connected before stays so. A busy host floods for longer."""
    peer = serving(machine)
    before = peer.connect(7)
    stop = threading.Event()
    peer.flooded = 0
    flooder = threading.Thread(target=flooding, args=(peer, stop))
    flooder.start()
    try:
        time.sleep(1)
        number = 0
        while number < ROUNDS or peer.flooded <= FLOOD:
            assert flooder.is_alive(), f"the flood has ended after {peer.flooded} frames"
            number += 1
            begun = time.monotonic()
            connection = peer.connect(7, SERVED_S)
            connection.send(b"%d" % number)
            assert connection.receive(len(str(number))) == b"%d" % number
            took = time.monotonic() - begun
            assert took < SERVED_S, f"{took:.2f} s"
            connection.close()
            before.send(b"still there")
            assert before.receive(11) == b"still there"
    finally:
        stop.set()
        flooder.join()
    before.close()
    check_echo(peer, os.urandom(50_000))
    quit_server(peer)


def static(machine: Machine) -> None:
    """The address is the manifest's: nobody is asked for one."""
    peer = Peer(machine, leases=False)
    machine.console.pexpect(PATIENCE_S).expect_exact("echo: serves")
    assert peer.ready.wait(PATIENCE_S), "it does not say who it is"
    check_echo(peer, os.urandom(50_000))
    assert peer.ask(7, b"datagram") == b"datagram"
    assert not peer.asked, "it asked for an address"
    peer.connect(99)


def app_six(machine: Machine) -> None:
    """An application over IPv6."""
    peer = Peer(machine, advertises=True)
    machine.console.pexpect(PATIENCE_S).expect_exact("echo: serves")
    assert peer.ready6.wait(PATIENCE_S), "no address of the prefix"
    check_echo(peer, os.urandom(50_000), six=True)
    assert peer.ask(7, b"datagram", six=True) == b"datagram"
    peer.connect(99, six=True)


def echo(name: str, bundle: Path, device: str, script: suite.Drive) -> suite.Case:
    machine = suite.product(bundle, extra=(*DEVICES[device], *wire.BACKEND), icount=False, halted=True)
    return suite.Case(f"{name}[{device}]", machine, Expectation(0, (markers.RUBICON, "[echo] echo: serves TCP and UDP port 7")), script,
                      budget=BUDGET)


def kernel(name: str, device: str, script: suite.Drive, cpus: int = 1, **options: object) -> suite.Case:
    machine = suite.product(None, IMAGE, append="test=net", extra=(*DEVICES[device], *wire.BACKEND), smp=cpus, icount=False, halted=True,
                            **options)
    return suite.Case(f"{name}[{device},smp{cpus}]", machine, Expectation(0, ENDED), script,
                      budget=BUDGET)


def cases() -> list[suite.Case]:
    found = [kernel("net_peer", device, suite.Drive(plain)) for device in DEVICES]
    found += [kernel("net_ip6", device, suite.Drive(six)) for device in DEVICES]
    found += [kernel(f"net_malformed{seed}", "pci", malformed(seed, 2000), cpus) for seed, cpus in ((1, 4),)]
    found += [kernel("net_syn_flood", "mmio", under(flood), cpus) for cpus in (1, 4)]
    found += [kernel("net_link_flood", device, under(flood_link)) for device in DEVICES]
    found += [echo("net_static", STATIC, device, suite.Drive(static)) for device in DEVICES]
    found += [echo("net_apart", ECHO, "pci", suite.Drive(apart))]
    found += [echo("net_echo_ip6", ECHO, "pci", suite.Drive(app_six))]
    return found


if __name__ == "__main__":
    suite.main(__file__)
