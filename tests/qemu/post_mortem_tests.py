#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a panic leaves: one file in the host's folder, one in the volume, wherever the kernel was; and the machine ends with 255 in time.

gdb's stub stops the kernel at a place and sends it somewhere else, into abort() or into a fault.
"""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from harness import markers, nm, paths, suite  # noqa: E402
from harness.fault_alloc import stubbed  # noqa: E402
from harness.gdbstub import PC, X0, Stub  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402
from rumpklib import share  # noqa: E402

BUNDLE = paths.BUILD / "tests" / "apps" / "files-panic.rpk"
FOLDER = paths.BUILD / "tests" / "post-mortem"
NAME = "post-mortem"
#: As kernel/io/fs/post_mortem.h has it.
FILE_BYTES = 24576
END_S = 60.0
#: Where nothing is mapped: the kernel faults.
NOWHERE = 8
DISK = {"mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk"),
        "pci": ("-device", "virtio-blk-pci,drive=disk")}
E2FS = ":/usr/sbin:/sbin"
#: What the process does: SECOND counts on it.
WORDS = "write {0}/before kept , ls {0} , write {0}/during lost , bench seqwrite {0}/large 2M"
#: A text of the kernel's without a %.
TEXT, TEXT_AT = "build_stamp", 16


class Place(NamedTuple):
    """Where the kernel is stopped, the how manieth time from the making of the second file on, and whether it panics there or faults."""

    function: str
    nth: int = 1
    faults: bool = False


#: Which making that is: of the volume's own file, too.
SECOND = {"host": Place("ninep_create", 2), "data": Place("name_create", 3)}
PLACES = {
    "host": {"making": Place("ninep_write"), "submitting": Place("hal_ninep_submit", 3, True), "in-flight": Place("hal_ninep_done", 3),
             "interrupt": Place("deferred_post", 3, True)},
    "data": {"making": Place("content_write"), "submitting": Place("hal_block_submit", 2, True), "in-flight": Place("hal_block_done", 2),
             "committing": Place("jbd2_commit_fill", 1, True)},
}
PUTS = {"host": "ninep_put_at_panic", "data": "ext4_put_at_panic"}


def astray(stub: Stub, at: dict[str, int], faults: bool) -> None:
    """What the kernel was about it forgets."""
    if faults:
        stub.set_register(PC, NOWHERE)
    else:
        stub.set_register(X0, at[TEXT] + TEXT_AT)
        stub.set_register(PC, at["panic"])


def come(stub: Stub, at: dict[str, int], place: Place) -> None:
    """Lets the kernel come to a place."""
    stub.break_at(at[place.function])
    for count in range(place.nth):
        assert stub.resume(), f"{place.function} was called {count} times, not {place.nth}"
    stub.unbreak(at[place.function])


def stop(machine: Machine, second: Place, places: tuple[Place, ...], then: Callable[[], object] = lambda: None) -> None:
    """Sends the kernel astray at one place after the other, from the making of the second file on, when `then` is done, and waits for its end."""
    at = nm.addresses(suite.PRODUCT.with_suffix(".elf"))
    assert machine.config.gdb_socket is not None
    with Stub(machine.config.gdb_socket) as stub:
        come(stub, at, second)
        then()
        for place in places:
            come(stub, at, place)
            astray(stub, at, place.faults)
        stub.let_go()
    Path(machine.config.gdb_socket).unlink(missing_ok=True)
    machine.wait(wall_s=END_S)


def tool(name: str, *argv: str, status: int = 0) -> bytes:
    """One of e2fsprogs'; it must end so."""
    done = subprocess.run([shutil.which(name, path=E2FS) or name, *argv], capture_output=True, check=False)
    assert done.returncode <= status, f"{name}: {done.stdout.decode()}{done.stderr.decode()}"
    return done.stdout


def look(text: bytes, console: bytes) -> None:
    """The file has its head, the process's words, and the report to the letter as the serial port had it."""
    report = console.replace(b"\r", b"")
    report = report[report.index(b"PANIC: "):report.index(b"post-mortem: ")]
    assert b"backtrace:\n  #0" in report and text.startswith(b"post-mortem of rumpk "), text[:2000]
    assert text.endswith(report) and b"\n[files] file before\n" in text and b"The Rubicon is crossed.\n" in text, text


def look_host(folder: Path, machine: Machine) -> None:
    look((folder / NAME).read_bytes(), machine.console.bytes())
    assert (folder / "before").read_bytes() == b"kept\n", "what was there before"


def look_data(volume: Path, machine: Machine) -> None:
    """Before and after the journal is replayed; and nothing else was touched."""
    console = machine.console.bytes()
    for _ in range(2):
        text = tool("debugfs", "-R", f"cat /{NAME}", str(volume))
        assert len(text) == FILE_BYTES, len(text)
        look(text.rstrip(b"\0"), console)
        tool("e2fsck", "-p", str(volume), status=1)
        tool("e2fsck", "-fn", str(volume))


def machine_for(name: str, place: str, transport: str, smp: int) -> tuple[suite.MachineConfig, Path]:
    """A fresh folder or volume, and the machine that has it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / name
    if place == "host":
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        extra = tuple(share.arguments(share.Share(str(path), False), transport))
    else:
        with open(path, "wb") as file:
            file.truncate(24 << 20)
        tool("mke2fs", "-q", "-F", "-t", "ext4", str(path))
        extra = ("-drive", f"if=none,id=disk,format=raw,file={path}", *DISK[transport])
    return stubbed(name, initrd=BUNDLE, append="-- " + WORDS.format(f"/{place}"), extra=extra, smp=smp), path


def left(place: str, where: str, transport: str, smp: int) -> suite.Case:
    """The file is there, and it is said."""
    name = f"post-mortem-{place}-{where}-{transport}-{smp}"
    machine, path = machine_for(name, place, transport, smp)

    def run(driven: Machine) -> None:
        stop(driven, SECOND[place], (PLACES[place][where],))
        (look_host if place == "host" else look_data)(path, driven)
    said = ("[files] file before", "re:PANIC: .*", "backtrace:", f"post-mortem: /{place}/{NAME}")
    return suite.Case(f"post_mortem[{place},{where},{transport},smp{smp}]", machine,
                      Expectation(255, (markers.RUBICON, *said), panics=True), suite.Drive(run))


def again(place: str) -> suite.Case:
    """A panic on the way to the file: the report was said before, and the machine ends."""
    machine, _ = machine_for(f"post-mortem-{place}-again", place, "mmio", 1)

    def run(driven: Machine) -> None:
        stop(driven, SECOND[place], (PLACES[place]["making"], Place(PUTS[place], 1, True)))
    return suite.Case(f"post_mortem[{place},again]", machine, Expectation(
        255, (markers.RUBICON, "re:PANIC: .*", "backtrace:", "PANIC: again, while reporting the first"), panics=True), suite.Drive(run))


def slow() -> suite.Case:
    """A disk that takes 4 KiB a second when the kernel panics: after seconds that is said, and the machine ends."""
    machine, path = machine_for("post-mortem-slow", "data", "mmio", 1)

    def run(driven: Machine) -> None:
        def throttle() -> None:
            driven.qmp.command("block_set_io_throttle", device="disk", bps=0, bps_rd=0, bps_wr=4096, iops=0, iops_rd=0, iops_wr=0)
        stop(driven, SECOND["data"], (Place("hal_block_done", 40),), throttle)
        tool("e2fsck", "-p", str(path), status=1)
        tool("e2fsck", "-fn", str(path))
    return suite.Case("post_mortem[data,slow]", machine, Expectation(
        255, (markers.RUBICON, "re:PANIC: .*", f"post-mortem: /data/{NAME}: cannot be written: error -110"), panics=True), suite.Drive(run))


def cases() -> list[suite.Case]:
    """Each place over one transport on one CPU, or over the other on four."""
    machines = (("mmio", 1), ("pci", 4))
    return [*(left(place, where, *machines[(number + shift) % 2]) for place in PLACES for number, where in enumerate(PLACES[place])
              for shift in ((0, 1) if where == "making" else (0,))), again("host"), again("data"), slow()]


if __name__ == "__main__":
    suite.main(__file__)
