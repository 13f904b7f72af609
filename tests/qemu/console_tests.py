#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The console on a virtio device: every line, in order, over each transport; the serial port where there is none, and at a panic. What is typed."""
from __future__ import annotations

import random
import re
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.console import Console
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
TYPED = paths.BUILD / "tests" / "apps" / "typed.rpk"
PATIENCE_S = 30.0
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


class Window:
    """The other end of the console device: what comes out of it is kept as a console's is."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._socket.settimeout(PATIENCE_S)
        self._text = bytearray()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def expect(self, pattern: str) -> re.Match[str]:
        while (found := re.search(pattern + r"\r?\n", self._text.decode("utf-8", "replace"))) is None:
            more = self._socket.recv(1 << 16)
            assert more, f"the console ends before {pattern}"
            self._text += more
        del self._text[:found.end()]
        return found


class Port:
    """The same of the serial port."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spawn = console.pexpect(PATIENCE_S)

    def send(self, data: bytes) -> None:
        self._console.send(data)

    def expect(self, pattern: str) -> re.Match[str]:
        self._spawn.expect(pattern + r"\r?\n")
        found = self._spawn.match
        assert isinstance(found, re.Match)
        return found


def order(line: bytes) -> int:
    """What tests/apps/typed/main.c makes of a line: no byte of it is another, or elsewhere."""
    value = 0
    for byte in line:
        value = (value * 31 + byte) % (1 << 32)
    return value


def talk(port: Window | Port) -> None:
    """Types, short and long, faster than it is read, and to two who read at once: nothing is lost, and all of it in order."""
    port.expect("reads")
    content = random.Random(1)
    for size in (0, 1, 17, 300, 5000):
        line = bytes(content.choices(range(32, 256), k=size))
        port.send(line + b"\n")
        found = port.expect(r"line of (\d+) bytes, (\d+)")
        assert (int(found[1]), int(found[2])) == (size, order(line)), f"{found[0]} of {size} bytes"
    line = bytes(content.choices(range(32, 256), k=30_000))
    port.send(b"slow\n" + line + b"\nboth\n")
    port.expect("line of 4 bytes, .*")
    found = port.expect(r"line of (\d+) bytes, (\d+)")
    assert (int(found[1]), int(found[2])) == (len(line), order(line)), f"{found[0]} of {len(line)} bytes that waited"
    port.expect("two read")
    line = bytes(content.choices(range(1, 256), k=20_000))
    port.send(line)
    time.sleep(0.5)  # a zero behind others would end its reader too soon only for the sum's sake: both are asked
    port.send(b"\0")
    first = port.expect(r"reader (\d): (\d+) bytes, sum (\d+)")
    port.send(b"\0")
    second = port.expect(r"reader (\d): (\d+) bytes, sum (\d+)")
    assert {first[1], second[1]} == {"1", "2"}
    assert int(first[2]) + int(second[2]) == len(line) and int(first[3]) + int(second[3]) == sum(line), "bytes were lost, or came twice"


def typed(transport: str | None, **options: object) -> suite.Case:
    """What is typed at the serial port, or at the console device, reaches the process that may read it."""
    name = f"typed[{','.join([transport or 'serial', *(f'{key}={value}' for key, value in options.items())])}]"
    path = written(re.sub(r"\W+", "-", name)).with_suffix(".sock")
    extra = device(transport, f"socket,path={path},server=on,wait=off") if transport else ()

    def run(machine: Machine) -> None:
        talk(Window(path) if transport else Port(machine.console))
        assert machine.join(PATIENCE_S), "the machine does not end"

    machine = suite.product(TYPED, append="console=virtio" if transport else "", extra=extra, **options)
    return suite.Case(name, machine, Expectation(0, (markers.RUBICON,)), suite.Drive(run))


def cases() -> list[suite.Case]:
    """Each transport; several CPUs; the serial port, for its rate too; none; a panic. QEMU's console device never stalls: what it
    cannot write is lost."""
    last = f"re:line {LINES - 1} .*"
    return [
        *(lines(transport, gic=gic) for transport in DEVICES for gic in (2, 3)),
        lines("pci", smp=4),
        *(typed(transport, icount=False, smp=cpus) for transport in (None, "mmio", "pci") for cpus in (1, 4)),
        typed(None, icount=False, gic=2),
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
