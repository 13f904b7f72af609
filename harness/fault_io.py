# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Devices that fail while they work: a disk with one kind of request that fails (QEMU's blkdebug), a network whose cable is out.

A request that fails is one status, of that request alone. A connection outlives the cable.
"""
from __future__ import annotations

import http.client
import time

from harness import markers, paths, suite, usernet
from harness.machine import Machine
from harness.verdict import Expectation

GUEST = paths.BUILD / "tests" / "guest.img"
BLOG = paths.BUILD / "apps" / "blog.rpk"
#: What blkdebug can fail, and errors that it can give: ENOSPC stops the machine where QEMU is not told to report it.
REQUESTS = ("read", "write", "flush", "discard")
ERRORS = {"EIO": 5, "ENOMEM": 12, "ENOSPC": 28}
TRANSPORTS = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-{kind}-device"),
    "pci": ("-device", "virtio-{kind}-pci"),
}
#: Where tests/guest/virtio_block_test.c has its requests. QEMU itself reads the first one.
SECTOR = 128
PATIENCE_S = 20.0


def device(transport: str, kind: str, options: str) -> tuple[str, ...]:
    """QEMU's arguments for one device."""
    *before, last = TRANSPORTS[transport]
    return (*before, f"{last.format(kind=kind)},{options}")


def disk(request: str, error: str, transport: str) -> suite.Case:
    """A disk whose first request of that kind fails."""
    where = "" if request == "flush" else f",inject-error.0.sector={SECTOR}"
    drive = ("if=none,id=disk,driver=blkdebug,discard=unmap,image.driver=null-co,image.size=16M,image.read-zeroes=on,inject-error.0.event=none,"
             f"inject-error.0.iotype={request},inject-error.0.errno={ERRORS[error]},inject-error.0.once=on{where}")
    machine = suite.product(None, GUEST, append=f"test=disk-fault fails={request}",
                            extra=("-drive", drive, *device(transport, "blk", "drive=disk,werror=report,rerror=report")))
    return suite.Case(f"faults_io[{request},{error},{transport}]", machine, Expectation(ktap=True, markers=(markers.RUBICON,)))


def ask(connection: http.client.HTTPConnection) -> None:
    """Sends a request."""
    connection.request("GET", "/style.css")


def take(connection: http.client.HTTPConnection) -> None:
    """Takes the reply."""
    reply = connection.getresponse()
    assert reply.status == 200 and len(reply.read()) > 0, reply.status


def cable(transport: str, pulls: int, during: bool) -> suite.Case:
    """The cable is out so many times. One connection outlives that; `during`: one that is begun then comes about when it is back, which takes
    as long as the other side's patience with a lost packet. The blog ends with one more request."""
    def pull(machine: Machine) -> None:
        machine.console.pexpect(PATIENCE_S).expect_exact("listens on TCP port 80")
        port = usernet.forward(machine, 80)
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        for _ in range(pulls):
            machine.qmp.monitor("set_link net off")
            begun = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            if during:
                ask(begun)
            time.sleep(0.1)
            machine.qmp.monitor("set_link net on")
            if during:
                take(begun)
            begun.close()
            ask(kept)
            take(kept)
        ask(kept)  # the machine ends with this one, and its reply may be lost with it

    requests = pulls * (2 if during else 1) + 1
    machine = suite.product(BLOG, append=f"-- quiet requests={requests}", icount=False,
                            extra=(*usernet.BACKEND, *device(transport, "net", "netdev=net" + (",romfile=" if transport == "pci" else ""))))
    return suite.Case(f"faults_io[cable,{transport},{pulls}{',during' if during else ''}]", machine, Expectation(
        markers=(markers.RUBICON, "proc: process 1 (blog) started", "proc: process 1 exited with code 0")), script=suite.Drive(pull),
        budget=suite.Budget(idle_s=PATIENCE_S))


def some() -> list[suite.Case]:
    """Each kind of request over PCI, a cable over each transport."""
    return [*(disk(request, "EIO", "pci") for request in REQUESTS), *(cable(transport, 3, False) for transport in TRANSPORTS)]


def sweep() -> list[suite.Case]:
    """Every error of every request over each transport, and a loose contact."""
    disks = [disk(request, error, transport) for request in REQUESTS for error in ERRORS for transport in TRANSPORTS]
    return [*disks, *(cable(transport, *how) for transport in TRANSPORTS for how in ((3, False), (20, False), (1, True)))]
