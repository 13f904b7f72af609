#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Entropy and network devices inside the kernel's test image, over each transport, interrupt controller and number of CPUs."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
#: As many as in tests/guest/virtio_net_test.c.
CABLE_PULLS = 3
NETWORK = ("-netdev", "user,id=net")
MODERN = ("-global", "virtio-mmio.force-legacy=false")
MMIO = ("-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=net", *NETWORK)
#: A disk that begins with the image itself, writes to which are lost; and one whose first sectors cannot be read.
DISKS = ("-drive", f"if=none,id=disk,format=raw,file={IMAGE},snapshot=on,discard=unmap",
         "-drive", "if=none,id=faulty,driver=blkdebug,read-only=on,image.driver=null-co,image.size=16M,image.read-zeroes=on,"
                   "inject-error.0.event=none,inject-error.0.iotype=read,inject-error.0.errno=5,inject-error.0.sector=0")


def pci(every: str = "", net: str = "", slot: int | None = None) -> tuple[str, ...]:
    """All devices on PCI, with options for each and for the network; as functions of one device where that is named."""
    kinds = ("virtio-rng-pci", f"virtio-net-pci,netdev=net,romfile={net}", "virtio-blk-pci,drive=disk", "virtio-blk-pci,drive=faulty")
    functions = [f",addr={slot}.{at}" + (",multifunction=on" if at == 0 else "") if slot else "" for at in range(len(kinds))]
    devices = [word for kind, function in zip(kinds, functions) for word in ("-device", kind + every + function)]
    return (*devices, *NETWORK, *DISKS)


#: QEMU's arguments for the devices, by name of the way they are reached. `romfile=`: the boot ROM of a PC is not wanted.
TRANSPORTS = {
    "mmio": (*MODERN, *MMIO, *DISKS, "-device", "virtio-blk-device,drive=disk", "-device", "virtio-blk-device,drive=faulty"),
    "pci": pci(),
    "pci-modern": pci(",disable-legacy=on"),
    "pci-low": (*pci(), "-machine", "highmem=off"),
    # No messages, and several functions of one device: pins are shared where there are more of them than lines.
    "pci-pin": pci(",vectors=0", slot=5),
    # Queues of other lengths, and without what makes them quick.
    "pci-plain": pci(",event_idx=off,indirect_desc=off", ",mrg_rxbuf=off,rx_queue_size=512,tx_queue_size=256"),
}
#: Where an entropy device has its bytes.
BACKENDS = {
    "silent": ("-chardev", "null,id=nobody", "-object", "rng-egd,id=rng,chardev=nobody"),
    "zeros": ("-object", "rng-random,id=rng,filename=/dev/zero"),
}
LEGACY = {
    "mmio": (MMIO, (r"re:virtio: net at 0xa00[0-9a-f]{4} is legacy only: start QEMU with .*",
                    r"re:virtio: entropy at 0xa00[0-9a-f]{4} is legacy only: "
                    r"start QEMU with -global virtio-mmio\.force-legacy=false")),
    "pci": (("-device", "virtio-rng-pci,disable-modern=on,disable-legacy=off"),
            (r"re:virtio: entropy at pci 0:\d\.0 is legacy only: start QEMU without disable-modern=on",)),
}


def guest(cell: str, transport: str, **options: object) -> suite.Case:
    """All claims on one machine. Of its network device, no problem is to be reported."""
    machine = suite.product(None, IMAGE, append="test=virtio log=boot=debug", extra=TRANSPORTS[transport], **options)
    means = "messages" if transport.startswith("pci") and transport != "pci-pin" else "a line"
    return suite.Case(f"virtio[{cell}]", machine, Expectation(
        ktap=True, markers=("re:.*entropy: 64 bytes of the device's are mixed in",
                            rf"re:virtio: net at (pci 0:\d\.\d|0x[0-9a-f]+) interrupts by {means}"),
        bad=(*BAD_PATTERNS, "^virtio: net at .*(reset|lacks|does not|is |wants)")))


def pull_cable(machine: Machine) -> None:
    """Pulls the network's cable and puts it back, as often as the guest says."""
    for turn in range(CABLE_PULLS):
        for text, state in (("net: pull the cable", "off"), ("net: put it back", "on")):
            if machine.console.wait_line(f"{text}, {turn}", 30.0) is None:
                return  # it has failed before: it says so itself
            machine.qmp.monitor(f"set_link net {state}")


def link(transport: str, gic: int) -> suite.Case:
    """The cable is pulled while the kernel runs."""
    machine = suite.product(None, IMAGE, append="test=virtio-link", extra=TRANSPORTS[transport], gic=gic, icount=False)
    return suite.Case(f"virtio_link[{transport},gic{gic}]", machine, Expectation(ktap=True), script=suite.Drive(pull_cable))


def entropy(transport: str, backend: str) -> suite.Case:
    """An entropy device that gives nothing, or nothing but zeros: the generator draws, and the device is not complained of."""
    name = "virtio-rng-pci" if transport == "pci" else "virtio-rng-device"
    machine = suite.product(None, IMAGE, append="test=entropy log=boot=debug", extra=(*MODERN, *BACKENDS[backend], "-device", f"{name},rng=rng"))
    mixed = "entropy: 64 bytes of the device's are mixed in"
    return suite.Case(f"virtio_entropy[{backend},{transport}]", machine, Expectation(
        ktap=True, markers=(f"re:.*{mixed}",) if backend == "zeros" else (),
        bad=(*BAD_PATTERNS, "reset", "left alone", *(() if backend == "zeros" else (mixed,)))))


def panic(name: str, told: bool, append: str, gic: int) -> suite.Case:
    """A panic of the kernel, and whether the host is told of it. The machine goes on all the same, so that its status is the kernel's own."""
    def look(machine: Machine) -> None:
        assert machine.join(30.0), "the machine does not end"
        events = [event["event"] for event in machine.qmp.events]
        assert events.count("GUEST_PANICKED") == told, f"QEMU's events: {events}"

    machine = suite.product(None, IMAGE, append=f"test=panic {append}", gic=gic, extra=("-device", "pvpanic-pci", "-action", "panic=none"))
    return suite.Case(f"virtio_panic[{name},gic{gic}]", machine, Expectation(
        255, ("re:PANIC: .*",), panics=True, known_errors=("Guest crashed.*",)), script=suite.Drive(look))


def legacy(transport: str) -> suite.Case:
    """Devices that are too old are named, with what to do about it; the claims then fail, for want of devices."""
    extra, lines = LEGACY[transport]
    machine = suite.product(None, IMAGE, append="test=virtio", extra=extra)
    return suite.Case(f"virtio_legacy[{transport}]", machine, Expectation(1, (*markers.alive(), markers.RUBICON, *lines)))


def cases() -> list[suite.Case]:
    """Both main transports everywhere, the others once; devices of the past."""
    everywhere = [guest(f"{transport},gic{gic},smp{cpus}", transport, gic=gic, smp=cpus)
                  for transport in ("mmio", "pci") for gic in (2, 3) for cpus in (1, 4)]
    return [
        *everywhere,
        *(guest(name, name) for name in TRANSPORTS if name not in ("mmio", "pci")),
        guest("pci-pin,gic2,smp4", "pci-pin", gic=2, smp=4),
        guest("realtime", "mmio", icount=False),
        *(guest(f"{transport},5M", transport, memory_mib="5M") for transport in ("mmio", "pci")),
        guest("pci,el2,max", "pci", el2=True, cpu="max", memory_mib="4096M"),
        *(link(transport, gic) for transport in ("mmio", "pci", "pci-pin") for gic in (2, 3)),
        *(entropy(transport, backend) for transport in ("mmio", "pci") for backend in BACKENDS),
        *(panic("told", True, "panic=pvpanic", gic) for gic in (2, 3)),
        panic("not-asked", False, "", 3),
        *(legacy(name) for name in LEGACY),
    ]


if __name__ == "__main__":
    suite.main(__file__)
