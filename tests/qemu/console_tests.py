#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The console on a virtio device: every line, in order, over each transport; the serial port where there is none, and at a panic."""
from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
#: As many as in tests/guest/console_bench.c.
LINES = 2000
DEVICES = {
    "mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-serial-device"),
    "pci": ("-device", "virtio-serial-pci"),
    "pci-pin": ("-device", "virtio-serial-pci,vectors=0"),
}


def written(name: str) -> Path:
    """Where QEMU puts what the device is given."""
    folder = paths.BUILD / "tests" / "console"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.txt"


def device(transport: str, backend: str) -> tuple[str, ...]:
    """QEMU's arguments for a console device with that character device behind it."""
    return ("-chardev", f"{backend},id=window", *DEVICES[transport], "-device", "virtconsole,chardev=window")


def lines(transport: str, **options: object) -> suite.Case:
    """All lines are in the device's file, whole and in order; the serial port has what came before."""
    name = f"console[{','.join([transport, *(f'{key}={value}' for key, value in options.items())])}]"
    path = written(re.sub(r"\W+", "-", name))

    def look(machine: Machine) -> None:
        assert machine.join(60.0), "the machine does not end"
        text = path.read_text(encoding="ascii")
        numbers = [int(number) for number in re.findall(r"^line (\d+) [a-z]{190}$", text, re.MULTILINE)]
        assert numbers == list(range(LINES)), f"{len(numbers)} lines of {LINES}, or out of order"

    machine = suite.product(None, IMAGE, append="test=console console=virtio", extra=device(transport, f"file,path={path}"), **options)
    return suite.Case(name, machine, Expectation(
        ktap=True, markers=(*markers.alive(cpus=options.get("smp", 1)), markers.RUBICON), bad=("line",)), script=suite.Drive(look))


def app() -> suite.Case:
    """What a process writes comes out there."""
    path = written("app")

    def look(machine: Machine) -> None:
        assert machine.join(60.0), "the machine does not end"
        text = path.read_text(encoding="ascii").splitlines()
        assert "[c-hello] hello from c-hello" in text and "proc: process 1 exited with code 0" in text, text

    machine = suite.product(append="console=virtio", extra=device("pci", f"file,path={path}"))
    return suite.Case("console_app", machine, Expectation(markers=(*markers.alive(), markers.RUBICON), bad=("hello",)), script=suite.Drive(look))


def cases() -> list[suite.Case]:
    """Each transport; several CPUs; the serial port, for its rate too; none; a panic. QEMU's console device never stalls: what it
    cannot write is lost."""
    last = f"re:line {LINES - 1} .*"
    return [
        *(lines(transport, gic=gic) for transport in DEVICES for gic in (2, 3)),
        lines("pci", smp=4),
        lines("mmio", icount=False),
        lines("pci", icount=False),
        app(),
        suite.Case("console[serial]", suite.product(None, IMAGE, append="test=console", icount=False), Expectation(ktap=True, markers=(last,))),
        suite.Case("console[none]", suite.product(None, IMAGE, append="test=console console=virtio"), Expectation(
            ktap=True, markers=("re:boot: console=virtio: this machine has no console device .*", last))),
        suite.Case("console[unknown]", suite.product(append="console=teletype"), Expectation(
            markers=("boot: console=teletype: not virtio", "proc: process 1 exited with code 0"))),
        suite.Case("console[panic]", suite.product(None, IMAGE, append="test=panic console=virtio", extra=device("pci", "null")), Expectation(
            255, ("re:PANIC: .*", "on cpu 0, in fiber: main"), panics=True)),
    ]


if __name__ == "__main__":
    suite.main(__file__)
