#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Two guests on one wire, with addresses of their manifests' and nobody else there: the blog, and who reads it."""
from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

BLOG = paths.BUILD / "tests" / "apps" / "blog-joined.rpk"
FETCH = paths.BUILD / "tests" / "apps" / "fetch-joined.rpk"
SITE = paths.ROOT / "apps" / "blog" / "site"
URL = "http://10.9.8.1"
READY = "[blog] listens on TCP port 80"
PATIENCE_S = 60
PAGES = ("hello-world.html", "about.html")
TRANSPORTS = ("mmio", "pci")
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net,mac=52:54:00:00:00:01"),
    "pci": ("-device", "virtio-net-pci,netdev=net,romfile=,mac=52:54:00:00:00:01"),
}


def run(bundle: Path, wire: Path, transport: str, *words: str) -> "subprocess.Popen[str]":
    """`tools/rumpk run`, as a user would."""
    argv = [str(paths.ROOT / "tools" / "rumpk"), "run", str(bundle), "--image", str(suite.PRODUCT), "--net", f"socket={wire}",
            "--transport", transport, "--", *words]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check_page(said: str, status: int, name: str) -> None:
    """Every line of the file, in order, behind the name of who read it; and how it ended."""
    lines = [line.partition("] ")[2] for line in said.splitlines() if line.startswith("[fetch] ")]
    page = (SITE / name).read_text(encoding="utf-8")
    expected = ["".join(char if " " <= char <= "~" else "?" for char in line) for line in page.splitlines()]
    assert status == 0, f"status {status}: {said}"
    assert lines[-1] == f"status 200, {(SITE / name).stat().st_size} bytes", said
    assert [line.rstrip() for line in lines[:-1]] == [line.rstrip() for line in expected], said


def read(wire: Path, transport: str, name: str) -> tuple[str, int]:
    """One guest, which reads one page and ends: what it said, and its status."""
    with run(FETCH, wire, transport, f"{URL}/{name}") as reader:
        try:
            said, _ = reader.communicate(timeout=PATIENCE_S)
        finally:
            reader.kill()
    return said, reader.returncode


def joined(ours: str, theirs: str) -> suite.Case:
    """The blog under the harness, and a reader by the tool, which finds the first guest at the wire and joins it."""
    folder = Path(tempfile.gettempdir()) / f"rumpk-{ours}-{theirs}-{paths.ROOT.name}"
    wire = folder.with_suffix(".wire")

    def drive(machine: Machine) -> None:
        assert machine.console.wait_line(READY, PATIENCE_S) is not None, "the blog does not serve"
        for name in PAGES:
            check_page(*read(wire, theirs, name), name)
        read(wire, theirs, PAGES[0])  # of the last request the blog ends, and may take its reply with it

    machine = suite.product(BLOG, append=f"-- requests={len(PAGES) + 1}", icount=False, extra=(
        "-netdev", f"stream,id=net,server=on,addr.type=unix,addr.path={wire}", *DEVICES[ours]))
    return suite.Case(f"net_joined[{ours},{theirs}]", machine, Expectation(0, (
        markers.RUBICON, '[blog] 10.9.8.2 - - [-] "GET /hello-world.html HTTP/1.0" 200 1566')), suite.Drive(drive))


def cases() -> list[suite.Case]:
    return [joined(ours, theirs) for ours in TRANSPORTS for theirs in TRANSPORTS]


if __name__ == "__main__":
    suite.main(__file__)
