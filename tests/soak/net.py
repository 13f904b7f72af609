#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The network for long: `make soak`, or this file as a program. NET_SOAK_SECONDS=60 makes the streams and wrk shorter (600)."""
from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, suite, usernet, wire  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402
from tests.perf.peers import http_load  # noqa: E402

SECONDS = int(os.environ.get("NET_SOAK_SECONDS", "600"))
BUCKET_S = 0.1
#: Nothing may stand still for longer.
STALL_S = 1.0
CONNECTIONS = 10_000
FRAMES = 40_000
BUDGET = suite.Budget(cpu_s=3.0 * SECONDS + 600, wall_s=1.5 * SECONDS + 200, idle_s=20, console_bytes=1 << 28)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "qemu" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Meter:
    """Bytes of one stream in buckets of 100 ms."""

    def __init__(self, name: str) -> None:
        self.name, self.begun, self.buckets = name, time.monotonic(), [0]

    def add(self, count: int) -> None:
        at = int((time.monotonic() - self.begun) / BUCKET_S)
        self.buckets.extend([0] * (at + 1 - len(self.buckets)))
        self.buckets[at] += count

    def longest_stall_s(self) -> float:
        """Of empty buckets in a row."""
        empty = re.findall("0+", "".join("1" if count else "0" for count in self.buckets))
        return max(map(len, empty), default=0) * BUCKET_S


def upwards(connection: socket.socket, meter: Meter, end: float) -> None:
    data = bytes(1 << 16)
    while time.monotonic() < end:
        meter.add(connection.send(data))


def downwards(connection: socket.socket, meter: Meter, end: float) -> None:
    while time.monotonic() < end:
        meter.add(len(connection.recv(1 << 18)))


def round_trips(connection: socket.socket, meter: Meter, end: float) -> None:
    number = 0
    while time.monotonic() < end:
        data = b"%016d" % number
        connection.sendall(data)
        got = b""
        while len(got) < len(data):
            got += connection.recv(100)
        assert got == data
        meter.add(len(got))
        number += 1


def check(meters: list[Meter]) -> None:
    """Prints what each moved; no stall of over a second."""
    for meter in meters:
        meter.add(0)
        rate = sum(meter.buckets) / (len(meter.buckets) * BUCKET_S)
        print(f"{meter.name}: {rate / 1e6:.1f} MB/s, longest stall {meter.longest_stall_s():.1f} s", flush=True)
    late = [meter.name for meter in meters if meter.longest_stall_s() > STALL_S]
    assert not late, f"stood still for over {STALL_S} s: {', '.join(late)}"


def streams(stress: ModuleType) -> suite.Drive:
    """One stream up, one down, one to and fro, at once."""
    def run(machine: Machine) -> None:
        client = stress.Client(machine, "net")
        end = time.monotonic() + SECONDS
        jobs = ((9, upwards), (19, downwards), (7, round_trips))
        connections = [client.connect(port) for port, _ in jobs]
        meters = [Meter(work.__name__) for _, work in jobs]
        threads = [threading.Thread(target=work, args=(connection, meter, end))
                   for (_, work), connection, meter in zip(jobs, connections, meters)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for connection in connections:
            connection.close()
        check(meters)
        client.quit()
    return suite.Drive(run)


def wrk(blog: ModuleType) -> suite.Drive:
    """wrk on 50 connections, and somebody beside it who asks ten times a second."""
    def run(machine: Machine) -> None:
        port = blog.serving(machine)
        http_load.widen(machine.pid, port)  # else the host forgets connections that QEMU has not taken yet, and ends them a minute later
        meter = Meter("a request beside wrk")
        with blog.connect(port) as connection:
            load_ = subprocess.Popen(["wrk", "-t2", "-c50", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/index.html"], stdout=subprocess.PIPE,
                                     text=True)
            while load_.poll() is None:
                connection.sendall(blog.GET)
                assert blog.answer(connection)[0] == 200
                meter.add(1)
                time.sleep(BUCKET_S / 2)
        said = load_.communicate()[0]
        # What wrk calls a timeout is a reply that took two seconds: connecting is part of the first.
        errors = re.search(r"Socket errors: (.*), timeout", said)
        assert "Non-2xx" not in said and (errors is None or errors[1] == "connect 0, read 0, write 0"), said
        print(said, flush=True)
        check([meter])
        machine.qmp.command("quit")
    return suite.Drive(run)


def cases() -> list[suite.Case]:
    """What tests/qemu does in short, for long; then ten minutes of traffic."""
    stress, peer, blog = load("net_stress"), load("net_peer"), load("blog_tests")
    found = [stress.case("ten_thousand_one_by_one", device, stress.one_by_one(CONNECTIONS), usernet.BACKEND, budget=BUDGET)
             for device in stress.DEVICES]
    found += [stress.case(f"{name},seed{seed}", "mmio", stress.over(faults, seed, 1 << 20), wire.BACKEND, 2, BUDGET)
              for name, faults in stress.CABLES.items() for seed in (2, 3)]
    found += [replace(peer.kernel(f"malformed{seed}", device, peer.malformed(seed, FRAMES, True), cpus), budget=replace(BUDGET, idle_s=None))
              for seed, device, cpus in ((11, "mmio", 1), (12, "pci", 4), (13, "pci", 1))]
    found += [stress.case("streams", device, streams(stress), usernet.BACKEND, cpus, BUDGET)
              for device, cpus in (("mmio", 1), ("pci", 2))]
    for device in stress.DEVICES:
        case = blog.case(f"wrk[{device}]", device, wrk(blog), smp=2)
        found.append(replace(case, machine=replace(case.machine, append=f"{usernet.TELLS} -- quiet"), budget=BUDGET,
                             expect=Expectation(0, (markers.RUBICON,))))
    return [replace(case, name=f"soak.net_{case.name}") for case in found]


if __name__ == "__main__":
    suite.main(__file__)
