#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make perf-peers, last part: apps/blog beside nginx and busybox's httpd on Debian's Linux. http_peers.py [--rounds N] [--seconds S]

The same files, by the same QEMU with the same network card over mmio and over PCI, without -icount. In each round every server is booted
twice in an order that is drawn anew: without the file of 10 MiB for the first byte and the requests, which wrk makes on 50
connections, and with it for bulk by curl, down and then up by PUT, which both keep in memory (busybox's httpd takes none). Addresses are static, so that nobody waits for DHCP. Left are medians, least and most:
build/report/http.json and .md. Exit status: 0 measured, 1 not.
"""
from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from harness import paths  # noqa: E402
from harness.machine import Machine, MachineConfig  # noqa: E402
from tests.perf.peers import http_linux, http_load  # noqa: E402

OURS = "blog"
SERVERS = (OURS, *http_linux.SERVERS)
TRANSPORTS = {"mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net"),
              "pci": ("-device", "virtio-net-pci,netdev=net,romfile=")}
SITE = paths.ROOT / "apps" / "blog" / "site"
BULK = paths.BUILD / "peers" / "http" / "bulk.bin"
BULK_BYTES = 10 << 20
DOWNLOADS = 3
#: Who takes files.
TAKES = (OURS, "nginx")
MEMORY_MIB = 256
#: Field of Runs, what it is, how a number is shown, the goal against nginx as a factor, and whether more is better.
COLUMNS = (("rate", "requests/s", "{:,.0f}", 3.0, True), ("p50", "p50, ms", "{:.2f}", 0, False), ("p99", "p99, ms", "{:.1f}", 0, False),
           ("cpu", "QEMU's CPU, µs a request", "{:.0f}", 0, False), ("bulk", "10 MiB down, MB/s", "{:.0f}", 1.5, True),
           ("up", "10 MiB up, MB/s", "{:.0f}", 1.5, True),
           ("first", "first byte, s", "{:.3f}", 10.0, False))


@dataclass
class Runs:
    """What one server over one transport did in each round."""

    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    bulk: list[float] = field(default_factory=list)
    up: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    errors: int = 0


def bulk_body() -> bytes:
    """The long file: the same each time, and nothing that shrinks."""
    return random.Random(1).randbytes(BULK_BYTES)


def prepare() -> None:
    """The RAM disks; the bundles are made by make."""
    http_linux.OUT.mkdir(parents=True, exist_ok=True)
    http_linux.fetch()
    files = [(path.name, path.read_bytes()) for path in sorted(SITE.iterdir())]
    for server in http_linux.SERVERS:
        http_linux.make_ramdisk(server, files, http_linux.OUT / f"{server}.cpio")
        http_linux.make_ramdisk(server, [*files, (BULK.name, BULK.read_bytes())], http_linux.OUT / f"{server}-bulk.cpio")


def machine(server: str, transport: str, bulk: bool, port: int) -> Machine:
    """One that has been started."""
    ours, suffix = server == OURS, "-bulk" if bulk else ""
    initrd = http_linux.OUT / (f"blog{suffix}.rpk" if ours else f"{server}{suffix}.cpio")
    extra = ("-netdev", f"user,id=net,hostfwd=tcp:{http_load.HOST}:{port}-10.0.2.15:80", *TRANSPORTS[transport])
    return Machine(MachineConfig(image=paths.BUILD / "rumpk.img" if ours else http_linux.KERNEL, initrd=initrd,
                                 append=f"-- quiet{' inbox=/tmp' if bulk else ''}" if ours else http_linux.APPEND, memory_mib=MEMORY_MIB, icount=False, extra=extra),
                   channels=("console",))


def measure(server: str, transport: str, seconds: int, runs: Runs) -> None:
    """One round of one server. Errors: http_load.Failed."""
    port = http_load.free_port()
    with machine(server, transport, False, port) as guest:
        runs.first.append(http_load.first_byte(port, "/index.html", guest.started_ns))
        http_load.widen(guest.pid, port)
        seen = http_load.requests(port, "/index.html", seconds, guest.pid)
    port = http_load.free_port()
    with machine(server, transport, True, port) as guest:
        http_load.first_byte(port, "/index.html", guest.started_ns)
        runs.bulk += [http_load.download(port, f"/{BULK.name}", BULK_BYTES) / 1e6 for _ in range(DOWNLOADS)]
        if server in TAKES:
            runs.up += [http_load.upload(port, "/inbox/bulk", BULK) / 1e6 for _ in range(DOWNLOADS)]
    for name, value in (("rate", seen.per_second), ("p50", seen.p50_ms), ("p99", seen.p99_ms), ("cpu", seen.cpu_us)):
        getattr(runs, name).append(value)
    runs.errors += seen.errors


def cell(values: list[float], form: str) -> str:
    """Median, least and most."""
    if not values:
        return "none"
    shown = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}..{shown[2]})"


def lead(table: dict[tuple[str, str], Runs], transport: str, name: str, more: bool) -> float:
    """Ours beside nginx; above 1 is ahead."""
    ours, other = (statistics.median(getattr(table[server, transport], name)) for server in (OURS, "nginx"))
    return ours / other if more else other / ours


def markdown(table: dict[tuple[str, str], Runs], rounds: int, load: float) -> str:
    """The table."""
    out = ["# HTTP beside Linux", "",
           f"Median of {rounds} rounds, least to most; {http_load.CONNECTIONS} connections by wrk, {(SITE / 'index.html').stat().st_size} "
           f"bytes a page; {MEMORY_MIB} MiB, one CPU, cortex-a53. Linux is Debian's, with `kpti=off mitigations=off`; load average of the "
           f"machine {load:.1f} of {os.cpu_count()} CPUs. The long file comes {DOWNLOADS} times a round, "
           "and goes as often, by PUT into memory.", "",
           "| server | " + " | ".join(column[1] for column in COLUMNS) + " | errors |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
    for transport in TRANSPORTS:
        for server in SERVERS:
            runs = table[server, transport]
            cells = [cell(getattr(runs, column[0]), column[2]) for column in COLUMNS]
            out.append(f"| {server}, {transport} | " + " | ".join(cells) + f" | {runs.errors} |")
    out += ["", "| blog to nginx | " + " | ".join(column[1] for column in COLUMNS if column[3]) + " |", "| --- |" + " ---: |" * sum(bool(column[3]) for column in COLUMNS)]
    for transport in TRANSPORTS:
        cells = [f"{lead(table, transport, column[0], column[4]):.1f}× (goal {column[3]:g}×)" for column in COLUMNS if column[3]]
        out.append(f"| {transport} | " + " | ".join(cells) + " |")
    return "\n".join([*out, ""])


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="make perf-peers", description="apps/blog beside nginx and busybox's httpd on Linux.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each (3)")
    parser.add_argument("--seconds", type=int, default=4, metavar="S", help="of wrk in each (4)")
    parser.add_argument("--bulk-body", action="store_true", help="only make the long file, which the bundle is made of")
    options = parser.parse_args()
    if options.bulk_body:
        BULK.parent.mkdir(parents=True, exist_ok=True)
        BULK.write_bytes(bulk_body())
        return 0
    turns = [(server, transport) for server in SERVERS for transport in TRANSPORTS]
    table = {turn: Runs() for turn in turns}
    try:
        prepare()
        for _ in range(options.rounds):
            for server, transport in random.sample(turns, len(turns)):
                measure(server, transport, options.seconds, table[server, transport])
    except (http_load.Failed, RuntimeError, OSError, StopIteration) as error:
        print(f"http: {error}", file=sys.stderr)
        return 1
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    numbers = {f"{server}, {transport}": asdict(runs) for (server, transport), runs in table.items()}
    (paths.REPORT / "http.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    text = markdown(table, options.rounds, os.getloadavg()[1])
    (paths.REPORT / "http.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
