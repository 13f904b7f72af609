#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""redis and nginx on Rumpk beside Debian's Linux. programs_peers.py [--rounds N] [--seconds S] [--only NAME] [--systems linux]

The same, unmodified files of Debian's packages (recipes/), by the same QEMU with the same network card over mmio and over PCI, one CPU, without -icount. In
each round every program is booted once on each kernel in an order that is drawn anew; redis-benchmark makes GETs and SETs on 50 connections,
one after the other and 16 at once, wrk requests on 50. Linux has `kpti=off mitigations=off`. redis-static, one program that is compiled here from
Debian's source package, is on both the same file, too: its first reply, and the smallest memory, which is what QEMU's -m must be for it to answer.
Left are medians, least and most: build/report/programs.json and .md. Exit status: 0 measured, 1 not.
"""
from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])
    sys.path.insert(1, str(Path(__file__).resolve().parents[3] / "tools"))

from harness import paths  # noqa: E402
from harness.machine import Machine, MachineConfig  # noqa: E402
from tests.perf.peers import http_linux, http_load, programs_linux  # noqa: E402
from tests.perf.peers.http_load import Failed  # noqa: E402
from tests.perf.peers.http_peers import TRANSPORTS  # noqa: E402

OUT = paths.BUILD / "peers" / "programs"
OURS, THEIRS = "rumpk", "linux"
#: Whose smallest memory is looked for.
SMALL = "redis-static"
MEMORY_MIB, PROGRAM_MEMORY = 256, "160M"
#: What of a machine's memory our kernel and the bundle leave to the program, where little is tried.
KERNEL_KIB = 4200
MEMORY_TRIED_MIB = (5, 192)
ANSWER_LIMIT_S = 60.0
REDIS_CONF = """bind * -::*
protected-mode no
port 6379
dir /tmp
save ""
appendonly no
daemonize no
loglevel warning
"""
NGINX_CONF = """daemon off;
user root;
worker_processes 1;
error_log stderr crit;
pid /tmp/nginx.pid;
events { worker_connections 1024; use epoll; multi_accept on; }
http {
	types { text/html html; }
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	open_file_cache max=1000 inactive=1h;
	open_file_cache_valid 1h;
	client_body_temp_path /tmp/body;
	proxy_temp_path /tmp/proxy;
	fastcgi_temp_path /tmp/fastcgi;
	uwsgi_temp_path /tmp/uwsgi;
	scgi_temp_path /tmp/scgi;
	server { listen 80; root /var/www; }
}
"""
Figures = dict[str, float]


@dataclass(frozen=True)
class Program:
    """What is measured: the recipe, its port, what is asked first, and the load. Goals: how many times Linux's figure."""

    name: str
    port: int
    request: bytes
    replaced: dict[str, str]
    load: Callable[[int, int, int], Figures] | None  # port, seconds, QEMU's process; None: the first reply alone
    goals: dict[str, float]


def redis_load(port: int, seconds: int, pid: int) -> Figures:
    """redis-benchmark's figures. Errors: Failed."""
    figures: Figures = {}
    for pipeline, count in ((1, 4000 * seconds), (16, 20000 * seconds)):
        before = http_load.cpu_s(pid)
        words = ("redis-benchmark", "-h", http_load.HOST, "-p", str(port), "-t", "set,get", "-c", str(http_load.CONNECTIONS),
                 "-n", str(count), "-P", str(pipeline), "--csv")
        try:
            said = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60 + 30 * seconds).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise Failed(f"redis-benchmark: {error}") from None
        for row in csv.DictReader(io.StringIO(said)):
            figures[f"{row['test']} x{pipeline}"] = float(row["rps"])
            figures[f"{row['test']} x{pipeline} p50 ms"] = float(row["p50_latency_ms"])
        figures[f"x{pipeline} CPU µs"] = (http_load.cpu_s(pid) - before) * 1e6 / (2 * count)
    return figures


def nginx_load(port: int, seconds: int, pid: int) -> Figures:
    """wrk's figures. Errors: Failed."""
    seen = http_load.requests(port, "/index.html", seconds, pid)
    if seen.errors:
        raise Failed(f"nginx: {seen.errors} errors")
    return {"requests": seen.per_second, "requests p50 ms": seen.p50_ms, "requests p99 ms": seen.p99_ms, "requests CPU µs": seen.cpu_us}


PROGRAMS = {
    "redis": Program("redis", 6379, b"PING\r\n", {"etc/redis.conf": REDIS_CONF}, redis_load,
                     {"GET x1": 2.0, "SET x1": 2.0, "GET x16": 1.5, "SET x16": 1.5, "first reply s": 10.0}),
    "redis-static": Program("redis-static", 6379, b"PING\r\n", {"etc/redis.conf": REDIS_CONF}, None, {"first reply s": 10.0}),
    "nginx": Program("nginx", 80, b"GET /index.html HTTP/1.1\r\nHost: guest\r\n\r\n", {"etc/nginx/nginx.conf": NGINX_CONF}, nginx_load,
                     {"requests": 3.0, "first reply s": 10.0}),
}


def prepare(program: Program) -> None:
    """The bundle and the RAM disk."""
    OUT.mkdir(parents=True, exist_ok=True)
    entries = programs_linux.files(program.name, program.replaced)
    programs_linux.make_bundle(entries, PROGRAM_MEMORY, OUT / f"{program.name}.rpk")
    programs_linux.make_ramdisk(entries, OUT / f"{program.name}.cpio")


def machine(program: Program, system: str, transport: str, port: int, memory_mib: int = MEMORY_MIB, bundle: Path | None = None) -> Machine:
    """One that has been started."""
    ours = system == OURS
    extra = ("-netdev", f"user,id=net,hostfwd=tcp:{http_load.HOST}:{port}-{programs_linux.ADDRESS}:{program.port}", *TRANSPORTS[transport])
    initrd = bundle or OUT / f"{program.name}.{'rpk' if ours else 'cpio'}"
    return Machine(MachineConfig(image=paths.BUILD / "rumpk.img" if ours else http_linux.KERNEL, initrd=initrd,
                                 append="" if ours else http_linux.APPEND, memory_mib=memory_mib, icount=False, extra=extra),
                   channels=("console",))


def measure(program: Program, system: str, transport: str, seconds: int) -> Figures:
    """One boot. Errors: Failed."""
    port = http_load.free_port()
    with machine(program, system, transport, port) as guest:
        try:
            first = http_load.first_reply(port, program.request, guest.started_ns, ANSWER_LIMIT_S)
            if program.load is None:
                return {"first reply s": first}
            http_load.widen(guest.pid, port)
            return {"first reply s": first, **program.load(port, seconds, guest.pid)}
        except Failed as error:
            last = guest.console.bytes().decode("utf-8", "replace")[-1500:]
            raise Failed(f"{program.name} on {system} over {transport}: {error}\n{last}") from None


def answers(program: Program, system: str, memory_mib: int) -> bool:
    """Whether a machine of that size serves."""
    port, bundle = http_load.free_port(), None
    if system == OURS:
        bundle = OUT / "small.rpk"
        programs_linux.make_bundle(programs_linux.files(program.name, program.replaced), f"{memory_mib * 1024 - KERNEL_KIB}K", bundle)
    with machine(program, system, "mmio", port, memory_mib, bundle) as guest:
        try:
            http_load.first_reply(port, program.request, guest.started_ns, ANSWER_LIMIT_S / 2)
            return True
        except Failed:
            return False


def smallest_mib(program: Program, system: str) -> int | None:
    """The least memory that serves, in MiB; None where not even the most does."""
    low, high = MEMORY_TRIED_MIB[0] + 1, MEMORY_TRIED_MIB[1]
    if not answers(program, system, high):
        return None
    while low < high:
        middle = (low + high) // 2
        if answers(program, system, middle):
            high = middle
        else:
            low = middle + 1
    return low


def _cell(values: list[float]) -> str:
    form = "{:,.0f}" if statistics.median(values) >= 100 else "{:.3g}"
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}..{form.format(max(values))})"


def _lead(name: str, ours: list[float], theirs: list[float]) -> float:
    less_is_better = name.endswith((" s", " ms", " µs"))
    first, second = statistics.median(ours), statistics.median(theirs)
    return second / first if less_is_better else first / second


def markdown(table: dict[tuple[str, str, str], list[Figures]], memory: dict[str, int | None], rounds: int) -> str:
    """The table."""
    out = ["# redis and nginx beside Linux", "",
           f"Median of {rounds} rounds, least to most; {MEMORY_MIB} MiB, one CPU, cortex-a53, {http_load.CONNECTIONS} connections; Linux is "
           f"Debian's, with `kpti=off mitigations=off`; load average {os.getloadavg()[1]:.1f} of {os.cpu_count()} CPUs.", "",
           "| | | Rumpk | Linux | Rumpk is better | goal |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for program, transport in sorted({(program, transport) for program, _, transport in table}):
        ours, theirs = table.get((program, OURS, transport), []), table.get((program, THEIRS, transport), [])
        for name in (ours or theirs or [{}])[0]:
            mine, others = [run[name] for run in ours], [run[name] for run in theirs]
            goal = PROGRAMS[program].goals.get(name)
            out.append(f"| {program}, {transport} | {name} | {_cell(mine) if mine else '-'} | {_cell(others) if others else '-'} | "
                       f"{_lead(name, mine, others):.2f}× | {f'{goal:g}×' if goal else ''} |" if mine and others else
                       f"| {program}, {transport} | {name} | {_cell(mine) if mine else '-'} | {_cell(others) if others else '-'} | | |")
    if memory:
        told = [f"{memory[system]} MiB" if memory.get(system) else "-" for system in (OURS, THEIRS)]
        out.append(f"| {SMALL} | smallest memory | {told[0]} | {told[1]} | | 20 MiB |")
    return "\n".join([*out, ""])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="boots of each (3)")
    parser.add_argument("--seconds", type=int, default=4, metavar="S", help="about what each load takes (4)")
    parser.add_argument("--only", choices=sorted(PROGRAMS), help="one program alone")
    parser.add_argument("--systems", default=f"{OURS},{THEIRS}", help=f"of {OURS},{THEIRS} (both)")
    parser.add_argument("--no-memory", action="store_true", help="do not look for the smallest memory")
    return parser


def main() -> int:
    """The program."""
    options = _parser().parse_args()
    systems = options.systems.split(",")
    programs = [PROGRAMS[options.only]] if options.only else list(PROGRAMS.values())
    turns = [(program, system, transport) for program in programs for system in systems for transport in TRANSPORTS]
    table: dict[tuple[str, str, str], list[Figures]] = {(program.name, system, transport): [] for program, system, transport in turns}
    memory: dict[str, int | None] = {}
    try:
        http_linux.OUT.mkdir(parents=True, exist_ok=True)
        http_linux.fetch()
        for program in programs:
            prepare(program)
        for _ in range(options.rounds):
            for program, system, transport in random.sample(turns, len(turns)):
                table[program.name, system, transport].append(measure(program, system, transport, options.seconds))
        if not options.no_memory and PROGRAMS[SMALL] in programs:
            memory = {system: smallest_mib(PROGRAMS[SMALL], system) for system in systems}
    except (Failed, RuntimeError, OSError, StopIteration) as error:
        print(f"programs: {error}", file=sys.stderr)
        return 1
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    numbers = {"runs": {", ".join(turn): runs for turn, runs in table.items()}, "smallest memory, MiB": memory}
    (paths.REPORT / "programs.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    text = markdown(table, memory, options.rounds)
    (paths.REPORT / "programs.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
