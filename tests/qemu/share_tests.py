#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The host's folder over 9p: what is in it, changed from both sides, over both transports."""
from __future__ import annotations

import os
import shutil
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import paths, suite  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

IMAGE = paths.BUILD / "tests" / "guest.img"
FOLDERS = paths.BUILD / "tests" / "share"
#: As in tests/guest/share_test.c.
MANY = 5000
LARGE_BYTES = 64 << 20
BLOCK = 8192
NAMES = ("grüße".encode(), b" a  b ", b"\xff\xfe\x80", b"-rf", b"a\nb", b"...", b"\\", b"%s%n")
PATIENCE_S = 60.0
DEVICES = {"mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-9p-device,fsdev=share,mount_tag=host"),
           "pci": ("-device", "virtio-9p-pci,fsdev=share,mount_tag=host"),
           "pci-plain": ("-device", "virtio-9p-pci,fsdev=share,mount_tag=host,event_idx=off,indirect_desc=off,vectors=0")}
BUDGET = suite.Budget(cpu_s=120.0, wall_s=240.0)


def fill(folder: Path) -> None:
    """What the guest expects to find."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    hello = folder / "hello.txt"
    hello.write_text("from the host\n", encoding="ascii")
    hello.chmod(0o640)
    os.utime(hello, (1000000000, 1000000000))
    for name in NAMES:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(name)
    many = folder / "many"
    many.mkdir()
    for number in range(MANY):
        (many / str(number)).touch()
    os.mkfifo(folder / "fifo")
    (folder / "escape").symlink_to("/etc/passwd")
    (folder / "out").symlink_to("/etc")
    (folder / "changing").write_text("old", encoding="ascii")
    with open(folder / "large", "wb") as file:
        for number in range(LARGE_BYTES // BLOCK):
            file.write(struct.pack("<Q", number) + bytes(BLOCK - 16) + struct.pack("<Q", number ^ (1 << 64) - 1))
    (folder / "ready").touch()


def change(machine: Machine, folder: Path) -> None:
    """Does to the file `changing` what the guest says, when it says it."""
    file, other = folder / "changing", folder / "other"

    def replace() -> None:
        other.write_text("another file", encoding="ascii")
        other.rename(file)

    acts = {"append": lambda: file.open("a").write(", newer"), "truncate": lambda: os.truncate(file, 1),
            "replace": replace, "remove": file.unlink}
    for act, run in acts.items():
        if machine.console.wait_line(f"share: {act}", PATIENCE_S) is None:
            return  # it has failed before: it says so itself
        run()


def look(folder: Path) -> None:
    """What the guest has left."""
    made = folder / "made"
    assert made.read_bytes() == b"one-two", made.read_bytes()
    assert made.stat().st_mode & 0o777 == 0o600, "permissions"
    assert made.stat().st_uid == os.getuid(), "the owner is whoever runs QEMU"
    assert os.path.isdir(os.fsencode(folder) + b"/guest \xf0\x9f\x90\x99 \xc0"), "a name of the guest's"
    assert (folder / "moved").read_bytes() == b"new", "a file that replaced another"
    assert not Path("/etc/made-outside").exists(), "a file outside"
    with open(folder / "copy", "rb") as copy, open(folder / "large", "rb") as large:
        for number in range(LARGE_BYTES // BLOCK):
            ours, theirs = copy.read(BLOCK), large.read(BLOCK)
            assert ours[:8] == theirs[:8] and ours[-8:] == theirs[-8:], f"block {number}"


def drive(whole: bool) -> suite.Drive:
    """The host's part of a run."""
    def run(machine: Machine) -> None:
        folder = machine.config.own
        assert folder is not None
        fill(folder)
        if whole:
            change(machine, folder)
            if machine.console.wait_line("share: look", PATIENCE_S) is not None:
                look(folder)
        else:
            machine.console.wait_line("[Rumpk L1] The Rubicon is crossed.", PATIENCE_S)
    return suite.Drive(run)


def share(name: str, transport: str, read_only: bool = False, **options: object) -> suite.Case:
    """All claims on one machine; its folder is empty until the guest runs."""
    folder = FOLDERS / "empty"
    folder.mkdir(parents=True, exist_ok=True)
    fsdev = f"local,id=share,path={folder},security_model=none,multidevs=remap" + (",readonly=on" if read_only else "")
    machine = suite.product(None, IMAGE, append="test=share-ro" if read_only else "test=share", icount=False, own=folder,
                            extra=("-fsdev", fsdev, *DEVICES[transport]), **options)
    return suite.Case(f"share[{name}]", machine, Expectation(ktap=True), script=drive(not read_only), budget=BUDGET)


def cases() -> list[suite.Case]:
    """Each transport, on one CPU and four."""
    return [
        *(share(f"{transport},smp{cpus}", transport, smp=cpus) for transport in ("mmio", "pci") for cpus in (1, 4)),
        share("pci-plain,gic2", "pci-plain", gic=2),
        share("ro", "mmio", read_only=True),
    ]


if __name__ == "__main__":
    suite.main(__file__)
