# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""QEMU's user networking: ports of this machine that lead into a guest, chosen while it runs, so that no two runs want the same."""
from __future__ import annotations

import re
import time

from harness.machine import Machine

#: QEMU's arguments for the back end that forward() adds to.
BACKEND = ("-netdev", "user,id=net")
#: For the kernel's command line: it tells its address.
TELLS = "log=net=info"
POLL_S = 0.005
#: For QEMU to answer on a host that has other things to do; two seconds were too few.
ANSWER_S = 20.0
_LISTED = re.compile(r"(TCP|UDP)\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)")


def forward(machine: Machine, guest_port: int, protocol: str = "tcp", network: str = "net") -> int:
    """The port of 127.0.0.1 that leads to one of the guest from now on. `network`: the back end's name."""
    said = machine.qmp.monitor(f"hostfwd_add {network} {protocol}:127.0.0.1:0-:{guest_port}", ANSWER_S)
    listed = machine.qmp.monitor("info usernet", ANSWER_S)
    for kind, port, inside in _LISTED.findall(listed):
        if (kind.lower(), int(inside)) == (protocol, guest_port):
            return int(port)
    raise RuntimeError(f"QEMU forwards no port to {protocol} {guest_port}: {said or listed}")


def await_address(machine: Machine, limit_s: float) -> None:
    """Waits until a guest that TELLS has one: a SYN that comes before is lost, and QEMU sends the next after 6 s."""
    end = time.monotonic() + limit_s
    while b"net: address " not in machine.console.bytes():
        if time.monotonic() > end:
            raise TimeoutError("the guest has no address")
        time.sleep(POLL_S)
