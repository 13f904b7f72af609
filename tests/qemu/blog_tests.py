#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The blog as its readers see it: http.client, curl, plain sockets, a thousand at once, and a browser."""
from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from harness import markers, paths, suite, usernet  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402
from rumpklib import share  # noqa: E402

BLOG = paths.BUILD / "apps" / "blog.rpk"
INBOX = paths.BUILD / "tests" / "apps" / "blog-inbox.rpk"
INBOX_FOLDERS = paths.BUILD / "tests" / "inbox"
SITE = paths.ROOT / "apps" / "blog" / "site"
SCREENSHOT = paths.BUILD / "report" / "blog.png"
READY = "listens on TCP port 80"
PATIENCE_S = 20
#: The run ends when so many requests were answered: far more than a test makes, which then sends the rest.
REQUESTS = 4000
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net"),
    "pci": ("-device", "virtio-net-pci,netdev=net,romfile="),
}
GET = b"GET /index.html HTTP/1.1\r\nHost: blog\r\n\r\n"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
#: Bytes of a request, and the status of what is answered.
REFUSED = {
    b"GET / HTTP/1.1\r\n\r\n": 400, b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n": 404, b"PUT / HTTP/1.1\r\nHost: a\r\n\r\n": 405,
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n": 413, b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n": 501,
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000: 431, b"GET / HTTP/3.0\r\nHost: a\r\n\r\n": 505,
    b"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=999999-\r\n\r\n": 416,
}


def serving(machine: Machine) -> int:
    """Waits until the blog serves; the port of this machine that leads to it."""
    machine.console.pexpect(PATIENCE_S).expect_exact(READY)
    usernet.await_address(machine, PATIENCE_S)
    return usernet.forward(machine, 80)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S)


def answer(connection: socket.socket, rest: bytes = b"") -> tuple[int, bytes, bytes]:
    """Status and body of one reply, and what came behind it. `rest`: what came before."""
    while b"\r\n\r\n" not in rest:
        part = connection.recv(1 << 16)
        assert part, f"the end instead of a reply, behind {rest!r}"
        rest += part
    head, _, rest = rest.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: ([0-9]+)", head)
    size = int(length[1]) if length else 0
    while len(rest) < size:
        part = connection.recv(1 << 16)
        assert part, "a body that is cut off"
        rest += part
    return int(head.split(b" ")[1]), rest[:size], rest[size:]


def check_files(port: int) -> None:
    """Every file, over one connection, with its type; again with its tag; a part of it; its head alone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(method: str, path: str, **fields: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        reply = connection.getresponse()
        return reply, reply.read()

    for file in sorted(SITE.iterdir()):
        data, path = file.read_bytes(), f"/{file.name}"
        reply, body = ask("GET", path)
        tag = reply.getheader("ETag") or ""
        assert (reply.status, body) == (200, data), path
        assert reply.getheader("Content-Type") == TYPES[file.suffix] and reply.getheader("Date") is None
        reply, body = ask("GET", path, If_None_Match=f'"x", {tag}')
        assert (reply.status, body, reply.getheader("ETag")) == (304, b"", tag)
        reply, body = ask("GET", path, Range="bytes=5-14", If_Range=tag)
        assert (reply.status, body) == (206, data[5:15])
        assert reply.getheader("Content-Range") == f"bytes 5-14/{len(data)}"
        reply, body = ask("HEAD", path)
        assert (reply.status, body, reply.getheader("Content-Length")) == (200, b"", str(len(data)))
    assert ask("GET", "/")[1] == (SITE / "index.html").read_bytes()
    connection.close()


def check_refusals(port: int) -> None:
    """What is none of its requests is answered, and the connection ends after what cannot be followed by another."""
    for request, status in REFUSED.items():
        with connect(port) as connection:
            connection.sendall(request)
            assert answer(connection)[0] == status, request[:60]
    with connect(port) as connection:
        connection.sendall(b"\x16\x03\x01 no request\r\n")
        assert answer(connection)[0] == 501
        assert connection.recv(100) == b""


def check_pipeline(port: int) -> None:
    """Requests that come together are answered in their order; one that comes byte by byte as well."""
    index = (SITE / "index.html").read_bytes()
    with connect(port) as connection:
        connection.sendall(GET * 20 + b"GET /none HTTP/1.0\r\n\r\n")
        rest = b""
        for _ in range(20):
            status, body, rest = answer(connection, rest)
            assert (status, body) == (200, index)
        assert answer(connection, rest)[0] == 404
        assert connection.recv(100) == b""
    with connect(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GET:
            connection.sendall(bytes([byte]))
        assert answer(connection)[:2] == (200, index)


def check_curl(port: int) -> None:
    """What curl makes of it: a page, a part, and a form that nobody wants."""
    url = f"http://127.0.0.1:{port}/hello-world.html"

    def curl(*options: str) -> str:
        return subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE_S), *options, url], capture_output=True, check=True, text=True).stdout

    assert curl() == (SITE / "hello-world.html").read_text(encoding="utf-8")
    assert curl("-r", "0-14") == "<!DOCTYPE html>"
    assert "HTTP/1.1 200 OK" in curl("-I", "--http1.0")
    assert curl("-o", "/dev/null", "-w", "%{http_code}", "-F", f"file=@{SITE / 'style.css'}") == "405"


def check_many(port: int, count: int) -> None:
    """Connections at once, each of which gets its page twice. QEMU takes one at a time: the next comes when the last was answered."""
    connections = []
    for _ in range(count):
        connections.append(connect(port))
        connections[-1].sendall(GET)
        assert answer(connections[-1])[0] == 200
    for connection in connections:
        connection.sendall(GET)
    for connection in connections:
        assert answer(connection)[0] == 200
        connection.close()


def end(machine: Machine, port: int) -> None:
    """Sends what is left of the requests after which the guest ends. Until then it has to answer."""
    try:
        while True:
            with connect(port) as connection:
                connection.sendall(GET * 100)
                rest = b""
                for _ in range(100):
                    _, _, rest = answer(connection, rest)
    except (AssertionError, OSError):
        if not machine.join(PATIENCE_S):
            raise


def everything(machine: Machine) -> None:
    port = serving(machine)
    check_files(port)
    check_refusals(port)
    check_pipeline(port)
    check_curl(port)
    check_many(port, 50)
    end(machine, port)


def thousand(machine: Machine) -> None:
    port = serving(machine)
    check_many(port, 1000)
    end(machine, port)


def slow(machine: Machine) -> None:
    """Who does not finish a request is told so and let go; who sends nothing is still there meanwhile."""
    port = serving(machine)
    with connect(port) as idle, connect(port) as late:
        begin = time.monotonic()
        for byte in b"GET / HT":
            late.sendall(bytes([byte]))
            time.sleep(0.5)
        assert answer(late)[0] == 408
        assert 8 < time.monotonic() - begin < 15
        idle.sendall(GET)
        assert answer(idle)[0] == 200
    end(machine, port)


def browse(machine: Machine) -> None:
    """A browser shows the page: its title and text, with style sheet and images fetched, and a picture of it."""
    port = serving(machine)
    url = f"http://127.0.0.1:{port}/hello-world.html"
    SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        page = subprocess.run([*chromium, "--dump-dom", url], capture_output=True, text=True, timeout=60, check=True).stdout
        assert "<title>hello, world - Notes from EL0</title>" in page and "There is no Linux under it" in page
        subprocess.run([*chromium, f"--screenshot={SCREENSHOT}", "--window-size=900,1400", url], capture_output=True, timeout=60, check=True)
    assert SCREENSHOT.read_bytes()[:4] == b"\x89PNG" and SCREENSHOT.stat().st_size > 10_000
    end(machine, port)


def put(port: int, path: str, data: bytes, *options: str) -> str:
    """By curl, which asks first where there is much; the status."""
    argv = ["curl", "-sS", "--max-time", str(PATIENCE_S), "--path-as-is", "-T", "-", "-o", "/dev/null", "-w", "%{http_code}", *options,
            "-H", f"Content-Length: {len(data)}", "-H", "Transfer-Encoding:", f"http://127.0.0.1:{port}{path}"]
    return subprocess.run(argv, input=data, capture_output=True, check=True).stdout.decode("ascii")


def sends(folder: Path) -> suite.Drive:
    """What clients send is in the host's folder, whole, or not at all."""
    def run(machine: Machine) -> None:
        port = serving(machine)
        for name, size in (("one", 1), ("page", 4096), ("long", 3 << 20), ("one", 70_000)):
            data = os.urandom(size)
            assert put(port, f"/inbox/{name}", data) == "201", name
            assert (folder / name).read_bytes() == data, name
        for path in ("/inbox/", "/inbox/../one", "/inbox/.hidden", "/inbox/a/b", "/one", "/index.html"):
            assert put(port, path, b"x") == "404", path
        with connect(port) as connection:
            connection.sendall(b"PUT /inbox/cut HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + bytes(50_000))
            time.sleep(0.5)
            assert any(path.name.startswith(".part-") for path in folder.iterdir()), "nothing came of what came"
        time.sleep(0.5)
        assert sorted(path.name for path in folder.iterdir()) == ["long", "one", "page"]
        end(machine, port)
    return suite.Drive(run)


def full(machine: Machine) -> None:
    """More than there is room for is told so, leaves nothing, and costs nobody else anything."""
    port = serving(machine)
    with connect(port) as connection:
        connection.sendall(b"PUT /inbox/much HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        assert answer(connection)[0] == 413
    for _ in range(3):
        assert put(port, "/inbox/fits", bytes(3 << 19)) == "201"
        with connect(port) as connection:
            connection.sendall(b"PUT /inbox/not HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            try:
                connection.sendall(bytes(5_000_000))
            except OSError:
                pass  # it is told while it still sends
            assert answer(connection)[0] == 507
    check_files(port)
    end(machine, port)


def inbox(device: str, **options: object) -> suite.Case:
    name = f"blog_inbox[{device},{','.join(f'{key}={value}' for key, value in options.items())}]"
    folder = INBOX_FOLDERS / paths.folder_name(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = case(name, device, sends(folder), words="quiet inbox=/host", bundle=INBOX, **options)
    return replace(found, machine=replace(found.machine, extra=(*found.machine.extra, *share.arguments(share.Share(str(folder), False), device))))


def case(name: str, device: str, script: suite.Drive, lines: tuple[str, ...] = (), words: str = "quiet", skip: str = "",
         settings: str = "", bundle: Path = BLOG, **options: object) -> suite.Case:
    """The blog on one machine. It ends after REQUESTS, with the code 0."""
    append = " ".join(f"{settings} {usernet.TELLS} -- {words} requests={REQUESTS}".split())
    machine = suite.product(bundle, append=append, extra=(*DEVICES[device], *usernet.BACKEND), icount=False, **options)
    return suite.Case(name, machine, Expectation(0, (markers.RUBICON, f"[blog] {READY}", *lines)), script, skip=skip,
                      budget=suite.Budget(cpu_s=90, idle_s=None))


def cases() -> list[suite.Case]:
    """Both transports and interrupt controllers, one CPU and four; then what is needed once."""
    log = (r'[blog] 10.0.2.2 - - [-] "GET /about.html HTTP/1.1" 200 ' + str((SITE / "about.html").stat().st_size),)
    found = [case(f"blog[{device},gic{gic},smp{cpus}]", device, suite.Drive(everything), log, words="", gic=gic, smp=cpus)
             for device in DEVICES for gic in (2, 3) for cpus in (1, 4)]
    found += [case(f"blog_thousand[{device}]", device, suite.Drive(thousand)) for device in DEVICES]
    found += [case("blog_thousand[smp2,peace]", "mmio", suite.Drive(thousand), settings="io=peace", smp=2)]
    found += [case("blog_slow", "mmio", suite.Drive(slow)), case("blog_8M", "mmio", suite.Drive(everything), memory_mib=8)]
    found += [inbox("mmio", smp=1), inbox("pci", smp=4)]
    found += [case("blog_inbox_full", "mmio", suite.Drive(full), words="quiet inbox=/tmp", bundle=INBOX)]
    missing = "" if shutil.which("chromium") else "chromium is not installed (tools/setup.sh browser)"
    found += [case("blog_browser", "mmio", suite.Drive(browse), words="", skip=missing,
                   lines=(r're:\[blog\] 10\.0\.2\.2 - - \[-\] "GET /layers\.svg HTTP/1\.1" 200 \d+',))]
    return found


if __name__ == "__main__":
    suite.main(__file__)
