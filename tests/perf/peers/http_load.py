# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Load for a server in QEMU, and what it did: first byte, requests by wrk, a long file by curl."""
from __future__ import annotations

import ctypes
import os
import re
import selectors
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
CONNECTIONS = 50
PROBE_EVERY_S = 0.004  # how well the first byte's time is known
PROBE_KEPT_S = 0.2
FIRST_BYTE_LIMIT_S = 60.0
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
BACKLOG = 1024
SYS_PIDFD_GETFD = 438  # the same on every architecture
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class Failed(RuntimeError):
    """The server did not do what was asked."""


@dataclass(frozen=True)
class Requests:
    """What wrk saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # of QEMU, a request: this does not change with what else the machine does
    errors: int


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        return int(bound.getsockname()[1])


def cpu_s(pid: int) -> float:
    """CPU time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def widen(pid: int, port: int) -> None:
    """Lets QEMU's listening socket hold BACKLOG connections that QEMU has not taken yet. It asks for one, so that of 50 at once most are
    lost and tried again by this machine's TCP a second later, whatever the guest does. Errors: Failed."""
    here = f"0100007F:{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines())
    inodes = [row[9] for row in rows if row[1] == here and row[3] == "0A"]
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            if inodes and os.readlink(link) == f"socket:[{inodes[0]}]":
                process = os.pidfd_open(pid)
                copy = ctypes.CDLL(None, use_errno=True).syscall(SYS_PIDFD_GETFD, process, int(link.name), 0)
                os.close(process)
                with socket.socket(fileno=copy) as listener:
                    listener.listen(BACKLOG)
                return
    except OSError as error:
        raise Failed(f"QEMU's socket: {error}") from None
    raise Failed("QEMU does not listen")


def first_byte(port: int, path: str, started_ns: int) -> float:
    """The same of an HTTP server."""
    return first_reply(port, f"GET {path} HTTP/1.1\r\nHost: guest\r\n\r\n".encode("ascii"), started_ns)


def first_reply(port: int, request: bytes, started_ns: int, limit_s: float = FIRST_BYTE_LIMIT_S) -> float:
    """Seconds from `started_ns` to the first byte of a reply: connections are opened one after the other until one brings it, for QEMU
    takes each and forgets what it could not hand on."""
    probes: list[tuple[float, socket.socket]] = []
    end = time.monotonic() + limit_s
    with selectors.DefaultSelector() as ready:
        try:
            while (now := time.monotonic()) < end:
                while probes and probes[0][0] < now - PROBE_KEPT_S:
                    _forget(ready, probes.pop(0)[1])
                probes.append((now, _probe(port)))
                ready.register(probes[-1][1], selectors.EVENT_WRITE)
                while (left := now + PROBE_EVERY_S - time.monotonic()) > 0:
                    for key, events in ready.select(left):
                        if _advance(ready, key.fileobj, events, request):
                            return (time.monotonic_ns() - started_ns) / 1e9
        finally:
            for _since, probe in probes:
                probe.close()
    raise Failed(f"served nothing within {limit_s:g} s")


def _probe(port: int) -> socket.socket:
    """A connection that is on its way."""
    probe = socket.socket()
    probe.setblocking(False)
    probe.connect_ex((HOST, port))
    return probe


def _forget(ready: selectors.BaseSelector, probe: socket.socket) -> None:
    if probe in ready.get_map():
        ready.unregister(probe)
    probe.close()


def _advance(ready: selectors.BaseSelector, probe: object, events: int, request: bytes) -> bool:
    """Sends the request on a connection that has come about; whether a byte of the reply is there."""
    assert isinstance(probe, socket.socket)
    try:
        if events & selectors.EVENT_WRITE:
            probe.send(request)
            ready.modify(probe, selectors.EVENT_READ)
        elif probe.recv(1):
            return True
        else:
            ready.unregister(probe)
    except OSError:  # refused, or reset: nobody listens yet
        ready.unregister(probe)
    return False


def _run(*argv: str, limit_s: float) -> str:
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=limit_s).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Failed(f"{argv[0]}: {error}") from None


def _percentile_ms(said: str, which: str) -> float:
    found = re.search(rf"^ +{which}% +([0-9.]+)(us|ms|s|m)\b", said, re.MULTILINE)
    if not found:
        raise Failed("wrk: no latency")
    return float(found[1]) * _UNITS[found[2]]


def requests(port: int, path: str, seconds: int, pid: int) -> Requests:
    """wrk at CONNECTIONS connections; `pid`: QEMU's."""
    before = cpu_s(pid)
    said = _run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://{HOST}:{port}{path}", limit_s=seconds + 30)
    used = cpu_s(pid) - before
    rate, count = re.search(r"^Requests/sec: +([0-9.]+)", said, re.MULTILINE), re.search(r"^ +([0-9]+) requests in", said, re.MULTILINE)
    if not rate or not count or int(count[1]) == 0:
        raise Failed("wrk: not one reply")
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) ([0-9]+)", said)))
    return Requests(float(rate[1]), _percentile_ms(said, "50"), _percentile_ms(said, "99"), used * 1e6 / int(count[1]), errors)


def upload(port: int, path: str, file: Path) -> float:
    """Bytes a second of one file to the server, which has to keep it."""
    said = _run("curl", "-s", "-f", "-T", str(file), "-o", "/dev/null", "-w", "%{speed_upload} %{size_upload} %{http_code}",
                f"http://{HOST}:{port}{path}", limit_s=60).split()
    if int(said[1]) != file.stat().st_size or said[2] not in ("201", "204"):
        raise Failed(f"curl: {said[1]} bytes sent, status {said[2]}")
    return float(said[0])


def download(port: int, path: str, size: int) -> float:
    """Bytes a second of one file; it has to come whole."""
    said = _run("curl", "-s", "-f", "-o", "/dev/null", "-w", "%{speed_download} %{size_download}", f"http://{HOST}:{port}{path}",
                limit_s=60).split()
    if int(said[1]) != size:
        raise Failed(f"curl: {said[1]} of {size} bytes")
    return float(said[0])
