# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A volume whose disk fails: in a short run the n-th request, of whatever kind, is answered with an error, alone or with all that follow.

Whoever asked is told, or the volume is not mounted, or all went well at the second try; the machine ends, e2fsck finds nothing to complain of, what was there before is whole, and so is all
that was synced where the run says that it went well. QEMU's blkdebug counts requests by a state each.
"""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from harness import markers, paths, suite
from harness.fault_io import device
from harness.machine import Machine
from harness.verdict import Expectation

BUNDLE = paths.BUILD / "apps" / "files.rpk"
FOLDER = paths.BUILD / "faults" / "volumes"
WORDS = "write /data/a one , write /data/b two , cp /data/keep /data/c , mkdir /data/d , rm /data/a"
KEPT = bytes(i * i % 251 for i in range(100001))
#: Of a run without errors there are fewer, but no less than these.
REQUESTS_MAX, REQUESTS_SURE = 80, 40
STRIDE = 8
EVENTS = ("read_aio", "write_aio", "flush_to_disk")
#: As apps/files ends where all went well, where something did not, and the kernel where the volume cannot be mounted.
STATUSES = (1, 127)
E2FS = ":/usr/sbin:/sbin"


def tool(name: str, *argv: str | Path) -> subprocess.CompletedProcess[bytes]:
    """One of e2fsprogs'."""
    return subprocess.run([shutil.which(name, path=E2FS) or name, *map(str, argv)], capture_output=True, check=False)


def volume(name: str) -> Path:
    """A fresh one with a file in it, for a run to begin with."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept, path = FOLDER / "keep", FOLDER / f"{name}.img"
    if not kept.exists():
        kept.write_bytes(KEPT)
    with open(path, "wb") as file:
        file.truncate(16 << 20)
    tool("mke2fs", "-q", "-F", "-t", "ext4", path)
    tool("debugfs", "-w", "-R", f'write "{kept}" keep', path)
    return path


def rules(name: str, index: int, on: bool) -> Path:
    """blkdebug's: state n is that n - 1 requests have come."""
    text = [f'[set-state]\nevent = "{event}"\nstate = "{state}"\nnew_state = "{state + 1}"\n' for state in range(1, index + 1) for event in EVENTS]
    text += [f'[inject-error]\nevent = "{event}"\nstate = "{index}"\nerrno = "5"\nonce = "{"off" if on else "on"}"\n' for event in EVENTS]
    path = FOLDER / f"{name}.conf"
    path.write_text("\n".join(text), encoding="ascii")
    return path


def content(path: Path, name: str) -> bytes:
    """Of a file of the volume."""
    return tool("debugfs", "-R", f"cat /{name}", path).stdout


def judge(path: Path, went_well: bool) -> None:
    """What is left."""
    done = tool("e2fsck", "-p", path)  # replays
    assert done.returncode <= 1, f"e2fsck -p: {done.stdout.decode()}{done.stderr.decode()}"
    done = tool("e2fsck", "-fn", path)
    assert done.returncode == 0, f"e2fsck -fn: {done.stdout.decode()}"
    assert content(path, "keep") == KEPT, "what was there before"
    if went_well:
        assert content(path, "b") == b"two\n" and content(path, "c") == KEPT, "what was synced"


def failing(index: int, on: bool, transport: str) -> suite.Case:
    """The request of that number fails; `on`: and all behind it."""
    name = f"{index}-{'on' if on else 'once'}-{transport}"
    path = volume(name)
    drive = f"if=none,id=disk,driver=raw,file.driver=blkdebug,file.config={rules(name, index, on)},file.image.driver=file,file.image.filename={path}"
    machine = suite.product(BUNDLE, append=f"-- {WORDS}", icount=False,
                            extra=("-drive", drive, *device(transport, "blk", "drive=disk,werror=report,rerror=report")))

    def run(driven: Machine) -> None:
        driven.wait(wall_s=60.0)
        told = any(word in driven.console.bytes() for word in (b"EIO", b"cannot be", b"may be lost"))
        well = b"process 1 exited with code 0" in driven.console.bytes()
        # A read that fails behind bytes that could be given gives those; who reads on asks for the others once more, and gets them.
        assert told or index > REQUESTS_SURE or (well and not on), "nobody was told of an error"
        judge(path, well)
        path.unlink()
    return suite.Case(f"faults_volume[{index},{'on' if on else 'once'},{transport}]", machine, Expectation(0, (markers.RUBICON,)),
                      script=suite.Drive(run), others=tuple(Expectation(status, (markers.RUBICON,)) for status in STATUSES))


def some() -> list[suite.Case]:
    """A stride over the run, with another beginning for each transport."""
    return [failing(index, index % 2 == 0, transport) for transport, first in (("mmio", 3), ("pci", 6))
            for index in range(first, REQUESTS_MAX, STRIDE)]


def sweep() -> list[suite.Case]:
    """Each request, alone and with all that follow; the first one is QEMU's own."""
    return [failing(index, on, "pci" if index % 2 else "mmio") for index in range(2, REQUESTS_MAX) for on in (False, True)]
