#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Linux programs that are tests (tests/linux): each ends with 0 only if all that it claims holds, on one CPU and on four."""
from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite, volumes  # noqa: E402
from harness.console import ConsoleSpawn  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

PROGRAMS = sorted(path.stem for path in (paths.ROOT / "tests" / "linux").glob("*.c"))
#: What may not write to the console says nothing: its status tells.
MUTE = {"mute", "hushed"}
HALTED = "sched: last process exited, halting"
NETWORK = ("-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=")


def case(name: str, smp: int) -> suite.Case:
    """One program on one machine, repeatable to the instruction."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / f"{name}.rpk", smp=smp, icount=True, seed=1, extra=NETWORK)
    said = f"{name}: as it must be"
    markers_due, bad = ((), (said,)) if name in MUTE else ((said,), ())
    return suite.Case(f"linux[{name},smp{smp}]", machine, Expectation(markers=(markers.RUBICON, *markers_due, HALTED), bad=("WRONG", *bad)))


def told() -> suite.Case:
    """What is asked for in vain is told once by its name, and listed at the end."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / "bounds.rpk", icount=True, seed=1, append="log=linux:info", extra=NETWORK)
    once = r"re:.*\(bounds\): {} is not there: ENOSYS"
    listed = r"re:.*not there: {}"
    return suite.Case("linux[bounds,told]", machine, Expectation(markers=(
        markers.RUBICON, once.format(r"mount \(40\)"), once.format(r"a call without a name here \(400\)"), "bounds: as it must be",
        listed.format(r"mount \(40\)"), listed.format(r"a call without a name here \(400\)"), HALTED), bad=("WRONG",)))


#: What is typed when it is asked for (tests/linux/typed.c).
TYPED = {"a line": "ab\x7fc\r", "words": "one two\x17x\r", "parts": "part\r", "an end": "end\x04\x04", "two lines": "1\r2\r", "a literal": "\x16\x03\r",
         "an interrupt": "gone\x03", "a quit": "gone\x1c", "the rest": "rest\r", "three": "xyz", "one": "p", "four": "abcd", "two": "gh", "soon": "s",
         "what is dropped": "drop"}


def typed(smp: int) -> suite.Case:
    """Somebody at the terminal, who takes the host's time."""
    def script(console: ConsoleSpawn) -> None:
        asked = set()
        while console.expect([r"type ([a-z ]+)\r?\n", "typed: as it must be", "exited with code"]) == 0:
            asked.add(console.match.group(1))
            console.send(TYPED[console.match.group(1)])
            if console.match.group(1) == "a line":  # what is typed is shown, and what is taken back wiped out
                console.expect_exact("ab\b \bc\n")
        assert asked == set(TYPED), f"never asked for: {set(TYPED) - asked}"

    machine = suite.product(paths.BUILD / "tests" / "linux" / "typed.rpk", smp=smp, icount=True, idles=True, seed=1, append="-- asks", extra=NETWORK)
    return suite.Case(f"linux[typed,asks,smp{smp}]", machine, Expectation(
        markers=(markers.RUBICON, "typed: as it must be", HALTED), bad=("WRONG",)), script=script)


def side_by_side(name: str, append: str = "") -> suite.Case:
    """By the host's clock: only there do the CPUs run side by side."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / f"{name}.rpk", smp=4, icount=False, append=append, extra=NETWORK)
    return suite.Case(f"linux[{name},realtime]", machine, Expectation(markers=(markers.RUBICON, f"{name}: as it must be", HALTED), bad=("WRONG",)))


def other_class() -> suite.Case:
    """A CPU with FEAT_IDST: what reads an identification register is told in an exception class of its own."""
    usual = case("identification", 1)
    return replace(usual, name="linux[identification,max]", machine=replace(usual.machine, cpu="max"))


def more_modes() -> suite.Case:
    """A CPU with FEAT_DIT, of which a program's choice outlasts a handler."""
    usual = case("frames", 1)
    return replace(usual, name="linux[frames,max]", machine=replace(usual.machine, cpu="max"))


def elsewhere(name: str, where: str, place: str, own: Path, extra: tuple[str, ...]) -> suite.Case:
    """A program that does in another place what it does in /tmp."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / f"{name}.rpk", icount=False, append=f"-- {place}", own=own, extra=extra)
    return suite.Case(f"linux[{name},{where}]", machine, Expectation(markers=(markers.RUBICON, f"{name}: as it must be", HALTED), bad=("WRONG",)))


def on_volume(name: str) -> suite.Case:
    """On a volume."""
    volume = volumes.fresh()
    return elsewhere(name, "volume", "/data", volume, ("-drive", f"if=none,id=disk,format=raw,file={volume}", "-device", "virtio-blk-pci,drive=disk"))


def in_folder(name: str) -> suite.Case:
    """In a folder of the host's."""
    folder = paths.BUILD / "tests" / "share" / "empty"
    folder.mkdir(parents=True, exist_ok=True)
    return elsewhere(name, "folder", "/host", folder, ("-fsdev", f"local,id=share,path={folder},security_model=none", "-device", "virtio-9p-pci,fsdev=share,mount_tag=host"))


def traced() -> suite.Case:
    """Every call is told with its arguments and its result."""
    machine = suite.product(paths.BUILD / "tests" / "linux" / "unproven.rpk", icount=True, seed=1, append="log=linux:trace", extra=NETWORK)
    return suite.Case("linux[unproven,traced]", machine, Expectation(markers=(
        markers.RUBICON, r"re:linux: 1 set_tid_address\(0x[0-9a-f]+, .*\) = 1$", r"re:linux: 1 openat\(0x[0-9a-f]+, 0x[0-9a-f]+, 0x20042, 0x1c0, 0x[0-9a-f]+, 0x[0-9a-f]+\) = 3$",
        r"re:linux: 1 mprotect\(0x[0-9a-f]+, 0x1000, 0x5\) = -13$", "unproven: as it must be", HALTED), bad=("WRONG",)))


def cases() -> list[suite.Case]:
    """Each on one CPU and on four."""
    return [*(case(name, smp) for name in PROGRAMS for smp in (1, 4)), case("closing", 2), case("closing", 3), told(), traced(), side_by_side("unlinkers", "-- hurries"),
            *map(side_by_side, ("gathered", "inspected", "messages", "named", "semaphores", "shm", "tasks")),
            other_class(), more_modes(), on_volume("permissions"), on_volume("moved"), in_folder("moved"), in_folder("grown"), typed(1), typed(4)]


if __name__ == "__main__":
    suite.main(__file__)
