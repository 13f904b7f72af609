#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""QEMU is killed at random moments while tests/apps/records writes to a volume: `make soak`, or this file as a program: volume.py [KILLS] [SEED].

After each kill a copy of the volume is judged: e2fsck replays its journal, then finds nothing to complain of; every record that was synced is there or replaced by a
newer one, whole; the log has every line up to the last one synced, in order. Then the next run goes on with the volume as the kill left it: the kernel replays the
journal itself. Exit status 0: all held.
"""
from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import paths  # noqa: E402
from harness.machine import Machine, MachineConfig  # noqa: E402

BUNDLE = paths.BUILD / "tests" / "apps" / "records.rpk"
IMAGE = paths.BUILD / "rumpk.img"
TRANSPORTS = {"mmio": ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk"),
              "pci": ("-device", "virtio-blk-pci,drive=disk")}
#: As tests/apps/records has them.
FILES, BYTES_MAX, LINE = 12, 200000, 16
START_S = 60.0
LIFE_S = 0.6
E2FS = ":/usr/sbin:/sbin"
#: Of volumes: small ones whose log often begins anew, other sizes of blocks, and none of the newer features.
FORMATS = (("24M", "-b", "1024", "-J", "size=1"), ("64M", "-b", "4096"), ("32M", "-b", "2048", "-O", "^metadata_csum,^64bit"))


class Wrong(Exception):
    """What a kill left is not what was promised."""


def tool(*argv: str) -> subprocess.CompletedProcess[bytes]:
    """One of e2fsprogs'."""
    found = shutil.which(argv[0], path=E2FS)
    if found is None:
        raise SystemExit(f"{argv[0]} is not installed (Debian package: e2fsprogs)")
    return subprocess.run([found, *argv[1:]], capture_output=True, check=False)


def content_of(number: int) -> bytes:
    """What the record of a round holds: tests/apps/records/main.c."""
    size = number * 7919 % (1 << 32) % BYTES_MAX if number % 7 == 0 else number * 613 % (1 << 32) % 9000
    state, out = (number * 2654435761 + 1) % (1 << 32), bytearray()
    while len(out) < size:
        state = (state * 1664525 + 1013904223) % (1 << 32)
        out += state.to_bytes(4, "little")
    return bytes(out[:size]) + number.to_bytes(4, "little")


def run_and_kill(volume: Path, life_s: float, transport: str, smp: int) -> int:
    """Runs the writer and kills it `life_s` after its first round; the last round that it said is synced."""
    extra = ("-drive", f"if=none,id=disk,format=raw,file={volume}", *TRANSPORTS[transport])
    with Machine(MachineConfig(IMAGE, initrd=BUNDLE, icount=False, smp=smp, extra=extra)) as machine:
        offset, deadline = 0, time.monotonic() + START_S
        while b"] synced " not in machine.console.bytes() and time.monotonic() < deadline and machine.running:
            offset += len(machine.console.read_from(offset, START_S))
        time.sleep(life_s)
        machine.kill()
        said = machine.console.bytes().decode("utf-8", "replace")
    rounds = re.findall(r"\[records\] synced (\d+)\r?\n", said)
    if "PANIC" in said or "exited" in said or not rounds:
        raise Wrong(said)
    return int(rounds[-1])


def judge_records(volume: Path, folder: Path, synced: int) -> None:
    """Every record is whole, and none older than what was synced."""
    for slot in range(FILES):
        out = folder / f"record-{slot}"
        out.unlink(missing_ok=True)
        tool("debugfs", "-R", f"dump /record-{slot} {out}", str(volume))
        least = synced - (synced - slot) % FILES
        if not out.exists() or out.stat().st_size == 0:
            if least >= 0:
                raise Wrong(f"record {least} was synced and is not there")
            continue
        data = out.read_bytes()
        number = int.from_bytes(data[-4:], "little")
        if data != content_of(number) or number % FILES != slot:
            raise Wrong(f"record-{slot} has {len(data)} bytes that are no record")
        if number < least:
            raise Wrong(f"record-{slot} has round {number}, {least} was synced")


def judge_log(volume: Path, folder: Path, synced: int) -> None:
    """Whole lines, each round once, up to what was synced at least."""
    out = folder / "log"
    out.unlink(missing_ok=True)
    tool("debugfs", "-R", f"dump /log {out}", str(volume))
    lines = out.read_bytes() if out.exists() else b""
    found = [int(lines[at:at + LINE]) for at in range(0, len(lines), LINE)] if len(lines) % LINE == 0 else None
    if found != list(range(len(lines) // LINE)) or len(lines) // LINE <= synced:
        raise Wrong(f"the log has {len(lines)} bytes, {synced} was synced")


def judge(volume: Path, folder: Path, synced: int) -> None:
    """A copy of the volume, as a kill left it."""
    copy = folder / "copy.img"
    shutil.copyfile(volume, copy)
    done = tool("e2fsck", "-p", str(copy))  # replays, and ends deletions that were begun
    if done.returncode > 1:
        raise Wrong(f"e2fsck -p: {done.stdout.decode()}{done.stderr.decode()}")
    done = tool("e2fsck", "-fn", str(copy))
    if done.returncode != 0:
        raise Wrong(f"e2fsck -fn after the journal was replayed: {done.stdout.decode()}")
    judge_records(copy, folder, synced)
    judge_log(copy, folder, synced)


def kills(count: int, seed: int, folder: Path) -> int:
    """So many of them; the number of rounds that were written meanwhile. Wrong, with the volume kept, where something was not as promised."""
    chance, written = random.Random(seed), 0
    for turn in range(count):
        volume = folder / f"volume-{turn % len(FORMATS)}.img"
        if turn < len(FORMATS):
            size, *options = FORMATS[turn]
            with open(volume, "wb") as file:
                file.truncate(int(size[:-1]) << 20)
            tool("mke2fs", "-q", "-F", "-t", "ext4", *options, str(volume))
        synced = run_and_kill(volume, chance.random() * LIFE_S, chance.choice(list(TRANSPORTS)), chance.choice((1, 4)))
        try:
            judge(volume, folder, synced)
        except Wrong as error:
            kept = paths.BUILD / f"volume-wrong-{seed}-{turn}.img"
            shutil.copyfile(volume, kept)
            raise Wrong(f"kill {turn} of seed {seed}: {error}; the volume is {kept}") from error
        written += synced + 1
    return written


def main(argv: list[str]) -> int:
    count, seed = int(argv[1]) if len(argv) > 1 else 500, int(argv[2]) if len(argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="rumpk-volume-") as folder:
        try:
            kills(count, seed, Path(folder))
        except Wrong as error:
            print(f"volume: {error}", file=sys.stderr)
            return 1
    print(f"volume: {count} kills, nothing lost that was synced, nothing half written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
